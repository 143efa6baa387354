import { type Selectable, sql } from 'kysely';
import { type Db, lockBudgetSubjects, refreshContactProfiles, type Trx } from '../db/database.ts';
import type { ContactPointsTable, CustomersTable, PartiesTable } from '../db/tables.ts';
import type { Vault } from '../personal-data.ts';
import type { ContactPoint, Customer } from './schemas.ts';

/** A customer as it is on file, open to read. */
export interface StoredCustomer extends Omit<Customer, 'masked' | 'updatedAt'> {
  readonly version: number;
  readonly updatedAt: Temporal.Instant;
}

type ContactPointRow = Omit<Selectable<ContactPointsTable>, 'provenance' | 'wrong_since'> & {
  provenance: string | null;
};

/** A customer ready to be written: sealed, with its blind indexes, nothing in it readable. */
export interface CustomerRecord {
  readonly customer: Omit<Selectable<CustomersTable>, 'version' | 'created_at' | 'updated_at'> & {
    readonly at: string;
  };
  readonly parties: readonly Selectable<PartiesTable>[];
  readonly contactPoints: readonly ContactPointRow[];
}

/** Where the sealed values stand; they open only there. */
export const sealedAt = {
  name: (customerId: string) => ({ table: 'customers', column: 'name_sealed', rowId: customerId }),
  residentId: (customerId: string) => ({ table: 'customers', column: 'resident_id_sealed', rowId: customerId }),
  partyName: (customerId: string, partyId: string) => ({
    table: 'parties',
    column: 'name_sealed',
    rowId: `${customerId}/${partyId}`,
  }),
  value: (customerId: string, contactPointId: string) => ({
    table: 'contact_points',
    column: 'value_sealed',
    rowId: `${customerId}/${contactPointId}`,
  }),
};

/**
 * Keeps a customer as it is until the end of the transaction: whoever counts a contact by keys that were read does so
 * between this and the commit, so that a change of the keys (`moveCounts`) comes before or after, never in between.
 */
export async function holdCustomer(trx: Trx, customerId: string): Promise<void> {
  await trx.selectFrom('customers').select('customer_id').where('customer_id', '=', customerId).forShare().execute();
}

/** The content keys of those customers that exist, locked until the end of the transaction: see `contentKeyOf`. */
export async function lockContentKeys(trx: Trx, customerIds: readonly string[]): Promise<Map<string, Buffer>> {
  const rows = await trx
    .selectFrom('customers')
    .select(['customer_id', 'content_key'])
    .where('customer_id', '=', sql<string>`ANY(${customerIds}::text[])`)
    .orderBy('customer_id')
    .forNoKeyUpdate()
    .execute();
  return new Map(rows.map((row) => [row.customer_id, row.content_key]));
}

export type Upserted = 'created' | 'updated' | 'unchanged';

/**
 * Creates or fully replaces customers in a handful of statements, however many they are; the rows stay locked until the
 * end of the transaction. One record per customer. What is not in a record is deleted; a repeat changes nothing. With
 * `refresh` false the caller refreshes the profiles of those that were created or updated.
 */
export async function upsertCustomers(
  trx: Trx,
  records: readonly CustomerRecord[],
  refresh = true,
): Promise<Map<string, Upserted>> {
  // Everybody locks customers in the order of their ids, so that two imports cannot wait for each other.
  const ordered = [...records].sort((a, b) => (a.customer.customer_id < b.customer.customer_id ? -1 : 1));
  const outcome = new Map<string, Upserted>(ordered.map(({ customer }) => [customer.customer_id, 'unchanged']));
  const written = await writeCustomers(
    trx,
    ordered.map(({ customer }) => customer),
  );
  for (const row of written) outcome.set(row.customer_id, row.version === 1 ? 'created' : 'updated');
  const changed = ordered.filter(({ customer }) => outcome.get(customer.customer_id) !== 'unchanged');
  if (changed.length === 0) return outcome;
  const replaced = written.filter((row) => row.version > 1).map((row) => row.customer_id);
  await moveCounts(trx, changed, replaced);
  const wrongSince = await wrongSinceOf(trx, changed, replaced);
  const parties = changed.flatMap((record) => record.parties);
  const points = changed.flatMap((record) => record.contactPoints);
  await writeParties(trx, parties);
  await writeContactPoints(trx, points, wrongSince);
  if (replaced.length > 0) await deleteGone(trx, replaced, parties, points);
  if (!refresh) return outcome;
  await refreshContactProfiles(
    trx,
    changed.map(({ customer }) => customer.customer_id),
    changed[0]!.customer.at,
  );
  return outcome;
}

