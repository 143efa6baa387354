-- expand: directives, attempts, reservations, decisions and the budgets they are counted from
CREATE TABLE directives (
  customer_id      text NOT NULL REFERENCES customers,
  directive_id     text NOT NULL CHECK (directive_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  kind             text NOT NULL,
  party_id         text,
  contact_point_id text,
  account_id       text,
  channel          text,
  valid_from       timestamptz NOT NULL,
  valid_until      timestamptz,
  details          json NOT NULL,
  fingerprint      bytea NOT NULL,
  client_id        text NOT NULL,
  recorded_at      timestamptz NOT NULL,
  -- An end is recorded, never edited: the directive held until `ended_at`.
  ended_at         timestamptz,
  end_recorded_at  timestamptz,
  end_client_id    text,
  PRIMARY KEY (customer_id, directive_id)
);

-- Append-only reports of contacts. A correction is a further row in attempt_corrections.
CREATE TABLE attempts (
  customer_id       text NOT NULL,
  attempt_id        text NOT NULL,
  started_at        timestamptz NOT NULL,
  ended_at          timestamptz,
  client_id         text NOT NULL,
  reservation_id    text,
  party_id          text NOT NULL,
  contact_point_id  text,
  person_key        bytea NOT NULL,
  address_key       bytea,
  account_ids       text[] NOT NULL,
  channel           text NOT NULL,
  direction         text NOT NULL,
  purpose           text NOT NULL,
  outcome           text NOT NULL,
  automated         boolean NOT NULL,
  collector_kind    text NOT NULL,
  collector_id      text NOT NULL,
  details           jsonb NOT NULL,
  note_sealed       bytea,
  -- True when it was reported without a live permission: the reservation had expired, was released, or never was.
  late              boolean NOT NULL,
  fingerprint       bytea NOT NULL,
  recorded_at       timestamptz NOT NULL,
  PRIMARY KEY (customer_id, started_at, attempt_id)
) PARTITION BY RANGE (started_at);

CREATE TABLE attempt_directory (
  attempt_id  text PRIMARY KEY,
  customer_id text NOT NULL,
  started_at  timestamptz NOT NULL
);

CREATE TABLE attempt_corrections (
  customer_id   text NOT NULL,
  attempt_id    text NOT NULL,
  correction_no integer NOT NULL,
  changes       jsonb NOT NULL,
  client_id     text NOT NULL,
  recorded_at   timestamptz NOT NULL,
  PRIMARY KEY (customer_id, attempt_id, correction_no)
);

CREATE TABLE reservations (
  customer_id      text NOT NULL,
  reservation_id   text NOT NULL,
  decision_id      text NOT NULL,
  client_id        text NOT NULL,
  request_id       text,
  party_id         text NOT NULL,
  contact_point_id text,
  person_key       bytea NOT NULL,
  address_key      bytea,
  account_ids      text[] NOT NULL,
  channel          text NOT NULL,
  purpose          text NOT NULL,
  collector_kind   text NOT NULL,
  collector_id     text NOT NULL,
  reserved_at      timestamptz NOT NULL,
  -- The contact must start before this instant; the slot counts on until an outcome or a release.
  expires_at       timestamptz NOT NULL,
  released_at      timestamptz,
  release_reason   text,
  attempt_id       text,
  PRIMARY KEY (customer_id, reservation_id)
);
CREATE INDEX reservations_by_id ON reservations (reservation_id);

-- What caps are counted from: one row per subject (a person or a number, by its keyed hash) and contact. Derived from
-- attempts and reservations, kept in the same transaction, and the only table a decision counts in, so a number shared
-- by two customers and a person with two customer records each have one budget.
CREATE TABLE budget_entries (
  subject_key  bytea NOT NULL,
  started_at   timestamptz NOT NULL,
  contact_id   text NOT NULL,
  customer_id  text NOT NULL,
  account_ids  text[] NOT NULL,
  channel      text NOT NULL,
  direction    text NOT NULL,
  purpose      text NOT NULL,
  outcome      text NOT NULL,
  collector_id text NOT NULL,
  PRIMARY KEY (subject_key, started_at, contact_id)
);

-- Append-only; holds ids, states and counts, never a name or a number of a person.
CREATE TABLE decisions (
  customer_id    text NOT NULL,
  recorded_at    timestamptz NOT NULL,
  decision_id    text NOT NULL,
  client_id      text NOT NULL,
  request_id     text,
  mode           text NOT NULL,
  permitted      boolean NOT NULL,
  evaluated_at   timestamptz NOT NULL,
  policy_version text NOT NULL,
  reservation_id text,
  request        json NOT NULL,
  facts          json NOT NULL,
  answer         json NOT NULL,
  engine         json NOT NULL,
  PRIMARY KEY (customer_id, recorded_at, decision_id)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX decisions_by_id ON decisions (decision_id);

-- The natural key of a decision: a repeated requestId of one client finds its first answer here.
CREATE TABLE decision_requests (
  customer_id text NOT NULL,
  client_id   text NOT NULL,
  request_id  text NOT NULL,
  fingerprint bytea NOT NULL,
  decision_id text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, client_id, request_id)
);

CREATE TABLE attempts_default PARTITION OF attempts DEFAULT;
CREATE TABLE decisions_default PARTITION OF decisions DEFAULT;

-- Makes the monthly partitions that cover [from_month, from_month + months). A row that came before its partition is
-- in the default one and is moved. SECURITY DEFINER: the service may call it without the right to create tables.
CREATE FUNCTION ensure_month_partitions(from_month date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parent text; key_column text; month date; child text; made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ensure_month_partitions', 0));
  FOR parent, key_column IN VALUES ('attempts', 'started_at'), ('decisions', 'recorded_at') LOOP
    FOR month IN SELECT (date_trunc('month', from_month) + make_interval(months => n))::date FROM generate_series(0, months - 1) n LOOP
      child := format('%s_%s', parent, to_char(month, 'YYYYMM'));
      CONTINUE WHEN to_regclass(child) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', key_column, month || ' 00:00+00', key_column, (month + interval '1 month')::date || ' 00:00+00', child);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, child, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- Locks whom and what the contacts would be counted for, in one order for everybody, and returns the keys it locked.
-- Must be a statement of its own before the first count, under READ COMMITTED: the next statement then sees every
-- contact that was counted before the lock was given. Advisory locks of a transaction survive transaction pooling.
CREATE FUNCTION lock_budget_subjects(keys bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lock_id bigint;
BEGIN
  FOR lock_id IN
    SELECT DISTINCT ('x' || encode(substr(key, 1, 8), 'hex'))::bit(64)::bigint AS id FROM unnest(keys) AS key WHERE key IS NOT NULL ORDER BY id
  LOOP
    PERFORM pg_advisory_xact_lock(lock_id);
  END LOOP;
END $$;
