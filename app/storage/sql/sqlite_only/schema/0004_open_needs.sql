-- Needs that a source stated and that could not be read or resolved; ledgers written before have none.
CREATE TABLE open_need (
  source_id INTEGER NOT NULL,
  need_key TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  dependent_id INTEGER,
  kind INTEGER NOT NULL,
  needs INTEGER NOT NULL,
  text TEXT NOT NULL,
  reason TEXT NOT NULL,
  statement TEXT NOT NULL,
  PRIMARY KEY (source_id, need_key, since)
) STRICT, WITHOUT ROWID;

CREATE INDEX open_need_since ON open_need (since) WHERE since > 1;
CREATE INDEX open_need_until ON open_need (until) WHERE until < 9223372036854775807;
