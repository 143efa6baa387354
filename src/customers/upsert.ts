import { type Selectable, sql } from 'kysely';
import { byteaArray, numberArray, textArray } from '../db/arrays.ts';
import { refreshContactProfiles, type Trx } from '../db/database.ts';
import type { ContactPointsTable, CustomersTable, PartiesTable } from '../db/tables.ts';
import { lockPersonsOfRecords, settleWritten } from '../duplicates/persons.ts';
import { giveKeys, type Move, moveCounts } from './counts.ts';

type ContactPointRow = Omit<Selectable<ContactPointsTable>, 'provenance' | 'wrong_since'> & {
  provenance: string | null;
};

/** A customer ready to be written: sealed, with its blind indexes, nothing in it readable. */
export interface CustomerRecord {
  readonly customer: Omit<
    Selectable<CustomersTable>,
    'debtor_key' | 'own_key' | 'apart_key' | 'version' | 'created_at' | 'updated_at'
  > & {
    /** What the record says of whom it is about: the key of the resident id if that can be right, else `lone_key`. */
    readonly own_key: Buffer;
    /** The key of the customer alone. */
    readonly lone_key: Buffer;
    readonly at: string;
  };
  /** The debtor's key is the customer's. */
  readonly parties: readonly Selectable<PartiesTable>[];
  readonly contactPoints: readonly ContactPointRow[];
}

export type Upserted = 'created' | 'updated' | 'unchanged';

/**
 * Creates or fully replaces customers in a handful of statements, however many they are; the rows stay locked until the
 * end of the transaction. One record per customer. What is not in a record is deleted; a repeat changes nothing. Who was
 * merged stays merged, whatever the record says. With `stale` the caller refreshes the profiles of those who are put in it.
 */
export async function upsertCustomers(
  trx: Trx,
  records: readonly CustomerRecord[],
  stale?: Set<string>,
): Promise<Map<string, Upserted>> {
  // Everybody locks customers in the order of their ids, so that two imports cannot wait for each other.
  const ordered = [...records].sort((a, b) => (a.customer.customer_id < b.customer.customer_id ? -1 : 1));
  const outcome = new Map<string, Upserted>(ordered.map(({ customer }) => [customer.customer_id, 'unchanged']));
  const customers = ordered.map(({ customer }) => customer);
  const locked = await lockPersonsOfRecords(trx, customers);
  const written = await writeCustomers(trx, customers);
  for (const row of written) outcome.set(row.customer_id, row.version === 1 ? 'created' : 'updated');
  const changed = ordered.filter(({ customer }) => outcome.get(customer.customer_id) !== 'unchanged');
  if (changed.length === 0) return outcome;
  const { at } = changed[0]!.customer;
  const replaced = written.filter((row) => row.version > 1).map((row) => row.customer_id);
  const ids = written.map((row) => row.customer_id);
  const settled = await settleWritten(trx, ids, locked, at);
  const keys = new Map(written.map((row) => [row.customer_id, row.debtor_key]));
  for (const { customerId, to } of settled.moves) keys.set(customerId, to);
  const parties = changed.flatMap((record) =>
    record.parties.map((party) =>
      party.role === 'debtor' ? { ...party, person_key: keys.get(party.customer_id)! } : party,
    ),
  );
  const others = settled.moves.filter(({ customerId }) => !ids.includes(customerId));
  await moveCounts(trx, [...(await movesOf(trx, replaced, parties)), ...others]);
  await giveKeys(trx, others);
  const wrongSince = await wrongSinceOf(trx, changed, replaced);
  const points = changed.flatMap((record) => record.contactPoints);
  await writeParties(trx, parties);
  await writeContactPoints(trx, points, wrongSince);
  if (replaced.length > 0) await deleteGone(trx, replaced, parties, points);
  const affected = [...ids, ...settled.customerIds];
  if (stale) for (const customerId of affected) stale.add(customerId);
  else await refreshContactProfiles(trx, affected, at);
  return outcome;
}

