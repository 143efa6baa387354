import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import { customerInputSchema, customerSchema, customerSearchPageSchema, customerSearchSchema } from './schemas.ts';
import { searchCustomers } from './search.ts';
import { getCustomer, putCustomer } from './service.ts';

const tags = ['Customers'];
const params = z.strictObject({ customerId: idSchema });

export const customerRoutes: FastifyPluginAsyncZod = async (app) => {
  app.put(
    '/customers/:customerId',
    {
      schema: {
        operationId: 'putCustomer',
        tags,
        summary: 'Create or fully replace a debtor with the people around them and how to reach them',
        params,
        headers: preconditionHeadersSchema,
        body: customerInputSchema,
        response: { 200: customerSchema, 201: customerSchema, ...problems(412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const expected = versionOf(request.headers['if-match']);
      const { customer, version, created } = await putCustomer(
        contextOf(request),
        request.params.customerId,
        request.body,
        expected,
      );
      return reply
        .code(created ? 201 : 200)
        .header('etag', etagOf(version))
        .send(customer);
    },
  );
  app.get(
    '/customers/:customerId',
    {
      schema: {
        operationId: 'getCustomer',
        tags,
        summary: 'One customer; personal data are masked unless the key has personal-data:read',
        params,
        response: { 200: customerSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { customer, version } = await getCustomer(contextOf(request), request.params.customerId);
      return reply.header('etag', etagOf(version)).send(customer);
    },
  );
  app.post(
    '/customers/search',
    {
      schema: {
        operationId: 'searchCustomers',
        tags,
        summary: 'Find customers by an id, a resident id or a number, which stand in the body and never in a URL',
        body: customerSearchSchema,
        response: { 200: customerSearchPageSchema, ...problems(413, 415, 422) },
      },
    },
    async (request) => searchCustomers(contextOf(request), request.body),
  );
};
