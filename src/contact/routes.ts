import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idSchema } from '../validation.ts';
import {
  permissionAnswerSchema,
  permissionRequestSchema,
  recordedDecisionSchema,
  releaseSchema,
  reservationSchema,
} from './schemas.ts';
import { getDecision, getReservation, releaseReservation, requestPermission } from './service.ts';

const tags = ['Contact permission'];

export const contactRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/contact-permissions',
    {
      schema: {
        operationId: 'requestContactPermission',
        tags,
        summary: 'May this person be contacted? Takes the slot in mode reserve',
        description: 'Always 200 for a decision, allow or deny. Anything that is not 2xx means: do not contact.',
        body: permissionRequestSchema,
        response: { 200: permissionAnswerSchema, ...problems(404, 413, 415, 422) },
      },
      // Thousands a second: the answer is written as it was built; tests compare every one with the schema.
      serializerCompiler: () => JSON.stringify,
    },
    async (request) => requestPermission(contextOf(request), request.body),
  );
  app.get(
    '/contact-permissions/:decisionId',
    {
      schema: {
        operationId: 'getContactPermission',
        tags,
        summary: 'A recorded decision, with the facts it saw',
        params: z.strictObject({ decisionId: idSchema }),
        response: { 200: recordedDecisionSchema, ...problems(404) },
      },
    },
    async (request) => getDecision(contextOf(request), request.params.decisionId),
  );
  app.get(
    '/reservations/:reservationId',
    {
      schema: {
        operationId: 'getReservation',
        tags,
        summary: 'A slot that was taken',
        params: z.strictObject({ reservationId: idSchema }),
        response: { 200: reservationSchema, ...problems(404) },
      },
    },
    async (request) => getReservation(contextOf(request), request.params.reservationId),
  );
  app.post(
    '/reservations/:reservationId/release',
    {
      schema: {
        operationId: 'releaseReservation',
        tags,
        summary: 'Give a slot back: the contact did not happen',
        params: z.strictObject({ reservationId: idSchema }),
        body: releaseSchema,
        response: { 200: reservationSchema, ...problems(404, 409, 413, 415) },
      },
    },
    async (request) => releaseReservation(contextOf(request), request.params.reservationId, request.body.reason),
  );
};
