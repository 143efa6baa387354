-- expand: payments, states of accounts and merges that were told late ask decisions again too; writers of payments and attempts wait for a moment; lock-timeout: 2s

-- A file queues many at once, and each customer is taken by itself.
CREATE INDEX late_truths_customer ON late_truths (customer_id);

-- As in migration 0011, for everybody who is the person that was contacted. With a limit each is looked up by its key; without,
-- all decisions there are might be read.
CREATE OR REPLACE FUNCTION queue_late_truth(customer text, happened_at timestamptz, own_reservation text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO late_truths (customer_id, since)
  SELECT id, happened_at FROM unnest(whole_person(customer)) AS id
    CROSS JOIN LATERAL (
      SELECT FROM decisions d
       WHERE d.customer_id = id AND d.recorded_at >= date_trunc('milliseconds', happened_at) AND (d.reservation_id = own_reservation) IS NOT TRUE
       LIMIT 1
    ) decided
$$;
CREATE OR REPLACE FUNCTION queue_late_directive_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(NEW.customer_id, coalesce(NEW.ended_at, NEW.valid_from), NULL);
  RETURN NULL;
END $$;

-- Of many at once: whoever is one of these persons and has a decision recorded since.
CREATE FUNCTION queue_late_truths(customers text[], sinces timestamptz[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO late_truths (customer_id, since)
  SELECT id, min(told.since)
    FROM (SELECT customer, min(since) AS since FROM unnest(customers, sinces) AS each (customer, since) GROUP BY customer) told
    CROSS JOIN LATERAL unnest(whole_person(told.customer)) AS id
    CROSS JOIN LATERAL (
      SELECT FROM decisions d WHERE d.customer_id = id AND d.recorded_at >= date_trunc('milliseconds', told.since) LIMIT 1
    ) decided
   GROUP BY id
$$;

-- What is posted on a day has no time: a decision of that day knows it when it was told before, one of a later day has always
-- known it. The bank's zone is not known here; the earliest that the day after begins anywhere is soon enough, for to ask a
-- decision needlessly changes nothing. Nearly all that is posted is told on its day, and costs one look into an index.
CREATE FUNCTION queue_late_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truths(array_agg(customer_id), array_agg((posted_on + 1)::timestamp AT TIME ZONE 'UTC' - interval '14 hours')) FROM told;
  RETURN NULL;
END $$;
CREATE FUNCTION queue_late_rates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truths(array_agg(customer_id), array_agg(effective_from::timestamp AT TIME ZONE 'UTC' - interval '14 hours')) FROM told;
  RETURN NULL;
END $$;
-- A reversed payment never was, on the day of its posting either.
CREATE FUNCTION queue_late_reversals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truths(array_agg(p.customer_id), array_agg(
    CASE told.kind WHEN 'reversal' THEN p.posted_on ELSE told.reversed_on + 1 END::timestamp AT TIME ZONE 'UTC' - interval '14 hours'))
     FROM told JOIN payments p USING (customer_id, account_id, payment_id);
  RETURN NULL;
END $$;
CREATE TRIGGER payments_queue_truth AFTER INSERT ON payments
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION queue_late_postings();
CREATE TRIGGER account_charges_queue_truth AFTER INSERT ON account_charges
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION queue_late_postings();
CREATE TRIGGER account_rate_changes_queue_truth AFTER INSERT ON account_rate_changes
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION queue_late_rates();
CREATE TRIGGER payment_reversals_queue_truth AFTER INSERT ON payment_reversals
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION queue_late_reversals();

-- Who is one person has always been one. Contacts move with the key: of all who now have the old key or the new one the
-- contacts count anew. Nobody else has the key of somebody who is alone.
CREATE FUNCTION queue_late_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truths(array_agg(id), array_agg('epoch'::timestamptz))
     FROM (
       SELECT DISTINCT unnest(others || customer_id) AS id
         FROM (SELECT customer_id, same_person(customer_id, from_key) || same_person(customer_id, to_key) AS others FROM told) moved
        WHERE cardinality(others) > 0
     ) concerned;
  RETURN NULL;
END $$;
CREATE TRIGGER moved_counts_queue_truth AFTER INSERT ON moved_counts
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION queue_late_persons();
