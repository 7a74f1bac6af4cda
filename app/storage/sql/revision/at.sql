-- The published revision that held at a time.
-- Parameters: :at, the time as text. Returns: one row or none.
SELECT revision, operation_id, state, batches, created_at, published_at, note, counters FROM revision WHERE published_at <= :at
ORDER BY published_at DESC, revision DESC LIMIT 1;
