import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idSchema } from '../validation.ts';
import { pictureSchema, timelinePageSchema, timelineQuerySchema } from './schemas.ts';
import { getPicture } from './service.ts';
import { getTimeline } from './timeline.ts';

const tags = ['Customers'];
const params = z.strictObject({ customerId: idSchema });

export const pictureRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/customers/:customerId/picture',
    {
      schema: {
        operationId: 'getCustomerPicture',
        tags,
        summary: "All that a collector's screen shows of a customer; masked unless the key has personal-data:read",
        params,
        response: { 200: pictureSchema, ...problems(404) },
      },
    },
    async (request) => getPicture(contextOf(request), request.params.customerId),
  );
  app.get(
    '/customers/:customerId/timeline',
    {
      schema: {
        operationId: 'getCustomerTimeline',
        tags,
        summary: 'Everything that happened with a customer, the newest first',
        params,
        querystring: timelineQuerySchema,
        response: { 200: timelinePageSchema, ...problems(404) },
      },
    },
    async (request) => getTimeline(contextOf(request), request.params.customerId, request.query),
  );
};
