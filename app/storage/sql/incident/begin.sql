-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO incident (source_id, incident_key, ci_id, started_at, ended_at, root_cause, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
