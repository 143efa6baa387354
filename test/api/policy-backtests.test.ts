import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorker } from '../../src/jobs/worker.ts';
import { backtestTask } from '../../src/policies/backtest-task.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp, type TestHeaders } from '../support/app.ts';
import { askFor, makeDebtor, reportOf } from '../support/make.ts';
import { type PackText, packText } from '../support/pack.ts';

let t: TestApp;
let author: TestHeaders;
let other: TestHeaders;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Decisions by what is asked: the id that was given. */
const decisions: Record<string, string> = {};

beforeAll(async () => {
  t = await buildTestApp({ now: '2026-11-20T09:00:00Z' });
  author = { authorization: `Bearer ${await t.keyWith(['policy:read', 'policy:write'])}` };
  other = { authorization: `Bearer ${await t.keyWith(['policy:write', 'policy:publish'])}` };
  await publish({ version: '2026-01-01' });
  for (const [index, id] of ['Z1', 'Z2', 'Z3', 'Z4'].entries()) {
    await makeDebtor(t, id, { phone: `1380013800${index}` });
    await t.call('PUT', `/v1/customers/${id}`, {
      name: '张三',
      jurisdictions: ['ZZ'],
      timeZones: ['UTC'],
      parties: [
        {
          partyId: 'self',
          role: 'debtor',
          name: '张三',
          contactPoints: [{ contactPointId: 'm1', kind: 'phone', value: `1380013800${index}`, line: 'mobile' }],
        },
      ],
    });
  }
  await ask('morning', 'Z1', '2026-11-20T09:00:00Z', 'vendor-a');
  await ask('late', 'Z2', '2026-11-20T21:30:00Z', 'vendor-b');
  await ask('night', 'Z3', '2026-11-21T03:00:00Z', 'vendor-b');
  t.setNow('2026-11-21T08:10:00Z');
  for (const minute of ['01', '02', '03'])
    await t.call(
      'POST',
      '/v1/contact-attempts',
      reportOf('Z4', `a${minute}`, `2026-11-21T08:${minute}:00Z`, 'no_answer'),
    );
  await ask('full', 'Z4', '2026-11-21T12:00:00Z', 'vendor-a');
  t.setNow('2026-11-23T10:00:00Z');
});
afterAll(() => t?.close());

async function ask(name: string, id: string, at: string, vendor: string): Promise<void> {
  t.setNow(at);
  const collector = { kind: 'third_party', id: vendor };
  const { body } = await t.call('POST', '/v1/contact-permissions', askFor(id, { record: true, collector }));
  decisions[name] = body.decisionId;
}

const path = (version: string, rest = '', pack = 'zz-test') => `/v1/policy-packs/${pack}/versions/${version}${rest}`;

async function draft(options: PackText): Promise<void> {
  const { pack = 'zz-test' } = options;
  const answer = await t.call('POST', `/v1/policy-packs/${pack}/versions`, { source: packText(options) }, author);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
}

