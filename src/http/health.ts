import type { FastifyInstance } from 'fastify';
import { pendingMigrations } from '../db/migrate.ts';

export interface Lifecycle {
  /** True from the signal to stop: readiness is withdrawn first, requests in flight still end. */
  draining: boolean;
}

const CACHED_MS = 1000;

/** Plain JSON schema: these routes stand outside the zod scope of REST. */
const documented = {
  tags: ['Operations'],
  security: [],
  response: {
    200: {
      description: 'OK',
      type: 'object',
      properties: {
        status: { type: 'string' },
        checks: { type: 'object', additionalProperties: { type: 'string' } },
      },
      required: ['status'],
      additionalProperties: false,
    },
  },
};

/** `/livez`: the process answers, nothing else is asked. `/readyz`: the database answers, is migrated, policy is loaded. */
export function exposeHealth(app: FastifyInstance, lifecycle: Lifecycle): void {
  const { pool, policy } = app.services;
  let cached: { at: number; checks: Record<string, string> } | undefined;

  async function check(): Promise<Record<string, string>> {
    if (cached && performance.now() - cached.at < CACHED_MS) return cached.checks;
    const checks: Record<string, string> = { database: 'ok', migrations: 'ok', policy: 'ok' };
    try {
      const pending = await pendingMigrations(pool);
      if (pending.length > 0) checks.migrations = `${pending.length} pending; run \`npm run migrate -- up\``;
    } catch {
      checks.database = 'does not answer';
      checks.migrations = 'unknown';
    }
    checks.policy = policy.problem() ?? 'ok';
    cached = { at: performance.now(), checks };
    return checks;
  }

  app.get('/livez', { schema: { ...documented, operationId: 'livez', summary: 'The process answers' } }, async () => ({
    status: 'ok',
  }));
  const readiness = {
    ...documented,
    operationId: 'readyz',
    summary: 'The database answers and is migrated, a policy is loaded, and the service is not about to stop',
    response: { ...documented.response, 503: { ...documented.response[200], description: 'Send no requests here' } },
  };
  app.get('/readyz', { schema: readiness }, async (_, reply) => {
    const checks = { ...(await check()), lifecycle: lifecycle.draining ? 'draining' : 'ok' };
    const ready = Object.values(checks).every((value) => value === 'ok');
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks });
  });
}
