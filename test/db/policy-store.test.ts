import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWorker } from '../../src/jobs/worker.ts';
import { openPolicy, refreshPolicy } from '../../src/policies/store.ts';
import { createHolder, hashOf, MAX_SILENCE_SECONDS } from '../../src/policy/holder.ts';
import { loadPack } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { askFor, makeDebtor } from '../support/make.ts';
import { packText } from '../support/pack.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let t: TestApp;
beforeEach(async () => {
  t = await buildTestApp();
});
afterEach(() => t.close());

/** A version as another process, perhaps of another release, has published it. */
async function store(source: string, { pack = 'zz-test', version = '2026-01-01', status = 'published' } = {}) {
  const { pool } = t.database;
  const hash = hashOf(source);
  await pool.query(`INSERT INTO policy_sources VALUES ($1, $2, $3, 'api', $4, now())`, [hash, pack, version, source]);
  await pool.query(`INSERT INTO policy_versions VALUES ($1, $2, $3, $4, '{}', false, '{author}', 1)`, [
    pack,
    version,
    status,
    hash,
  ]);
  await pool.query('UPDATE policy_store SET revision = revision + 1');
}

const ready = async (app = t) => {
  const { status, body } = await app.call('GET', '/readyz');
  return [status, body.checks.policy];
};
const inForce = (app: TestApp, instant: string) =>
  app.services.policy
    .current()
    .inForceAt(['ZZ'], Temporal.Instant.from(instant).epochMilliseconds)
    .packs.map(({ id }) => id);

describe('two processes', () => {
  it('take a published version up within seconds, to decide from the same instant on', async () => {
    const twin = await buildTestApp({ database: t.database });
    const workers = await Promise.all([t, twin].map(({ services }) => startWorker(services, background, log)));
    try {
      await store(packText({ version: '2026-01-01' }));
      await store(packText({ version: '2027-01-01', to: '21:00' }), { version: '2027-01-01' });
      for (const app of [t, twin]) {
        await expect
          .poll(() => inForce(app, '2026-12-31T23:59:59Z'), { timeout: 15_000 })
          .toEqual(['zz-test@2026-01-01']);
        expect(inForce(app, '2027-01-01T00:00:00Z')).toEqual(['zz-test@2027-01-01']);
      }
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()));
      await twin.close();
    }
  });

  it('never go back to an older state, whatever order their readings end in', async () => {
    await store(packText({ version: '2026-01-01' }));
    await Promise.all([1, 2, 3].map(() => refreshPolicy(t.services)));
    expect(inForce(t, '2026-06-01T00:00:00Z')).toEqual(['zz-test@2026-01-01']);
    const now = t.services.policy.current();
    t.services.policy.swap(createRegistry([]), 0n);
    expect(t.services.policy.current()).toBe(now);
  });
});

describe('at the start', () => {
  it('all is in order, and the files of the release are kept by their hashes', async () => {
    await openPolicy(t.services, log);
    expect(await ready()).toEqual([200, 'ok']);
    const { rows } = await t.database.pool.query('SELECT content_hash FROM policy_sources');
    const hashes = t.services.policy.files.map(({ contentHash }) => contentHash);
    expect(rows.map(({ content_hash }) => content_hash).sort()).toEqual([...hashes].sort());
    await openPolicy(t.services, log);
  });

  it.each([
    [
      'with a word this release does not know',
      packText({ version: '2026-01-01' }).replace('kind: hours', 'kind: moon_phase'),
      /rules\.0/,
    ],
    [
      'that overlaps a file of this release',
      packText({ pack: 'cn-credit-card', version: '2026-01-01', effectiveFrom: '2026-02-01' }).replace(
        'zone: UTC',
        'zone: Asia/Shanghai',
      ),
      /start on the same day/,
    ],
  ])('a published version %s stops readiness with the reason, and nothing is permitted', async (_, source, reason) => {
    await makeDebtor(t, 'C1');
    const pack = /^pack: (\S+)/.exec(source)![1]!;
    await store(source, { pack });
    await openPolicy(t.services, log);
    const [status, problem] = await ready();
    expect(status).toBe(503);
    expect(problem).toMatch(reason);
    const { body } = await t.call('POST', '/v1/contact-permissions', askFor('C1'));
    expect(body).toMatchObject({ permitted: false, policyVersion: 'none', reasonCode: 'MISSING_FACTS' });
  });

  it('a published version with the name of a file and another text is refused by name', async () => {
    await store(packText({ pack: 'cn-credit-card', version: '2026-02-01' }), {
      pack: 'cn-credit-card',
      version: '2026-02-01',
    });
    await openPolicy(t.services, log);
    expect(await ready()).toEqual([
      503,
      'cn-credit-card@2026-02-01 was published with another content than the file of this release',
    ]);
    expect(t.services.policy.current().packs).toEqual([]);
  });

  it('a draft that no longer loads harms nobody', async () => {
    await store('pack: zz-test', { status: 'draft' });
    await openPolicy(t.services, log);
    expect(await ready()).toEqual([200, 'ok']);
  });

  it('an unmigrated store stops readiness until it is there', async () => {
    await t.database.pool.query('ALTER TABLE policy_sources RENAME TO gone');
    await openPolicy(t.services, log);
    expect(await ready()).toEqual([503, 'the policy store is not migrated']);
    expect(t.services.policy.current().packs).toEqual([]);
    await t.database.pool.query('ALTER TABLE gone RENAME TO policy_sources');
    await openPolicy(t.services, log);
    expect(t.services.policy.problem()).toBeNull();
    expect(t.services.policy.current().packs.length).toBeGreaterThan(0);
  });
});

