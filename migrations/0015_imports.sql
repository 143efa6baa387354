-- expand: intake: sources of the bank's own, what became of each row, dry runs, pauses, releases; lock-timeout: 2s

-- How the extract of a source is read, as data; a change is a new version, and an import names the one it was read with.
CREATE TABLE import_sources (
  source       text NOT NULL CHECK (source ~ '^[A-Za-z0-9._:-]{1,64}$'),
  version      integer NOT NULL,
  document     jsonb NOT NULL,
  content_hash bytea NOT NULL,
  client_id    text NOT NULL,
  created_at   timestamptz NOT NULL,
  PRIMARY KEY (source, version)
);

ALTER TABLE imports
  ADD COLUMN source_version        integer NOT NULL DEFAULT 1,
  -- What its rows are: accounts, payments or statements.
  ADD COLUMN records               text NOT NULL DEFAULT 'accounts',
  ADD COLUMN dry_run               boolean NOT NULL DEFAULT false,
  -- Rows that left quarantine after they had been corrected by hand.
  ADD COLUMN resubmitted           bigint NOT NULL DEFAULT 0,
  -- Of late, as the process at work measures it.
  ADD COLUMN rows_per_second       integer,
  -- Control sums that came with the upload.
  ADD COLUMN expected_rows         bigint,
  ADD COLUMN expected_sum          text,
  -- Who let a held import go on, and why.
  ADD COLUMN released_at           timestamptz,
  ADD COLUMN released_by           text,
  ADD COLUMN release_reason_sealed bytea,
  DROP CONSTRAINT imports_status_check,
  ADD CONSTRAINT imports_status_check
    CHECK (status IN ('queued', 'running', 'paused', 'held', 'completed', 'failed', 'cancelled')) NOT VALID;
CREATE INDEX imports_created ON imports (created_at, import_id);

-- What became of a row, where it was not simply applied. Its problems stand in import_rejections.
CREATE TABLE import_rows (
  import_id    text NOT NULL REFERENCES imports ON DELETE CASCADE,
  row_no       bigint NOT NULL,
  outcome      text NOT NULL CHECK (outcome IN ('accepted', 'corrected', 'duplicate', 'quarantined')),
  details      json NOT NULL,
  -- The cells of a quarantined row by their columns, for whoever corrects it.
  cells_sealed bytea,
  -- How often it was sent again, and what came of it each time.
  history      json,
  PRIMARY KEY (import_id, row_no)
);

-- What a dry run has met in its file, as hashes: so that it knows a row that comes twice. Dropped at its end.
CREATE TABLE import_dry_run_keys (
  import_id text NOT NULL REFERENCES imports ON DELETE CASCADE,
  key       bytea NOT NULL,
  row_no    bigint NOT NULL,
  value     bytea,
  PRIMARY KEY (import_id, key)
);

INSERT INTO import_rows (import_id, row_no, outcome, details)
SELECT import_id, row_no, 'quarantined', '{}' FROM import_rejections GROUP BY import_id, row_no;