/** Rows that were new or have changed, with their new version. */
async function writeCustomers(trx: Trx, rows: readonly CustomerRecord['customer'][]) {
  const written = await sql<{ customer_id: string; version: number }>`
    INSERT INTO customers (customer_id, debtor_key, name_sealed, resident_id_sealed, language, jurisdictions, time_zones,
                           region, content_key, version, created_at, updated_at)
    SELECT customer_id, debtor_key, name_sealed, resident_id_sealed, language, string_to_array(jurisdictions, ','),
           string_to_array(time_zones, ','), region, content_key, 1, at, at
      FROM unnest(${rows.map((row) => row.customer_id)}::text[], ${rows.map((row) => row.debtor_key)}::bytea[],
                  ${rows.map((row) => row.name_sealed)}::bytea[], ${rows.map((row) => row.resident_id_sealed)}::bytea[],
                  ${rows.map((row) => row.language)}::text[], ${rows.map((row) => row.jurisdictions.join(','))}::text[],
                  ${rows.map((row) => row.time_zones.join(','))}::text[], ${rows.map((row) => row.region)}::text[],
                  ${rows.map((row) => row.content_key)}::bytea[], ${rows.map((row) => row.at)}::timestamptz[])
        AS sent (customer_id, debtor_key, name_sealed, resident_id_sealed, language, jurisdictions, time_zones, region, content_key, at)
    ON CONFLICT (customer_id) DO UPDATE
      SET debtor_key = excluded.debtor_key, name_sealed = excluded.name_sealed, resident_id_sealed = excluded.resident_id_sealed,
          language = excluded.language, jurisdictions = excluded.jurisdictions, time_zones = excluded.time_zones,
          region = excluded.region, content_key = excluded.content_key, version = customers.version + 1, updated_at = excluded.updated_at
      WHERE customers.content_key <> excluded.content_key
    RETURNING customer_id, version`.execute(trx);
  return written.rows;
}

/**
 * Somebody whose key changes (a resident id that becomes known, a debtor who turns out to be a contact) keeps every
 * contact that was counted for them; else a customer could be called anew by writing the record once more. Locks the
 * keys first, as everybody does who counts.
 */
