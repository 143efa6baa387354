import type { FastifyInstance } from 'fastify';
import { pendingMigrations } from '../db/migrate.ts';

export interface Lifecycle {
  /** True from the signal to stop: readiness is withdrawn first, requests in flight still end. */
  draining: boolean;
}

const CACHED_MS = 1000;

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
    if (policy.packs.length === 0) checks.policy = 'no pack is loaded';
    cached = { at: performance.now(), checks };
    return checks;
  }

  app.get('/livez', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_, reply) => {
    const checks = { ...(await check()), lifecycle: lifecycle.draining ? 'draining' : 'ok' };
    const ready = Object.values(checks).every((value) => value === 'ok');
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks });
  });
}
