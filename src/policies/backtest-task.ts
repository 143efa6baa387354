import { type Selectable, sql } from 'kysely';
import type { Services } from '../context.ts';
import type { Db, Trx } from '../db/database.ts';
import type { BacktestsTable } from '../db/tables.ts';
import { addJob, type JobRun, type JobTask } from '../jobs/jobs.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import { compareWith } from './compare.ts';
import { readDecisions } from './decisions.ts';
import { findSource } from './repository.ts';
import { count, storedTally, type Tally, tallyOf } from './tally.ts';

/** Small, because requests are answered between two batches. */
const BATCH_SIZE = 100;
const TASK = 'backtest';
const ATTEMPTS = 8;

export async function queueBacktest(trx: Db | Trx, backtestId: string): Promise<void> {
  await addJob(trx, TASK, { backtestId }, { jobKey: backtestId, maxAttempts: ATTEMPTS });
}

/** Any replica works on a back-test and any other takes it over, from the batch after the last one that was counted. */
export const backtestTask: JobTask = {
  name: TASK,
  exclusive: true,
  run: async (services, payload, run) => {
    const { backtestId } = payload as { backtestId: string };
    try {
      await runBacktest(services, backtestId, run);
    } catch (error) {
      if (run.lastAttempt) await endBacktest(services.db, backtestId, 'failed', services.clock());
      throw error;
    }
  },
};

async function runBacktest(services: Services, backtestId: string, { signal }: JobRun): Promise<void> {
  const { db, clock } = services;
  const row = await db
    .updateTable('backtests')
    .set({ status: 'running', started_at: sql<string>`coalesce(started_at, ${clock().toString()})` })
    .where('backtest_id', '=', backtestId)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst();
  if (!row) return;
  const registry = services.policy.current();
  const candidate = services.policy.load(
    (await findSource(db, row.content_hash))!,
    `${row.pack}@${row.version}`,
  ).compiled;
  const tally = tallyOf(row.tally);
  const range = { from: row.recorded_from, until: row.recorded_until, sampleRate: Number(row.sample_rate) };
  let read = row.decisions_read;
  let after = row.last_decision_id;
  for (;;) {
    if (signal.aborted) return queueBacktest(db, backtestId);
    const size = Math.min(BATCH_SIZE, Number(row.max_decisions - read));
    const batch = await readDecisions(db, { ...range, after, size });
    for (const decision of batch) add(tally, compareWith(registry, candidate, decision));
    after = batch.at(-1)?.decisionId ?? after;
    // Somebody cancelled, or another process has counted this batch.
    if (!(await advance(db, backtestId, read, { after, added: batch.length, tally }))) return;
    read += BigInt(batch.length);
    if (batch.length < size || read >= row.max_decisions) break;
  }
  await complete(services, row, read, tally);
}

async function complete(
  { db, clock }: Services,
  { backtest_id: backtestId, pack, version }: Selectable<BacktestsTable>,
  read: bigint,
  { counts }: Tally,
): Promise<void> {
  const differing = counts.newlyRefused + counts.newlyPermitted + counts.otherNextPermittedAt;
  const data = { backtestId, pack, version, decisionsRead: Number(read), differing };
  await db.transaction().execute(async (trx) => {
    if (await endBacktest(trx, backtestId, 'completed', clock()))
      await emitEvents(trx, clock(), [{ type: 'backtest.completed', key: backtestId, data }]);
  });
}

function add(tally: Tally, compared: ReturnType<typeof compareWith>): void {
  if (compared === null) {
    tally.notComparable += 1;
    return;
  }
  if (!compared.factsReach) tally.factsTooShort += 1;
  count(tally, compared.comparison);
}

/** Keeps what a batch has brought, once: false when the test is no longer where this process has found it. */
async function advance(
  db: Db,
  backtestId: string,
  read: bigint,
  { after, added, tally }: { readonly after: string | null; readonly added: number; readonly tally: Tally },
): Promise<boolean> {
  const result = await db
    .updateTable('backtests')
    .set({ decisions_read: read + BigInt(added), last_decision_id: after, tally: storedTally(tally) })
    .where('backtest_id', '=', backtestId)
    .where('status', '=', 'running')
    .where('decisions_read', '=', read)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Ends a back-test; false when it has ended already. */
export async function endBacktest(
  db: Db | Trx,
  backtestId: string,
  status: 'completed' | 'failed' | 'cancelled',
  now: Temporal.Instant,
): Promise<boolean> {
  const result = await db
    .updateTable('backtests')
    .set({ status, finished_at: now.toString() })
    .where('backtest_id', '=', backtestId)
    .where('status', 'in', ['queued', 'running'])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}