async function publish(options: PackText): Promise<void> {
  await draft(options);
  const { version } = options;
  await t.call('POST', path(version, '/submit'), undefined, author);
  await t.call('POST', path(version, '/review'), { decision: 'approve', comment: 'read' }, other);
  const body = { acknowledgeBackdated: true, reason: 'test' };
  const answer = await t.call('POST', path(version, '/publish'), body, other);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

const RANGE = { from: '2026-11-20T00:00:00Z', to: '2026-11-23T00:00:00Z' };
const start = (version: string, body: object = {}, pack?: string, headers: TestHeaders = author) =>
  t.call('POST', path(version, '/backtests', pack), { ...RANGE, ...body }, headers);
const read = async (version: string, backtestId: string, pack?: string) =>
  (await t.call('GET', path(version, `/backtests/${backtestId}`, pack), undefined, author)).body;
const run = (backtestId: string, signal = new AbortController().signal, services = t.services) =>
  backtestTask.run(services, { backtestId }, { signal, log, lastAttempt: false });

/** The finished back-test of a version. */
async function backtest(version: string, body: object = {}, pack?: string) {
  const { backtestId } = (await start(version, body, pack)).body;
  await run(backtestId);
  return read(version, backtestId, pack);
}

const none = { newlyRefused: 0, newlyPermitted: 0, otherNextPermittedAt: 0 };

describe('a back-test', () => {
  it('is accepted, queued, and answers with nothing found yet', async () => {
    await draft({ version: '2027-01-01', to: '21:00' });
    const { status, body, headers } = await start('2027-01-01');
    expect({ status, body }).toMatchObject({
      status: 202,
      body: { status: 'queued', progress: 0, decisionsRead: 0, limit: 1_000_000, sampleRate: 1, startedAt: null },
    });
    expect(headers.location).toBe(path('2027-01-01', `/backtests/${body.backtestId}`));
    expect(await read('2027-01-01', body.backtestId)).toEqual(body);
  });

  it('of the version that decided finds no difference', async () => {
    expect(await backtest('2026-01-01')).toMatchObject({
      status: 'completed',
      progress: 1,
      decisionsRead: 4,
      decisionsCompared: 4,
      notComparable: 0,
      factsTooShort: 0,
      ...none,
      byRule: [],
    });
  });

  it('tells what is newly refused, by rule, vendor and day, with the decisions', async () => {
    expect(await backtest('2027-01-01')).toMatchObject({
      decisionsRead: 4,
      ...none,
      newlyRefused: 1,
      byRule: [{ ruleId: 'zz-test.hours', ...none, newlyRefused: 1 }],
      byVendor: [
        { collectorId: 'vendor-a', decisionsCompared: 2, ...none },
        { collectorId: 'vendor-b', decisionsCompared: 2, ...none, newlyRefused: 1 },
      ],
      byDay: [
        { day: '2026-11-20', decisionsCompared: 2, ...none, newlyRefused: 1 },
        { day: '2026-11-21', decisionsCompared: 2, ...none },
      ],
      samples: { newlyRefused: [decisions.late], newlyPermitted: [], otherNextPermittedAt: [] },
    });
  });

  it('tells what is newly permitted', async () => {
    await draft({ version: '2027-02-01', max: 5 });
    expect(await backtest('2027-02-01')).toMatchObject({
      ...none,
      newlyPermitted: 1,
      byRule: [{ ruleId: 'zz-test.day', ...none, newlyPermitted: 1 }],
      samples: { newlyPermitted: [decisions.full] },
    });
  });

  it('tells what stays refused with another next instant', async () => {
    await draft({ version: '2027-03-01', from: '08:30' });
    expect(await backtest('2027-03-01')).toMatchObject({
      ...none,
      otherNextPermittedAt: 2,
      byRule: [{ ruleId: 'zz-test.hours', ...none, otherNextPermittedAt: 2 }],
      samples: { otherNextPermittedAt: expect.arrayContaining([decisions.night, decisions.full]) },
    });
  });

  it('adds a pack that was not part, and leaves alone whom it does not concern', async () => {
    await draft({ pack: 'zz-more', version: '2027-01-01', to: '21:00' });
    expect(await backtest('2027-01-01', {}, 'zz-more')).toMatchObject({ ...none, newlyRefused: 1 });
    await draft({ pack: 'yy-more', version: '2027-01-01', to: '21:00', jurisdictions: ['YY'] });
    expect(await backtest('2027-01-01', {}, 'yy-more')).toMatchObject({ decisionsCompared: 4, ...none });
  });

  it('never permits where a jurisdiction would have no pack left', async () => {
    await draft({ version: '2027-04-01', jurisdictions: ['YY'] });
    expect(await backtest('2027-04-01')).toMatchObject({ newlyRefused: 2, newlyPermitted: 0 });
  });

  it('says when it counts further back than what was recorded', async () => {
    await t.call(
      'POST',
      '/v1/policy-packs/zz-test/versions',
      { source: packText({ version: '2027-05-01' }).replace('{ kind: day }', '{ kind: month }') },
      author,
    );
    expect(await backtest('2027-05-01')).toMatchObject({ decisionsCompared: 4, factsTooShort: 4 });
  });

  it('reads the recorded range and no more than its limit', async () => {
    expect((await backtest('2026-01-01', { to: '2026-11-20T21:30:00Z' })).decisionsRead).toBe(1);
    expect((await backtest('2026-01-01', { from: '2026-11-20T21:30:00Z' })).decisionsRead).toBe(3);
    expect((await backtest('2026-01-01', { limit: 2 })).decisionsRead).toBe(2);
    expect((await backtest('2026-01-01', { limit: 4 })).decisionsRead).toBe(4);
  });

  it('is refused for a range that is empty, or not over yet', async () => {
    expect((await start('2026-01-01', { to: RANGE.from })).body).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ pointer: '/to' }],
    });
    expect((await start('2026-01-01', { to: '2026-11-23T10:00:01Z' })).body).toMatchObject({
      code: 'UNPROCESSABLE',
      errors: [{ pointer: '/to', code: 'IN_THE_FUTURE' }],
    });
    expect((await start('2031-01-01')).status).toBe(404);
  });

  it('keeps testing the text it was started with', async () => {
    await draft({ version: '2027-06-01', to: '21:00' });
    const { backtestId, contentHash } = (await start('2027-06-01')).body;
    const { headers } = await t.call('GET', path('2027-06-01'), undefined, author);
    const source = packText({ version: '2027-06-01' });
    await t.call('PUT', path('2027-06-01'), { source }, { ...author, 'if-match': String(headers.etag) });
    await run(backtestId);
    expect(await read('2027-06-01', backtestId)).toMatchObject({ contentHash, newlyRefused: 1 });
  });

  it('repeated with its key is the same', async () => {
    const headers = { ...author, 'idempotency-key': 'once' };
    const first = await start('2026-01-01', {}, undefined, headers);
    const again = await start('2026-01-01', {}, undefined, headers);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body.backtestId).toBe(first.body.backtestId);
  });

  it('is of its version: not found under another', async () => {
    const { backtestId } = (await start('2026-01-01')).body;
    for (const [version, rest] of [
      ['2027-01-01', ''],
      ['2027-01-01', '/cancel'],
    ] as const) {
      const answer = await t.call(
        rest ? 'POST' : 'GET',
        path(version, `/backtests/${backtestId}${rest}`),
        undefined,
        author,
      );
      expect(answer.status).toBe(404);
    }
  });
});

