import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idSchema } from '../validation.ts';
import {
  caseEntryPageSchema,
  caseEntryQuerySchema,
  caseEntrySchema,
  endCaseEntrySchema,
  newCaseEntrySchema,
} from './schemas.ts';
import { endCaseEntry, getCaseEntry, listCaseEntries, recordCaseEntry } from './service.ts';

const tags = ['Case entries'];
const params = z.strictObject({ customerId: idSchema });
const entryParams = params.extend({ entryId: idSchema });

export const caseEntryRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/customers/:customerId/case-entries',
    {
      schema: {
        operationId: 'recordCaseEntry',
        tags,
        summary: 'Record what became known: income, a complaint, a placement, a note, …',
        params,
        body: newCaseEntrySchema,
        response: {
          200: caseEntrySchema.describe('Recorded before'),
          201: caseEntrySchema,
          ...problems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { entry, created } = await recordCaseEntry(contextOf(request), request.params.customerId, request.body);
      return reply.code(created ? 201 : 200).send(entry);
    },
  );
  app.get(
    '/customers/:customerId/case-entries',
    {
      schema: {
        operationId: 'listCaseEntries',
        tags,
        summary: 'What is known of a customer, the newest first, also what has ended',
        params,
        querystring: caseEntryQuerySchema,
        response: { 200: caseEntryPageSchema, ...problems(404) },
      },
    },
    async (request) => listCaseEntries(contextOf(request), request.params.customerId, request.query),
  );
  app.get(
    '/customers/:customerId/case-entries/:entryId',
    {
      schema: {
        operationId: 'getCaseEntry',
        tags,
        summary: 'One case entry; amounts and texts are masked unless the key has personal-data:read',
        params: entryParams,
        response: { 200: caseEntrySchema, ...problems(404) },
      },
    },
    async (request) => getCaseEntry(contextOf(request), request.params.customerId, request.params.entryId),
  );
  app.post(
    '/customers/:customerId/case-entries/:entryId/end',
    {
      schema: {
        operationId: 'endCaseEntry',
        tags,
        summary: 'End a case entry, a complaint with its outcome; the record stays',
        params: entryParams,
        body: endCaseEntrySchema,
        response: { 200: caseEntrySchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request) =>
      endCaseEntry(contextOf(request), request.params.customerId, request.params.entryId, request.body),
  );
};
