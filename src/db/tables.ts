import type { ColumnType, Generated, JSONColumnType } from 'kysely';

/** The rows as the driver gives them; a test compares every table and column with the migrated schema. */

type Instant = ColumnType<Temporal.Instant, string, string>;
type NullableInstant = ColumnType<Temporal.Instant | null, string | null, string | null>;
type Minor = ColumnType<bigint, bigint, bigint>;
type NullableMinor = ColumnType<bigint | null, bigint | null, bigint | null>;
type Count = ColumnType<bigint, bigint | number, bigint | number>;
type Json = JSONColumnType<Record<string, unknown>, string, string>;
type NullableJson = ColumnType<Record<string, unknown> | null, string | null, string | null>;

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
  own_key: Buffer | null;
  apart_key: Buffer | null;
  lone_key: Buffer | null;
  resident_id_key: Buffer | null;
  birth_date_sealed: Buffer | null;
}

export interface PartiesTable {
  customer_id: string;
  party_id: string;
  role: string;
  person_key: Buffer;
  name_sealed: Buffer;
  position: number;
  social_credit_code_sealed: Buffer | null;
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
  content_hash: Buffer | null;
  has_facts: Generated<boolean>;
  derived: NullableJson;
  roll_on: string | null;
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

export interface PaymentsTable {
  customer_id: string;
  account_id: string;
  payment_id: string;
  amount_minor: Minor;
  posted_on: string;
  details: Json;
  fingerprint: Buffer;
  import_id: string | null;
  client_id: string;
  recorded_at: Instant;
}

export interface PaymentReversalsTable {
  customer_id: string;
  account_id: string;
  payment_id: string;
  kind: string;
  reversed_on: string;
  reason: string | null;
  client_id: string;
  recorded_at: Instant;
}

export interface AccountChargesTable {
  customer_id: string;
  account_id: string;
  charge_id: string;
  kind: string;
  amount_minor: Minor;
  posted_on: string;
  details: Json;
  fingerprint: Buffer;
  client_id: string;
  recorded_at: Instant;
}

export interface AccountRateChangesTable {
  customer_id: string;
  account_id: string;
  change_id: string;
  effective_from: string;
  annual_rate: string | null;
  daily_rate: string | null;
  fingerprint: Buffer;
  client_id: string;
  recorded_at: Instant;
}

export interface CustomerMergesTable {
  merge_id: string;
  survivor_id: string;
  merged_id: string;
  from_key: Buffer;
  to_key: Buffer;
  moved_ids: string[];
  reason: string;
  reason_sealed: Buffer | null;
  rule_version: string;
  candidate_id: string | null;
  fingerprint: Buffer | null;
  client_id: string | null;
  merged_at: Instant;
  position: Generated<bigint>;
  undone_at: NullableInstant;
  undo_reason: string | null;
  undo_reason_sealed: Buffer | null;
  undo_client_id: string | null;
}

export interface DuplicateCandidatesTable {
  candidate_id: string;
  customer_id: string;
  other_id: string;
  status: string;
  score: string;
  evidence: Json;
  rule_version: string;
  found_at: Instant;
  settled_at: NullableInstant;
  settle_client_id: string | null;
  reason_sealed: Buffer | null;
  merge_id: string | null;
}

export interface DuplicateSearchesTable {
  search_id: string;
  client_id: string;
  status: string;
  changed_since: NullableInstant;
  last_customer_id: string | null;
  customers_read: Count;
  candidates_found: Count;
  created_at: Instant;
  started_at: NullableInstant;
  finished_at: NullableInstant;
}

export interface CaseEntriesTable {
  customer_id: string;
  entry_id: string;
  kind: string;
  account_id: string | null;
  collector_id: string | null;
  starts_on: string;
  until_on: string | null;
  ended_on: string | null;
  begins_at: Instant;
  ends_at: NullableInstant;
  details_sealed: Buffer;
  content_key: Buffer;
  client_id: string;
  recorded_at: Instant;
  outcome: string | null;
  end_text_sealed: Buffer | null;
  end_content_key: Buffer | null;
  end_client_id: string | null;
  end_recorded_at: NullableInstant;
}

export interface AccountStatementsTable {
  customer_id: string;
  account_id: string;
  statement_on: string;
  version: number;
  currency: string;
  previous_balance_minor: Minor;
  payments_total_minor: Minor;
  new_charges_minor: Minor;
  adjustments_minor: Minor;
  interest_minor: Minor;
  statement_balance_minor: Minor;
  minimum_due_minor: Minor;
  due_on: string;
  credit_limit_minor: NullableMinor;
  content_hash: Buffer;
  import_id: string | null;
  client_id: string;
  recorded_at: Instant;
  superseded_at: NullableInstant;
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
  position: Generated<bigint | null>;
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
  position: Generated<bigint | null>;
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
  unreported_at: NullableInstant;
  released_position: ColumnType<bigint | null, never, bigint>;
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
  marks: NullableJson;
}

export interface ContactProfilesTable {
  customer_id: string;
  debtor_key: Buffer;
  household_keys: Buffer[] | null;
  jurisdictions: string[];
  profile: Json;
  position: Count;
}

export interface ContactProfileVersionsTable {
  customer_id: string;
  position: Count;
  recorded_at: Instant;
  profile: Json;
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
  position: Generated<bigint | null>;
  profile_position: bigint | null;
  address_key: Buffer | null;
}

export interface MovedCountsTable {
  customer_id: string;
  position: Count;
  from_key: Buffer;
  to_key: Buffer;
}

export interface LateTruthsTable {
  position: Generated<bigint>;
  customer_id: string;
  since: Instant;
}

export interface DifferingDecisionsTable {
  decision_id: string;
  customer_id: string;
  permitted: boolean;
  would_be_permitted: boolean;
  found_at: Instant;
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
  source_version: Generated<number>;
  records: Generated<string>;
  dry_run: Generated<boolean>;
  resubmitted: ColumnType<bigint, bigint | number | undefined, bigint | number>;
  rows_per_second: number | null;
  expected_rows: ColumnType<bigint | null, bigint | number | null, bigint | number | null>;
  expected_sum: string | null;
  released_at: NullableInstant;
  released_by: string | null;
  release_reason_sealed: Buffer | null;
}

export interface ImportSourcesTable {
  source: string;
  version: number;
  document: Json;
  content_hash: Buffer;
  client_id: string;
  created_at: Instant;
}

export interface ImportRowsTable {
  import_id: string;
  row_no: Count;
  outcome: string;
  details: Json;
  cells_sealed: Buffer | null;
  history: NullableJson;
}

export interface ImportDryRunKeysTable {
  import_id: string;
  key: Buffer;
  row_no: Count;
  value: Buffer | null;
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

export interface DialersTable {
  dialer_id: string;
  client_id: string;
  platform: string;
  config: Json;
  version: number;
  created_at: Instant;
  updated_at: Instant;
}

export interface DialerUrlTokensTable {
  token_id: string;
  dialer_id: string;
  route: string;
  secret_sha256: Buffer;
  created_at: Instant;
  expires_at: NullableInstant;
  revoked_at: NullableInstant;
}

export interface PolicySourcesTable {
  content_hash: string;
  pack: string;
  version: string;
  origin: string;
  source: string;
  recorded_at: Instant;
}

export interface PolicyVersionsTable {
  pack: string;
  version: string;
  status: string;
  content_hash: string;
  header: Json;
  shadow: boolean;
  authors: string[];
  row_version: number;
}

export interface PolicyVersionStepsTable {
  pack: string;
  version: string;
  step_no: number;
  action: string;
  client_id: string;
  content_hash: string;
  comment: string | null;
  at: Instant;
}

export interface PolicyStoreTable {
  singleton: boolean;
  revision: Count;
}

export interface BacktestsTable {
  backtest_id: string;
  pack: string;
  version: string;
  content_hash: string;
  client_id: string;
  recorded_from: Instant;
  recorded_until: Instant;
  sample_rate: string;
  max_decisions: Count;
  status: string;
  decisions_read: Count;
  last_decision_id: string | null;
  tally: Json;
  created_at: Instant;
  started_at: NullableInstant;
  finished_at: NullableInstant;
}

export interface OutboxEventsTable {
  event_id: string;
  seq: Generated<bigint>;
  type: string;
  subject_key: string;
  data: Json;
  occurred_at: Instant;
  dispatched_at: NullableInstant;
}

export interface WebhookEndpointsTable {
  endpoint_id: string;
  url: string;
  description: string;
  event_types: string[] | null;
  enabled: boolean;
  disabled_reason: string | null;
  paused_until: NullableInstant;
  version: number;
  created_at: Instant;
  updated_at: Instant;
  deleted_at: NullableInstant;
}

export interface WebhookSecretsTable {
  endpoint_id: string;
  secret_no: number;
  secret_sealed: Buffer;
  created_at: Instant;
  expires_at: NullableInstant;
}

export interface WebhookDeliveriesTable {
  endpoint_id: string;
  event_id: string;
  seq: Count;
  type: string;
  subject_key: string;
  state: string;
  attempts: number;
  next_attempt_at: Instant;
  created_at: Instant;
  finished_at: NullableInstant;
}

export interface WebhookAttemptsTable {
  endpoint_id: string;
  event_id: string;
  attempt_no: Generated<bigint>;
  attempted_at: Instant;
  duration_ms: number;
  status: number | null;
  error: string | null;
}

export interface LateAttemptsTable {
  customer_id: string;
  started_at: Instant;
  attempt_id: string;
}

export interface IncidentsTable {
  incident_id: string;
  kind: string;
  collector_id: string;
  customer_id: string;
  address_key: Buffer | null;
  channel: string;
  occurred_at: Instant;
  detected_at: Instant;
  attempt_id: string | null;
  reservation_id: string | null;
  decision_id: string | null;
  status: string;
  explained_at: NullableInstant;
  explained_by: string | null;
  explanation_sealed: Buffer | null;
  closed_at: NullableInstant;
  closed_by: string | null;
  closing_reason_sealed: Buffer | null;
}

export interface CallRecordUploadsTable {
  upload_id: string;
  collector_id: string;
  source: string;
  client_id: string;
  status: string;
  bytes_total: Count;
  rows_read: Count;
  quarantined: Count;
  examined_to: Count;
  results: Json;
  problem_code: string | null;
  problem: string | null;
  created_at: Instant;
  finished_at: NullableInstant;
  alive_at: Instant;
}

export interface CallRecordsTable {
  upload_id: string;
  row_no: Count;
  collector_id: string;
  source: string;
  record_key: string;
  vendor_call_id: string | null;
  fingerprint: Buffer;
  started_at: Instant;
  direction: string;
  duration_seconds: number | null;
  vendor_result: string | null;
  carrier: string | null;
  address_key: Buffer | null;
  customer_id: string | null;
  contact_point_id: string | null;
  result: string | null;
  attempt_id: string | null;
  reservation_id: string | null;
  decision_id: string | null;
  incident_id: string | null;
  matched_customer_id: string | null;
}

export interface CallRecordRejectionsTable {
  upload_id: string;
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
  payments: PaymentsTable;
  payment_reversals: PaymentReversalsTable;
  account_charges: AccountChargesTable;
  account_rate_changes: AccountRateChangesTable;
  customer_merges: CustomerMergesTable;
  duplicate_candidates: DuplicateCandidatesTable;
  duplicate_searches: DuplicateSearchesTable;
  case_entries: CaseEntriesTable;
  account_statements: AccountStatementsTable;
  directives: DirectivesTable;
  attempts: AttemptsTable;
  attempt_directory: AttemptDirectoryTable;
  attempt_corrections: AttemptCorrectionsTable;
  reservations: ReservationsTable;
  budget_entries: BudgetEntriesTable;
  contact_profiles: ContactProfilesTable;
  contact_profile_versions: ContactProfileVersionsTable;
  decisions: DecisionsTable;
  decision_requests: DecisionRequestsTable;
  moved_counts: MovedCountsTable;
  late_truths: LateTruthsTable;
  differing_decisions: DifferingDecisionsTable;
  imports: ImportsTable;
  import_sources: ImportSourcesTable;
  import_rows: ImportRowsTable;
  import_dry_run_keys: ImportDryRunKeysTable;
  import_chunks: ImportChunksTable;
  import_rejections: ImportRejectionsTable;
  outbox_events: OutboxEventsTable;
  webhook_endpoints: WebhookEndpointsTable;
  webhook_secrets: WebhookSecretsTable;
  webhook_deliveries: WebhookDeliveriesTable;
  webhook_attempts: WebhookAttemptsTable;
  policy_sources: PolicySourcesTable;
  policy_versions: PolicyVersionsTable;
  policy_version_steps: PolicyVersionStepsTable;
  policy_store: PolicyStoreTable;
  backtests: BacktestsTable;
  dialers: DialersTable;
  dialer_url_tokens: DialerUrlTokensTable;
  late_attempts: LateAttemptsTable;
  incidents: IncidentsTable;
  call_record_uploads: CallRecordUploadsTable;
  call_records: CallRecordsTable;
  call_record_rejections: CallRecordRejectionsTable;
}
