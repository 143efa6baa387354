import { type Selectable, sql } from 'kysely';
import type { Db, Trx } from '../db/database.ts';
import type { ContactPointsTable, CustomersTable, PartiesTable } from '../db/tables.ts';
import type { Vault } from '../personal-data.ts';
import type { CustomerInput } from './schemas.ts';

/** A customer as it is on file, open to read. */
export interface StoredCustomer extends Omit<CustomerInput, 'timeZones'> {
  readonly customerId: string;
  readonly timeZones: string[];
  readonly version: number;
  readonly updatedAt: Temporal.Instant;
}

type StoredParty = CustomerInput['parties'][number];
type StoredPoint = StoredParty['contactPoints'][number];

/** Where the sealed values stand; they open only there. */
export const sealedAt = {
  name: (customerId: string) => ({ table: 'customers', column: 'name_sealed', rowId: customerId }),
  residentId: (customerId: string) => ({ table: 'customers', column: 'resident_id_sealed', rowId: customerId }),
  birthDate: (customerId: string) => ({ table: 'customers', column: 'birth_date_sealed', rowId: customerId }),
  socialCreditCode: (customerId: string, partyId: string) => ({
    table: 'parties',
    column: 'social_credit_code_sealed',
    rowId: `${customerId}/${partyId}`,
  }),
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

export interface Person {
  readonly sameAs: string[];
  readonly survivorId: string;
}

/** Who else is the same person, of those customers that are not alone. */
export async function personsOf(db: Db | Trx, customerIds: readonly string[]): Promise<Map<string, Person>> {
  const { rows } = await sql<{ customer_id: string; same_as: string[]; survivor_id: string }>`
    SELECT c.customer_id, array_agg(o.customer_id ORDER BY o.customer_id) FILTER (WHERE o.customer_id <> c.customer_id) AS same_as,
           (array_agg(o.customer_id ORDER BY o.own_key IS NOT NULL, o.created_at, o.customer_id))[1] AS survivor_id
      FROM customers c
      JOIN customers o ON o.customer_id = ANY (whole_person(c.customer_id))
     WHERE c.customer_id = ANY(${customerIds}::text[]) GROUP BY c.customer_id HAVING count(*) > 1`.execute(db);
  return new Map(rows.map((row) => [row.customer_id, { sameAs: row.same_as, survivorId: row.survivor_id }]));
}

/** Numbers of these customers, as `customerId/contactPointId`, that a customer who is another person has too. */
export async function sharedPhonesOf(db: Db | Trx, customerIds: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ customer_id: string; contact_point_id: string }>`
    SELECT x.customer_id, x.contact_point_id FROM contact_points x JOIN customers c ON c.customer_id = x.customer_id
     WHERE x.customer_id = ANY(${customerIds}::text[]) AND x.kind = 'phone' AND EXISTS (
       SELECT FROM contact_points y JOIN customers o ON o.customer_id = y.customer_id
        WHERE y.address_key = x.address_key AND y.customer_id <> x.customer_id AND o.debtor_key <> c.debtor_key)`.execute(
    db,
  );
  return new Set(rows.map((row) => `${row.customer_id}/${row.contact_point_id}`));
}

export type SearchKeys =
  | { readonly by: 'customerId' | 'accountId'; readonly id: string }
  | { readonly by: 'phone'; readonly key: Buffer }
  | { readonly by: 'residentId'; readonly keys: readonly Buffer[] };

