import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import {
  incidentListQuerySchema,
  incidentPageSchema,
  incidentParamsSchema,
  incidentReasonSchema,
  incidentSchema,
} from './schemas.ts';
import { closeIncident, explainIncident, getIncident, listIncidents } from './service.ts';

const tags = ['Reconciliation'];
const params = incidentParamsSchema;

export const incidentRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/incidents',
    {
      schema: {
        operationId: 'listIncidents',
        tags,
        summary: 'Contacts without permission, the newest first',
        querystring: incidentListQuerySchema,
        response: { 200: incidentPageSchema, ...problems() },
      },
    },
    async (request) => listIncidents(contextOf(request), request.query),
  );
  app.get(
    '/incidents/:incidentId',
    {
      schema: {
        operationId: 'getIncident',
        tags,
        summary: 'One contact without permission, with its evidence',
        params,
        response: { 200: incidentSchema, ...problems(404) },
      },
    },
    async (request) => getIncident(contextOf(request), request.params.incidentId),
  );
  app.post(
    '/incidents/:incidentId/explain',
    {
      schema: {
        operationId: 'explainIncident',
        tags,
        summary: 'Say how it came to the contact',
        params,
        body: incidentReasonSchema,
        response: { 200: incidentSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => explainIncident(contextOf(request), request.params.incidentId, request.body.reason),
  );
  app.post(
    '/incidents/:incidentId/close',
    {
      schema: {
        operationId: 'closeIncident',
        tags,
        summary: 'End an incident, with the reason; only the bank does',
        params,
        body: incidentReasonSchema,
        response: { 200: incidentSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => closeIncident(contextOf(request), request.params.incidentId, request.body.reason),
  );
};
