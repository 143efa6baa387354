import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync, LogController } from 'fastify';
import { accountResolvers } from './accounts/resolvers.ts';
import { accountRoutes } from './accounts/routes.ts';
import { adapterRoutes } from './adapters/routes.ts';
import { attemptResolvers } from './attempts/resolvers.ts';
import { attemptRoutes } from './attempts/routes.ts';
import { callRecordResolvers } from './call-records/resolvers.ts';
import { callRecordRoutes } from './call-records/routes.ts';
import { caseEntryResolvers } from './case-entries/resolvers.ts';
import { caseEntryRoutes } from './case-entries/routes.ts';
import { clientResolvers } from './clients/resolvers.ts';
import { clientRoutes } from './clients/routes.ts';
import type { Config } from './config.ts';
import { contactResolvers } from './contact/resolvers.ts';
import { contactRoutes } from './contact/routes.ts';
import type { Services } from './context.ts';
import { customerResolvers } from './customers/resolvers.ts';
import { customerRoutes } from './customers/routes.ts';
import { dialerResolvers } from './dialers/resolvers.ts';
import { dialerRoutes } from './dialers/routes.ts';
import { directiveResolvers } from './directives/resolvers.ts';
import { directiveRoutes } from './directives/routes.ts';
import { duplicateResolvers } from './duplicates/resolvers.ts';
import { duplicateRoutes } from './duplicates/routes.ts';
import { AppError } from './errors.ts';
import { registerGraphql } from './graphql/graphql.ts';
import type { Resolvers } from './graphql/resolver.ts';
import { authenticate } from './http/auth.ts';
import { handleErrors, sendProblem } from './http/errors.ts';
import { exposeHealth, type Lifecycle } from './http/health.ts';
import { exposeKeySet } from './http/key-set.ts';
import { exposeMetrics } from './http/metrics.ts';
import { openapiOptions } from './http/openapi.ts';
import { registerRest } from './http/rest.ts';
import { importResolvers } from './imports/resolvers.ts';
import { importRoutes } from './imports/routes.ts';
import { importSourceResolvers } from './imports/sources/resolvers.ts';
import { importSourceRoutes } from './imports/sources/routes.ts';
import { incidentResolvers } from './incidents/resolvers.ts';
import { incidentRoutes } from './incidents/routes.ts';
import { paymentResolvers } from './payments/resolvers.ts';
import { paymentRoutes } from './payments/routes.ts';
import { pictureResolvers } from './picture/resolvers.ts';
import { pictureRoutes } from './picture/routes.ts';
import { policyResolvers } from './policies/resolvers.ts';
import { policyRoutes } from './policies/routes.ts';
import { questionResolvers } from './questions/resolvers.ts';
import { questionRoutes } from './questions/routes.ts';
import { replayResolvers } from './replays/resolvers.ts';
import { replayRoutes } from './replays/routes.ts';
import { reservationResolvers } from './reservations/resolvers.ts';
import { reservationRoutes } from './reservations/routes.ts';
import { scorecardResolvers } from './scorecards/resolvers.ts';
import { scorecardRoutes } from './scorecards/routes.ts';
import { statementResolvers } from './statements/resolvers.ts';
import { statementRoutes } from './statements/routes.ts';
import { webhookDocuments } from './webhooks/documents.ts';
import { webhookResolvers } from './webhooks/resolvers.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export interface AppDeps {
  readonly config: Config;
  readonly services: Services;
  readonly logger: FastifyBaseLogger | false;
  readonly lifecycle: Lifecycle;
}

const routes: FastifyPluginAsync[] = [
  customerRoutes,
  duplicateRoutes,
  accountRoutes,
  paymentRoutes,
  contactRoutes,
  questionRoutes,
  replayRoutes,
  attemptRoutes,
  directiveRoutes,
  caseEntryRoutes,
  statementRoutes,
  pictureRoutes,
  importRoutes,
  importSourceRoutes,
  clientRoutes,
  policyRoutes,
  dialerRoutes,
  adapterRoutes,
  webhookRoutes,
  reservationRoutes,
  incidentRoutes,
  callRecordRoutes,
  scorecardRoutes,
];
const resolvers: Resolvers[] = [
  customerResolvers,
  duplicateResolvers,
  accountResolvers,
  paymentResolvers,
  contactResolvers,
  questionResolvers,
  replayResolvers,
  attemptResolvers,
  directiveResolvers,
  caseEntryResolvers,
  statementResolvers,
  pictureResolvers,
  importResolvers,
  importSourceResolvers,
  clientResolvers,
  policyResolvers,
  dialerResolvers,
  webhookResolvers,
  reservationResolvers,
  incidentResolvers,
  callRecordResolvers,
  scorecardResolvers,
];

/** The reference page loads its own files and no others, also over plain HTTP. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The only composition root: one Fastify instance with both doors. Reads no environment and opens nothing. */
export async function buildApp({ config, services, logger, lifecycle }: AppDeps): Promise<FastifyInstance> {
  const app = fastify({
    ...(logger === false ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: config.bodyLimitBytes,
    // Of a whole request with its body, which for a large import takes long; headers have a minute (Node's default).
    requestTimeout: 3_600_000,
    routerOptions: { maxParamLength: 200 },
    // A path that cannot be decoded is refused before any hook runs.
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply.header('x-request-id', request.id), error);
    },
    trustProxy: config.trustedProxies.length > 0 && [...config.trustedProxies],
    requestIdHeader: false,
    genReqId: (request) => {
      const sent = request.headers['x-request-id'];
      return typeof sent === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(sent) ? sent : crypto.randomUUID();
    },
  });
  app.decorate('services', services);
  app.decorate('sandbox', config.sandbox);
  app.decorate('importLimitBytes', config.importLimitBytes);
  handleErrors(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({
      'x-request-id': request.id,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'accept-language',
    });
    done();
  });
  authenticate(app, config.authFailuresPerMinute);
  if (config.rateLimitPerSecond !== null) {
    await app.register(rateLimit, {
      max: config.rateLimitPerSecond,
      timeWindow: 1000,
      hook: 'preValidation',
      // Probes and reference pages need no key and are nobody's requests.
      allowList: (request) => request.caller === null,
      keyGenerator: (request) => request.caller?.clientId ?? '',
      errorResponseBuilder: () =>
        new AppError('RATE_LIMITED', 'This client has used its requests of this second.', { retryAfterSeconds: 1 }),
    });
  }
  await app.register(swagger, openapiOptions(webhookDocuments));
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_POLICY, uiConfig: { docExpansion: 'list' } });
  app.get('/openapi.json', async () => app.swagger());
  exposeHealth(app, lifecycle);
  exposeMetrics(app, services.metrics);
  exposeKeySet(app);
  await registerGraphql(app, resolvers, config.production);
  await registerRest(app, routes);
  return app;
}
