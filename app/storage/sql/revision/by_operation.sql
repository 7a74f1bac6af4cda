-- The revision an operation wrote.
-- Parameters: :operation_id. Returns: one row or none.
SELECT revision, operation_id, state, batches, created_at, published_at, note, counters FROM revision WHERE operation_id = :operation_id;
