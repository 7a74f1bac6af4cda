-- The ledger, the documents and the scores. A row holds at revision r when since <= r and r < until; until = 9223372036854775807 while
-- it holds. Categories are codes of the table `category`, 0 is absent. Identity comes first in each row, then since and until.
CREATE TABLE category (code INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO category (code, value) VALUES (1, 'hard'), (2, 'soft'), (3, 'supply');

CREATE TABLE revision (
  revision INTEGER PRIMARY KEY,
  operation_id TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL,
  batches INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  published_at TEXT,
  note TEXT NOT NULL,
  counters TEXT NOT NULL
) STRICT;
CREATE INDEX revision_published_at ON revision (published_at);

CREATE TABLE pointer (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  revision INTEGER NOT NULL,
  horizon INTEGER NOT NULL,
  fence INTEGER NOT NULL
) STRICT;

CREATE TABLE ci (
  ci_id INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  ci_class INTEGER NOT NULL,
  raw_class INTEGER NOT NULL,
  lifecycle INTEGER NOT NULL,
  environment INTEGER NOT NULL,
  site INTEGER NOT NULL,
  team INTEGER NOT NULL,
  supplier INTEGER NOT NULL,
  is_service INTEGER,
  failures_per_year REAL,
  failures_origin INTEGER NOT NULL,
  repair_hours REAL,
  repair_origin INTEGER NOT NULL,
  repair_distribution INTEGER NOT NULL,
  repair_sigma REAL,
  unavailability REAL,
  failure_on_demand REAL,
  level_share REAL,
  restart_hours REAL,
  aliases TEXT NOT NULL,
  attributes TEXT NOT NULL,
  PRIMARY KEY (ci_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE dependency (
  dependent_id INTEGER NOT NULL,
  provider_id INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  weight REAL,
  relation INTEGER NOT NULL,
  PRIMARY KEY (dependent_id, provider_id, kind, source_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE redundancy_group (
  group_id INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  key TEXT NOT NULL,
  dependent_id INTEGER,
  kind INTEGER NOT NULL,
  needed INTEGER,
  members TEXT NOT NULL,
  shares TEXT NOT NULL,
  failover_minutes REAL,
  failover_success REAL,
  source_id INTEGER,
  PRIMARY KEY (group_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE exposure (
  ci_id INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  customers REAL,
  money_per_hour REAL,
  currency INTEGER NOT NULL,
  impact TEXT NOT NULL,
  mtpd_hours REAL,
  rto_hours REAL,
  rpo_hours REAL,
  mbco_share REAL,
  availability_target REAL,
  PRIMARY KEY (ci_id, source_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident (
  source_id INTEGER NOT NULL,
  incident_key TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ci_id INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  root_cause INTEGER,
  PRIMARY KEY (source_id, incident_key, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE observation (
  source_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  observed_from INTEGER,
  observed_until INTEGER,
  PRIMARY KEY (source_id, scope, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE source_record (
  source_id INTEGER NOT NULL,
  source_key TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  ci_id INTEGER,
  content_hash INTEGER,
  payload TEXT NOT NULL,
  PRIMARY KEY (source_id, source_key, since)
) STRICT, WITHOUT ROWID;

-- What a CI answers to, case folded, clustered for search; when it holds is said by the row (ci_id, since) of `ci`.
CREATE TABLE alias (folded TEXT NOT NULL, ci_id INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (folded, ci_id, since)) STRICT, WITHOUT ROWID;
-- Aliases of the first revision in the order they came; publish moves them over sorted.
CREATE TABLE alias_staged (folded TEXT NOT NULL, ci_id INTEGER NOT NULL) STRICT;
-- Members of redundancy groups; when they hold is said by the row (group_id, since).
CREATE TABLE group_member (
  ci_id INTEGER NOT NULL, group_id INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (ci_id, group_id, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE document_operation (
  operation_id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
  made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX document_operation_made_at ON document_operation (made_at);
CREATE TABLE document_counter (kind TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE score_mark (
  one INTEGER PRIMARY KEY CHECK (one = 1), assessment TEXT NOT NULL, revision INTEGER NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE score (
  ci_id INTEGER PRIMARY KEY,
  assessment TEXT NOT NULL,
  score_revision INTEGER NOT NULL,
  score_assessed_at TEXT NOT NULL,
  score_rank REAL,
  score_services_hit REAL,
  score_service_hours_per_year REAL,
  score_customer_hours_per_year REAL,
  score_money_per_year REAL
) STRICT;
