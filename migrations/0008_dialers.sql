-- expand: dialers of the bank and its vendors, and the URL tokens of those that cannot send a header. Reference tables; lock-timeout: 2s
CREATE TABLE dialers (
  dialer_id  text PRIMARY KEY CHECK (dialer_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  client_id  text NOT NULL REFERENCES api_clients,
  platform   text NOT NULL,
  -- What differs from the defaults of the platform, as it was put.
  config     json NOT NULL,
  version    integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE INDEX dialers_client ON dialers (client_id);

-- A token opens one route for one dialer; nothing about it but its SHA-256 is stored.
CREATE TABLE dialer_url_tokens (
  token_id      text PRIMARY KEY,
  dialer_id     text NOT NULL REFERENCES dialers,
  route         text NOT NULL,
  secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz,
  revoked_at    timestamptz
);
CREATE INDEX dialer_url_tokens_dialer ON dialer_url_tokens (dialer_id);
