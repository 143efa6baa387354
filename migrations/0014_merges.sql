-- expand: customers who are one person: merges, and candidates for review; lock-timeout: 2s

-- A merge gives everybody of the merged person the survivor's key (debtor_key); rows stay where they are, so it can be undone.
CREATE TABLE customer_merges (
  merge_id       text PRIMARY KEY,
  survivor_id    text NOT NULL REFERENCES customers,
  merged_id      text NOT NULL REFERENCES customers,
  from_key       bytea NOT NULL,
  to_key         bytea NOT NULL,
  -- The customers whose key was changed.
  moved_ids      text[] NOT NULL,
  reason         text NOT NULL,
  rule_version   text NOT NULL,
  client_id      text NOT NULL,
  merged_at      timestamptz NOT NULL,
  undone_at      timestamptz,
  undo_reason    text,
  undo_client_id text
);
CREATE INDEX customer_merges_survivor ON customer_merges (survivor_id);
CREATE INDEX customer_merges_merged ON customer_merges (merged_id);
