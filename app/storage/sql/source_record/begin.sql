-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO source_record (source_id, source_key, ci_id, content_hash, payload, since, until)
VALUES (?, ?, ?, ?, ?, ?, 9223372036854775807);
