import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { idempotencyHeadersSchema, markReplay } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import { clientListSchema, clientSchema, clientWithKeySchema, newClientSchema, rotateSchema } from './schemas.ts';
import { createClient, listClients, revokeClient, rotateKey } from './service.ts';

const tags = ['API clients'];
const params = z.strictObject({ clientId: idSchema });

export const clientRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/api-clients',
    {
      schema: {
        operationId: 'createApiClient',
        tags,
        summary: 'Register a system that may call; its key is shown once',
        headers: idempotencyHeadersSchema,
        body: newClientSchema,
        response: { 201: clientWithKeySchema, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const result = await createClient(contextOf(request), request.body, request.headers['idempotency-key']);
      return markReplay(reply, result).code(201).send(result.answer);
    },
  );
  app.get(
    '/api-clients',
    {
      schema: {
        operationId: 'listApiClients',
        tags,
        summary: 'All systems that may call',
        response: { 200: clientListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listClients(contextOf(request)) }),
  );
  app.post(
    '/api-clients/:clientId/rotate',
    {
      schema: {
        operationId: 'rotateApiKey',
        tags,
        summary: 'Make a further key; older ones stay valid for the overlap',
        params,
        headers: idempotencyHeadersSchema,
        body: rotateSchema,
        response: { 200: clientWithKeySchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const result = await rotateKey(contextOf(request), request.params.clientId, request.body.overlapSeconds, key);
      return markReplay(reply, result).send(result.answer);
    },
  );
  app.post(
    '/api-clients/:clientId/revoke',
    {
      schema: {
        operationId: 'revokeApiClient',
        tags,
        summary: 'End a client and all its keys',
        params,
        response: { 200: clientSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => revokeClient(contextOf(request), request.params.clientId),
  );
};
