-- A revision.
-- Parameters: :revision. Returns: one row.
SELECT revision, operation_id, state, batches, created_at, published_at, note, counters FROM revision WHERE revision = :revision;
