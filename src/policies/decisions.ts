import { sql } from 'kysely';
import type { StoredAnswer } from '../contact/answer.ts';
import type { Db } from '../db/database.ts';
import type { RecordedDecision } from './compare.ts';
import { sampleBound } from './tally.ts';

/** Recorded decisions read in the order of their ids, which is that of time, a batch at a time. */
export interface Portion {
  readonly from: Temporal.Instant;
  readonly until: Temporal.Instant;
  readonly sampleRate: number;
  /** The last id that was read; null at the beginning. */
  readonly after: string | null;
  readonly size: number;
}

/** Ids are UUIDs of version 7: the first digits are the time, so the index of ids finds a beginning. */
function firstIdOf(instant: Temporal.Instant): string {
  const time = instant.epochMilliseconds.toString(16).padStart(12, '0');
  return `dec_${time.slice(0, 8)}-${time.slice(8)}`;
}

function inPortion({ from, until, sampleRate, after }: Portion) {
  return sql`d.recorded_at >= ${from.toString()} AND d.recorded_at < ${until.toString()}
    AND d.decision_id > ${after ?? firstIdOf(from)}
    AND (${sampleRate >= 1} OR right(d.decision_id, 12) COLLATE "C" < ${sampleBound(sampleRate)})`;
}

interface DecisionRow {
  readonly decision_id: string;
  readonly evaluated_at: Temporal.Instant;
  readonly policy_version: string;
  readonly facts: RecordedDecision['facts'];
  readonly answer: RecordedDecision['answer'];
  readonly packs: RecordedDecision['hashes'] | null;
}

/** With the facts, to ask another policy about them. */
export async function readDecisions(db: Db, portion: Portion): Promise<RecordedDecision[]> {
  const { rows } = await sql<DecisionRow>`
    SELECT d.decision_id, d.evaluated_at, d.policy_version, d.facts, d.answer, d.engine -> 'packs' AS packs
      FROM decisions d WHERE ${inPortion(portion)}
     ORDER BY d.decision_id LIMIT ${portion.size}`.execute(db);
  return rows.map((row) => ({
    decisionId: row.decision_id,
    evaluatedAtMs: row.evaluated_at.epochMilliseconds,
    policyVersion: row.policy_version,
    facts: row.facts,
    answer: row.answer,
    hashes: row.packs ?? {},
  }));
}

export interface ShadowedDecision {
  readonly decision_id: string;
  readonly evaluated_at: Temporal.Instant;
  readonly permitted: boolean;
  readonly collector_id: string;
  readonly reasons: StoredAnswer['reasons'];
  /** Null when this version was not asked. */
  readonly shadow: StoredAnswer['shadow'][number] | null;
}

/** With what one version said in shadow. */
export async function readShadowed(db: Db, versionId: string, portion: Portion): Promise<ShadowedDecision[]> {
  const { rows } = await sql<ShadowedDecision>`
    SELECT d.decision_id, d.evaluated_at, d.permitted, d.facts #>> '{request,collectorId}' AS collector_id,
           d.answer -> 'reasons' AS reasons,
           (SELECT entry FROM json_array_elements(d.answer -> 'shadow') entry WHERE entry ->> 'pack' = ${versionId} LIMIT 1) AS shadow
      FROM decisions d WHERE ${inPortion(portion)}
     ORDER BY d.decision_id LIMIT ${portion.size}`.execute(db);
  return rows;
}
