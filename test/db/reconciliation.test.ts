import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lateAttempts } from '../../src/incidents/record.ts';
import type { Sweep } from '../../src/jobs/jobs.ts';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { unreportedReservations } from '../../src/reservations/service.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf } from '../support/imports.ts';
import { makeDebtor } from '../support/make.ts';
import { callFile, eventsOf, sendCalls, uploadOf } from '../support/reconciliation.ts';
import { startService } from '../support/service.ts';

let t: TestApp;
const workers: Worker[] = [];
beforeEach(async () => {
  t = await buildTestApp({ now: '2026-11-23T12:00:00+08:00' });
  await makeDebtor(t, 'C1');
});
afterEach(async () => {
  await stopWorkers();
  await t.close();
});

async function stopWorkers(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
}

/** Runs a sweep in several replicas at once, several times. */
async function race(sweep: Sweep): Promise<void> {
  const replicas = [
    t,
    ...(await Promise.all(
      [1, 2].map(() => buildTestApp({ database: t.database, now: t.services.clock().toString() })),
    )),
  ];
  try {
    const runs = replicas.flatMap(({ services, app }) =>
      [1, 2].map(() => sweep.run(services, app.log, new AbortController().signal)),
    );
    await Promise.all(runs);
  } finally {
    for (const replica of replicas.slice(1)) await replica.close();
  }
}

const SLOTS = 1_000;

test('replicas that sweep at once tell every unreported reservation once', async () => {
  await t.database.pool.query(`
    INSERT INTO reservations (customer_id, reservation_id, decision_id, client_id, party_id, person_key, account_ids, channel, purpose,
      collector_kind, collector_id, reserved_at, expires_at)
    SELECT 'C1', 'res_' || n, 'dec_' || n, 'admin', 'self', '\\x00', '{}', 'voice', 'collect', 'creditor', 'bank',
      timestamptz '2026-11-23 09:00+08' + n * interval '1 second', timestamptz '2026-11-23 09:03+08' + n * interval '1 second'
      FROM generate_series(1, ${SLOTS}) n`);
  await race(unreportedReservations);
  const told = (await eventsOf(t, 'reservation.unreported')).map(({ reservationId }) => reservationId);
  expect(told).toHaveLength(SLOTS);
  expect(new Set(told).size).toBe(SLOTS);
  expect(await countOf(t, 'reservations WHERE unreported_at IS NOT NULL')).toBe(SLOTS);
});

test('a sweep finds what is due by an index, not by searching the history', async () => {
  const { rows } = await t.database.pool.query(`
    EXPLAIN SELECT customer_id, reservation_id FROM reservations
     WHERE attempt_id IS NULL AND released_at IS NULL AND unreported_at IS NULL AND expires_at <= '2026-11-23 11:00+08'
     ORDER BY expires_at LIMIT 200 FOR UPDATE SKIP LOCKED`);
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('Index Scan using reservations_open');
});

const REPORTS = 400;

test('replicas that sweep at once make one incident of every late attempt', async () => {
  await t.database.pool.query(`
    INSERT INTO attempts (customer_id, attempt_id, started_at, client_id, party_id, person_key, address_key, account_ids, channel, direction,
      purpose, outcome, automated, collector_kind, collector_id, details, late, fingerprint, recorded_at)
    SELECT 'C1', 'late-' || n, timestamptz '2026-11-23 09:00+08' + n * interval '1 second', 'admin', 'self', '\\x00', '\\x01', '{}', 'voice',
      'outbound', 'collect', 'busy', false, 'creditor', 'vendor-' || n % 3, '{}', n % 2 = 0, '\\x00', now() FROM generate_series(1, ${REPORTS * 2}) n`);
  expect(await countOf(t, 'late_attempts')).toBe(REPORTS);
  await race(lateAttempts);
  expect(await countOf(t, 'incidents')).toBe(REPORTS);
  expect(await eventsOf(t, 'contact.without_permission')).toHaveLength(REPORTS);
  expect(await countOf(t, 'late_attempts')).toBe(0);
});

const CALLS = 6_000;

