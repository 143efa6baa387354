import type { FastifyBaseLogger } from 'fastify';
import { Logger, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import type { Services } from '../context.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { FileError, uploadIncomplete } from './csv.ts';
import { addJob, IMPORT_TASK, requeueImport, staleImports, unlockWorker } from './queue.ts';
import { dropChunks, endImport, leftoverImports } from './repository.ts';
import { runImport } from './run.ts';

const WATCH_MS = 3_000;
/** One listens, one works, one takes the place of one that was lost. */
const QUEUE_CONNECTIONS = 3;

type Log = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

export interface ImportWorker {
  /** Gives running imports back to the queue after the batch in hand, and ends. */
  readonly stop: () => Promise<void>;
}

/**
 * Works off the queue of imports, one at a time, in every replica that calls this; waits for pending migrations. Every few
 * seconds it also takes up what a replica that died has left: an upload that never ended, an import that stands still.
 */
export async function startImportWorker(services: Services, log: Log): Promise<ImportWorker> {
  const stopping = new AbortController();
  const pool = createQueuePool(services.pool, log);
  let runner: Runner | null = null;
  const watch = async () => {
    try {
      if (runner === null && (await pendingMigrations(services.pool)).length === 0) {
        const started = await startRunner(services, pool, log, stopping.signal);
        runner = started;
        started.promise
          .catch((error) => log.error({ err: error }, 'the queue of imports failed; it will be started again'))
          .finally(() => {
            runner = null;
          });
      }
      if (runner !== null) await recoverImports(services);
    } catch (error) {
      log.warn({ err: error }, 'the import worker could not look after its queue; it will try again');
    }
  };
  let watching = watch();
  const timer = setInterval(() => {
    watching = watching.then(() => (stopping.signal.aborted ? undefined : watch()));
  }, WATCH_MS);
  await watching;
  return {
    stop: async () => {
      clearInterval(timer);
      stopping.abort();
      await watching;
      try {
        await runner?.stop();
      } finally {
        await pool.end();
      }
    },
  };
}

/** The queue's own connections: the library takes bigints for text, as the driver gives them unless told otherwise. */
function createQueuePool({ options }: pg.Pool, log: Log): pg.Pool {
  const pool = new pg.Pool({ ...options, types: pg.types, max: QUEUE_CONNECTIONS });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection of the queue failed'));
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'a database connection of the queue failed')),
  );
  return pool;
}

/** Call without pending migrations: the library would else migrate its own schema, which only `npm run migrate` may. */
async function startRunner(services: Services, pgPool: pg.Pool, log: Log, stopping: AbortSignal): Promise<Runner> {
  return run({
    pgPool,
    // With a delay, even of 0, a job whose end cannot be written ends the runner; without one, the whole process.
    preset: { worker: { concurrentJobs: 1, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    noHandleSignals: true,
    // None; left out, a file `crontab` in the working directory would be read.
    parsedCronItems: [],
    logger: new Logger(() => (level, message) => {
      log[level === 'warning' ? 'warn' : level === 'error' ? 'error' : 'debug'](message);
    }),
    taskList: {
      [IMPORT_TASK]: async (payload, { job }) => {
        const { importId } = payload as { importId: string };
        try {
          await runImport(services, importId, stopping);
        } catch (error) {
          log.error({ err: error, importId, attempt: job.attempts }, 'an import failed');
          if (job.attempts >= job.max_attempts) await giveUp(services, importId);
          // What is thrown here is stored with the job, so it says nothing.
          throw new Error('the import failed; the log says why');
        }
        if (stopping.aborted) await requeueImport(services.db, importId);
      },
    },
  });
}

async function giveUp(services: Services, importId: string): Promise<void> {
  const detail = 'The service failed several times; the rows that were read are applied. Send the file again.';
  await failImport(services, importId, new FileError('INTERNAL', detail));
}

async function failImport({ db, clock }: Services, importId: string, { code, message }: FileError): Promise<void> {
  await endImport(db, importId, { status: 'failed', code, detail: message, now: clock() });
}

async function recoverImports(services: Services): Promise<void> {
  const { db } = services;
  for (const { import_id: importId, uploaded, exhausted, locked_by: lockedBy } of await staleImports(db)) {
    if (!uploaded) await failImport(services, importId, uploadIncomplete());
    else if (exhausted === null) await addJob(db, importId);
    else if (exhausted) await giveUp(services, importId);
    else if (lockedBy !== null) await unlockWorker(db, lockedBy);
  }
  for (const importId of await leftoverImports(db)) await dropChunks(db, importId);
}
