import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import {
  statementInputSchema,
  statementPageSchema,
  statementParamsSchema,
  statementQuerySchema,
  statementSchema,
} from './schemas.ts';
import { listStatements, putStatement } from './service.ts';

const tags = ['Accounts'];

export const statementRoutes: FastifyPluginAsyncZod = async (app) => {
  app.put(
    '/accounts/:accountId/statements/:statementOn',
    {
      schema: {
        operationId: 'putStatement',
        tags,
        summary: 'Record the statement of a day; a corrected one is a new version, and the old one is kept',
        params: statementParamsSchema,
        headers: preconditionHeadersSchema,
        body: statementInputSchema,
        response: { 200: statementSchema, 201: statementSchema, ...problems(404, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { accountId, statementOn } = request.params;
      const expected = versionOf(request.headers['if-match']);
      const answer = await putStatement(contextOf(request), accountId, statementOn, request.body, expected);
      return reply
        .code(answer.created ? 201 : 200)
        .header('etag', etagOf(answer.statement.version))
        .send(answer.statement);
    },
  );
  app.get(
    '/accounts/:accountId/statements',
    {
      schema: {
        operationId: 'listStatements',
        tags,
        summary: 'The statements of an account, the newest first, each checked against its parts and the one before',
        params: z.strictObject({ accountId: idSchema }),
        querystring: statementQuerySchema,
        response: { 200: statementPageSchema, ...problems(404) },
      },
    },
    async (request) => listStatements(contextOf(request), request.params.accountId, request.query),
  );
};
