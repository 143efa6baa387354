import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifySchemaCompiler } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { idempotencyKeySchema, type Once } from '../idempotency.ts';
import { parseInput } from '../validation.ts';

/** Registers the routes of the features under /v1: requests are parsed, answers are checked and stripped, both by zod. */
export async function registerRest(app: FastifyInstance, features: readonly FastifyPluginAsync[]): Promise<void> {
  await app.register(
    async (rest) => {
      // Inside this scope only: on the root these compilers would meet the JSON schemas of mercurius.
      rest.setValidatorCompiler(validateWith({}));
      rest.setSerializerCompiler(serializerCompiler);
      for (const feature of features) await rest.register(feature);
    },
    { prefix: '/v1' },
  );
}

/** Parses each part of a request as it is documented, but for those named here, such as a body whose items are parsed later. */
export function validateWith(parts: { readonly body?: z.ZodType }): FastifySchemaCompiler<unknown> {
  return ({ schema, httpPart }) => {
    const parsed = (httpPart === 'body' ? parts.body : undefined) ?? (schema as z.ZodType);
    return (data) => {
      try {
        return { value: parseInput(parsed, data) };
      } catch (error) {
        return { error: error as Error };
      }
    };
  };
}

/** Headers are shared with proxies and browsers, so unknown ones pass. */
export const idempotencyHeadersSchema = z.object({
  'idempotency-key': idempotencyKeySchema.optional().describe('The same key and body again gives the first answer'),
});

export const preconditionHeadersSchema = z.object({
  'if-match': z.string().max(200).optional().describe('ETag of the state that the change is based on'),
});

export function markReplay(reply: FastifyReply, result: Once<unknown>): FastifyReply {
  if (result.replayed) reply.header('idempotent-replayed', 'true');
  return reply;
}

/** Strong ETag of a row version. */
export function etagOf(version: number): string {
  return `"v${version}"`;
}

/** Version an `If-Match` asks for: null for none or `*`. Throws PRECONDITION_FAILED for a tag that is none of ours. */
export function versionOf(ifMatch: string | undefined): number | null {
  if (ifMatch === undefined || ifMatch === '*') return null;
  const version = /^"v(\d{1,9})"$/.exec(ifMatch.trim())?.[1];
  if (version === undefined) throw new AppError('PRECONDITION_FAILED', 'If-Match names no state of this resource.');
  return Number(version);
}
