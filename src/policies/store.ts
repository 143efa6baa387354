import { sql } from 'kysely';
import type { Services } from '../context.ts';
import { type Db, sqlState, type Trx } from '../db/database.ts';
import type { JobLog, Sweep } from '../jobs/jobs.ts';
import { fileSourceOf } from '../policy/files.ts';
import type { PolicyHolder } from '../policy/holder.ts';
import { type Pack, PackError } from '../policy/load.ts';
import { createRegistry, type PolicyRegistry } from '../policy/registry.ts';

/** What the store and the files of the release say together. */
export interface StoredPolicy {
  readonly revision: bigint;
  /** Published versions: of the release, and of the API. */
  readonly published: readonly Pack[];
  readonly watched: readonly Pack[];
  readonly former: Pick<PolicyRegistry, 'byId' | 'byHash'>;
}

/** Locks the store against other changes until the end of the transaction, and tells every process to read it again. */
export async function raiseRevision(trx: Trx): Promise<void> {
  await trx.updateTable('policy_store').set({ revision: sql<bigint>`revision + 1` }).execute();
}

/**
 * Reads all versions that are published or watched, and where to find those that were published once. Throws PackError for a version that this release
 * cannot carry out, and for one that is also a file of the release with another content.
 */
export async function readPolicy(db: Db | Trx, holder: PolicyHolder): Promise<StoredPolicy> {
  const { revision } = await db.selectFrom('policy_store').select('revision').executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('policy_versions as v')
    .innerJoin('policy_sources as s', 's.content_hash', 'v.content_hash')
    .select(['v.pack', 'v.version', 'v.status', 'v.shadow', 'v.content_hash', 's.source'])
    .where((where) => where.or([where('v.status', '=', 'published'), where('v.shadow', '=', true)]))
    .orderBy('v.pack')
    .orderBy('v.version')
    .execute();
  const files = new Map(holder.files.map((pack) => [pack.compiled.id, pack.contentHash]));
  const published: Pack[] = [...holder.files];
  const watched: Pack[] = [];
  for (const { pack, version, status, shadow, content_hash: hash, source } of rows) {
    const id = `${pack}@${version}`;
    const file = files.get(id);
    if (status === 'published' && file !== undefined && file !== hash)
      throw new PackError(`${id} was published with another content than the file of this release`);
    if (file !== undefined) continue;
    const loaded = holder.load(source, id);
    if (status === 'published') published.push(loaded);
    if (shadow) watched.push(loaded);
  }
  return { revision, published, watched, former: await formerVersions(db, holder, [...published, ...watched]) };
}

/** Texts that decided once: of files that a later release no longer has or has changed, and withdrawn versions. */
async function formerVersions(
  db: Db | Trx,
  holder: PolicyHolder,
  loaded: readonly Pack[],
): Promise<StoredPolicy['former']> {
  const rows = await db
    .selectFrom('policy_sources as s')
    .leftJoin('policy_versions as v', 'v.content_hash', 's.content_hash')
    .select(['s.pack', 's.version', 's.content_hash', 's.source'])
    .where((where) => where.or([where('s.origin', '=', 'release'), where('v.status', '=', 'withdrawn')]))
    .where('s.content_hash', 'not in', ['', ...loaded.map(({ contentHash }) => contentHash)])
    .orderBy('s.recorded_at')
    .execute();
  const byId = new Map(rows.map((row) => [`${row.pack}@${row.version}`, row]));
  const byHash = new Map(rows.map((row) => [row.content_hash, row]));
  const load = (row: (typeof rows)[number] | undefined): Pack | undefined => {
    try {
      return row && holder.load(row.source, `${row.pack}@${row.version}`);
    } catch (error) {
      if (error instanceof PackError) return undefined;
      throw error;
    }
  };
  return { byId: (id) => load(byId.get(id)), byHash: (hash) => load(byHash.get(hash)) };
}

/**
 * Brings the snapshot of this process up to date with the store. Where the store holds what this release cannot carry
 * out, the process says so in /readyz; before its first good reading it permits nothing then.
 */
export async function refreshPolicy({ db, policy }: Pick<Services, 'db' | 'policy'>): Promise<void> {
  const { revision } = await db.selectFrom('policy_store').select('revision').executeTakeFirstOrThrow();
  if (revision === policy.revision() && policy.problem() === null) return policy.confirm();
  try {
    const stored = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute((trx) => readPolicy(trx, policy));
    policy.swap(createRegistry(stored.published, stored), stored.revision);
  } catch (error) {
    if (!(error instanceof PackError)) throw error;
    policy.refuse(error.message);
  }
}

/** Reads the store for the first time, and keeps the files of this release in it. */
export async function openPolicy(services: Pick<Services, 'db' | 'policy' | 'clock'>, log: JobLog): Promise<void> {
  const { db, policy, clock } = services;
  try {
    for (const pack of policy.files) await keepSource(db, pack, fileSourceOf(pack), 'release', clock());
    await refreshPolicy(services);
  } catch (error) {
    log.error({ err: error }, 'the policy store cannot be read yet');
    policy.refuse(
      sqlState(error) === UNDEFINED_TABLE ? 'the policy store is not migrated' : 'the policy store does not answer',
    );
  }
  const problem = policy.problem();
  if (problem !== null)
    log.error({ problem }, 'policy is not in order, so the service is not ready and permits nothing');
}

const UNDEFINED_TABLE = '42P01';

/** Keeps a text under its hash; the same one again changes nothing. */
export async function keepSource(
  db: Db | Trx,
  { document, contentHash }: Pack,
  source: string | undefined,
  origin: 'release' | 'api',
  now: Temporal.Instant,
): Promise<void> {
  if (source === undefined) return;
  const { pack, version } = document;
  await db
    .insertInto('policy_sources')
    .values({ content_hash: contentHash, pack, version, origin, source, recorded_at: now.toString() })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** So soon every process knows what was published; a version's day should be further ahead. */
const POLL_SECONDS = 3;

export const policyRefresh: Sweep = {
  name: 'policy store',
  everySeconds: POLL_SECONDS,
  run: async (services, log) => {
    const before = services.policy.problem();
    if (services.policy.revision() === null) await openPolicy(services, log);
    else await refreshPolicy(services);
    const after = services.policy.problem();
    if (after !== before)
      log[after === null ? 'info' : 'error']({ problem: after }, 'the state of the policy store changed');
  },
};
