import { Logger, type Runner, run, type TaskList } from 'graphile-worker';
import pg from 'pg';
import type { Services } from '../context.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { addJob, type Background, type JobLog, type JobTask } from './jobs.ts';
import { renewJobs, unlockLostJobs } from './queue.ts';

const WATCH_MS = 3_000;
/** Jobs that one process works on at a time. */
const CONCURRENT_JOBS = 3;
/** One connection listens, the others take jobs and tell their end; what a job itself does needs none of them. */
const QUEUE_CONNECTIONS = CONCURRENT_JOBS + 1;

export interface Worker {
  /** Asks what is running to come to an end, waits for it, and ends. */
  readonly stop: () => Promise<void>;
}

/** What a process is at: tasks by the id of their job. */
type Running = Map<string, JobTask>;

/**
 * Runs the queued jobs and the sweeps that are due, in every replica that calls this; waits for pending migrations. What a
 * replica that died was at is taken over by another within seconds.
 */
export async function startWorker(services: Services, { tasks, sweeps }: Background, log: JobLog): Promise<Worker> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pool = createQueuePool(services.pool, log);
  const running: Running = new Map();
  const taskList = taskListOf(services, tasks, running, log, signal);
  let runner: Runner | null = null;
  const watch = async () => {
    if (runner === null && (await pendingMigrations(services.pool)).length === 0) {
      const started = await startRunner(pool, taskList, running, log);
      runner = started;
      started.promise
        .catch((error) => log.error({ err: error }, 'the job queue failed; it will be started again'))
        .finally(() => {
          runner = null;
        });
    }
    await renewJobs(services.db, [...running.keys()]);
    if (runner !== null) await unlockLostJobs(services.db);
  };
  const watching = repeat('job queue', WATCH_MS, watch, log, signal);
  await watching.current();
  const sweeping = sweeps.map(({ name, everySeconds, run }) =>
    repeat(name, everySeconds * 1000, async () => void (runner && (await run(services, log, signal))), log, signal),
  );
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([watching, ...sweeping].map(({ current }) => current()));
      try {
        await runner?.stop();
      } finally {
        await pool.end();
      }
    },
  };
}

/** Does the work at once and then every so often until the signal, skipping a turn when the last one has not ended. */
function repeat(name: string, intervalMs: number, work: () => Promise<void>, log: JobLog, signal: AbortSignal) {
  let busy = false;
  let current = Promise.resolve();
  const turn = async () => {
    busy = true;
    try {
      await work();
    } catch (error) {
      log.warn({ err: error, sweep: name }, 'a sweep failed; it will be tried again');
    } finally {
      busy = false;
    }
  };
  const tick = () => {
    if (!busy && !signal.aborted) current = turn();
  };
  tick();
  const timer = setInterval(tick, intervalMs);
  signal.addEventListener('abort', () => clearInterval(timer));
  return { current: () => current };
}

/** The queue's own connections: the library takes bigints for text, as the driver gives them unless told otherwise. */
function createQueuePool({ options }: pg.Pool, log: JobLog): pg.Pool {
  const pool = new pg.Pool({ ...options, types: pg.types, max: QUEUE_CONNECTIONS });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection of the queue failed'));
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'a database connection of the queue failed')),
  );
  return pool;
}

/** Call without pending migrations: the library would else migrate its own schema, which only `npm run migrate` may. */
async function startRunner(pgPool: pg.Pool, taskList: TaskList, running: Running, log: JobLog): Promise<Runner> {
  return run({
    pgPool,
    // With a delay, even of 0, a job whose end cannot be written ends the runner; without one, the whole process.
    preset: { worker: { concurrentJobs: CONCURRENT_JOBS, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    noHandleSignals: true,
    // None; left out, a file `crontab` in the working directory would be read.
    parsedCronItems: [],
    forbiddenFlags: () => [...running.values()].filter(({ exclusive }) => exclusive).map(({ name }) => name),
    logger: new Logger(() => (level, message) => {
      log[level === 'warning' ? 'warn' : level === 'error' ? 'error' : 'debug'](message);
    }),
    taskList,
  });
}

function taskListOf(
  services: Services,
  tasks: readonly JobTask[],
  running: Running,
  log: JobLog,
  signal: AbortSignal,
): TaskList {
  const runTask =
    (task: JobTask): TaskList[string] =>
    async (payload, { job }) => {
      // Two can be taken in the same moment, before the flag of the first counts.
      if (task.exclusive && [...running.values()].includes(task)) {
        const { key, max_attempts: maxAttempts } = job;
        await addJob(services.db, task.name, payload as object, {
          maxAttempts,
          ...(key === null ? {} : { jobKey: key }),
        });
        return;
      }
      running.set(job.id, task);
      try {
        await task.run(services, payload as object, { signal, log, lastAttempt: job.attempts >= job.max_attempts });
      } catch (error) {
        log.error({ err: error, task: task.name, payload, attempt: job.attempts }, 'a job failed');
        // What is thrown here is stored with the job, so it says nothing.
        throw new Error(`the ${task.name} failed; the log says why`);
      } finally {
        running.delete(job.id);
      }
    };
  return Object.fromEntries(tasks.map((task) => [task.name, runTask(task)]));
}
