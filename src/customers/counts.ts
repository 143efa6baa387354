import { sql } from 'kysely';
import { lockBudgetSubjects, type Trx } from '../db/database.ts';

/** The contacts of a customer that are counted under one key, and will be under another. */
export interface Move {
  readonly customerId: string;
  readonly from: Buffer;
  readonly to: Buffer;
}

const unnested = (moves: readonly Move[]) => sql`unnest(${moves.map((move) => move.customerId)}::text[],
  ${moves.map((move) => move.from)}::bytea[], ${moves.map((move) => move.to)}::bytea[]) AS move (customer_id, before, after)`;

/**
 * Somebody whose key changes keeps every contact that was counted for them; else a customer could be called anew by writing
 * the record once more. Locks the keys first, as everybody does who counts.
 */
export async function moveCounts(trx: Trx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  await lockBudgetSubjects(
    trx,
    moves.flatMap(({ from, to }) => [from, to]),
  );
  const moved = unnested(moves);
  await sql`UPDATE budget_entries e SET subject_key = move.after FROM ${moved}
             WHERE e.subject_key = move.before AND e.customer_id = move.customer_id`.execute(trx);
  await sql`UPDATE reservations r SET person_key = move.after FROM ${moved}
             WHERE r.customer_id = move.customer_id AND r.person_key = move.before`.execute(trx);
  await sql`UPDATE attempts a SET person_key = move.after FROM ${moved}
             WHERE a.customer_id = move.customer_id AND a.person_key = move.before`.execute(trx);
  await sql`INSERT INTO moved_counts (customer_id, position, from_key, to_key)
            SELECT DISTINCT customer_id, (SELECT nextval('ledger_positions')), before, after FROM ${moved}`.execute(
    trx,
  );
}

/** Gives the debtors of customers, who stay as they are otherwise, the key of their person. */
export async function giveKeys(trx: Trx, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return;
  await sql`UPDATE parties p SET person_key = move.after FROM ${unnested(moves)}
             WHERE p.customer_id = move.customer_id AND p.role = 'debtor'`.execute(trx);
}
