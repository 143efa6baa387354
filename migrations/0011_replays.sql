-- expand: in which order decisions and what they read became known, and what late truth would change; writers of attempts, reservations and decisions wait for a moment; lock-timeout: 2s

-- Taken while the locks of those concerned are held, so the order is that of what was seen. Null: an earlier release
-- recorded it, and its instant must do.
ALTER TABLE attempts ADD COLUMN position bigint;
ALTER TABLE attempts ALTER COLUMN position SET DEFAULT nextval('ledger_positions');
ALTER TABLE attempt_corrections ADD COLUMN position bigint;
ALTER TABLE attempt_corrections ALTER COLUMN position SET DEFAULT nextval('ledger_positions');
-- A reservation has the position of its decision; its end has one of its own.
ALTER TABLE reservations ADD COLUMN released_position bigint;
ALTER TABLE decisions
  ADD COLUMN position bigint,
  -- What the decision looked at: the version of the profile, and the number as it was then.
  ADD COLUMN profile_position bigint,
  ADD COLUMN address_key bytea;
ALTER TABLE decisions ALTER COLUMN position SET DEFAULT nextval('ledger_positions');

-- What an old decision may have counted and no budget holds any more.
CREATE INDEX reservations_released_person ON reservations (person_key) WHERE released_at IS NOT NULL;
CREATE INDEX reservations_released_address ON reservations (address_key) WHERE released_at IS NOT NULL;

-- The contacts of a customer that were counted for one person, and for another one from then on.
CREATE TABLE moved_counts (
  customer_id text NOT NULL,
  position    bigint NOT NULL,
  from_key    bytea NOT NULL,
  to_key      bytea NOT NULL,
  PRIMARY KEY (customer_id, position, from_key)
);
CREATE INDEX moved_counts_from ON moved_counts (from_key);
CREATE INDEX moved_counts_to ON moved_counts (to_key);

-- Something that was told after decisions had been taken without it; until a sweep has asked those decisions again.
CREATE TABLE late_truths (
  position    bigint PRIMARY KEY DEFAULT nextval('ledger_positions'),
  customer_id text NOT NULL,
  -- Since when it was true.
  since       timestamptz NOT NULL
);

-- Decisions that would be others with what is known now.
CREATE TABLE differing_decisions (
  decision_id        text PRIMARY KEY,
  customer_id        text NOT NULL,
  permitted          boolean NOT NULL,
  would_be_permitted boolean NOT NULL,
  found_at           timestamptz NOT NULL
);
CREATE INDEX differing_decisions_customer ON differing_decisions (customer_id, decision_id);

-- Queued by the insert itself, so that nothing is missed; most of what is told comes before the next decision, and costs
-- one look into an index.
CREATE FUNCTION queue_late_truth(customer text, happened_at timestamptz, own_reservation text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO late_truths (customer_id, since)
  SELECT customer, happened_at
   WHERE EXISTS (
     SELECT FROM decisions d
      WHERE d.customer_id = customer AND d.recorded_at >= date_trunc('milliseconds', happened_at) AND (d.reservation_id = own_reservation) IS NOT TRUE)
$$;
CREATE FUNCTION queue_late_attempt_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(NEW.customer_id, NEW.started_at, NEW.reservation_id);
  RETURN NULL;
END $$;
CREATE FUNCTION queue_late_correction_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(a.customer_id, a.started_at, a.reservation_id)
     FROM attempt_directory x JOIN attempts a USING (customer_id, started_at, attempt_id) WHERE x.attempt_id = NEW.attempt_id;
  RETURN NULL;
END $$;
CREATE FUNCTION queue_late_release_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(NEW.customer_id, NEW.reserved_at, NEW.reservation_id);
  RETURN NULL;
END $$;
CREATE FUNCTION queue_late_directive_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(NEW.customer_id, coalesce(NEW.ended_at, NEW.valid_from), NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER attempts_queue_truth AFTER INSERT ON attempts FOR EACH ROW EXECUTE FUNCTION queue_late_attempt_truth();
CREATE TRIGGER attempt_corrections_queue_truth AFTER INSERT ON attempt_corrections
  FOR EACH ROW EXECUTE FUNCTION queue_late_correction_truth();
CREATE TRIGGER reservations_queue_truth AFTER UPDATE OF released_at ON reservations
  FOR EACH ROW WHEN (NEW.released_at IS NOT NULL AND OLD.released_at IS NULL) EXECUTE FUNCTION queue_late_release_truth();
CREATE TRIGGER directives_queue_truth AFTER INSERT OR UPDATE OF ended_at ON directives
  FOR EACH ROW EXECUTE FUNCTION queue_late_directive_truth();