/** Inserts customers; what is to be done about those on file is the caller's to add. */
export function insertCustomers(rows: readonly CustomerRecord['customer'][]) {
  const bytes = (
    name: 'own_key' | 'content_key' | 'resident_id_key' | 'name_sealed' | 'resident_id_sealed' | 'birth_date_sealed',
  ) => byteaArray(rows.map((row) => row[name]));
  const text = (name: 'customer_id' | 'language' | 'region' | 'at') => textArray(rows.map((row) => row[name]));
  const joined = (name: 'jurisdictions' | 'time_zones') => textArray(rows.map((row) => row[name].join(',')));
  return sql`
    INSERT INTO customers AS old (customer_id, debtor_key, name_sealed, resident_id_sealed, birth_date_sealed, language, jurisdictions,
                                  time_zones, region, content_key, resident_id_key, version, created_at, updated_at)
    SELECT customer_id, own_key, name_sealed, resident_id_sealed, birth_date_sealed, language, string_to_array(jurisdictions, ','),
           string_to_array(time_zones, ','), region, content_key, resident_id_key, 1, at::timestamptz, at::timestamptz
      FROM unnest(${text('customer_id')}::text[], ${bytes('own_key')}::bytea[], ${bytes('name_sealed')}::bytea[],
                  ${bytes('resident_id_sealed')}::bytea[], ${bytes('birth_date_sealed')}::bytea[], ${text('language')}::text[],
                  ${joined('jurisdictions')}::text[], ${joined('time_zones')}::text[], ${text('region')}::text[],
                  ${bytes('content_key')}::bytea[], ${bytes('resident_id_key')}::bytea[], ${text('at')}::text[])
        AS sent (customer_id, own_key, name_sealed, resident_id_sealed, birth_date_sealed, language, jurisdictions, time_zones, region,
                 content_key, resident_id_key, at)`;
}

/** Rows that were new or have changed, with their new version. */
async function writeCustomers(trx: Trx, rows: readonly CustomerRecord['customer'][]) {
  const { rows: written } = await sql<{
    customer_id: string;
    version: number;
    debtor_key: Buffer;
    own_key: Buffer | null;
  }>`
    ${insertCustomers(rows)}
    ON CONFLICT (customer_id) DO UPDATE
      SET own_key = nullif(CASE WHEN excluded.debtor_key = old.apart_key THEN old.lone_key ELSE excluded.debtor_key END, old.debtor_key),
          resident_id_key = CASE WHEN excluded.debtor_key = old.apart_key THEN old.apart_key ELSE excluded.resident_id_key END,
          name_sealed = excluded.name_sealed, resident_id_sealed = excluded.resident_id_sealed,
          birth_date_sealed = excluded.birth_date_sealed, language = excluded.language, jurisdictions = excluded.jurisdictions,
          time_zones = excluded.time_zones, region = excluded.region, content_key = excluded.content_key, version = old.version + 1,
          updated_at = excluded.updated_at
      WHERE old.content_key <> excluded.content_key
    RETURNING customer_id, version, debtor_key, own_key`.execute(trx);
  return written;
}

/** The keys of people that change with these parties: a resident id that becomes known, a debtor who turns out to be a contact. */
async function movesOf(trx: Trx, replaced: readonly string[], parties: CustomerRecord['parties']): Promise<Move[]> {
  if (replaced.length === 0) return [];
  const before = await trx
    .selectFrom('parties')
    .select(['customer_id', 'party_id', 'role', 'person_key'])
    .where('customer_id', '=', sql<string>`ANY(${replaced}::text[])`)
    .execute();
  const now = new Map(parties.map((party) => [partyKey(party), party.person_key]));
  const debtors = new Map(
    parties.filter(({ role }) => role === 'debtor').map((party) => [party.customer_id, party.person_key]),
  );
  return before.flatMap((party) => {
    // A debtor under another party id is still the debtor.
    const to = now.get(partyKey(party)) ?? (party.role === 'debtor' ? debtors.get(party.customer_id) : undefined);
    return to === undefined || to.equals(party.person_key)
      ? []
      : [{ customerId: party.customer_id, from: party.person_key, to }];
  });
}

function partyKey(row: { customer_id: string; party_id: string }): string {
  return `${row.customer_id}/${row.party_id}`;
}

/**
 * Since when the numbers that stay are known to reach somebody else: kept while the address is the same, unless it was
 * verified on a later day (in the customer's first zone). Locks the rows, so that an outcome reported now waits.
 */
async function wrongSinceOf(trx: Trx, records: readonly CustomerRecord[], replaced: readonly string[]) {
  const kept = new Map<string, string>();
  if (replaced.length === 0) return kept;
  const known = await trx
    .selectFrom('contact_points')
    .select(['customer_id', 'contact_point_id', 'address_key', 'wrong_since'])
    .where('customer_id', '=', sql<string>`ANY(${replaced}::text[])`)
    .orderBy('customer_id')
    .orderBy('contact_point_id')
    .forUpdate()
    .execute();
  const wrong = new Map(known.flatMap((row) => (row.wrong_since === null ? [] : [[rowKey(row), row] as const])));
  for (const { customer, contactPoints } of wrong.size === 0 ? [] : records) {
    const zone = customer.time_zones[0] ?? 'UTC';
    for (const point of contactPoints) {
      const before = wrong.get(rowKey(point));
      if (!before?.wrong_since || !before.address_key.equals(point.address_key)) continue;
      const wrongOn = before.wrong_since.toZonedDateTimeISO(zone).toPlainDate().toString();
      if (point.verified_on === null || point.verified_on <= wrongOn)
        kept.set(rowKey(point), before.wrong_since.toString());
    }
  }
  return kept;
}

