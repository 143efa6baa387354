import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idempotencyHeadersSchema, markReplay, preconditionHeadersSchema } from '../http/rest.ts';
import { cancelPolicyBacktest, createPolicyBacktest, getPolicyBacktest } from './backtests.ts';
import { getPolicyDivergence } from './divergence.ts';
import {
  backtestParamsSchema,
  backtestSchema,
  divergenceQuerySchema,
  divergenceSchema,
  draftQuerySchema,
  newBacktestSchema,
  type PolicyVersion,
  packParamsSchema,
  policyPackListSchema,
  policyVersionSchema,
  publishSchema,
  reviewSchema,
  shadowSchema,
  sourceSchema,
  versionParamsSchema,
  withdrawSchema,
} from './schemas.ts';
import {
  createPolicyVersion,
  getPolicyVersion,
  listPolicyPacks,
  publishPolicyVersion,
  replacePolicyVersion,
  reviewPolicyVersion,
  setPolicyShadow,
  submitPolicyVersion,
  withdrawPolicyVersion,
} from './service.ts';

const tags = ['Policy packs'];
const VERSION = '/policy-packs/:pack/versions/:version';
const conditionalHeadersSchema = z.object({
  'if-none-match': z
    .string()
    .max(1000)
    .optional()
    .describe('ETags that the caller has: one of them is answered with 304'),
});

export const policyRoutes: FastifyPluginAsyncZod = async (app) => {
  await app.register(readingRoutes);
  await app.register(lifeRoutes);
  await app.register(backtestRoutes);
};

/** The version with its ETag. */
function send(reply: FastifyReply, version: PolicyVersion): PolicyVersion {
  if (version.etag !== null) reply.header('etag', version.etag);
  return version;
}

function isKnown({ headers }: FastifyRequest, { etag }: PolicyVersion): boolean {
  const sent = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return sent.includes('*') || (etag !== null && sent.includes(etag));
}

/** No body, and so no media type. */
function notModified(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}

const readingRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/policy-packs',
    {
      schema: {
        operationId: 'listPolicyPacks',
        tags,
        summary: 'All packs with their versions, drafts too',
        response: { 200: policyPackListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listPolicyPacks(contextOf(request)) }),
  );
  app.get(
    VERSION,
    {
      schema: {
        operationId: 'getPolicyVersion',
        tags,
        summary: 'One version with its text, who wrote it and who took which step',
        params: versionParamsSchema,
        headers: conditionalHeadersSchema,
        response: { 200: policyVersionSchema, 304: z.null().describe('The caller has it'), ...problems(404) },
      },
    },
    async (request, reply) => {
      const version = await getPolicyVersion(contextOf(request), request.params);
      const answer = send(reply, version);
      return isKnown(request, version) ? notModified(reply) : answer;
    },
  );
  app.get(
    `${VERSION}/divergence`,
    {
      schema: {
        operationId: 'getPolicyDivergence',
        tags,
        summary: 'How often a version that runs in shadow would have changed the answer',
        description:
          'Counts decisions that were recorded while the version ran in shadow; a check that was not recorded is not counted.',
        params: versionParamsSchema,
        querystring: divergenceQuerySchema,
        response: { 200: divergenceSchema, ...problems(404, 422) },
      },
    },
    async (request) => getPolicyDivergence(contextOf(request), request.params, request.query),
  );
};

const lifeRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/policy-packs/:pack/versions',
    {
      schema: {
        operationId: 'createPolicyVersion',
        tags,
        summary: 'Add a draft; its examples are run',
        description: 'The same text again gives the stored draft. One client id is one person or one system.',
        params: packParamsSchema,
        querystring: draftQuerySchema,
        body: sourceSchema,
        response: { 200: policyVersionSchema, 201: policyVersionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { pack } = request.params;
      const { validateOnly } = request.query;
      const ctx = contextOf(request);
      const { version, created } = await createPolicyVersion(ctx, pack, request.body.source, validateOnly);
      if (created) reply.code(201).header('location', `/v1/policy-packs/${pack}/versions/${version.version}`);
      return send(reply, version);
    },
  );
  app.put(
    VERSION,
    {
      schema: {
        operationId: 'replacePolicyVersion',
        tags,
        summary: 'Replace the text of a draft or of a rejected version',
        params: versionParamsSchema,
        headers: preconditionHeadersSchema,
        body: sourceSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 412, 413, 415, 422, 428) },
      },
    },
    async (request, reply) => {
      const ifMatch = request.headers['if-match'];
      return send(reply, await replacePolicyVersion(contextOf(request), request.params, request.body.source, ifMatch));
    },
  );
  app.post(
    `${VERSION}/submit`,
    {
      schema: {
        operationId: 'submitPolicyVersion',
        tags,
        summary: 'Hand a draft to review, as one of its authors',
        params: versionParamsSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => send(reply, await submitPolicyVersion(contextOf(request), request.params)),
  );
  app.post(
    `${VERSION}/review`,
    {
      schema: {
        operationId: 'reviewPolicyVersion',
        tags,
        summary: 'Approve or reject, as somebody else than the authors',
        params: versionParamsSchema,
        body: reviewSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request, reply) => send(reply, await reviewPolicyVersion(contextOf(request), request.params, request.body)),
  );
  app.post(
    `${VERSION}/publish`,
    {
      schema: {
        operationId: 'publishPolicyVersion',
        tags,
        summary: 'Publish an approved version, as somebody else than the authors',
        params: versionParamsSchema,
        body: publishSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => send(reply, await publishPolicyVersion(contextOf(request), request.params, request.body)),
  );
  app.post(
    `${VERSION}/withdraw`,
    {
      schema: {
        operationId: 'withdrawPolicyVersion',
        tags,
        summary: 'Take a published version back before its day',
        params: versionParamsSchema,
        body: withdrawSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      send(reply, await withdrawPolicyVersion(contextOf(request), request.params, request.body.reason)),
  );
  app.post(
    `${VERSION}/shadow`,
    {
      schema: {
        operationId: 'setPolicyShadow',
        tags,
        summary: 'Ask a version beside what is in force, or no longer',
        params: versionParamsSchema,
        body: shadowSchema,
        response: { 200: policyVersionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      send(reply, await setPolicyShadow(contextOf(request), request.params, request.body.enabled)),
  );
};

const backtestRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    `${VERSION}/backtests`,
    {
      schema: {
        operationId: 'createPolicyBacktest',
        tags,
        summary: 'Ask a version about the decisions that were recorded, in the background',
        params: versionParamsSchema,
        headers: idempotencyHeadersSchema,
        body: newBacktestSchema,
        response: { 202: backtestSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const result = await createPolicyBacktest(contextOf(request), params, body, headers['idempotency-key']);
      const { pack, version, backtestId } = result.answer;
      reply.header('location', `/v1/policy-packs/${pack}/versions/${version}/backtests/${backtestId}`);
      return markReplay(reply, result).code(202).send(result.answer);
    },
  );
  app.get(
    `${VERSION}/backtests/:backtestId`,
    {
      schema: {
        operationId: 'getPolicyBacktest',
        tags,
        summary: 'Progress, and what would differ by rule, vendor and day',
        params: backtestParamsSchema,
        response: { 200: backtestSchema, ...problems(404) },
      },
    },
    async (request) => {
      const { backtestId, ...key } = request.params;
      return getPolicyBacktest(contextOf(request), key, backtestId);
    },
  );
  app.post(
    `${VERSION}/backtests/:backtestId/cancel`,
    {
      schema: {
        operationId: 'cancelPolicyBacktest',
        tags,
        summary: 'Stop a back-test; what it has found stays',
        params: backtestParamsSchema,
        response: { 200: backtestSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => {
      const { backtestId, ...key } = request.params;
      return cancelPolicyBacktest(contextOf(request), key, backtestId);
    },
  );
};
