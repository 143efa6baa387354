import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/** The rows as the driver gives them; a test compares every table and column with the migrated schema. */

type Instant = ColumnType<Temporal.Instant, string, string>;
type NullableInstant = ColumnType<Temporal.Instant | null, string | null, string | null>;
type Minor = ColumnType<bigint, bigint, bigint>;
type NullableMinor = ColumnType<bigint | null, bigint | null, bigint | null>;
type Count = ColumnType<bigint, bigint | number, bigint | number>;
type Json = JSONColumnType<Record<string, unknown>, string, string>;

export interface ApiClientsTable {
  client_id: string;
  name: string;
  scopes: string[];
  collector_id: string | null;
  created_at: Instant;
  revoked_at: NullableInstant;
}

export interface ApiKeysTable {
  key_id: string;
  client_id: string;
  secret_sha256: Buffer;
  created_at: Instant;
  expires_at: NullableInstant;
  revoked_at: NullableInstant;
}

export interface IdempotencyKeysTable {
  client_id: string;
  operation: string;
  key: string;
  fingerprint: Buffer;
  answer: Buffer;
  created_at: Instant;
}

export interface CustomersTable {
  customer_id: string;
  debtor_key: Buffer;
  name_sealed: Buffer;
  resident_id_sealed: Buffer | null;
  language: string;
  jurisdictions: string[];
  time_zones: string[];
  region: string | null;
  content_key: Buffer;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}

export interface PartiesTable {
  customer_id: string;
  party_id: string;
  role: string;
  person_key: Buffer;
  name_sealed: Buffer;
  position: number;
}

export interface ContactPointsTable {
  customer_id: string;
  contact_point_id: string;
  party_id: string;
  kind: string;
  value_sealed: Buffer;
  address_key: Buffer;
  line: string | null;
  status: string;
  place: string | null;
  time_zones: string[];
  verified_on: string | null;
  provenance: JSONColumnType<Record<string, unknown>, string | null, string | null> | null;
  wrong_since: NullableInstant;
  position: number;
}

export interface AccountsTable {
  customer_id: string;
  account_id: string;
  product: string;
  currency: string;
  as_of: Instant;
  past_due_since: string | null;
  annual_rate: string | null;
  status: string;
  principal_minor: Minor;
  interest_minor: Minor;
  penalty_minor: Minor;
  fees_minor: Minor;
  minimum_due_minor: NullableMinor;
  credit_limit_minor: NullableMinor;
  debt_group_id: string | null;
  optional_facts: Json;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}

export interface AccountDirectoryTable {
  account_id: string;
  customer_id: string;
}

export interface AccountSnapshotsTable {
  customer_id: string;
  account_id: string;
  as_of: Instant;
  content_hash: Buffer;
  content: Json;
  import_id: string | null;
  recorded_at: Instant;
}

export interface DirectivesTable {
  customer_id: string;
  directive_id: string;
  kind: string;
  party_id: string | null;
  contact_point_id: string | null;
  account_id: string | null;
  channel: string | null;
  valid_from: Instant;
  valid_until: NullableInstant;
  details: Json;
  fingerprint: Buffer;
  client_id: string;
  recorded_at: Instant;
  ended_at: NullableInstant;
  end_recorded_at: NullableInstant;
  end_client_id: string | null;
}

export interface AttemptsTable {
  customer_id: string;
  attempt_id: string;
  started_at: Instant;
  ended_at: NullableInstant;
  client_id: string;
  reservation_id: string | null;
  party_id: string;
  contact_point_id: string | null;
  person_key: Buffer;
  address_key: Buffer | null;
  account_ids: string[];
  channel: string;
  direction: string;
  purpose: string;
  outcome: string;
  automated: boolean;
  collector_kind: string;
  collector_id: string;
  details: Json;
  note_sealed: Buffer | null;
  late: boolean;
  fingerprint: Buffer;
  recorded_at: Instant;
}

export interface AttemptDirectoryTable {
  attempt_id: string;
  customer_id: string;
  started_at: Instant;
}

export interface AttemptCorrectionsTable {
  customer_id: string;
  attempt_id: string;
  correction_no: number;
  changes: Json;
  client_id: string;
  recorded_at: Instant;
}

export interface ReservationsTable {
  customer_id: string;
  reservation_id: string;
  decision_id: string;
  client_id: string;
  request_id: string | null;
  party_id: string;
  contact_point_id: string | null;
  person_key: Buffer;
  address_key: Buffer | null;
  account_ids: string[];
  channel: string;
  purpose: string;
  collector_kind: string;
  collector_id: string;
  reserved_at: Instant;
  expires_at: Instant;
  released_at: NullableInstant;
  release_reason: string | null;
  attempt_id: string | null;
}

export interface BudgetEntriesTable {
  subject_key: Buffer;
  started_at: Instant;
  contact_id: string;
  customer_id: string;
  account_ids: string[];
  channel: string;
  direction: string;
  purpose: string;
  outcome: string;
  collector_id: string;
}

export interface DecisionsTable {
  customer_id: string;
  recorded_at: Instant;
  decision_id: string;
  client_id: string;
  request_id: string | null;
  mode: string;
  permitted: boolean;
  evaluated_at: Instant;
  policy_version: string;
  reservation_id: string | null;
  request: Json;
  facts: Json;
  answer: Json;
  engine: Json;
}

export interface DecisionRequestsTable {
  customer_id: string;
  client_id: string;
  request_id: string;
  fingerprint: Buffer;
  decision_id: string;
  recorded_at: Instant;
}

export interface ImportsTable {
  import_id: string;
  source: string;
  client_id: string;
  charset: string;
  as_of: string;
  status: string;
  content_hash: Buffer | null;
  bytes_total: Count;
  rows_total: ColumnType<bigint | null, bigint | number | null, bigint | number | null>;
  rows_read: Count;
  accepted: Count;
  corrected: Count;
  duplicates: Count;
  quarantined: Count;
  problem_code: string | null;
  problem: string | null;
  created_at: Instant;
  started_at: NullableInstant;
  finished_at: NullableInstant;
  lease_until: Instant;
}

export interface ImportChunksTable {
  import_id: string;
  chunk_no: number;
  sealed: Buffer;
}

export interface ImportRejectionsTable {
  import_id: string;
  row_no: Count;
  column_name: string;
  code: string;
  masked_value: string;
}

export interface SchemaMigrationsTable {
  name: string;
  checksum: string;
  applied_at: Generated<Temporal.Instant>;
  duration_ms: number;
}

export interface Database {
  schema_migrations: SchemaMigrationsTable;
  api_clients: ApiClientsTable;
  api_keys: ApiKeysTable;
  idempotency_keys: IdempotencyKeysTable;
  customers: CustomersTable;
  parties: PartiesTable;
  contact_points: ContactPointsTable;
  accounts: AccountsTable;
  account_directory: AccountDirectoryTable;
  account_snapshots: AccountSnapshotsTable;
  directives: DirectivesTable;
  attempts: AttemptsTable;
  attempt_directory: AttemptDirectoryTable;
  attempt_corrections: AttemptCorrectionsTable;
  reservations: ReservationsTable;
  budget_entries: BudgetEntriesTable;
  decisions: DecisionsTable;
  decision_requests: DecisionRequestsTable;
  imports: ImportsTable;
  import_chunks: ImportChunksTable;
  import_rejections: ImportRejectionsTable;
}