function rowKey(row: { customer_id: string; contact_point_id: string }): string {
  return `${row.customer_id}/${row.contact_point_id}`;
}

/** Inserts parties, which the caller may have on file. */
export function insertParties(rows: CustomerRecord['parties']) {
  const text = (name: 'customer_id' | 'party_id' | 'role') => textArray(rows.map((row) => row[name]));
  const bytes = (name: 'person_key' | 'name_sealed' | 'social_credit_code_sealed') =>
    byteaArray(rows.map((row) => row[name]));
  return sql`
    INSERT INTO parties (customer_id, party_id, role, person_key, name_sealed, social_credit_code_sealed, position)
    SELECT * FROM unnest(${text('customer_id')}::text[], ${text('party_id')}::text[], ${text('role')}::text[],
                         ${bytes('person_key')}::bytea[], ${bytes('name_sealed')}::bytea[],
                         ${bytes('social_credit_code_sealed')}::bytea[], ${numberArray(rows.map((row) => row.position))}::smallint[])`;
}

async function writeParties(trx: Trx, rows: CustomerRecord['parties']): Promise<void> {
  await sql`
    ${insertParties(rows)}
    ON CONFLICT (customer_id, party_id) DO UPDATE
      SET role = excluded.role, person_key = excluded.person_key, name_sealed = excluded.name_sealed,
          social_credit_code_sealed = excluded.social_credit_code_sealed, position = excluded.position`.execute(trx);
}

/** Inserts contact points, which the caller may have on file. */
export function insertContactPoints(
  rows: CustomerRecord['contactPoints'],
  wrongSince: ReadonlyMap<string, string> = new Map(),
) {
  type Text = 'customer_id' | 'contact_point_id' | 'party_id' | 'kind' | 'line' | 'status' | 'place';
  const text = (name: Text) => textArray(rows.map((row) => row[name]));
  const bytes = (name: 'value_sealed' | 'address_key') => byteaArray(rows.map((row) => row[name]));
  return sql`
    INSERT INTO contact_points (customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place,
                                time_zones, verified_on, provenance, wrong_since, position)
    SELECT customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place,
           string_to_array(time_zones, ','), verified_on, provenance, wrong_since, position
      FROM unnest(${text('customer_id')}::text[], ${text('contact_point_id')}::text[], ${text('party_id')}::text[],
                  ${text('kind')}::text[], ${bytes('value_sealed')}::bytea[], ${bytes('address_key')}::bytea[],
                  ${text('line')}::text[], ${text('status')}::text[], ${text('place')}::text[],
                  ${textArray(rows.map((row) => row.time_zones.join(',')))}::text[], ${rows.map((row) => row.verified_on)}::date[],
                  ${rows.map((row) => row.provenance)}::jsonb[], ${rows.map((row) => wrongSince.get(rowKey(row)) ?? null)}::timestamptz[],
                  ${numberArray(rows.map((row) => row.position))}::smallint[])
        AS sent (customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place, time_zones,
                 verified_on, provenance, wrong_since, position)`;
}

async function writeContactPoints(
  trx: Trx,
  rows: CustomerRecord['contactPoints'],
  wrongSince: ReadonlyMap<string, string>,
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    ${insertContactPoints(rows, wrongSince)}
    ON CONFLICT (customer_id, contact_point_id) DO UPDATE
      SET party_id = excluded.party_id, kind = excluded.kind, value_sealed = excluded.value_sealed, address_key = excluded.address_key,
          line = excluded.line, status = excluded.status, place = excluded.place, time_zones = excluded.time_zones,
          verified_on = excluded.verified_on, provenance = excluded.provenance, wrong_since = excluded.wrong_since,
          position = excluded.position`.execute(trx);
}

/** Deletes the parties and contact points of replaced customers that their records no longer have. */
async function deleteGone(
  trx: Trx,
  customerIds: readonly string[],
  parties: CustomerRecord['parties'],
  points: CustomerRecord['contactPoints'],
): Promise<void> {
  await sql`
    DELETE FROM contact_points
     WHERE customer_id = ANY(${customerIds}::text[])
       AND (customer_id, contact_point_id) NOT IN
           (SELECT * FROM unnest(${points.map((row) => row.customer_id)}::text[], ${points.map((row) => row.contact_point_id)}::text[]))`.execute(
    trx,
  );
  await sql`
    DELETE FROM parties
     WHERE customer_id = ANY(${customerIds}::text[])
       AND (customer_id, party_id) NOT IN
           (SELECT * FROM unnest(${parties.map((row) => row.customer_id)}::text[], ${parties.map((row) => row.party_id)}::text[]))`.execute(
    trx,
  );
}
