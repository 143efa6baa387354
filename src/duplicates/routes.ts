import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idempotencyHeadersSchema, markReplay } from '../http/rest.ts';
import { dismissDuplicateCandidate, listDuplicateCandidates, mergeDuplicateCandidate } from './candidates.ts';
import {
  candidateListQuerySchema,
  candidateMergeSchema,
  candidatePageSchema,
  candidateParamsSchema,
  candidateSchema,
  duplicateSearchSchema,
  mergeListQuerySchema,
  mergePageSchema,
  mergeParamsSchema,
  mergeSchema,
  newMergeSchema,
  newSearchSchema,
  reasonSchema,
  searchParamsSchema,
} from './schemas.ts';
import { createDuplicateSearch, getDuplicateSearch } from './search-task.ts';
import { getCustomerMerge, listCustomerMerges, mergeCustomers, undoCustomerMerge } from './service.ts';

const tags = ['Duplicates'];

export const duplicateRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/customer-merges',
    {
      schema: {
        operationId: 'mergeCustomers',
        tags,
        summary:
          'Make two customers one person: contacts, accounts and directives count together, the records stay apart',
        headers: idempotencyHeadersSchema,
        body: newMergeSchema,
        response: {
          200: mergeSchema.describe('Recorded before'),
          201: mergeSchema,
          ...problems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const result = await mergeCustomers(contextOf(request), request.body, request.headers['idempotency-key']);
      const { merge, created } = result.answer;
      return markReplay(reply, result)
        .code(created ? 201 : 200)
        .send(merge);
    },
  );
  app.get(
    '/customer-merges',
    {
      schema: {
        operationId: 'listCustomerMerges',
        tags,
        summary: 'Merges, the newest first, by rule and by people, undone ones too',
        querystring: mergeListQuerySchema,
        response: { 200: mergePageSchema, ...problems() },
      },
    },
    async (request) => listCustomerMerges(contextOf(request), request.query),
  );
  app.get(
    '/customer-merges/:mergeId',
    {
      schema: {
        operationId: 'getCustomerMerge',
        tags,
        summary: 'One merge, with who has undone it',
        params: mergeParamsSchema,
        response: { 200: mergeSchema, ...problems(404) },
      },
    },
    async (request) => getCustomerMerge(contextOf(request), request.params.mergeId),
  );
  app.post(
    '/customer-merges/:mergeId/undo',
    {
      schema: {
        operationId: 'undoCustomerMerge',
        tags,
        summary: 'End a merge as if it had never been; two customers with one resident id stay apart from then on',
        params: mergeParamsSchema,
        body: reasonSchema,
        response: { 200: mergeSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => undoCustomerMerge(contextOf(request), request.params.mergeId, request.body.reason),
  );
  app.get(
    '/duplicate-candidates',
    {
      schema: {
        operationId: 'listDuplicateCandidates',
        tags,
        summary: 'Pairs of customers who may be one person, the newest first',
        querystring: candidateListQuerySchema,
        response: { 200: candidatePageSchema, ...problems() },
      },
    },
    async (request) => listDuplicateCandidates(contextOf(request), request.query),
  );
  app.post(
    '/duplicate-candidates/:candidateId/merge',
    {
      schema: {
        operationId: 'mergeDuplicateCandidate',
        tags,
        summary: 'Decide that both are one person',
        params: candidateParamsSchema,
        body: candidateMergeSchema,
        response: { 200: mergeSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request) => mergeDuplicateCandidate(contextOf(request), request.params.candidateId, request.body),
  );
  app.post(
    '/duplicate-candidates/:candidateId/dismiss',
    {
      schema: {
        operationId: 'dismissDuplicateCandidate',
        tags,
        summary: 'Decide that they are two people; the pair is not found again',
        params: candidateParamsSchema,
        body: reasonSchema,
        response: { 200: candidateSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => dismissDuplicateCandidate(contextOf(request), request.params.candidateId, request.body.reason),
  );
  app.post(
    '/duplicate-searches',
    {
      schema: {
        operationId: 'createDuplicateSearch',
        tags,
        summary: 'Look for candidates in the whole portfolio, in the background',
        headers: idempotencyHeadersSchema,
        body: newSearchSchema,
        response: { 202: duplicateSearchSchema, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const result = await createDuplicateSearch(contextOf(request), request.body, request.headers['idempotency-key']);
      return markReplay(reply, result).code(202).send(result.answer);
    },
  );
  app.get(
    '/duplicate-searches/:searchId',
    {
      schema: {
        operationId: 'getDuplicateSearch',
        tags,
        summary: 'Progress of a search',
        params: searchParamsSchema,
        response: { 200: duplicateSearchSchema, ...problems(404) },
      },
    },
    async (request) => getDuplicateSearch(contextOf(request), request.params.searchId),
  );
};