describe('a long back-test', () => {
  const COPIES = 1000;

  beforeAll(async () => {
    // The decision of late evening a thousand times, a second apart, with ids as the service makes them.
    await t.database.pool.query(
      `INSERT INTO decisions
       SELECT customer_id, at, format('dec_%s-%s-7abc-8def-%s', left(hex, 8), right(hex, 4), left(md5(n::text), 12)),
              client_id, NULL, mode, permitted, evaluated_at, policy_version, NULL, request, facts, answer, engine
         FROM decisions, generate_series(1, $2) n,
              LATERAL (SELECT timestamptz '2026-10-01T00:00:00Z' + n * interval '1 second' AS at) a,
              LATERAL (SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') AS hex) h
        WHERE decision_id = $1`,
      [decisions.late, COPIES],
    );
  });
  const OCTOBER = { from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z' };

  it('goes on after the process that ran it is gone, and counts every decision once', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    // The fifth batch cannot be kept: as if the process died before.
    const { pool } = t.database;
    await pool.query(`CREATE TRIGGER crash BEFORE UPDATE ON backtests FOR EACH ROW
      WHEN (NEW.decisions_read = 500) EXECUTE FUNCTION refuse_change()`);
    await expect(run(backtestId)).rejects.toThrow('append-only');
    await pool.query('DROP TRIGGER crash ON backtests');
    const half = await read('2027-01-01', backtestId);
    expect(half).toMatchObject({ status: 'running', decisionsRead: 400, newlyRefused: 400 });
    expect(half.progress).toBeGreaterThan(0);
    await run(backtestId);
    expect(await read('2027-01-01', backtestId)).toMatchObject({
      status: 'completed',
      decisionsRead: COPIES,
      newlyRefused: COPIES,
      byDay: [{ decisionsCompared: COPIES }],
    });
  });

  it('run by several at once counts every decision once, and tells its end once', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    await Promise.all([run(backtestId), run(backtestId), run(backtestId)]);
    await run(backtestId);
    expect(await read('2027-01-01', backtestId)).toMatchObject({
      status: 'completed',
      decisionsRead: COPIES,
      newlyRefused: COPIES,
    });
    const { rows } = await t.database.pool.query(
      `SELECT data FROM outbox_events WHERE type = 'backtest.completed' AND subject_key = $1`,
      [backtestId],
    );
    expect(rows).toEqual([
      { data: { backtestId, pack: 'zz-test', version: '2027-01-01', decisionsRead: COPIES, differing: COPIES } },
    ]);
  });

  it('gives twenty samples, drawn over the whole range', async () => {
    const { samples } = await backtest('2027-01-01', OCTOBER);
    expect(new Set(samples.newlyRefused).size).toBe(20);
    const rest = await backtest('2027-01-01', { ...OCTOBER, to: '2026-10-01T00:10:00Z' });
    expect(rest.samples.newlyRefused).not.toEqual(samples.newlyRefused);
  });

  it('of a sample reads about that share, and the same one again', async () => {
    const first = await backtest('2027-01-01', { ...OCTOBER, sampleRate: 0.25 });
    expect(first.decisionsRead).toBeGreaterThan(COPIES * 0.2);
    expect(first.decisionsRead).toBeLessThan(COPIES * 0.3);
    const second = await backtest('2027-01-01', { ...OCTOBER, sampleRate: 0.25 });
    expect(second.samples).toEqual(first.samples);
  });

  it('ends early when the process does, and goes back to the queue', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    await run(backtestId, AbortSignal.abort());
    expect(await read('2027-01-01', backtestId)).toMatchObject({ status: 'running', decisionsRead: 0 });
    const { rows } = await t.database.pool.query('SELECT count(*)::int FROM graphile_worker.jobs WHERE key = $1', [
      backtestId,
    ]);
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('is cancelled once, and then runs no more; a finished one is not cancelled', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    const cancel = (id = backtestId) =>
      t.call('POST', path('2027-01-01', `/backtests/${id}/cancel`), undefined, author);
    expect((await cancel()).body.status).toBe('cancelled');
    expect((await cancel()).status).toBe(200);
    await run(backtestId);
    expect(await read('2027-01-01', backtestId)).toMatchObject({ status: 'cancelled', decisionsRead: 0 });
    const { backtestId: done } = await backtest('2027-01-01', OCTOBER);
    expect(await cancel(done)).toMatchObject({ status: 409, body: { code: 'BACKTEST_NOT_CANCELLABLE' } });
  });

  it('that keeps failing says so', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    const services = {
      ...t.services,
      policy: {
        ...t.services.policy,
        load: () => {
          throw new Error('broken');
        },
      },
    };
    const failing = backtestTask.run(
      services,
      { backtestId },
      { signal: new AbortController().signal, log, lastAttempt: true },
    );
    await expect(failing).rejects.toThrow('broken');
    expect((await read('2027-01-01', backtestId)).status).toBe('failed');
  });

  it('is worked off by the queue', async () => {
    const { backtestId } = (await start('2027-01-01', OCTOBER)).body;
    const worker = await startWorker(t.services, background, log);
    try {
      await expect
        .poll(async () => (await read('2027-01-01', backtestId)).status, { timeout: 15_000 })
        .toBe('completed');
    } finally {
      await worker.stop();
    }
  });
});

