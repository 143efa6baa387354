import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { reservationListQuerySchema, reservationPageSchema } from './schemas.ts';
import { listReservations } from './service.ts';

export const reservationRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/reservations',
    {
      schema: {
        operationId: 'listReservations',
        tags: ['Reconciliation'],
        summary: 'Slots that nobody has reported or released, the oldest first',
        querystring: reservationListQuerySchema,
        response: { 200: reservationPageSchema, ...problems() },
      },
    },
    async (request) => listReservations(contextOf(request), request.query),
  );
};
