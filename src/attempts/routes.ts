import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { callIdSchema } from '../contact/schemas.ts';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { attemptCorrectionSchema, attemptReportSchema, attemptSchema } from './schemas.ts';
import { correctAttempt, getAttempt, reportAttempt } from './service.ts';

const tags = ['Contact attempts'];
const params = z.strictObject({ attemptId: callIdSchema });

export const attemptRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/contact-attempts',
    {
      schema: {
        operationId: 'reportContactAttempt',
        tags,
        summary: 'Report a contact: early, late or twice',
        body: attemptReportSchema,
        response: {
          200: attemptSchema.describe('Reported before'),
          201: attemptSchema,
          ...problems(404, 409, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { attempt, created, version } = await reportAttempt(contextOf(request), request.body);
      return reply
        .code(created ? 201 : 200)
        .header('etag', etagOf(version))
        .send(attempt);
    },
  );
  app.get(
    '/contact-attempts/:attemptId',
    {
      schema: {
        operationId: 'getContactAttempt',
        tags,
        summary: 'An attempt as it is known now',
        params,
        response: { 200: attemptSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { attempt, version } = await getAttempt(contextOf(request), request.params.attemptId);
      return reply.header('etag', etagOf(version)).send(attempt);
    },
  );
  app.patch(
    '/contact-attempts/:attemptId',
    {
      schema: {
        operationId: 'correctContactAttempt',
        tags,
        summary: 'Correct or complete an attempt; the correction is an event, nothing is overwritten',
        params,
        headers: preconditionHeadersSchema,
        body: attemptCorrectionSchema,
        response: { 200: attemptSchema, ...problems(404, 412, 413, 415) },
      },
    },
    async (request, reply) => {
      const { attempt, version } = await correctAttempt(
        contextOf(request),
        request.params.attemptId,
        request.body,
        versionOf(request.headers['if-match']),
      );
      return reply.header('etag', etagOf(version)).send(attempt);
    },
  );
};
