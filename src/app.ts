import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import { accountResolvers } from './accounts/resolvers.ts';
import { accountRoutes } from './accounts/routes.ts';
import { attemptResolvers } from './attempts/resolvers.ts';
import { attemptRoutes } from './attempts/routes.ts';
import { clientResolvers } from './clients/resolvers.ts';
import { clientRoutes } from './clients/routes.ts';
import type { Config } from './config.ts';
import { contactResolvers } from './contact/resolvers.ts';
import { contactRoutes } from './contact/routes.ts';
import type { Services } from './context.ts';
import { customerResolvers } from './customers/resolvers.ts';
import { customerRoutes } from './customers/routes.ts';
import { directiveResolvers } from './directives/resolvers.ts';
import { directiveRoutes } from './directives/routes.ts';
import { AppError } from './errors.ts';
import { registerGraphql } from './graphql/graphql.ts';
import type { Resolvers } from './graphql/resolver.ts';
import { authenticate } from './http/auth.ts';
import { handleErrors } from './http/errors.ts';
import { exposeHealth, type Lifecycle } from './http/health.ts';
import { exposeMetrics } from './http/metrics.ts';
import { openapiOptions } from './http/openapi.ts';
import { registerRest } from './http/rest.ts';

export interface AppDeps {
  readonly config: Config;
  readonly services: Services;
  readonly logger: FastifyBaseLogger | false;
  readonly lifecycle: Lifecycle;
}

const routes: FastifyPluginAsync[] = [
  customerRoutes,
  accountRoutes,
  contactRoutes,
  attemptRoutes,
  directiveRoutes,
  clientRoutes,
];
const resolvers: Resolvers[] = [
  customerResolvers,
  accountResolvers,
  contactResolvers,
  attemptResolvers,
  directiveResolvers,
  clientResolvers,
];

/** The only composition root: one Fastify instance with both doors. Reads no environment and opens nothing. */
export async function buildApp({ config, services, logger, lifecycle }: AppDeps): Promise<FastifyInstance> {
  const app = fastify({
    ...(logger === false ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 200 },
    requestIdHeader: false,
    genReqId: (request) => {
      const sent = request.headers['x-request-id'];
      return typeof sent === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(sent) ? sent : crypto.randomUUID();
    },
  });
  app.decorate('services', services);
  app.decorate('sandbox', config.sandbox);
  handleErrors(app);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'accept-language',
    });
  });
  authenticate(app);
  if (config.rateLimitPerSecond !== null) {
    await app.register(rateLimit, {
      max: config.rateLimitPerSecond,
      timeWindow: 1000,
      hook: 'preValidation',
      keyGenerator: (request) => request.caller?.clientId ?? request.ip,
      errorResponseBuilder: () =>
        new AppError('RATE_LIMITED', 'This client has used its requests of this second.', { retryAfterSeconds: 1 }),
    });
  }
  await app.register(swagger, openapiOptions);
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true, uiConfig: { docExpansion: 'list' } });
  app.get('/openapi.json', async () => app.swagger());
  exposeHealth(app, lifecycle);
  exposeMetrics(app, services.metrics);
  await registerGraphql(app, resolvers, config.production);
  await registerRest(app, routes);
  return app;
}
