-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO dependency (dependent_id, provider_id, kind, source_id, weight, relation, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