/** Ids of customers, ascending, from the one after `after`. */
export async function searchCustomerIds(
  db: Db | Trx,
  search: SearchKeys,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ customer_id: string }>`
    SELECT DISTINCT customer_id FROM (${customerIdsBy(search)}) found
     WHERE ${after}::text IS NULL OR customer_id > ${after} ORDER BY customer_id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.customer_id);
}

function customerIdsBy(search: SearchKeys) {
  switch (search.by) {
    case 'customerId':
      return sql`SELECT customer_id FROM customers WHERE customer_id = ${search.id}`;
    case 'accountId':
      return sql`SELECT customer_id FROM account_directory WHERE account_id = ${search.id}`;
    case 'phone':
      return sql`SELECT customer_id FROM contact_points WHERE address_key = ${search.key} AND kind = 'phone'`;
    case 'residentId':
      // Whoever is merged into the person of that id has another id of their own, or none.
      return sql`SELECT customer_id FROM customers WHERE debtor_key = ANY(${search.keys}::bytea[]) AND own_key IS NULL
        UNION ALL SELECT customer_id FROM customers WHERE own_key = ANY(${search.keys}::bytea[])
        UNION ALL SELECT customer_id FROM customers WHERE resident_id_key = ANY(${search.keys}::bytea[])`;
  }
}

/** The ids of the accounts of each customer, ascending, at most 200 of each. */
export async function accountIdsOfCustomers(
  db: Db | Trx,
  customerIds: readonly string[],
): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ customer_id: string; account_ids: string[] }>`
    SELECT c.customer_id, a.account_ids FROM unnest(${customerIds}::text[]) AS c (customer_id)
      CROSS JOIN LATERAL (
        SELECT array_agg(account_id ORDER BY account_id) AS account_ids
          FROM (SELECT account_id FROM accounts WHERE customer_id = c.customer_id ORDER BY account_id LIMIT 200) first
      ) a
     WHERE a.account_ids IS NOT NULL`.execute(db);
  return new Map(rows.map((row) => [row.customer_id, row.account_ids]));
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
  return customers.map((customer) =>
    openCustomer(
      vault,
      customer,
      partiesOf.get(customer.customer_id) ?? [],
      (partyId) => pointsOf.get(`${customer.customer_id}/${partyId}`) ?? [],
    ),
  );
}

/** A customer from its rows, each list in the order that was sent. */
export function openCustomer(
  vault: Vault,
  customer: Selectable<CustomersTable>,
  parties: readonly Omit<Selectable<PartiesTable>, 'person_key' | 'position'>[],
  pointsOf: (partyId: string) => readonly Omit<Selectable<ContactPointsTable>, 'address_key' | 'position'>[],
): StoredCustomer {
  return {
    customerId: customer.customer_id,
    name: vault.open(sealedAt.name(customer.customer_id), customer.name_sealed),
    residentId:
      customer.resident_id_sealed === null
        ? null
        : vault.open(sealedAt.residentId(customer.customer_id), customer.resident_id_sealed),
    birthDate:
      customer.birth_date_sealed === null
        ? null
        : vault.open(sealedAt.birthDate(customer.customer_id), customer.birth_date_sealed),
    language: customer.language,
    jurisdictions: customer.jurisdictions,
    timeZones: customer.time_zones,
    region: customer.region,
    parties: parties.map((party) => ({
      partyId: party.party_id,
      role: party.role as StoredParty['role'],
      name: vault.open(sealedAt.partyName(party.customer_id, party.party_id), party.name_sealed),
      socialCreditCode:
        party.social_credit_code_sealed === null
          ? null
          : vault.open(sealedAt.socialCreditCode(party.customer_id, party.party_id), party.social_credit_code_sealed),
      contactPoints: pointsOf(party.party_id).map((point) => contactPointOf(vault, point)),
    })),
    version: customer.version,
    updatedAt: customer.updated_at,
  };
}

function contactPointOf(
  vault: Vault,
  row: Omit<Selectable<ContactPointsTable>, 'address_key' | 'position'>,
): StoredPoint {
  return {
    contactPointId: row.contact_point_id,
    kind: row.kind as StoredPoint['kind'],
    value: vault.open(sealedAt.value(row.customer_id, row.contact_point_id), row.value_sealed),
    line: row.line as StoredPoint['line'],
    status: row.status as StoredPoint['status'],
    place: row.place as StoredPoint['place'],
    timeZones: row.time_zones,
    verifiedOn: row.verified_on,
    provenance: row.provenance as StoredPoint['provenance'],
  };
}
