-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO open_need (source_id, need_key, dependent_id, kind, needs, text, reason, statement, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
