-- expand: customers who are one person: merges, candidates for review, and profiles that know the whole person; lock-timeout: 2s

-- debtor_key is the key of the person. Whoever is merged has that of the survivor, and keeps here what the record itself
-- says; null where that is the same.
ALTER TABLE customers
  ADD COLUMN own_key bytea,
  -- The key of a resident id that is not this customer's, as a person has decided, and the key to use in its place.
  ADD COLUMN apart_key bytea,
  ADD COLUMN lone_key bytea,
  -- Of a resident id by which nobody is matched: one that cannot be right, or one held apart. Only to search for it.
  ADD COLUMN resident_id_key bytea,
  ADD COLUMN birth_date_sealed bytea;
ALTER TABLE parties ADD COLUMN social_credit_code_sealed bytea;
CREATE INDEX customers_own ON customers (own_key) WHERE own_key IS NOT NULL;
CREATE INDEX customers_resident_id ON customers (resident_id_key) WHERE resident_id_key IS NOT NULL;

-- Who is one person. Keys follow from these rows and from what the records say, so rows are never changed but by an undo.
CREATE TABLE customer_merges (
  merge_id           text PRIMARY KEY,
  survivor_id        text NOT NULL REFERENCES customers,
  merged_id          text NOT NULL REFERENCES customers,
  -- The key of the merged customer before and after.
  from_key           bytea NOT NULL,
  to_key             bytea NOT NULL,
  -- The customers whose key was changed.
  moved_ids          text[] NOT NULL,
  reason             text NOT NULL CHECK (reason IN ('resident_id', 'candidate', 'request')),
  -- What the person who merged says of it.
  reason_sealed      bytea,
  rule_version       text NOT NULL,
  candidate_id       text,
  fingerprint        bytea,
  -- Null: the rule.
  client_id          text,
  merged_at          timestamptz NOT NULL,
  -- Merges of one instant have an order too.
  position           bigint NOT NULL DEFAULT nextval('ledger_positions'),
  undone_at          timestamptz,
  undo_reason        text CHECK (undo_reason IN ('resident_id_changed', 'request')),
  undo_reason_sealed bytea,
  undo_client_id     text
);
CREATE INDEX customer_merges_survivor ON customer_merges (survivor_id);
CREATE INDEX customer_merges_merged ON customer_merges (merged_id);
CREATE UNIQUE INDEX customer_merges_pair ON customer_merges (least(survivor_id, merged_id), greatest(survivor_id, merged_id))
  WHERE undone_at IS NULL;

CREATE TABLE duplicate_candidates (
  candidate_id     text PRIMARY KEY,
  customer_id      text NOT NULL REFERENCES customers,
  other_id         text NOT NULL REFERENCES customers,
  status           text NOT NULL CHECK (status IN ('open', 'merged', 'dismissed', 'withdrawn')),
  score            numeric NOT NULL,
  evidence         jsonb NOT NULL,
  rule_version     text NOT NULL,
  found_at         timestamptz NOT NULL,
  settled_at       timestamptz,
  settle_client_id text,
  reason_sealed    bytea,
  merge_id         text,
  -- The lesser id first, so that a pair is found once.
  UNIQUE (customer_id, other_id)
);
CREATE INDEX duplicate_candidates_other ON duplicate_candidates (other_id);
CREATE INDEX duplicate_candidates_status ON duplicate_candidates (status, candidate_id);

CREATE TABLE duplicate_searches (
  search_id        text PRIMARY KEY,
  client_id        text NOT NULL,
  status           text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed')),
  -- Only customers that were created or changed at or after this instant; null: all.
  changed_since    timestamptz,
  last_customer_id text,
  customers_read   bigint NOT NULL,
  candidates_found bigint NOT NULL,
  created_at       timestamptz NOT NULL,
  started_at       timestamptz,
  finished_at      timestamptz
);

