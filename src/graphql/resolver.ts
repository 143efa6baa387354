import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Ctx } from '../context.ts';
import { contextOf } from '../http/context.ts';
import { markReplay } from '../http/rest.ts';
import { idempotencyKeySchema, type Once } from '../idempotency.ts';
import { parseInput } from '../validation.ts';

/** What mercurius hands to a resolver beside its arguments. */
export interface ResolverContext {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  ctx?: Ctx;
}

/** Arguments are unknown until the operation's zod schema, the same as REST's, has parsed them. */
export type Resolver = (
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
  context: ResolverContext,
) => Promise<unknown>;

export type Resolvers = Partial<Record<'Query' | 'Mutation', Readonly<Record<string, Resolver>>>>;

/** One context, and so one instant, for all fields of a request. */
export function contextOfResolver(context: ResolverContext): Ctx {
  context.ctx ??= contextOf(context.request);
  return context.ctx;
}

export function idempotencyKeyOf(context: ResolverContext): string | undefined {
  return parseInput(idempotencyKeySchema.optional(), context.request.headers['idempotency-key']);
}

/** The answer; a header tells a replay of an Idempotency-Key from the first one. */
export function answerOf<T>(context: ResolverContext, result: Once<T>): T {
  markReplay(context.reply, result);
  return result.answer;
}

/** Deeper than any schema reaches, and far less than the stack. */
const MAX_DEPTH = 32;

/** GraphQL clients send null for what they leave out; the zod schemas want it absent. */
export function withoutNulls(value: unknown): Record<string, unknown> {
  return strip(value, 0) as Record<string, unknown>;
}

function strip(value: unknown, depth: number): unknown {
  if (value === null || typeof value !== 'object' || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((entry) => strip(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== null)
      .map(([key, entry]) => [key, strip(entry, depth + 1)]),
  );
}
