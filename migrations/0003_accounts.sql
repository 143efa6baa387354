-- expand: accounts with balance components in minor units; every as-of state is kept
CREATE TABLE accounts (
  customer_id         text NOT NULL REFERENCES customers,
  account_id          text NOT NULL CHECK (account_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  product             text NOT NULL,
  currency            text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  as_of               timestamptz NOT NULL,
  past_due_since      date,
  annual_rate         numeric,
  status              text NOT NULL CHECK (status IN ('open', 'settled', 'closed', 'charged_off', 'legal', 'sold')),
  principal_minor     bigint NOT NULL,
  interest_minor      bigint NOT NULL,
  penalty_minor       bigint NOT NULL,
  fees_minor          bigint NOT NULL,
  minimum_due_minor   bigint,
  credit_limit_minor  bigint,
  debt_group_id       text,
  -- The optional facts of the contract (instalmentBalance, penaltyRule, graceDays, …) as they were sent.
  optional_facts      jsonb NOT NULL,
  version             integer NOT NULL,
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id)
);

-- One row per account id: makes the id unique without a unique index that lacks the customer.
CREATE TABLE account_directory (
  account_id  text PRIMARY KEY,
  customer_id text NOT NULL
);

-- Every state that was ever sent, also those older than the current one.
CREATE TABLE account_snapshots (
  customer_id  text NOT NULL,
  account_id   text NOT NULL,
  as_of        timestamptz NOT NULL,
  content_hash bytea NOT NULL,
  content      jsonb NOT NULL,
  import_id    text,
  recorded_at  timestamptz NOT NULL,
  PRIMARY KEY (customer_id, account_id, as_of, content_hash)
);
