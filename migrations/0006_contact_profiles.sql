-- expand: one profile per customer that decisions read, its history, and what a counted contact says beyond its outcome; lock-timeout: 2s

-- account_ids of an entry are the accounts the contact counts for, none of them meaning all. Marks are what few contacts
-- have, under the names of the facts: conversationAccountIds, place, carrier, ringless, misdirected, inReplyTo, ….
ALTER TABLE budget_entries ADD COLUMN marks json;

-- One order of everything that decisions read: clocks of two processes, or two entries of one instant, tell none.
CREATE SEQUENCE ledger_positions;

-- What is on file of a customer as far as decisions read it: ids and states, no name, no number. Derived from customers,
-- parties, contact_points, accounts and directives by refresh_contact_profiles, in the transaction of every change.
CREATE TABLE contact_profiles (
  customer_id    text PRIMARY KEY,
  debtor_key     bytea NOT NULL,
  -- Keys of debtor and spouse; null where there is no spouse.
  household_keys bytea[],
  jurisdictions  text[] NOT NULL,
  profile        json NOT NULL,
  -- Of its version.
  position       bigint NOT NULL
);

-- Every profile there ever was: what was on file when an old decision was taken.
CREATE TABLE contact_profile_versions (
  customer_id text NOT NULL,
  position    bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  profile     json NOT NULL,
  PRIMARY KEY (customer_id, position)
);

-- Call it last in a transaction. Writers of one customer wait for each other here, and each then sees what the other wrote.
CREATE FUNCTION refresh_contact_profiles(ids text[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM contact_profiles WHERE customer_id = ANY (ids) ORDER BY customer_id FOR UPDATE;
  WITH made AS (
    SELECT c.customer_id, c.debtor_key, c.jurisdictions,
      (SELECT array_agg(p.person_key ORDER BY p.position) FROM parties p
        WHERE p.customer_id = c.customer_id AND p.role IN ('debtor', 'spouse')
        HAVING bool_or(p.role = 'spouse')) AS household_keys,
      json_strip_nulls(json_build_object(
        'jurisdictions', c.jurisdictions, 'timeZones', c.time_zones, 'region', c.region,
        'parties', (SELECT coalesce(json_agg(json_build_object('id', p.party_id, 'role', p.role) ORDER BY p.position, p.party_id), '[]')
          FROM parties p WHERE p.customer_id = c.customer_id),
        'points', (SELECT coalesce(json_agg(json_build_object('id', x.contact_point_id, 'party', x.party_id, 'kind', x.kind,
            'status', x.status, 'line', x.line, 'place', x.place, 'zones', CASE WHEN cardinality(x.time_zones) > 0 THEN x.time_zones END,
            'verifiedOn', x.verified_on, 'provenance', x.provenance, 'wrongSince', floor(date_part('epoch', x.wrong_since) * 1000))
            ORDER BY x.position, x.contact_point_id), '[]')
          FROM contact_points x WHERE x.customer_id = c.customer_id),
        'accounts', (SELECT coalesce(json_agg(json_build_object('id', a.account_id, 'status', a.status, 'pastDueSince', a.past_due_since,
            'group', a.debt_group_id, 'procedures', a.optional_facts -> 'inCollectionProcedures') ORDER BY a.account_id), '[]')
          FROM accounts a WHERE a.customer_id = c.customer_id),
        'directives', (SELECT coalesce(json_agg(json_build_object('id', d.directive_id, 'kind', d.kind, 'party', d.party_id,
            'point', d.contact_point_id, 'account', d.account_id, 'channel', d.channel, 'from', floor(date_part('epoch', d.valid_from) * 1000),
            'until', floor(date_part('epoch', least(d.valid_until, d.ended_at)) * 1000), 'details', d.details) ORDER BY d.directive_id), '[]')
          FROM directives d
          WHERE d.customer_id = c.customer_id AND coalesce(least(d.valid_until, d.ended_at), 'infinity') > at - interval '400 days')
      )) AS profile
    FROM customers c WHERE c.customer_id = ANY (ids)
  ), written AS (
    INSERT INTO contact_profiles AS old (customer_id, debtor_key, household_keys, jurisdictions, profile, position)
    SELECT customer_id, debtor_key, household_keys, jurisdictions, profile, nextval('ledger_positions') FROM made ORDER BY customer_id
    ON CONFLICT (customer_id) DO UPDATE
      SET debtor_key = excluded.debtor_key, household_keys = excluded.household_keys, jurisdictions = excluded.jurisdictions,
          profile = excluded.profile, position = excluded.position
      WHERE (old.debtor_key, old.household_keys, old.profile::text)
            IS DISTINCT FROM (excluded.debtor_key, excluded.household_keys, excluded.profile::text)
    RETURNING customer_id, position, profile
  )
  INSERT INTO contact_profile_versions (customer_id, position, recorded_at, profile)
  SELECT customer_id, position, at, profile FROM written;
END $$;

SELECT refresh_contact_profiles(array_agg(customer_id), now()) FROM customers;

-- A decision stays in one piece beside its keys: to compress three kilobytes costs more than to write the decision.
ALTER TABLE decisions_default SET (toast_tuple_target = 8160);
DO $$
DECLARE
  child regclass;
BEGIN
  FOR child IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'decisions'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', child);
  END LOOP;
END $$;

-- As in migration 0004, and with that setting for the partitions of decisions, which do not inherit it.
CREATE OR REPLACE FUNCTION ensure_month_partitions(from_month date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  parent text; key_column text; month date; child text; made integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ensure_month_partitions', 0));
  FOR parent, key_column IN VALUES ('attempts', 'started_at'), ('decisions', 'recorded_at') LOOP
    FOR month IN SELECT (date_trunc('month', from_month) + make_interval(months => n))::date FROM generate_series(0, months - 1) n LOOP
      child := format('%s_%s', parent, to_char(month, 'YYYYMM'));
      CONTINUE WHEN to_regclass(child) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
      IF parent = 'decisions' THEN
        EXECUTE format('ALTER TABLE %I SET (toast_tuple_target = 8160)', child);
      END IF;
      EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_default', key_column, month || ' 00:00+00', key_column, (month + interval '1 month')::date || ' 00:00+00', child);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        parent, child, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
