-- The revision being written or abandoned.
-- Parameters: none. Returns: one row or none.
SELECT revision, operation_id, state, batches, created_at, published_at, note, counters FROM revision WHERE revision = (SELECT revision + 1 FROM pointer);