describe('later', () => {
  it('a version this process cannot carry out takes its readiness, and it keeps its snapshot', async () => {
    await openPolicy(t.services, log);
    const before = t.services.policy.current();
    await store(packText({ version: '2026-01-01' }).replace('kind: hours', 'kind: moon_phase'));
    await refreshPolicy(t.services);
    expect(t.services.policy.current()).toBe(before);
    expect((await ready())[0]).toBe(503);
    await t.database.pool.query(`UPDATE policy_versions SET status = 'withdrawn'`);
    await t.database.pool.query('UPDATE policy_store SET revision = revision + 1');
    await refreshPolicy(t.services);
    expect(t.services.policy.problem()).toBeNull();
  });

  it('a store that does not answer is told after a minute, not before', () => {
    let now = 0;
    const registry = createRegistry([loadPack(packText({ version: '2026-01-01' }), 'test')]);
    const holder = createHolder(registry, () => now);
    now = 10 * MAX_SILENCE_SECONDS * 1000;
    expect(holder.problem()).toBeNull();
    holder.confirm();
    now += MAX_SILENCE_SECONDS * 1000;
    expect(holder.problem()).toBeNull();
    now += 1000;
    expect(holder.problem()).toBe('the policy store has not been read for 61 s');
    expect(holder.current()).toBe(registry);
    holder.confirm();
    expect(holder.problem()).toBeNull();
  });
});

describe('what decided once', () => {
  it('is found by id and by hash when a later release no longer has the file, and does not decide', async () => {
    await openPolicy(t.services, log);
    const [shipped] = t.services.policy.files;
    const later = await buildTestApp({ database: t.database });
    const { files } = later.services.policy;
    const holder = createHolder(createRegistry(files.filter((pack) => pack !== shipped)));
    const services = { ...later.services, policy: holder };
    await openPolicy(services, log);
    const { id } = shipped!.compiled;
    expect(holder.current().byId(id)?.contentHash).toBe(shipped!.contentHash);
    expect(holder.current().byHash(shipped!.contentHash)?.compiled.id).toBe(id);
    expect(holder.current().packs.map(({ compiled }) => compiled.id)).not.toContain(id);
    await later.close();
  });

  it('is found by its hash when a later release has changed the file', async () => {
    const old = loadPack(packText({ version: '2026-01-01' }), 'test');
    const source = packText({ version: '2026-01-01' });
    await t.database.pool.query(
      `INSERT INTO policy_sources VALUES ($1, 'zz-test', '2026-01-01', 'release', $2, now())`,
      [old.contentHash, source],
    );
    const changed = loadPack(packText({ version: '2026-01-01', to: '21:00' }), 'test');
    const holder = createHolder(createRegistry([changed]));
    await refreshPolicy({ db: t.services.db, policy: holder });
    expect(holder.current().byId('zz-test@2026-01-01')).toBe(changed);
    expect(holder.current().byHash(old.contentHash)?.contentHash).toBe(old.contentHash);
  });
});
