-- expand: events to the outside (outbox) and their delivery to webhook endpoints; lock-timeout: 2s
-- Written in the transaction of the effect. Holds ids and states, never a name or a number of a person.
CREATE TABLE outbox_events (
  event_id      text PRIMARY KEY,
  -- The order of events of one subject, whose effects lock each other out.
  seq           bigint GENERATED ALWAYS AS IDENTITY,
  type          text NOT NULL,
  subject_key   text NOT NULL,
  data          json NOT NULL,
  occurred_at   timestamptz NOT NULL,
  -- When the deliveries were made; null until then.
  dispatched_at timestamptz
);
CREATE INDEX outbox_events_waiting ON outbox_events (seq) WHERE dispatched_at IS NULL;
CREATE INDEX outbox_events_age ON outbox_events (occurred_at);

CREATE TABLE webhook_endpoints (
  endpoint_id     text PRIMARY KEY,
  url             text NOT NULL,
  description     text NOT NULL,
  -- Null: every type.
  event_types     text[],
  enabled         boolean NOT NULL,
  -- Why the service disabled it; null when it is enabled, or was disabled by a client.
  disabled_reason text,
  -- It asked for a pause, or did not answer in time.
  paused_until    timestamptz,
  version         integer NOT NULL,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  -- The row stays for a while, so that the log of what was sent stays.
  deleted_at      timestamptz
);

CREATE TABLE webhook_secrets (
  endpoint_id   text NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  secret_no     integer NOT NULL,
  secret_sealed bytea NOT NULL,
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz,
  PRIMARY KEY (endpoint_id, secret_no)
);

-- One event for one endpoint. While one of a subject is pending, later ones of this subject wait.
CREATE TABLE webhook_deliveries (
  endpoint_id     text NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
  event_id        text NOT NULL REFERENCES outbox_events ON DELETE CASCADE,
  seq             bigint NOT NULL,
  type            text NOT NULL,
  subject_key     text NOT NULL,
  state           text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
  -- Attempts since it was made or last replayed.
  attempts        integer NOT NULL,
  -- Who takes a delivery puts this off by longer than a call may last, so that nobody else takes it meanwhile.
  next_attempt_at timestamptz NOT NULL,
  created_at      timestamptz NOT NULL,
  finished_at     timestamptz,
  PRIMARY KEY (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (endpoint_id, subject_key, seq) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (endpoint_id) WHERE state = 'dead';
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (endpoint_id, seq);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);

CREATE TABLE webhook_attempts (
  endpoint_id  text NOT NULL,
  event_id     text NOT NULL,
  attempt_no   bigint GENERATED ALWAYS AS IDENTITY,
  attempted_at timestamptz NOT NULL,
  duration_ms  integer NOT NULL,
  -- Null when there was no answer.
  status       integer,
  error        text,
  PRIMARY KEY (endpoint_id, event_id, attempt_no),
  FOREIGN KEY (endpoint_id, event_id) REFERENCES webhook_deliveries ON DELETE CASCADE
);
