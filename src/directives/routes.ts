import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idempotencyHeadersSchema, markReplay } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import { directiveListSchema, directiveSchema, endDirectiveSchema, newDirectiveSchema } from './schemas.ts';
import { endDirective, listDirectives, recordDirective } from './service.ts';

const tags = ['Directives'];
const params = z.strictObject({ customerId: idSchema });

export const directiveRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/customers/:customerId/directives',
    {
      schema: {
        operationId: 'recordDirective',
        tags,
        summary: 'Record what the debtor, the bank or a court has said',
        params,
        headers: idempotencyHeadersSchema,
        body: newDirectiveSchema,
        response: {
          200: directiveSchema.describe('Recorded before'),
          201: directiveSchema,
          ...problems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const result = await recordDirective(
        contextOf(request),
        request.params.customerId,
        request.body,
        request.headers['idempotency-key'],
      );
      const { directive, created } = result.answer;
      return markReplay(reply, result)
        .code(created ? 201 : 200)
        .send(directive);
    },
  );
  app.get(
    '/customers/:customerId/directives',
    {
      schema: {
        operationId: 'listDirectives',
        tags,
        summary: 'All directives of a customer, also ended ones',
        params,
        response: { 200: directiveListSchema, ...problems(404) },
      },
    },
    async (request) => ({ items: await listDirectives(contextOf(request), request.params.customerId) }),
  );
  app.post(
    '/customers/:customerId/directives/:directiveId/end',
    {
      schema: {
        operationId: 'endDirective',
        tags,
        summary: 'End a directive; its record stays',
        params: params.extend({ directiveId: idSchema }),
        body: endDirectiveSchema,
        response: { 200: directiveSchema, ...problems(404, 413, 415, 422) },
      },
    },
    async (request) =>
      endDirective(contextOf(request), request.params.customerId, request.params.directiveId, request.body.at ?? null),
  );
};
