-- expand: what moves an account between two states of the core system: payments, their reversals, charges; lock-timeout: 2s
CREATE TABLE payments (
  customer_id  text NOT NULL,
  account_id   text NOT NULL,
  -- The caller's id; one payment that was spread over several accounts has a row, with its part, for each of them.
  payment_id   text NOT NULL CHECK (payment_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  posted_on    date NOT NULL,
  details      jsonb NOT NULL,
  fingerprint  bytea NOT NULL,
  -- The file that brought it; null: it came otherwise.
  import_id    text,
  client_id    text NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id, payment_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES accounts
);

-- A reversal: the payment never was. A chargeback: what it had paid is owed again from that day.
CREATE TABLE payment_reversals (
  customer_id text NOT NULL,
  account_id  text NOT NULL,
  payment_id  text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('reversal', 'chargeback')),
  reversed_on date NOT NULL,
  reason      text,
  client_id   text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id, payment_id),
  FOREIGN KEY (customer_id, account_id, payment_id) REFERENCES payments
);

CREATE TABLE account_charges (
  customer_id  text NOT NULL,
  account_id   text NOT NULL,
  charge_id    text NOT NULL CHECK (charge_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  kind         text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
  posted_on    date NOT NULL,
  details      jsonb NOT NULL,
  fingerprint  bytea NOT NULL,
  client_id    text NOT NULL,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id, charge_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES accounts
);

-- The rate of an account from a day on.
CREATE TABLE account_rate_changes (
  customer_id    text NOT NULL,
  account_id     text NOT NULL,
  change_id      text NOT NULL CHECK (change_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  effective_from date NOT NULL,
  annual_rate    numeric,
  daily_rate     numeric,
  fingerprint    bytea NOT NULL,
  client_id      text NOT NULL,
  recorded_at    timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id, change_id),
  FOREIGN KEY (customer_id, account_id) REFERENCES accounts,
  CHECK ((annual_rate IS NULL) <> (daily_rate IS NULL))
);

-- A row of accounts holds what the facts have made of the newest state; the state itself is the snapshot of this hash.
-- Null for a row of an earlier release: its columns are the state.
ALTER TABLE accounts ADD COLUMN content_hash bytea;
ALTER TABLE accounts ADD COLUMN has_facts boolean NOT NULL DEFAULT false;
-- The components where facts have moved them; null while the account is as it was sent.
ALTER TABLE accounts ADD COLUMN derived jsonb;
-- The next day on which time alone changes the row: a statement, a due date, the end of its grace.
ALTER TABLE accounts ADD COLUMN roll_on date;
CREATE INDEX accounts_roll_on ON accounts (roll_on) WHERE roll_on IS NOT NULL;
