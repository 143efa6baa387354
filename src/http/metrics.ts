import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of one process, by hand and with few labels; no label ever holds an id. */
export interface Metrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'route' | 'method' | 'status'>;
  readonly countDecision: (mode: string, permitted: boolean, reason: string) => void;
  readonly decisionBatch: Histogram<'mode'>;
  readonly countUnknownResult: (platform: string) => void;
  readonly webhooks: WebhookMetrics;
}

export interface WebhookMetrics {
  readonly countAttempt: (outcome: 'delivered' | 'failed' | 'dead') => void;
  readonly show: (figures: { pending: number; oldestSeconds: number; dead: number }) => void;
}

export function createMetrics(pool: { totalCount: number; idleCount: number; waitingCount: number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'database_connections',
    help: 'Connections of the pool by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'waited_for' }, pool.waitingCount);
    },
  });
  const decisions = new Counter({
    name: 'contact_decisions_total',
    help: 'Decisions by mode, answer and first reason',
    labelNames: ['mode', 'permitted', 'reason'],
    registers: [registry],
  });
  const counted = new Map<string, { inc: () => void }>();
  // Looking a child up by its labels costs more than counting, so it is kept.
  function countDecision(mode: string, permitted: boolean, reason: string): void {
    const key = `${mode} ${permitted} ${reason}`;
    let child = counted.get(key);
    if (!child) {
      child = decisions.labels({ mode, permitted: String(permitted), reason });
      counted.set(key, child);
    }
    child.inc();
  }
  const unknownResults = new Counter({
    name: 'dialer_unknown_results_total',
    help: 'Result codes of dialers that no outcome map knows; each was taken as the default outcome',
    labelNames: ['platform'],
    registers: [registry],
  });
  return {
    registry,
    webhooks: createWebhookMetrics(registry),
    countUnknownResult: (platform) => unknownResults.inc({ platform }),
    requestSeconds: new Histogram({
      name: 'http_request_seconds',
      help: 'Time from the first byte to the answer',
      labelNames: ['route', 'method', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers: [registry],
    }),
    countDecision,
    decisionBatch: new Histogram({
      name: 'contact_decision_batch_size',
      help: 'Decisions that shared one query',
      labelNames: ['mode'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers: [registry],
    }),
  };
}

/** The attempts of this process, and what the whole service has still to deliver. */
function createWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry];
  const attempts = new Counter({
    name: 'webhook_attempts_total',
    help: 'Attempts to deliver a webhook by outcome; dead: the last one of its delivery',
    labelNames: ['outcome'],
    registers,
  });
  const gauge = (name: string, help: string) => new Gauge({ name, help: `${help}, in the whole service`, registers });
  const pending = gauge('webhook_deliveries_pending', 'Webhooks still to be delivered to enabled endpoints');
  const oldest = gauge('webhook_oldest_pending_seconds', 'Age of the oldest of these');
  const dead = gauge('webhook_deliveries_dead', 'Webhooks that were given up and are still on file');
  return {
    countAttempt: (outcome) => attempts.inc({ outcome }),
    show: (figures) => {
      pending.set(figures.pending);
      oldest.set(figures.oldestSeconds);
      dead.set(figures.dead);
    },
  };
}

/** Routes that answer thousands of times a second or only to probes: their line is logged at debug. */
const QUIET_ROUTES = new Set(['/v1/contact-permissions', '/livez', '/readyz', '/metrics']);

/** `GET /metrics`, the duration of every request by its route pattern, and one log line with the pattern, never the path. */
export function exposeMetrics(app: FastifyInstance, metrics: Metrics): void {
  const children = new Map<string, { observe: (seconds: number) => void }>();
  app.addHook('onResponse', (request, reply, done) => {
    done();
    const route = request.routeOptions.url ?? 'none';
    const key = `${request.method} ${route} ${reply.statusCode}`;
    let child = children.get(key);
    if (!child) {
      child = metrics.requestSeconds.labels({ route, method: request.method, status: String(reply.statusCode) });
      children.set(key, child);
    }
    child.observe(reply.elapsedTime / 1000);
    const quiet = QUIET_ROUTES.has(route);
    if (quiet && request.log.level !== 'debug') return;
    const line = {
      route,
      method: request.method,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      clientId: request.caller?.clientId,
    };
    request.log[quiet ? 'debug' : 'info'](line, 'answered');
  });
  const schema = {
    operationId: 'metrics',
    tags: ['Operations'],
    security: [],
    summary: 'Metrics of this process in the text format of Prometheus',
    response: { 200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } } },
  };
  app.get('/metrics', { schema }, async (_, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
