import type { Pool } from 'pg';
import { createCredentials } from './clients/credentials.ts';
import type { Config } from './config.ts';
import { createDecider } from './contact/service.ts';
import type { Services } from './context.ts';
import { createDb } from './db/database.ts';
import { createMetrics } from './http/metrics.ts';
import { createVault } from './personal-data.ts';
import { loadPacks } from './policy/load.ts';
import { createRegistry, type PolicyRegistry } from './policy/registry.ts';

/** What one process shares between its requests. Throws PackError; opens nothing, the pool connects when it is used. */
export function createServices(
  config: Pick<Config, 'encryptionKeys' | 'blindIndexKey' | 'adminApiKey'>,
  pool: Pool,
  {
    clock = () => Temporal.Now.instant(),
    policy = createRegistry(loadPacks()),
  }: { clock?: Services['clock']; policy?: PolicyRegistry } = {},
): Services {
  const db = createDb(pool);
  const metrics = createMetrics(pool);
  return {
    db,
    pool,
    policy,
    vault: createVault(config.encryptionKeys ?? [], config.blindIndexKey ?? Buffer.alloc(0)),
    credentials: createCredentials(db, config.adminApiKey, clock),
    metrics,
    decider: createDecider({ pool, policy, metrics }),
    clock,
  };
}
