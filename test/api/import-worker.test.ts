import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { IMPORT_TASK } from '../../src/imports/queue.ts';
import { startWorker as startJobWorker, type Worker } from '../../src/jobs/worker.ts';
import { background } from '../../src/tasks.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import {
  countOf,
  ended,
  importFile,
  importOf,
  largeUciFile,
  UCI_ROWS,
  UCI_SAMPLE,
  until,
  upload,
} from '../support/imports.ts';
import { startService } from '../support/service.ts';

const COPIES = 30;
const ROWS = COPIES * UCI_ROWS;

let t: TestApp;
const workers: Worker[] = [];
beforeEach(async () => {
  t = await buildTestApp();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await t.close();
});

async function startWorker(): Promise<Worker> {
  const worker = await startJobWorker(t.services, background, t.app.log);
  workers.push(worker);
  return worker;
}

async function stopWorkers(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
}

async function send(file: string): Promise<string> {
  const answer = await upload(t, file, { query: 'source=uci' });
  expect(answer.status).toBe(202);
  return answer.body.importId as string;
}

/** Makes the database believe that nothing was heard of the workers for a minute. */
async function aMinuteLater(): Promise<void> {
  await t.database.pool.query(`UPDATE imports SET lease_until = lease_until - interval '1 minute'`);
  await t.database.pool.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '1 minute'`);
}

async function expectEverythingOnce(importId: string): Promise<void> {
  expect(await importOf(t, importId)).toMatchObject({
    status: 'completed',
    rowsTotal: ROWS,
    rowsRead: ROWS,
    accepted: ROWS,
    duplicates: 0,
    quarantined: 0,
  });
  for (const table of ['customers', 'contact_points', 'accounts', 'account_snapshots'])
    expect(await countOf(t, table)).toBe(ROWS);
  await expect.poll(() => countOf(t, 'import_chunks')).toBe(0);
  await expect.poll(() => countOf(t, `graphile_worker.jobs WHERE task_identifier = '${IMPORT_TASK}'`)).toBe(0);
}

test('an import whose service is killed goes on in another one, from the row where it was', async () => {
  const importId = await send(largeUciFile(COPIES));
  const service = startService(t);
  const { rowsRead } = await until(t, importId, (state) => state.rowsRead > 0);
  service.kill('SIGKILL');
  await once(service, 'exit');
  const left = await importOf(t, importId);
  expect(rowsRead).toBeLessThan(ROWS);
  expect(left).toMatchObject({ status: 'running' });
  expect(await countOf(t, 'accounts')).toBe(left.rowsRead);
  await aMinuteLater();
  await startWorker();
  await until(t, importId, ended);
  await expectEverythingOnce(importId);
});

test('a dry run whose service is killed goes on in another one, and still knows the rows it had met', async () => {
  const lines = largeUciFile(COPIES).split('\n');
  // The whole file twice, so that every row of the second half is one that was met before the kill or after it.
  const answer = await upload(t, [...lines, ...lines.slice(1)].join('\n'), { query: 'source=uci&dryRun=true' });
  const importId = answer.body.importId as string;
  const service = startService(t);
  await until(t, importId, (state) => state.rowsRead > 0);
  service.kill('SIGKILL');
  await once(service, 'exit');
  expect(await importOf(t, importId)).toMatchObject({ status: 'running' });
  await aMinuteLater();
  await startWorker();
  expect(await until(t, importId, ended)).toMatchObject({
    status: 'completed',
    dryRun: true,
    rowsRead: 2 * ROWS,
    accepted: ROWS,
    duplicates: ROWS,
  });
  for (const table of ['customers', 'accounts', 'account_snapshots']) expect(await countOf(t, table), table).toBe(0);
  await expect.poll(() => countOf(t, 'import_dry_run_keys')).toBe(0);
});

test('an import whose service is killed can be paused, and is left alone until it is resumed', async () => {
  const importId = await send(largeUciFile(COPIES));
  const service = startService(t);
  await until(t, importId, (state) => state.rowsRead > 0);
  service.kill('SIGKILL');
  await once(service, 'exit');
  const { body: paused } = await t.call('POST', `/v1/imports/${importId}/pause`);
  expect(paused).toMatchObject({ status: 'paused' });
  await aMinuteLater();
  await startWorker();
  // One import runs at a time, so when this one is through, the worker has left the other.
  await importFile(t, `${UCI_SAMPLE}\r\n`, 'source=uci&asOf=2026-11-01&dryRun=true');
  expect(await importOf(t, importId)).toEqual(paused);
  await t.call('POST', `/v1/imports/${importId}/resume`);
  await until(t, importId, ended);
  await expectEverythingOnce(importId);
});

test('a service that is told to end lets its thread end after the batch in hand, and another one goes on', async () => {
  const importId = await send(largeUciFile(COPIES));
  const service = startService(t);
  await until(t, importId, (state) => state.rowsRead > 0);
  service.kill('SIGTERM');
  await once(service, 'exit');
  const left = await importOf(t, importId);
  expect(left.rowsRead).toBeLessThan(ROWS);
  expect(left).toMatchObject({ status: 'queued' });
  await startWorker();
  await until(t, importId, ended);
  await expectEverythingOnce(importId);
});

test('a worker that stops gives its import back at once', async () => {
  await startWorker();
  const importId = await send(largeUciFile(COPIES));
  await until(t, importId, (state) => state.rowsRead > 0);
  await stopWorkers();
  const left = await importOf(t, importId);
  expect(left).toMatchObject({ status: 'queued' });
  expect(left.rowsRead).toBeLessThan(ROWS);
  await startWorker();
  await until(t, importId, ended);
  await expectEverythingOnce(importId);
});

test('an import goes on after the database has cut every connection', async () => {
  await startWorker();
  const importId = await send(largeUciFile(COPIES));
  await until(t, importId, (state) => state.rowsRead > 0);
  await t.database.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await until(t, importId, ended);
  await expectEverythingOnce(importId);
});

test('two workers on one import apply every row once', async () => {
  await startWorker();
  const importId = await send(largeUciFile(COPIES));
  await until(t, importId, (state) => state.rowsRead > 0);
  // The first one is alive; the second takes it for dead and goes on beside it.
  await aMinuteLater();
  await startWorker();
  await until(t, importId, ended);
  await stopWorkers();
  await expectEverythingOnce(importId);
});

test('several workers share the queue', async () => {
  await Promise.all([startWorker(), startWorker()]);
  const ids = await Promise.all([UCI_SAMPLE, `${UCI_SAMPLE}\r\n`, `\r\n${UCI_SAMPLE}`].map(send));
  const done = await Promise.all(ids.map((importId) => until(t, importId, ended)));
  expect(done.map(({ status, rowsRead }) => [status, rowsRead])).toEqual(ids.map(() => ['completed', UCI_ROWS]));
  expect(done.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(UCI_ROWS);
  expect(await countOf(t, 'account_snapshots')).toBe(UCI_ROWS);
});

test('progress is visible while it runs', async () => {
  await startWorker();
  const importId = await send(largeUciFile(COPIES));
  await until(t, importId, ({ status }) => status === 'running');
  await until(t, importId, ({ rowsRead }) => rowsRead > 0);
  t.setNow('2026-11-23T10:00:02+08:00');
  const state = await until(t, importId, ({ rowsPerSecond }) => rowsPerSecond !== null);
  expect(state).toMatchObject({ status: 'running', rowsTotal: ROWS, finishedAt: null });
  // All rows so far took these two seconds.
  expect(state.rowsPerSecond).toBe(Math.round(state.rowsRead / 2));
  expect(state.secondsLeft).toBe(Math.ceil((ROWS - state.rowsRead) / state.rowsPerSecond!));
  await until(t, importId, ended);
});

test('a cancelled import stops, keeps what was applied, and cannot be cancelled anew', async () => {
  await startWorker();
  const importId = await send(largeUciFile(COPIES));
  await until(t, importId, (state) => state.rowsRead > 0);
  const { body: cancelled } = await t.call('POST', `/v1/imports/${importId}/cancel`);
  expect(cancelled).toMatchObject({ status: 'cancelled' });
  expect(cancelled.rowsRead).toBeLessThan(ROWS);
  // One import runs at a time, so when this one is through, the worker has left the other.
  await importFile(t, `${UCI_SAMPLE}\r\n`, 'source=uci&asOf=2026-11-01');
  expect(await importOf(t, importId)).toEqual(cancelled);
  expect(await countOf(t, `account_snapshots WHERE import_id = '${importId}'`)).toBe(cancelled.rowsRead);
  await expect.poll(() => countOf(t, 'import_chunks')).toBe(0);
  const again = await t.call('POST', `/v1/imports/${importId}/cancel`);
  expect([again.status, again.body.status]).toEqual([200, 'cancelled']);
});

test('an import that is cancelled before its turn is never begun', async () => {
  const importId = await send(UCI_SAMPLE);
  await t.graphql('mutation ($id: ID!) { cancelImport(importId: $id) { status } }', { id: importId });
  await startWorker();
  await importFile(t, `${UCI_SAMPLE}\r\n`, 'source=uci');
  expect(await importOf(t, importId)).toMatchObject({ status: 'cancelled', startedAt: null, rowsRead: 0 });
});

test('an upload whose service was killed becomes a failed import', async () => {
  const importId = await send(UCI_SAMPLE);
  await t.database.pool.query(`UPDATE imports SET content_hash = NULL, lease_until = clock_timestamp()`);
  await startWorker();
  const failed = await until(t, importId, ended);
  expect(failed).toMatchObject({ status: 'failed', problem: { code: 'UPLOAD_INCOMPLETE' }, rowsRead: 0 });
  await expect.poll(() => countOf(t, 'import_chunks')).toBe(0);
});

test('an import that fails again and again is given up, and says nothing of its content', async () => {
  const importId = await send(UCI_SAMPLE);
  await t.database.pool.query(`UPDATE import_chunks SET sealed = overlay(sealed PLACING '\\x00' FROM 60)`);
  await t.database.pool.query('UPDATE graphile_worker._private_jobs SET max_attempts = 1');
  await startWorker();
  const failed = await until(t, importId, ended);
  expect(failed).toMatchObject({ status: 'failed', problem: { code: 'INTERNAL' }, rowsRead: 0 });
  const lastError = async () => (await t.database.pool.query('SELECT last_error FROM graphile_worker.jobs')).rows[0];
  await expect.poll(lastError).toEqual({ last_error: 'the import failed; the log says why' });
});
