import { sql } from 'kysely';
import type { Services } from '../context.ts';
import { sqlState, type Trx } from '../db/database.ts';
import type { JobLog, Sweep } from '../jobs/jobs.ts';
import { emitEvents } from '../webhooks/outbox.ts';
import type { DecisionRow } from './history.ts';
import { LOOK_BACK_DAYS } from './late-states.ts';
import { recordedPolicy } from './recorded-policy.ts';
import { replay } from './replay.ts';
import { decidedBy } from './service.ts';

/** Decisions asked again in one transaction; the rest is left for the next. */
const AT_ONCE = 200;

interface LateTruth {
  readonly customerId: string;
  readonly since: Temporal.Instant;
}

/**
 * Asks decisions again that were taken while something was true and not yet told, and tells which of them would be others:
 * each once, however often it is found. What is told queues them itself, in its own transaction (migrations 0011 and 0016,
 * `queueLateStates`), from the instant since which it was true: an attempt from its start, a directive or its end from then, a
 * state of an account from its as-of, a payment or a charge from the day after its posting, a chargeback from the day after it,
 * a reversed payment, which never was, from the day of its posting, and people who are one, or not, as if always.
 */
export const lateTruth: Sweep = {
  name: 'late truth',
  everySeconds: 5,
  run: async (services, log, signal) => {
    while (!signal.aborted && (await takeOne(services, log)));
  },
};

/** False when nothing waits. One snapshot; what another process does to the same customer meanwhile makes it try again. */
async function takeOne(services: Services, log: JobLog): Promise<boolean> {
  return services.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      const truth = await takeTruth(trx);
      if (truth === null) return false;
      const decisions = await decisionsSince(trx, truth, services.clock());
      const found = await examine(services, trx, decisions, log);
      if (decisions.length === AT_ONCE)
        await trx
          .insertInto('late_truths')
          .values({
            customer_id: truth.customerId,
            since: decisions.at(-1)!.recorded_at.add({ milliseconds: 1 }).toString(),
          })
          .execute();
      if (found > 0) log.info({ customerId: truth.customerId, decisions: found }, 'decisions would differ');
      return true;
    });
}

/** Takes all that waits of one customer. */
async function takeTruth(trx: Trx): Promise<LateTruth | null> {
  const { rows } = await sql<{ customer_id: string; since: Temporal.Instant }>`
    WITH next AS (SELECT customer_id FROM late_truths ORDER BY position LIMIT 1),
      taken AS (
        SELECT position FROM late_truths WHERE customer_id = (SELECT customer_id FROM next) FOR UPDATE SKIP LOCKED
      ), gone AS (
        DELETE FROM late_truths WHERE position IN (SELECT position FROM taken) RETURNING customer_id, since
      )
    SELECT customer_id, min(since) AS since FROM gone GROUP BY customer_id`.execute(trx);
  const row = rows[0];
  return row === undefined ? null : { customerId: row.customer_id, since: row.since };
}

async function decisionsSince(trx: Trx, truth: LateTruth, now: Temporal.Instant): Promise<DecisionRow[]> {
  const oldest = now.subtract({ hours: 24 * LOOK_BACK_DAYS });
  const from = Temporal.Instant.compare(truth.since, oldest) < 0 ? oldest : truth.since;
  return trx
    .selectFrom('decisions')
    .selectAll()
    .where('customer_id', '=', truth.customerId)
    .where('recorded_at', '>=', from.round({ smallestUnit: 'millisecond', roundingMode: 'floor' }))
    .orderBy('recorded_at')
    .orderBy('decision_id')
    .limit(AT_ONCE)
    .execute();
}

/** The number of decisions that are found to differ and were not before. */
async function examine(services: Services, trx: Trx, decisions: readonly DecisionRow[], log: JobLog): Promise<number> {
  if (decisions.length === 0) return 0;
  const known = await knownToDiffer(trx, decisions[0]!.customer_id);
  let found = 0;
  for (const row of decisions) {
    const now = await permittedNow(services, trx, row, log);
    const { decision_id } = row;
    if (now === row.permitted && known.has(decision_id))
      await trx.deleteFrom('differing_decisions').where('decision_id', '=', decision_id).execute();
    if (now === null || now === row.permitted || known.has(decision_id)) continue;
    await tell(trx, row, now, services.clock());
    found += 1;
  }
  return found;
}

async function knownToDiffer(trx: Trx, customerId: string): Promise<ReadonlySet<string>> {
  const rows = await trx
    .selectFrom('differing_decisions')
    .select('decision_id')
    .where('customer_id', '=', customerId)
    .execute();
  return new Set(rows.map((row) => row.decision_id));
}

/** Null when it cannot be asked again: the customer is gone, or what decided is. */
async function permittedNow(services: Services, trx: Trx, row: DecisionRow, log: JobLog): Promise<boolean | null> {
  const { vault, policy } = services;
  try {
    const decided = await recordedPolicy({ policy: policy.current(), policyHolder: policy }, trx, decidedBy(row));
    return (await replay({ trx, vault, accountPolicy: policy.current() }, row, 'as_known_now', decided, false)).answer
      .permitted;
  } catch (error) {
    if (sqlState(error) !== undefined) throw error;
    log.warn({ err: error, decisionId: row.decision_id }, 'a decision cannot be asked again');
    return null;
  }
}

async function tell(trx: Trx, row: DecisionRow, wouldBePermitted: boolean, now: Temporal.Instant): Promise<void> {
  const { customer_id: customerId, decision_id: decisionId, permitted } = row;
  await trx
    .insertInto('differing_decisions')
    .values({
      decision_id: decisionId,
      customer_id: customerId,
      permitted,
      would_be_permitted: wouldBePermitted,
      found_at: now.toString(),
    })
    .execute();
  const data = { decisionId, customerId, permitted, wouldBePermitted };
  await emitEvents(trx, now, [{ type: 'decision.would_differ', key: customerId, data }]);
}