describe('divergence', () => {
  it('counts what a draft in shadow would have changed, from recorded decisions', async () => {
    await draft({ version: '2027-07-01', to: '21:00' });
    await t.call('POST', path('2027-07-01', '/shadow'), { enabled: true }, author);
    await ask('agreed', 'Z1', '2026-11-24T09:00:00Z', 'vendor-a');
    await ask('refused', 'Z2', '2026-11-24T21:30:00Z', 'vendor-b');
    t.setNow('2026-11-24T21:40:00Z');
    await t.call('POST', '/v1/contact-permissions', askFor('Z3'));
    await t.call('POST', path('2027-07-01', '/shadow'), { enabled: false }, author);
    await ask('alone', 'Z3', '2026-11-24T21:50:00Z', 'vendor-b');
    const report = async (query = '') =>
      (
        await t.call(
          'GET',
          path('2027-07-01', `/divergence?from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z${query}`),
          undefined,
          author,
        )
      ).body;
    expect(await report()).toMatchObject({
      readUntil: '2026-11-25T08:00:00+08:00',
      decisionsRead: 3,
      decisionsCompared: 2,
      decisionsAgreed: 1,
      ...none,
      newlyRefused: 1,
      byRule: [{ ruleId: 'zz-test.hours', ...none, newlyRefused: 1 }],
      byVendor: [
        { collectorId: 'vendor-a', decisionsCompared: 1, ...none },
        { collectorId: 'vendor-b', decisionsCompared: 1, ...none, newlyRefused: 1 },
      ],
      byDay: [{ day: '2026-11-24', decisionsCompared: 2, ...none, newlyRefused: 1 }],
      samples: { newlyRefused: [decisions.refused], newlyPermitted: [], otherNextPermittedAt: [] },
    });
    const first = await report('&limit=1');
    expect(first).toMatchObject({ decisionsRead: 1, decisionsAgreed: 1 });
    expect(Date.parse(first.readUntil)).toBe(Date.parse('2026-11-24T09:00:00.001Z'));
    expect((await report('&limit=0')).code).toBe('VALIDATION_FAILED');
  });

  it('does not blame a version for what other packs refuse', async () => {
    await draft({ pack: 'zz-also', version: '2027-07-01', to: '23:00' });
    await t.call('POST', path('2027-07-01', '/shadow', 'zz-also'), { enabled: true }, author);
    await ask('night-2', 'Z1', '2026-11-25T03:00:00Z', 'vendor-a');
    await ask('late-2', 'Z1', '2026-11-25T22:10:00Z', 'vendor-a');
    const query = '?from=2026-11-25T00:00:00Z&to=2026-11-26T00:00:00Z';
    const { body } = await t.call('GET', path('2027-07-01', `/divergence${query}`, 'zz-also'), undefined, author);
    expect(body).toMatchObject({ decisionsCompared: 2, decisionsAgreed: 2, ...none });
  });
});
