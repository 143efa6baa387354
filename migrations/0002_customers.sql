-- expand: customers, parties, contact points. Personal data only in *_sealed columns, found by *_key (blind index)
CREATE TABLE customers (
  customer_id        text PRIMARY KEY CHECK (customer_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  -- Equal for two customers with one resident id: they are one debtor and share its budgets.
  debtor_key         bytea NOT NULL,
  name_sealed        bytea NOT NULL,
  resident_id_sealed bytea,
  language           text NOT NULL,
  jurisdictions      text[] NOT NULL CHECK (cardinality(jurisdictions) > 0),
  time_zones         text[] NOT NULL,
  region             text,
  -- Keyed hash of what was sent last, parties and all: tells a repeat from a change without opening anything.
  content_key        bytea NOT NULL,
  version            integer NOT NULL,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL
);
CREATE INDEX customers_debtor ON customers (debtor_key);

CREATE TABLE parties (
  customer_id text NOT NULL REFERENCES customers,
  party_id    text NOT NULL CHECK (party_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  role        text NOT NULL CHECK (role IN ('debtor', 'guarantor', 'spouse', 'contact', 'guardian', 'executor', 'lawyer', 'employer')),
  -- The debtor's own key for the debtor, else one of this party alone: whom a contact is counted for.
  person_key  bytea NOT NULL,
  name_sealed bytea NOT NULL,
  position    smallint NOT NULL,
  PRIMARY KEY (customer_id, party_id)
);

CREATE TABLE contact_points (
  customer_id      text NOT NULL,
  contact_point_id text NOT NULL CHECK (contact_point_id ~ '^[A-Za-z0-9._:-]{1,64}$'),
  party_id         text NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('phone', 'email', 'im', 'postal')),
  value_sealed     bytea NOT NULL,
  address_key      bytea NOT NULL,
  line             text CHECK (line IN ('mobile', 'landline', 'work')),
  status           text NOT NULL CHECK (status IN ('active', 'invalid')),
  place            text CHECK (place IN ('home', 'work')),
  time_zones       text[] NOT NULL,
  verified_on      date,
  provenance       jsonb,
  -- Since when an outcome says that somebody else answers here; cleared by a new value or a correction.
  wrong_since      timestamptz,
  position         smallint NOT NULL,
  PRIMARY KEY (customer_id, contact_point_id),
  FOREIGN KEY (customer_id, party_id) REFERENCES parties ON DELETE CASCADE
);
CREATE INDEX contact_points_party ON contact_points (customer_id, party_id);
CREATE INDEX contact_points_address ON contact_points (address_key);