/** Calls far enough apart to be each its own, all to one number on file, half of them by a stranger's. */
function manyCalls(): string {
  const start = Temporal.Instant.from('2026-11-01T00:00:00Z');
  return callFile(
    Array.from({ length: CALLS }, (_, index) => ({
      vendor_call_id: `many-${index}`,
      started_at: start.add({ minutes: index * 5 }).toString(),
      number: index % 2 === 0 ? '13800138000' : '13711110000',
    })),
  );
}

async function expectEverythingOnce(uploadId: string): Promise<void> {
  expect(await uploadOf(t, uploadId)).toMatchObject({
    status: 'completed',
    rowsRead: CALLS,
    rowsExamined: CALLS,
    results: { orphan: CALLS / 2, unknownNumber: CALLS / 2, duplicate: 0 },
  });
  expect(await countOf(t, 'incidents')).toBe(CALLS / 2);
  expect(await countOf(t, 'call_records WHERE incident_id IS NOT NULL')).toBe(CALLS / 2);
  expect(await eventsOf(t, 'contact.without_permission')).toHaveLength(CALLS / 2);
  await expect.poll(() => countOf(t, 'graphile_worker.jobs')).toBe(0);
}

async function until(uploadId: string, done: (state: Awaited<ReturnType<typeof uploadOf>>) => boolean) {
  for (;;) {
    const state = await uploadOf(t, uploadId);
    if (done(state)) return state;
    await sleep(5);
  }
}

test('call records whose service is killed are examined on by another, from the call where it was', async () => {
  t.setNow('2026-11-23T12:00:00+08:00');
  const sent = await sendCalls(t, manyCalls());
  expect(sent.body).toMatchObject({ status: 'queued', rowsRead: CALLS });
  const { uploadId } = sent.body;
  const service = startService(t);
  await until(uploadId, ({ rowsExamined }) => rowsExamined > 0);
  service.kill('SIGKILL');
  await once(service, 'exit');
  const left = await uploadOf(t, uploadId);
  expect(left).toMatchObject({ status: 'running' });
  expect(left.rowsExamined).toBeLessThan(CALLS);
  expect(await countOf(t, 'incidents')).toBe(left.results.orphan);
  await t.database.pool.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '1 minute'`);
  workers.push(await startWorker(t.services, background, t.app.log));
  await until(uploadId, ({ status }) => status === 'completed');
  await expectEverythingOnce(uploadId);
});

test('a worker that stops leaves the rest to the next one', async () => {
  workers.push(await startWorker(t.services, background, t.app.log));
  const { uploadId } = (await sendCalls(t, manyCalls())).body;
  await until(uploadId, ({ rowsExamined }) => rowsExamined > 0);
  await stopWorkers();
  expect((await uploadOf(t, uploadId)).rowsExamined).toBeLessThan(CALLS);
  workers.push(await startWorker(t.services, background, t.app.log));
  await until(uploadId, ({ status }) => status === 'completed');
  await expectEverythingOnce(uploadId);
});

test('one file sent twice at once is examined once, whichever replica is first', async () => {
  const sent = await Promise.all([sendCalls(t, manyCalls()), sendCalls(t, manyCalls())]);
  const replica = await buildTestApp({ database: t.database, now: '2026-11-23T12:00:00+08:00' });
  try {
    workers.push(await startWorker(t.services, background, t.app.log));
    workers.push(await startWorker(replica.services, background, replica.app.log));
    const states: Awaited<ReturnType<typeof uploadOf>>[] = [];
    for (const { body } of sent) states.push(await until(body.uploadId, ({ status }) => status === 'completed'));
    const sum = (pick: (state: (typeof states)[number]) => number) =>
      states.reduce((total, one) => total + pick(one), 0);
    expect(sum(({ results }) => results.orphan)).toBe(CALLS / 2);
    expect(sum(({ results }) => results.duplicate)).toBe(CALLS);
    expect(await countOf(t, 'incidents')).toBe(CALLS / 2);
  } finally {
    await stopWorkers();
    await replica.close();
  }
});
