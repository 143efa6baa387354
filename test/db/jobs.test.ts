import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addJob, type Background, type JobTask, type Sweep } from '../../src/jobs/jobs.ts';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { buildTestApp, type TestApp } from '../support/app.ts';
import { countOf } from '../support/imports.ts';

let t: TestApp;
const workers: Worker[] = [];
beforeEach(async () => {
  t = await buildTestApp();
});
afterEach(async () => {
  await stopWorkers();
  await t.close();
});

async function start(background: Partial<Background>): Promise<Worker> {
  const worker = await startWorker(t.services, { tasks: [], sweeps: [], ...background }, t.app.log);
  workers.push(worker);
  return worker;
}

async function stopWorkers(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
}

/** A task that tells what it does, and goes on when it is let. */
function taskOf(name: string, options: { exclusive?: boolean } = {}) {
  const seen: { no: number; lastAttempt: boolean }[] = [];
  const doors: PromiseWithResolvers<void>[] = [];
  let most = 0;
  let running = 0;
  const task: JobTask = {
    name,
    ...options,
    run: async (_, payload, { lastAttempt, signal }) => {
      const door = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => door.resolve());
      doors.push(door);
      running += 1;
      most = Math.max(most, running);
      seen.push({ no: (payload as { no: number }).no, lastAttempt });
      try {
        await door.promise;
      } finally {
        running -= 1;
      }
    },
  };
  return { task, seen, doors, most: () => most };
}

async function queueIds(): Promise<bigint[]> {
  const { rows } = await t.database.pool.query<{ id: bigint }>('SELECT id FROM graphile_worker.jobs ORDER BY id');
  return rows.map(({ id }) => id);
}

const jobs = () => countOf(t, 'graphile_worker.jobs');

test('jobs of several tasks run beside each other; of an exclusive one, one at a time', async () => {
  const long = taskOf('long', { exclusive: true });
  const short = taskOf('short');
  for (const no of [1, 2, 3]) await addJob(t.services.db, 'long', { no });
  await start({ tasks: [long.task, short.task] });
  await expect.poll(() => long.seen.length).toBe(1);
  // The others are left where they are.
  await sleep(200);
  const queued = await queueIds();
  await sleep(200);
  expect(await queueIds()).toEqual(queued);
  await addJob(t.services.db, 'short', { no: 4 });
  await addJob(t.services.db, 'short', { no: 5 });
  await expect.poll(() => short.doors.length).toBe(2);
  expect(long.seen).toHaveLength(1);
  for (const no of [1, 2, 3]) {
    await expect.poll(() => long.doors.length).toBe(no);
    long.doors.at(-1)!.resolve();
  }
  for (const door of short.doors) door.resolve();
  await expect.poll(jobs).toBe(0);
  expect(long.seen.map(({ no }) => no).toSorted()).toEqual([1, 2, 3]);
  expect([long.most(), short.most()]).toEqual([1, 2]);
});

test('a job is queued if and only if its transaction commits, once for its key, and not before its time', async () => {
  const later = taskOf('later');
  const rolledBack = t.services.db.transaction().execute(async (trx) => {
    await addJob(trx, 'later', { no: 0 });
    throw new Error('rolled back');
  });
  await expect(rolledBack).rejects.toThrow('rolled back');
  await addJob(t.services.db, 'later', { no: 1 }, { jobKey: 'k' });
  await addJob(t.services.db, 'later', { no: 2 }, { jobKey: 'k' });
  await addJob(t.services.db, 'later', { no: 3 }, { runAt: Temporal.Now.instant().add({ hours: 1 }) });
  await start({ tasks: [later.task] });
  await expect.poll(() => later.seen).toEqual([{ no: 2, lastAttempt: false }]);
  later.doors[0]!.resolve();
  await expect.poll(jobs).toBe(1);
});

