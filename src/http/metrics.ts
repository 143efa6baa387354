import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of one process, by hand and with few labels; no label ever holds an id. */
export interface Metrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'route' | 'method' | 'status'>;
  readonly countDecision: (mode: string, permitted: boolean, reason: string) => void;
  readonly decisionBatch: Histogram<'mode'>;
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
  return {
    registry,
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
