-- expand: reservations without an outcome, contacts without permission, call records of vendors and carriers; writers of reservations and decisions wait while their indexes are built; lock-timeout: 2s

-- When the reservation was told as unreported; stays when the outcome comes later.
ALTER TABLE reservations ADD COLUMN unreported_at timestamptz;
-- What the sweep looks at: open slots, oldest end first. What was told leaves this index for the next one.
CREATE INDEX reservations_open ON reservations (expires_at) WHERE attempt_id IS NULL AND released_at IS NULL AND unreported_at IS NULL;
CREATE INDEX reservations_unreported ON reservations (expires_at, reservation_id)
  WHERE attempt_id IS NULL AND released_at IS NULL AND unreported_at IS NOT NULL;
CREATE INDEX reservations_collector ON reservations (collector_id, reserved_at);

-- The refusals of a collector in a period; who was permitted has a reservation.
CREATE INDEX decisions_refused ON decisions ((facts -> 'request' ->> 'collectorId'), recorded_at) WHERE NOT permitted AND mode = 'reserve';
CREATE INDEX attempts_late ON attempts (started_at) WHERE late AND reservation_id IS NOT NULL;

-- Attempts that no live reservation covered, until a sweep has made an incident of each. Queued by the insert itself, so
-- that none is missed, whenever its transaction commits, and no history is searched.
CREATE TABLE late_attempts (
  customer_id text NOT NULL,
  started_at  timestamptz NOT NULL,
  attempt_id  text NOT NULL,
  PRIMARY KEY (customer_id, started_at, attempt_id)
);
CREATE FUNCTION queue_late_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO late_attempts (customer_id, started_at, attempt_id) VALUES (NEW.customer_id, NEW.started_at, NEW.attempt_id);
  RETURN NULL;
END $$;
CREATE TRIGGER attempts_queue_late AFTER INSERT ON attempts FOR EACH ROW WHEN (NEW.late) EXECUTE FUNCTION queue_late_attempt();

-- One contact without permission, however many sources show it.
CREATE TABLE incidents (
  incident_id           text PRIMARY KEY,
  kind                  text NOT NULL CHECK (kind IN ('late', 'reported_without_permission', 'refused', 'orphan')),
  collector_id          text NOT NULL,
  customer_id           text NOT NULL,
  address_key           bytea,
  channel               text NOT NULL,
  occurred_at           timestamptz NOT NULL,
  detected_at           timestamptz NOT NULL,
  attempt_id            text,
  reservation_id        text,
  decision_id           text,
  status                text NOT NULL CHECK (status IN ('open', 'explained', 'closed')),
  explained_at          timestamptz,
  explained_by          text,
  explanation_sealed    bytea,
  closed_at             timestamptz,
  closed_by             text,
  closing_reason_sealed bytea
);
CREATE UNIQUE INDEX incidents_attempt ON incidents (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX incidents_address ON incidents (address_key, occurred_at);
CREATE INDEX incidents_collector ON incidents (collector_id, occurred_at);
CREATE INDEX incidents_customer ON incidents (customer_id);
CREATE INDEX incidents_unsettled ON incidents (incident_id) WHERE status <> 'closed';

CREATE TABLE call_record_uploads (
  upload_id    text PRIMARY KEY,
  collector_id text NOT NULL,
  source       text NOT NULL CHECK (source IN ('vendor', 'carrier')),
  client_id    text NOT NULL,
  status       text NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'completed', 'failed')),
  bytes_total  bigint NOT NULL,
  rows_read    bigint NOT NULL,
  quarantined  bigint NOT NULL,
  -- The row up to which calls were examined.
  examined_to  bigint NOT NULL,
  -- Number of calls by their result.
  results      jsonb NOT NULL,
  problem_code text,
  problem      text,
  created_at   timestamptz NOT NULL,
  finished_at  timestamptz,
  -- When something was last heard of the process that receives or examines, by the database's clock.
  alive_at     timestamptz NOT NULL
);
CREATE INDEX call_record_uploads_collector ON call_record_uploads (collector_id, upload_id);
CREATE INDEX call_record_uploads_unfinished ON call_record_uploads (status, alive_at) WHERE status <> 'completed' AND status <> 'failed';

-- A call as a vendor or carrier has it. The number is a blind index from the moment it arrives; it is stored nowhere else.
CREATE TABLE call_records (
  upload_id        text NOT NULL REFERENCES call_record_uploads ON DELETE CASCADE,
  row_no           bigint NOT NULL,
  collector_id     text NOT NULL,
  source           text NOT NULL,
  -- The sender's id of the call, else a hash of all that the row says.
  record_key       text NOT NULL,
  vendor_call_id   text,
  fingerprint      bytea NOT NULL,
  started_at       timestamptz NOT NULL,
  direction        text NOT NULL CHECK (direction IN ('outbound', 'inbound')),
  duration_seconds integer,
  vendor_result    text,
  carrier          text,
  address_key      bytea,
  customer_id      text,
  contact_point_id text,
  -- Null until it was examined.
  result           text,
  attempt_id       text,
  reservation_id   text,
  decision_id      text,
  incident_id      text,
  PRIMARY KEY (upload_id, row_no)
);
CREATE INDEX call_records_key ON call_records (collector_id, source, record_key);
CREATE INDEX call_records_period ON call_records (collector_id, started_at);
CREATE INDEX call_records_attempt ON call_records (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX call_records_reservation ON call_records (reservation_id) WHERE reservation_id IS NOT NULL;
CREATE INDEX call_records_incident ON call_records (incident_id) WHERE incident_id IS NOT NULL;

CREATE TABLE call_record_rejections (
  upload_id    text NOT NULL REFERENCES call_record_uploads ON DELETE CASCADE,
  row_no       bigint NOT NULL,
  column_name  text NOT NULL,
  code         text NOT NULL,
  masked_value text NOT NULL,
  PRIMARY KEY (upload_id, row_no, column_name)
);
