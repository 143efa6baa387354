-- expand: what is known of a customer besides contacts and money, statements of accounts, and indexes of a customer's timeline; writers of reservations, corrections, directives, incidents, payments and call records wait while their indexes are built; lock-timeout: 2s

-- Facts of a case: income, complaints, placements, …. Kinds, dates and collectors stand open; what was said is sealed.
CREATE TABLE case_entries (
  customer_id        text NOT NULL REFERENCES customers,
  entry_id           text NOT NULL CHECK (entry_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  kind               text NOT NULL CHECK (kind IN ('default_reason', 'income', 'necessary_expense', 'other_debt_service', 'employment',
                                                   'collateral', 'complaint', 'placement', 'note')),
  account_id         text,
  collector_id       text,
  -- In the bank's zone; `until_on` and `ended_on` are the first day on which it holds no more.
  starts_on          date NOT NULL,
  until_on           date,
  ended_on           date,
  -- The same as instants: of an entry of the day it was recorded on, that moment, else the begin of the day.
  begins_at          timestamptz NOT NULL,
  ends_at            timestamptz,
  details_sealed     bytea NOT NULL,
  -- Keyed hash of what was sent: an amount could be guessed from a bare one.
  content_key        bytea NOT NULL,
  client_id          text NOT NULL,
  recorded_at        timestamptz NOT NULL,
  -- An end is recorded, never edited: how a complaint ended, why a placement was recalled.
  outcome            text,
  end_text_sealed    bytea,
  end_content_key    bytea,
  end_client_id      text,
  end_recorded_at    timestamptz,
  PRIMARY KEY (customer_id, entry_id)
);
CREATE INDEX case_entries_begun ON case_entries (customer_id, begins_at, entry_id);
CREATE INDEX case_entries_ended ON case_entries (customer_id, ends_at, entry_id) WHERE ends_at IS NOT NULL;
CREATE INDEX case_entries_kind ON case_entries (customer_id, kind, begins_at, entry_id);

-- Every version of every statement; the newest of a day is the one that was not superseded.
CREATE TABLE account_statements (
  customer_id             text NOT NULL,
  account_id              text NOT NULL,
  statement_on            date NOT NULL,
  version                 integer NOT NULL,
  currency                text NOT NULL,
  previous_balance_minor  bigint NOT NULL,
  payments_total_minor    bigint NOT NULL,
  new_charges_minor       bigint NOT NULL,
  adjustments_minor       bigint NOT NULL,
  interest_minor          bigint NOT NULL,
  statement_balance_minor bigint NOT NULL,
  minimum_due_minor       bigint NOT NULL,
  due_on                  date NOT NULL,
  credit_limit_minor      bigint,
  content_hash            bytea NOT NULL,
  import_id               text,
  client_id               text NOT NULL,
  recorded_at             timestamptz NOT NULL,
  superseded_at           timestamptz,
  PRIMARY KEY (customer_id, account_id, statement_on, version),
  FOREIGN KEY (customer_id, account_id) REFERENCES accounts
);
CREATE INDEX account_statements_day ON account_statements (customer_id, statement_on, account_id) WHERE superseded_at IS NULL;

-- A page of a timeline reads the newest few of each kind, however long the history is.
CREATE INDEX attempt_corrections_timeline ON attempt_corrections (customer_id, recorded_at, attempt_id);
CREATE INDEX reservations_released_timeline ON reservations (customer_id, released_at, reservation_id) WHERE released_at IS NOT NULL;
CREATE INDEX reservations_unreported_timeline ON reservations (customer_id, unreported_at, reservation_id) WHERE unreported_at IS NOT NULL;
CREATE INDEX directives_begun ON directives (customer_id, valid_from, directive_id);
CREATE INDEX directives_ended ON directives (customer_id, (least(valid_until, ended_at)), directive_id);
CREATE INDEX payments_timeline ON payments (customer_id, posted_on, account_id);
CREATE INDEX payment_reversals_timeline ON payment_reversals (customer_id, reversed_on, account_id);
CREATE INDEX account_charges_timeline ON account_charges (customer_id, posted_on, account_id);
CREATE INDEX incidents_timeline ON incidents (customer_id, occurred_at, incident_id);
-- Whose the attempt, the permission or the incident of a call is; set when it is examined, from this release on.
ALTER TABLE call_records ADD COLUMN matched_customer_id text;
CREATE INDEX call_records_timeline ON call_records (matched_customer_id, started_at) WHERE matched_customer_id IS NOT NULL;
