import { sql } from 'kysely';
import type { Profile } from '../contact/profile.ts';
import type { Trx } from '../db/database.ts';
import type { Vault } from '../personal-data.ts';
import type { DecisionRow } from './history.ts';

/** Under which keys people are counted. A key moves when a resident id becomes known or a role changes. */
export interface Keys {
  /** Of a party of this customer. */
  readonly of: (party: Profile['parties'][number]) => { readonly former: string; readonly current: string };
  /** The key then of a contact that a customer has under a key now. */
  readonly former: (customerId: string, key: string) => string;
  /** All keys under which contacts of these people are counted now. */
  readonly all: readonly string[];
  /** The number that was asked about, as it was then. */
  readonly address: string | null;
}

interface Move {
  readonly customer_id: string;
  readonly position: bigint;
  readonly from_key: string;
  readonly to_key: string;
}

const MOVE = sql`customer_id, position, encode(from_key, 'hex') AS from_key, encode(to_key, 'hex') AS to_key`;

/** The keys of the parties of a decision's customer. Undefined when the customer is gone. */
export async function keysOf(
  trx: Trx,
  vault: Vault,
  row: DecisionRow,
  parties: Profile['parties'],
): Promise<Keys | undefined> {
  const customer = await trx
    .selectFrom('customers')
    .select('debtor_key')
    .where('customer_id', '=', row.customer_id)
    .executeTakeFirst();
  if (customer === undefined) return undefined;
  const since = row.position ?? 0n;
  const own = await sql<Move>`SELECT ${MOVE} FROM moved_counts
    WHERE customer_id = ${row.customer_id} AND position > ${since} ORDER BY position DESC`.execute(trx);
  const debtorNow = customer.debtor_key.toString('hex');
  const debtorThen = back(own.rows, row.customer_id, debtorNow);
  const of: Keys['of'] = ({ id, role }) => {
    if (role === 'debtor') return { former: debtorThen, current: debtorNow };
    const key = vault.index('party', `${row.customer_id}/${id}`).toString('hex');
    return { former: key, current: key };
  };
  const known = parties.flatMap((party) => Object.values(of(party)));
  const { rows } = await sql<Move>`
    WITH RECURSIVE reached (key) AS (
      SELECT decode(key, 'hex') FROM unnest(${[...new Set(known)]}::text[]) AS key
      UNION SELECT m.to_key FROM moved_counts m JOIN reached ON m.from_key = reached.key WHERE m.position > ${since}
    )
    SELECT ${MOVE} FROM moved_counts WHERE position > ${since} AND to_key IN (SELECT key FROM reached)
     ORDER BY position DESC`.execute(trx);
  return {
    of,
    former: (customerId, key) => back(rows, customerId, key),
    all: [...new Set([...known, ...rows.map(({ to_key }) => to_key)])],
    address: await addressOf(trx, row),
  };
}

/** Undoes the moves of a customer, the newest first; those of one position are one move of several people. */
function back(moves: readonly Move[], customerId: string, keyNow: string): string {
  let key = keyNow;
  let undone: bigint | null = null;
  for (const move of moves) {
    if (move.customer_id !== customerId || move.to_key !== key || move.position === undone) continue;
    key = move.from_key;
    undone = move.position;
  }
  return key;
}

/** Decisions of an earlier release did not keep it: their reservation has it, else the contact point of now. */
async function addressOf(trx: Trx, row: DecisionRow): Promise<string | null> {
  if (row.position !== null) return row.address_key?.toString('hex') ?? null;
  const { rows } = await sql<{ key: string | null }>`
    SELECT encode(coalesce(
      (SELECT address_key FROM reservations WHERE customer_id = ${row.customer_id} AND reservation_id = ${row.reservation_id}),
      (SELECT address_key FROM contact_points WHERE customer_id = ${row.customer_id}
          AND contact_point_id = ${row.facts as unknown as string}::json #>> '{contactPoint,contactPointId}')
    ), 'hex') AS key`.execute(trx);
  return rows[0]?.key ?? null;
}