-- The directives of a customer and, as far as they are about the debtor, those of the same person's other customers: their
-- debtor is our debtor, their number ours if we have it. Ids of the others' are `customerId/directiveId`.
CREATE FUNCTION directives_of_person(of_customer text, others text[])
RETURNS TABLE (directive_id text, kind text, party_id text, contact_point_id text, account_id text, channel text,
  valid_from timestamptz, valid_until timestamptz, ended_at timestamptz, details json) LANGUAGE sql STABLE AS $$
  SELECT d.directive_id, d.kind, d.party_id, d.contact_point_id, d.account_id, d.channel, d.valid_from, d.valid_until, d.ended_at, d.details
    FROM directives d WHERE d.customer_id = of_customer
  UNION ALL
  SELECT d.customer_id || '/' || d.directive_id, d.kind, CASE WHEN d.party_id IS NOT NULL THEN me.party_id END, point.contact_point_id,
         d.account_id, d.channel, d.valid_from, d.valid_until, d.ended_at, d.details
    FROM directives d
    JOIN parties me ON me.customer_id = of_customer AND me.role = 'debtor'
    LEFT JOIN parties they ON they.customer_id = d.customer_id AND they.party_id = d.party_id
    LEFT JOIN LATERAL (
      SELECT mine.contact_point_id FROM contact_points theirs
        JOIN contact_points mine ON mine.customer_id = of_customer AND mine.kind = theirs.kind AND mine.address_key = theirs.address_key
       WHERE theirs.customer_id = d.customer_id AND theirs.contact_point_id = d.contact_point_id
       ORDER BY mine.party_id = me.party_id DESC, mine.position, mine.contact_point_id LIMIT 1
    ) point ON true
   WHERE others IS NOT NULL AND d.customer_id = ANY (others)
     AND (d.party_id IS NULL OR they.role = 'debtor')
     AND (d.contact_point_id IS NULL OR point.contact_point_id IS NOT NULL)
$$;

-- The other customers of the same person. So many records of one resident id are no person but a placeholder: then none.
CREATE FUNCTION same_person(of_customer text, key bytea) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN cardinality(found) <= 50 THEN found END
    FROM (SELECT ARRAY(SELECT o.customer_id FROM customers o WHERE o.debtor_key = key AND o.customer_id <> of_customer LIMIT 51) AS found) people
$$;

-- A customer and all who are the same person.
CREATE FUNCTION whole_person(of_customer text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_append(same_person(customer_id, debtor_key), customer_id) FROM customers WHERE customer_id = of_customer
$$;

-- As in migration 0006, for the whole person: accounts and directives of the others too, and the others' profiles with it.
CREATE OR REPLACE FUNCTION refresh_contact_profiles(ids text[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  people text[] := ids;
  others text[];
  shared boolean;
BEGIN
  -- Everybody locks people in the order of their ids. Who belongs to them is looked up with the locks, when it can change no
  -- more; if there are others, the locks are given back and taken anew with theirs. Most people are alone.
  LOOP
    BEGIN
      PERFORM 1 FROM contact_profiles WHERE customer_id = ANY (people) ORDER BY customer_id FOR UPDATE;
      SELECT array_agg(o.customer_id) FILTER (WHERE o.customer_id <> ALL (people)), count(*) > 0 INTO others, shared
        FROM customers c
        CROSS JOIN LATERAL (SELECT x.customer_id FROM customers x WHERE x.debtor_key = c.debtor_key AND x.customer_id <> c.customer_id LIMIT 51) o
       WHERE c.customer_id = ANY (ids);
      EXIT WHEN others IS NULL;
      RAISE EXCEPTION USING ERRCODE = 'PP001', MESSAGE = 'there are others';
    EXCEPTION WHEN SQLSTATE 'PP001' THEN
      people := people || others;
    END;
  END LOOP;
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
          FROM accounts a WHERE a.customer_id = ANY (array_append(c.others, c.customer_id))),
        'directives', (SELECT coalesce(json_agg(json_build_object('id', d.directive_id, 'kind', d.kind, 'party', d.party_id,
            'point', d.contact_point_id, 'account', d.account_id, 'channel', d.channel, 'from', floor(date_part('epoch', d.valid_from) * 1000),
            'until', floor(date_part('epoch', least(d.valid_until, d.ended_at)) * 1000), 'details', d.details) ORDER BY d.directive_id), '[]')
          FROM directives_of_person(c.customer_id, c.others) d
          WHERE coalesce(least(d.valid_until, d.ended_at), 'infinity') > at - interval '400 days')
      )) AS profile
    FROM (
      SELECT *, CASE WHEN shared THEN same_person(customer_id, debtor_key) END AS others FROM customers WHERE customer_id = ANY (people)
    ) c
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

-- As in migration 0011, for everybody who is the person that the directive is about.
CREATE OR REPLACE FUNCTION queue_late_directive_truth() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM queue_late_truth(id, coalesce(NEW.ended_at, NEW.valid_from), NULL)
     FROM unnest(whole_person(NEW.customer_id)) AS id;
  RETURN NULL;
END $$;

-- Customers with one resident id have been one debtor all along; from now on they also have one picture.
SELECT refresh_contact_profiles(array_agg(customer_id), now()) FROM customers
 WHERE debtor_key IN (SELECT debtor_key FROM customers GROUP BY debtor_key HAVING count(*) > 1);
