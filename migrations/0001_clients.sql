-- expand: API clients, keys and idempotency. Reference tables; lock-timeout: 2s
CREATE TABLE api_clients (
  client_id    text PRIMARY KEY CHECK (client_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0),
  collector_id text,
  created_at   timestamptz NOT NULL,
  revoked_at   timestamptz
);

CREATE TABLE api_keys (
  key_id        text PRIMARY KEY,
  client_id     text NOT NULL REFERENCES api_clients,
  secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz,
  revoked_at    timestamptz
);
CREATE INDEX api_keys_client ON api_keys (client_id);

-- Written in the transaction of the effect; the stored answer is sealed because some answers show a secret once.
CREATE TABLE idempotency_keys (
  client_id   text NOT NULL,
  operation   text NOT NULL,
  key         text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  fingerprint bytea NOT NULL,
  answer      bytea NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (client_id, operation, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
