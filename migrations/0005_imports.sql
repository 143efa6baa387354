-- expand: bulk intake. Uploaded text is sealed in chunks until it is processed, so an import survives a restart
CREATE TABLE imports (
  import_id     text PRIMARY KEY,
  source        text NOT NULL,
  client_id     text NOT NULL,
  charset       text NOT NULL,
  -- The statement date of rows that carry none.
  as_of         date NOT NULL,
  status        text NOT NULL CHECK (status IN ('queued', 'running', 'held', 'completed', 'failed', 'cancelled')),
  -- SHA-256 of the upload; null until it has ended.
  content_hash  bytea,
  bytes_total   bigint NOT NULL,
  rows_total    bigint,
  rows_read     bigint NOT NULL,
  accepted      bigint NOT NULL,
  corrected     bigint NOT NULL,
  duplicates    bigint NOT NULL,
  quarantined   bigint NOT NULL,
  problem_code  text,
  problem       text,
  created_at    timestamptz NOT NULL,
  started_at    timestamptz,
  finished_at   timestamptz,
  -- Until when the process that uploads or works is taken to be alive, by the database's clock; it renews this.
  lease_until   timestamptz NOT NULL
);
CREATE INDEX imports_content ON imports (content_hash);

CREATE TABLE import_chunks (
  import_id text NOT NULL REFERENCES imports ON DELETE CASCADE,
  chunk_no  integer NOT NULL,
  sealed    bytea NOT NULL,
  PRIMARY KEY (import_id, chunk_no)
);

CREATE TABLE import_rejections (
  import_id    text NOT NULL REFERENCES imports ON DELETE CASCADE,
  row_no       bigint NOT NULL,
  column_name  text NOT NULL,
  code         text NOT NULL,
  masked_value text NOT NULL,
  PRIMARY KEY (import_id, row_no, column_name)
);
