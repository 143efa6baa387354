-- expand: the life of policy versions, and back-tests of drafts; lock-timeout: 2s
-- Every text that was ever a version of a pack, by its SHA-256: shipped as a file, or sent as a draft. A decision names
-- the hash, so the text that decided is found whatever release runs.
CREATE TABLE policy_sources (
  content_hash text PRIMARY KEY CHECK (content_hash ~ '^[0-9a-f]{64}$'),
  pack         text NOT NULL,
  version      date NOT NULL,
  origin       text NOT NULL CHECK (origin IN ('release', 'api')),
  source       text NOT NULL,
  recorded_at  timestamptz NOT NULL
);

-- Versions made through the API; those of the release are files and have no row.
CREATE TABLE policy_versions (
  pack         text NOT NULL CHECK (pack ~ '^[a-z0-9-]{2,40}$'),
  version      date NOT NULL,
  status       text NOT NULL CHECK (status IN ('draft', 'in_review', 'approved', 'published', 'rejected', 'withdrawn')),
  content_hash text NOT NULL REFERENCES policy_sources,
  -- What lists show of the text: titles, jurisdictions, dates.
  header       jsonb NOT NULL,
  -- Asked and reported beside what is in force; never decides.
  shadow       boolean NOT NULL,
  -- Everybody who wrote this text; none of them may approve or publish it.
  authors      text[] NOT NULL,
  row_version  integer NOT NULL,
  PRIMARY KEY (pack, version)
);
CREATE INDEX policy_versions_content ON policy_versions (content_hash);

-- Append-only: who took which step, and when.
CREATE TABLE policy_version_steps (
  pack         text NOT NULL,
  version      date NOT NULL,
  step_no      integer NOT NULL,
  action       text NOT NULL,
  client_id    text NOT NULL,
  content_hash text NOT NULL,
  comment      text,
  at           timestamptz NOT NULL,
  PRIMARY KEY (pack, version, step_no),
  FOREIGN KEY (pack, version) REFERENCES policy_versions
);

-- One row. Raised in the transaction of whatever changes what is in force or in shadow; every process polls it.
CREATE TABLE policy_store (
  singleton boolean PRIMARY KEY CHECK (singleton),
  revision  bigint NOT NULL
);
INSERT INTO policy_store VALUES (true, 0);

CREATE TABLE backtests (
  backtest_id        text PRIMARY KEY,
  pack               text NOT NULL,
  version            date NOT NULL,
  content_hash       text NOT NULL REFERENCES policy_sources,
  client_id          text NOT NULL,
  recorded_from      timestamptz NOT NULL,
  recorded_until     timestamptz NOT NULL,
  sample_rate        numeric NOT NULL,
  max_decisions      bigint NOT NULL,
  status             text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
  decisions_read     bigint NOT NULL,
  -- Where the next batch begins, after a crash too; null before the first one.
  last_decision_id   text,
  tally              jsonb NOT NULL,
  created_at         timestamptz NOT NULL,
  started_at         timestamptz,
  finished_at        timestamptz
);
CREATE INDEX backtests_content ON backtests (content_hash);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER policy_sources_immutable BEFORE UPDATE OR DELETE ON policy_sources
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_version_steps_immutable BEFORE UPDATE OR DELETE ON policy_version_steps
  FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What was published keeps its text for ever; all that can happen to it is to be withdrawn, or watched before its day.
CREATE FUNCTION keep_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a policy version is never deleted';
  END IF;
  IF (NEW.pack, NEW.version) IS DISTINCT FROM (OLD.pack, OLD.version) THEN
    RAISE EXCEPTION 'a policy version keeps its name';
  END IF;
  IF OLD.status IN ('published', 'withdrawn') AND (
       (NEW.content_hash, NEW.header, NEW.authors) IS DISTINCT FROM (OLD.content_hash, OLD.header, OLD.authors)
       OR NEW.status NOT IN (OLD.status, 'withdrawn')) THEN
    RAISE EXCEPTION 'a published policy version is immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_versions_immutable BEFORE UPDATE OR DELETE ON policy_versions
  FOR EACH ROW EXECUTE FUNCTION keep_published_version();
