import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { scorecardListSchema, scorecardParamsSchema, scorecardPeriodSchema, scorecardSchema } from './schemas.ts';
import { getScorecard, listScorecards } from './service.ts';

const tags = ['Reconciliation'];

export const scorecardRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/collectors/scorecards',
    {
      schema: {
        operationId: 'listScorecards',
        tags,
        summary: 'How every collector used its permissions in a period',
        querystring: scorecardPeriodSchema,
        response: { 200: scorecardListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listScorecards(contextOf(request), request.query) }),
  );
  app.get(
    '/collectors/:collectorId/scorecard',
    {
      schema: {
        operationId: 'getScorecard',
        tags,
        summary: 'How one collector used its permissions in a period',
        params: scorecardParamsSchema,
        querystring: scorecardPeriodSchema,
        response: { 200: scorecardSchema, ...problems(404) },
      },
    },
    async (request) => getScorecard(contextOf(request), request.params.collectorId, request.query),
  );
};
