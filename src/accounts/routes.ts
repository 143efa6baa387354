import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import { accountInputSchema, accountListSchema, accountSchema } from './schemas.ts';
import { getAccount, listAccounts, putAccount } from './service.ts';

const tags = ['Accounts'];
const params = z.strictObject({ accountId: idSchema });

export const accountRoutes: FastifyPluginAsyncZod = async (app) => {
  app.put(
    '/accounts/:accountId',
    {
      schema: {
        operationId: 'putAccount',
        tags,
        summary: 'Record a state of an account; an older one is kept as history',
        params,
        headers: preconditionHeadersSchema,
        body: accountInputSchema,
        response: { 200: accountSchema, 201: accountSchema, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const expected = versionOf(request.headers['if-match']);
      const { account, version, created } = await putAccount(
        contextOf(request),
        request.params.accountId,
        request.body,
        expected,
      );
      return reply
        .code(created ? 201 : 200)
        .header('etag', etagOf(version))
        .send(account);
    },
  );
  app.get(
    '/accounts/:accountId',
    {
      schema: {
        operationId: 'getAccount',
        tags,
        summary: 'One account with days past due, bucket and segment as of today',
        params,
        response: { 200: accountSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { account, version } = await getAccount(contextOf(request), request.params.accountId);
      return reply.header('etag', etagOf(version)).send(account);
    },
  );
  app.get(
    '/customers/:customerId/accounts',
    {
      schema: {
        operationId: 'listAccounts',
        tags,
        summary: 'The accounts of one customer',
        params: z.strictObject({ customerId: idSchema }),
        response: { 200: accountListSchema, ...problems(404) },
      },
    },
    async (request) => ({ items: await listAccounts(contextOf(request), request.params.customerId) }),
  );
};
