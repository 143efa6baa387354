import type { FastifyBaseLogger } from 'fastify';
import { sql } from 'kysely';
import type { Services } from '../context.ts';
import type { Db, Trx } from '../db/database.ts';

/** Work in the background, as features describe it; worker.ts runs it in every replica. */

export type JobLog = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

export interface JobRun {
  /** Aborted when the process is about to end: come to an end soon, and queue again what is left, or throw. */
  readonly signal: AbortSignal;
  readonly log: JobLog;
  /** No further attempt will follow this one. */
  readonly lastAttempt: boolean;
}

/**
 * Work on one queued payload. What it throws is logged, and tried again later with growing delays. A process may die, or be
 * taken for dead, so a task must bear being run a second time, even at the same time.
 */
export interface JobTask {
  readonly name: string;
  /** True: one job at a time in each process. */
  readonly exclusive?: boolean;
  run(services: Services, payload: object, run: JobRun): Promise<void>;
}

/** Something every replica looks after every so often, never twice at a time in one process; safe to run on several. */
export interface Sweep {
  readonly name: string;
  readonly everySeconds: number;
  run(services: Services, log: JobLog, signal: AbortSignal): Promise<void>;
}

export interface Background {
  readonly tasks: readonly JobTask[];
  readonly sweeps: readonly Sweep[];
}

export interface JobOptions {
  /** Replaces a waiting job of the same key; one that is being worked on is superseded, not stopped. */
  readonly jobKey?: string;
  /** 25 unless told; the delay before the nth repeat is about eⁿ seconds. */
  readonly maxAttempts?: number;
  readonly runAt?: Temporal.Instant;
}

/**
 * Queues a task in the transaction of what needs it. The payload is stored in the clear and logged when the task fails, so
 * it holds ids. Not for the path of a decision: the queue notifies its workers at commit, which takes a global lock.
 */
export async function addJob(
  trx: Db | Trx,
  taskName: string,
  payload: object,
  { jobKey, maxAttempts, runAt }: JobOptions = {},
): Promise<void> {
  // The flag of the task's name lets a worker that is at such a task leave the others of its kind to the next.
  await sql`SELECT graphile_worker.add_job(${taskName}::text, ${JSON.stringify(payload)}::json,
    run_at := ${runAt?.toString() ?? null}::timestamptz, max_attempts := ${maxAttempts ?? null}::integer,
    job_key := ${jobKey ?? null}::text, flags := ARRAY[${taskName}]::text[])`.execute(trx);
}
