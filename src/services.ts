import type { Pool } from 'pg';
import { createCredentials } from './clients/credentials.ts';
import type { Config } from './config.ts';
import { createDecider } from './contact/service.ts';
import type { Services } from './context.ts';
import { createDb } from './db/database.ts';
import { createDialerDirectory } from './dialers/directory.ts';
import { createMetrics } from './http/metrics.ts';
import { networkList } from './networks.ts';
import { createVault } from './personal-data.ts';
import { createHolder } from './policy/holder.ts';
import { loadPacks } from './policy/load.ts';
import { createRegistry, type PolicyRegistry } from './policy/registry.ts';
import { createPermissionTokens } from './tokens/service.ts';
import { TIMEOUT_MS } from './webhooks/target.ts';

/** What one process shares between its requests. Throws PackError; opens nothing, the pool connects when it is used. */
export function createServices(
  config: Pick<
    Config,
    'encryptionKeys' | 'blindIndexKey' | 'adminApiKey' | 'tokenSigningKeys' | 'production' | 'webhookPrivateNetworks'
  >,
  pool: Pool,
  {
    clock = () => Temporal.Now.instant(),
    policy = createRegistry(loadPacks()),
  }: { clock?: Services['clock']; policy?: PolicyRegistry } = {},
): Services {
  const db = createDb(pool);
  const metrics = createMetrics(pool);
  const holder = createHolder(policy);
  const vault = createVault(config.encryptionKeys ?? [], config.blindIndexKey ?? Buffer.alloc(0));
  return {
    db,
    pool,
    policy: holder,
    vault,
    credentials: createCredentials(db, config.adminApiKey, clock),
    metrics,
    decider: createDecider({ pool, policy: holder.current, metrics }),
    dialers: createDialerDirectory(db, clock),
    tokens: createPermissionTokens(config.tokenSigningKeys ?? [], { pool, vault }),
    webhookTargets: {
      production: config.production,
      privateNetworks: networkList(config.webhookPrivateNetworks)!,
      timeoutMs: TIMEOUT_MS,
    },
    clock,
  };
}