test('a task that fails is tried again and told which attempt is the last; what it said stays out of the queue', async () => {
  const attempts: boolean[] = [];
  const fails: JobTask = {
    name: 'fails',
    run: async (_, __, { lastAttempt }) => {
      attempts.push(lastAttempt);
      throw new Error('张三 owes 8,000');
    },
  };
  await addJob(t.services.db, 'fails', { no: 1 }, { maxAttempts: 2 });
  await start({ tasks: [fails] });
  await expect.poll(() => attempts).toEqual([false]);
  await t.database.pool.query('UPDATE graphile_worker._private_jobs SET run_at = now()');
  await expect.poll(() => attempts).toEqual([false, true]);
  const { rows } = await t.database.pool.query('SELECT last_error, attempts FROM graphile_worker.jobs');
  expect(rows).toEqual([{ last_error: 'the fails failed; the log says why', attempts: 2 }]);
  expect(t.logged.filter((line) => line.includes('a job failed') && line.includes('"no":1'))).toHaveLength(2);
});

const lockedSeconds = async () => {
  const { rows } = await t.database.pool.query<{ seconds: string }>(
    'SELECT extract(epoch FROM clock_timestamp() - locked_at) AS seconds FROM graphile_worker.jobs',
  );
  return Number(rows[0]!.seconds);
};

test('the job of a process that is gone is taken over', async () => {
  const lost = taskOf('lost');
  await addJob(t.services.db, 'lost', { no: 1 });
  await t.database.pool.query(
    `UPDATE graphile_worker._private_jobs SET locked_by = 'gone', locked_at = clock_timestamp() - interval '11 seconds'`,
  );
  await start({ tasks: [lost.task] });
  await expect.poll(() => lost.seen.length).toBe(1);
});

test('the job of a process that works long is left to it', async () => {
  const [long, other] = [taskOf('long'), taskOf('long')];
  await addJob(t.services.db, 'long', { no: 1 });
  await start({ tasks: [long.task] });
  await expect.poll(() => long.seen.length).toBe(1);
  await t.database.pool.query(`UPDATE graphile_worker._private_jobs SET locked_at = locked_at - interval '9 seconds'`);
  expect(await lockedSeconds()).toBeGreaterThan(8);
  await expect.poll(lockedSeconds).toBeLessThan(4);
  await start({ tasks: [other.task] });
  await sleep(100);
  expect([long.seen.length, other.seen.length]).toEqual([1, 0]);
});

test('stopping asks tasks and sweeps to end, and waits for them', async () => {
  const said: string[] = [];
  const task: JobTask = {
    name: 'slow',
    run: async (_, __, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await sleep(50);
      said.push('task');
    },
  };
  const sweep: Sweep = {
    name: 'slow sweep',
    everySeconds: 0.01,
    run: async (_, __, signal) => {
      said.push('begun');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await sleep(300);
      said.push('sweep');
    },
  };
  await addJob(t.services.db, 'slow', {});
  await start({ tasks: [task], sweeps: [sweep] });
  await expect
    .poll(
      async () =>
        (await t.database.pool.query('SELECT FROM graphile_worker.jobs WHERE locked_by IS NOT NULL')).rowCount,
    )
    .toBe(1);
  await stopWorkers();
  expect(said.toSorted()).toEqual(['begun', 'sweep', 'task']);
});

test('a sweep that fails is tried again, and the others go on', async () => {
  let failed = 0;
  let done = 0;
  const failing: Sweep = {
    name: 'failing',
    everySeconds: 0.01,
    run: async () => {
      failed += 1;
      throw new Error('no luck');
    },
  };
  const good: Sweep = {
    name: 'good',
    everySeconds: 0.01,
    run: async () => {
      done += 1;
    },
  };
  await start({ sweeps: [failing, good] });
  await expect.poll(() => Math.min(failed, done)).toBeGreaterThan(2);
  expect(t.logged.some((line) => line.includes('a sweep failed') && line.includes('"sweep":"failing"'))).toBe(true);
});
