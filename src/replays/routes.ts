import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idSchema } from '../validation.ts';
import { differingPageSchema, differingQuerySchema, replayAnswerSchema, replaySchema } from './schemas.ts';
import { listDifferingDecisions, replayContactPermission } from './service.ts';

export const replayRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/contact-permissions/:decisionId/replay',
    {
      schema: {
        operationId: 'replayContactPermission',
        tags: ['Contact permission'],
        summary: 'Take a recorded decision again: on its facts, on what was known then, or on what is known now',
        params: z.strictObject({ decisionId: idSchema }),
        body: replaySchema,
        response: { 200: replayAnswerSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => replayContactPermission(contextOf(request), request.params.decisionId, request.body),
  );
  app.get(
    '/differing-decisions',
    {
      schema: {
        operationId: 'listDifferingDecisions',
        tags: ['Contact permission'],
        summary: 'Decisions that would be others with what was told since',
        querystring: differingQuerySchema,
        response: { 200: differingPageSchema, ...problems() },
      },
    },
    async (request) => listDifferingDecisions(contextOf(request), request.query),
  );
};
