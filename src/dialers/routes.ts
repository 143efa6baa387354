import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { contextOf } from '../http/context.ts';
import { problems } from '../http/errors.ts';
import { etagOf, idempotencyHeadersSchema, markReplay, preconditionHeadersSchema, versionOf } from '../http/rest.ts';
import { idSchema } from '../validation.ts';
import {
  dialerInputSchema,
  dialerListSchema,
  dialerSchema,
  newUrlTokenSchema,
  platformListSchema,
  revokedUrlTokensSchema,
  urlTokenRevocationSchema,
  urlTokenSchema,
} from './schemas.ts';
import { createUrlToken, getDialer, listDialers, listPlatforms, putDialer, revokeUrlTokens } from './service.ts';

const tags = ['Dialers'];
const params = z.strictObject({ dialerId: idSchema });

export const dialerRoutes: FastifyPluginAsyncZod = async (app) => {
  app.put(
    '/dialers/:dialerId',
    {
      schema: {
        operationId: 'putDialer',
        tags,
        summary: 'Create or fully replace what is known of a dialer',
        params,
        headers: preconditionHeadersSchema,
        body: dialerInputSchema,
        response: { 200: dialerSchema, 201: dialerSchema, ...problems(412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const expected = versionOf(request.headers['if-match']);
      const { dialer, version, created } = await putDialer(
        contextOf(request),
        request.params.dialerId,
        request.body,
        expected,
      );
      return reply
        .code(created ? 201 : 200)
        .header('etag', etagOf(version))
        .send(dialer);
    },
  );
  app.get(
    '/dialers/:dialerId',
    {
      schema: {
        operationId: 'getDialer',
        tags,
        summary: 'One dialer as it was put',
        params,
        response: { 200: dialerSchema, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { dialer, version } = await getDialer(contextOf(request), request.params.dialerId);
      return reply.header('etag', etagOf(version)).send(dialer);
    },
  );
  app.get(
    '/dialers',
    {
      schema: {
        operationId: 'listDialers',
        tags,
        summary: 'All dialers as they were put',
        response: { 200: dialerListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listDialers(contextOf(request)) }),
  );
  app.get(
    '/dialer-platforms',
    {
      schema: {
        operationId: 'listDialerPlatforms',
        tags,
        summary: 'What each platform brings along: field names, result codes, routes for URL tokens',
        response: { 200: platformListSchema, ...problems() },
      },
    },
    async (request) => ({ items: await listPlatforms(contextOf(request)) }),
  );
  app.post(
    '/dialers/:dialerId/url-tokens',
    {
      schema: {
        operationId: 'createDialerUrlToken',
        tags,
        summary: 'Make a token that opens one route; older ones of the route end after the overlap',
        params,
        headers: idempotencyHeadersSchema,
        body: newUrlTokenSchema,
        response: { 201: urlTokenSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key'];
      const result = await createUrlToken(contextOf(request), request.params.dialerId, request.body, key);
      return markReplay(reply, result).code(201).send(result.answer);
    },
  );
  app.post(
    '/dialers/:dialerId/url-tokens/revoke',
    {
      schema: {
        operationId: 'revokeDialerUrlTokens',
        tags,
        summary: 'End all tokens of one route',
        params,
        body: urlTokenRevocationSchema,
        response: { 200: revokedUrlTokensSchema, ...problems(404, 413, 415) },
      },
    },
    async (request) => revokeUrlTokens(contextOf(request), request.params.dialerId, request.body.route),
  );
};