async function moveCounts(trx: Trx, records: readonly CustomerRecord[], replaced: readonly string[]): Promise<void> {
  if (replaced.length === 0) return;
  const before = await trx
    .selectFrom('parties')
    .select(['customer_id', 'party_id', 'role', 'person_key'])
    .where('customer_id', '=', sql<string>`ANY(${replaced}::text[])`)
    .execute();
  const now = new Map(
    records.flatMap(({ parties }) => parties.map((party) => [partyKey(party), party.person_key] as const)),
  );
  const debtors = new Map(records.map(({ customer }) => [customer.customer_id, customer.debtor_key]));
  const moves = before.flatMap((party) => {
    // A debtor under another party id is still the debtor.
    const to = now.get(partyKey(party)) ?? (party.role === 'debtor' ? debtors.get(party.customer_id) : undefined);
    return to === undefined || to.equals(party.person_key)
      ? []
      : [{ customerId: party.customer_id, from: party.person_key, to }];
  });
  if (moves.length === 0) return;
  await lockBudgetSubjects(
    trx,
    moves.flatMap(({ from, to }) => [from, to]),
  );
  const moved = sql`unnest(${moves.map((move) => move.customerId)}::text[], ${moves.map((move) => move.from)}::bytea[],
    ${moves.map((move) => move.to)}::bytea[]) AS move (customer_id, before, after)`;
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

async function writeParties(trx: Trx, rows: CustomerRecord['parties']): Promise<void> {
  await sql`
    INSERT INTO parties (customer_id, party_id, role, person_key, name_sealed, position)
    SELECT * FROM unnest(${rows.map((row) => row.customer_id)}::text[], ${rows.map((row) => row.party_id)}::text[],
                         ${rows.map((row) => row.role)}::text[], ${rows.map((row) => row.person_key)}::bytea[],
                         ${rows.map((row) => row.name_sealed)}::bytea[], ${rows.map((row) => row.position)}::smallint[])
    ON CONFLICT (customer_id, party_id) DO UPDATE
      SET role = excluded.role, person_key = excluded.person_key, name_sealed = excluded.name_sealed, position = excluded.position`.execute(
    trx,
  );
}

async function writeContactPoints(
  trx: Trx,
  rows: CustomerRecord['contactPoints'],
  wrongSince: ReadonlyMap<string, string>,
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    INSERT INTO contact_points (customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place,
                                time_zones, verified_on, provenance, wrong_since, position)
    SELECT customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place,
           string_to_array(time_zones, ','), verified_on, provenance, wrong_since, position
      FROM unnest(${rows.map((row) => row.customer_id)}::text[], ${rows.map((row) => row.contact_point_id)}::text[],
                  ${rows.map((row) => row.party_id)}::text[], ${rows.map((row) => row.kind)}::text[],
                  ${rows.map((row) => row.value_sealed)}::bytea[], ${rows.map((row) => row.address_key)}::bytea[],
                  ${rows.map((row) => row.line)}::text[], ${rows.map((row) => row.status)}::text[],
                  ${rows.map((row) => row.place)}::text[], ${rows.map((row) => row.time_zones.join(','))}::text[],
                  ${rows.map((row) => row.verified_on)}::date[], ${rows.map((row) => row.provenance)}::jsonb[],
                  ${rows.map((row) => wrongSince.get(rowKey(row)) ?? null)}::timestamptz[],
                  ${rows.map((row) => row.position)}::smallint[])
        AS sent (customer_id, contact_point_id, party_id, kind, value_sealed, address_key, line, status, place, time_zones,
                 verified_on, provenance, wrong_since, position)
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

/** The version of a customer, locked until the end of the transaction; undefined when there is none. */
export async function lockCustomerVersion(trx: Trx, customerId: string): Promise<number | undefined> {
  const row = await trx
    .selectFrom('customers')
    .select('version')
    .where('customer_id', '=', customerId)
    .forUpdate()
    .executeTakeFirst();
  return row?.version;
}

export async function customerExists(db: Db | Trx, customerId: string): Promise<boolean> {
  const row = await db
    .selectFrom('customers')
    .select('customer_id')
    .where('customer_id', '=', customerId)
    .executeTakeFirst();
  return row !== undefined;
}

/** One customer with parties and contact points in the order they were sent. In a transaction: three statements read it. */
export async function findCustomer(trx: Trx, vault: Vault, customerId: string): Promise<StoredCustomer | undefined> {
  return (await findCustomers(trx, vault, [customerId]))[0];
}

/** The same for many customers, still in three statements; those that do not exist are left out. */
export async function findCustomers(trx: Trx, vault: Vault, customerIds: readonly string[]): Promise<StoredCustomer[]> {
  const ofThese = sql<string>`ANY(${customerIds}::text[])`;
  const customers = await trx.selectFrom('customers').selectAll().where('customer_id', '=', ofThese).execute();
  const parties = await trx
    .selectFrom('parties')
    .selectAll()
    .where('customer_id', '=', ofThese)
    .orderBy('position')
    .execute();
  const points = await trx
    .selectFrom('contact_points')
    .selectAll()
    .where('customer_id', '=', ofThese)
    .orderBy('position')
    .execute();
  const partiesOf = Map.groupBy(parties, (party) => party.customer_id);
  const pointsOf = Map.groupBy(points, (point) => `${point.customer_id}/${point.party_id}`);
  return customers.map((customer) => ({
    customerId: customer.customer_id,
    name: vault.open(sealedAt.name(customer.customer_id), customer.name_sealed),
    residentId:
      customer.resident_id_sealed === null
        ? null
        : vault.open(sealedAt.residentId(customer.customer_id), customer.resident_id_sealed),
    language: customer.language,
    jurisdictions: customer.jurisdictions,
    timeZones: customer.time_zones,
    region: customer.region,
    parties: (partiesOf.get(customer.customer_id) ?? []).map((party) => ({
      partyId: party.party_id,
      role: party.role as Customer['parties'][number]['role'],
      name: vault.open(sealedAt.partyName(party.customer_id, party.party_id), party.name_sealed),
      contactPoints: (pointsOf.get(`${party.customer_id}/${party.party_id}`) ?? []).map((point) =>
        contactPointOf(vault, point),
      ),
    })),
    version: customer.version,
    updatedAt: customer.updated_at,
  }));
}

function contactPointOf(vault: Vault, row: Selectable<ContactPointsTable>): ContactPoint {
  return {
    contactPointId: row.contact_point_id,
    kind: row.kind as ContactPoint['kind'],
    value: vault.open(sealedAt.value(row.customer_id, row.contact_point_id), row.value_sealed),
    line: row.line as ContactPoint['line'],
    status: row.status as ContactPoint['status'],
    place: row.place as ContactPoint['place'],
    timeZones: row.time_zones,
    verifiedOn: row.verified_on,
    provenance: row.provenance as ContactPoint['provenance'],
  };
}
