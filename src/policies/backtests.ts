import type { Selectable } from 'kysely';
import { type Ctx, requireScope } from '../context.ts';
import type { BacktestsTable } from '../db/tables.ts';
import { AppError, notFound, unprocessable } from '../errors.ts';
import { type Once, once } from '../idempotency.ts';
import { newId, timeOfId } from '../ids.ts';
import { wireInstant } from '../validation.ts';
import { endBacktest, queueBacktest } from './backtest-task.ts';
import { loadStored } from './draft.ts';
import type { VersionKey } from './repository.ts';
import type { Backtest, NewBacktest } from './schemas.ts';
import { keepSource } from './store.ts';
import { emptyTally, reportOf, storedTally, tallyOf } from './tally.ts';
import { readVersion } from './view.ts';

/** Back-tests: what would a version have said to the decisions that were recorded? */

type BacktestRow = Selectable<BacktestsTable>;

/** Queues a back-test of a version as it stands now; a draft may change meanwhile. Throws NOT_FOUND. */
export async function createPolicyBacktest(
  ctx: Ctx,
  key: VersionKey,
  input: NewBacktest,
  idempotencyKey?: string,
): Promise<Once<Backtest>> {
  requireScope(ctx, 'policy:write');
  const { contentHash, source, origin } = await readVersion(ctx, key);
  const pack = loadStored(ctx.policyHolder, source);
  const until = Temporal.Instant.from(input.to);
  if (Temporal.Instant.compare(until, ctx.now) > 0)
    throw unprocessable('/to', 'IN_THE_FUTURE', 'Only decisions that are recorded already can be read.');
  return once(ctx, 'createPolicyBacktest', idempotencyKey, { ...key, ...input }, async (trx) => {
    await keepSource(trx, pack, source, origin, ctx.now);
    const row = await trx
      .insertInto('backtests')
      .values({
        ...key,
        backtest_id: newId('bkt', ctx.now.epochMilliseconds),
        content_hash: contentHash,
        client_id: ctx.caller.clientId,
        recorded_from: input.from,
        recorded_until: input.to,
        sample_rate: String(input.sampleRate),
        max_decisions: input.limit,
        status: 'queued',
        decisions_read: 0,
        last_decision_id: null,
        tally: storedTally(emptyTally()),
        created_at: ctx.now.toString(),
        started_at: null,
        finished_at: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await queueBacktest(trx, row.backtest_id);
    return backtestOf(row);
  });
}

/** Progress and what was found so far. Throws NOT_FOUND. */
export async function getPolicyBacktest(ctx: Ctx, key: VersionKey, backtestId: string): Promise<Backtest> {
  requireScope(ctx, 'policy:read');
  return backtestOf(await findBacktest(ctx, key, backtestId));
}

/** Stops a back-test; what was found stays. Throws NOT_FOUND, and BACKTEST_NOT_CANCELLABLE when it has ended by itself. */
export async function cancelPolicyBacktest(ctx: Ctx, key: VersionKey, backtestId: string): Promise<Backtest> {
  requireScope(ctx, 'policy:write');
  await findBacktest(ctx, key, backtestId);
  await endBacktest(ctx.db, backtestId, 'cancelled', ctx.now);
  const row = await findBacktest(ctx, key, backtestId);
  if (row.status !== 'cancelled') throw new AppError('BACKTEST_NOT_CANCELLABLE', `The back-test is ${row.status}.`);
  return backtestOf(row);
}

async function findBacktest({ db }: Ctx, { pack, version }: VersionKey, backtestId: string): Promise<BacktestRow> {
  const row = await db
    .selectFrom('backtests')
    .selectAll()
    .where('backtest_id', '=', backtestId)
    .where('pack', '=', pack)
    .where('version', '=', version)
    .executeTakeFirst();
  if (!row) throw notFound('/backtestId', 'back-test of this version');
  return row;
}

function backtestOf(row: BacktestRow): Backtest {
  return {
    backtestId: row.backtest_id,
    pack: row.pack,
    version: row.version,
    contentHash: row.content_hash,
    status: row.status as Backtest['status'],
    clientId: row.client_id,
    from: wireInstant(row.recorded_from),
    to: wireInstant(row.recorded_until),
    sampleRate: Number(row.sample_rate),
    limit: Number(row.max_decisions),
    progress: progressOf(row),
    decisionsRead: Number(row.decisions_read),
    ...reportOf(tallyOf(row.tally)),
    createdAt: wireInstant(row.created_at),
    startedAt: wireInstant(row.started_at),
    finishedAt: wireInstant(row.finished_at),
  };
}

/** By the time of the last decision that was read, or by the limit, whichever is nearer its end. */
function progressOf(row: BacktestRow): number {
  if (row.status === 'completed') return 1;
  const from = row.recorded_from.epochMilliseconds;
  const at = (row.last_decision_id === null ? null : timeOfId(row.last_decision_id)) ?? from;
  const byTime = (at - from) / (row.recorded_until.epochMilliseconds - from);
  return Math.min(1, Math.max(byTime, Number(row.decisions_read) / Number(row.max_decisions)));
}
