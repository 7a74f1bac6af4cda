-- Published revisions below a number, newest first.
-- Parameters: :after, :limit. Returns: rows.
SELECT revision, operation_id, state, batches, created_at, published_at, note, counters FROM revision WHERE revision < :after AND state = 'published'
ORDER BY revision DESC LIMIT :limit;
