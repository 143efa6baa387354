import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, idempotencyHeadersSchema, markReplay, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { listDeliveries, replayDelivery, replayEvents } from './deliveries.ts';
import {
  deliveryPageSchema,
  deliveryParamsSchema,
  deliveryQuerySchema,
  deliverySchema,
  endpointChangesSchema,
  endpointListSchema,
  endpointParamsSchema,
  endpointSchema,
  endpointWithSecretSchema,
  newEndpointSchema,
  replayResultSchema,
  replaySchema,
  rotateSecretSchema,
  testResultSchema,
} from './schemas.ts';
import {
  changeEndpoint,
  createEndpoint,
  deleteEndpoint,
  getEndpoint,
  listEndpoints,
  rotateSecret,
  testEndpoint,
} from './service.ts';

const tags = ['Webhooks'];
const params = endpointParamsSchema;

export const webhookRoutes: FastifyPluginAsyncZod = async (app) => {
  app.post(
    '/webhook-endpoints',
    {
      schema: {
        operationId: 'createWebhookEndpoint',
        tags,
        summary: 'Register where events are sent; its secret is shown once',
        headers: idempotencyHeadersSchema,
        body: newEndpointSchema,
        response: { 201: endpointWithSecretSchema, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const result = await createEndpoint(contextOf(request), request.body, request.headers['idempotency-key']);
      return markReplay(reply, result).code(201).send(result.answer);
    },
  );
  app.get(
    '/webhook-endpoints',
    {
      schema: {
        operationId: 'listWebhookEndpoints',
        tags,
        summary: 'All places that events are sent to',
        response: { 200: endpointListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listEndpoints(contextOf(request)) }),
  );
  app.get(
    '/webhook-endpoints/:endpointId',
    {
      schema: {
        operationId: 'getWebhookEndpoint',
        tags,
        summary: 'One place that events are sent to',
        params,
        response: { 200: endpointSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { endpoint, version } = await getEndpoint(contextOf(request), request.params.endpointId);
      return reply.header('etag', etagOf(version)).send(endpoint);
    },
  );
  app.patch(
    '/webhook-endpoints/:endpointId',
    {
      schema: {
        operationId: 'changeWebhookEndpoint',
        tags,
        summary: 'Change, disable or enable a webhook endpoint',
        params,
        headers: preconditionHeadersSchema,
        body: endpointChangesSchema,
        response: { 200: endpointSchema, ...problems(404, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const expected = versionOf(request.headers['if-match']);
      const { endpointId } = request.params;
      const { endpoint, version } = await changeEndpoint(contextOf(request), endpointId, request.body, expected);
      return reply.header('etag', etagOf(version)).send(endpoint);
    },
  );
  app.delete(
    '/webhook-endpoints/:endpointId',
    {
      schema: {
        operationId: 'deleteWebhookEndpoint',
        tags,
        summary: 'End a webhook endpoint; nothing more is sent to it',
        params,
        response: { 200: endpointSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => deleteEndpoint(contextOf(request), request.params.endpointId),
  );
  app.post(
    '/webhook-endpoints/:endpointId/rotate',
    {
      schema: {
        operationId: 'rotateWebhookSecret',
        tags,
        summary: 'Make a further secret; the older one signs too for the overlap',
        params,
        headers: idempotencyHeadersSchema,
        body: rotateSecretSchema,
        response: { 200: endpointWithSecretSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const { endpointId } = request.params;
      const result = await rotateSecret(contextOf(request), endpointId, request.body.overlapSeconds, key);
      return markReplay(reply, result).send(result.answer);
    },
  );
  app.post(
    '/webhook-endpoints/:endpointId/test',
    {
      schema: {
        operationId: 'testWebhookEndpoint',
        tags,
        summary: 'Send an event webhook.test at once and tell what was answered',
        params,
        response: { 200: testResultSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => testEndpoint(contextOf(request), request.params.endpointId),
  );
  app.post(
    '/webhook-endpoints/:endpointId/replay',
    {
      schema: {
        operationId: 'replayWebhookEvents',
        tags,
        summary: 'Send every event since an instant again',
        params,
        body: replaySchema,
        response: { 200: replayResultSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => replayEvents(contextOf(request), request.params.endpointId, request.body.since),
  );
  app.get(
    '/webhook-endpoints/:endpointId/deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        tags,
        summary: 'What was and will be sent to an endpoint, newest first, with every attempt',
        params,
        querystring: deliveryQuerySchema,
        response: { 200: deliveryPageSchema, ...problems(404) },
      },
    },
    async (request) => listDeliveries(contextOf(request), request.params.endpointId, request.query),
  );
  app.post(
    '/webhook-endpoints/:endpointId/deliveries/:eventId/replay',
    {
      schema: {
        operationId: 'replayWebhookDelivery',
        tags,
        summary: 'Send one event again, with the same id',
        params: deliveryParamsSchema,
        response: { 200: deliverySchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => {
      const { endpointId, eventId } = request.params;
      return replayDelivery(contextOf(request), endpointId, eventId);
    },
  );
};
