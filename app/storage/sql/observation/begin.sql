-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO observation (source_id, scope, observed_from, observed_until, since, until)
VALUES (?, ?, ?, ?, ?, 9223372036854775807);
