-- A pending revision is whole.
-- Parameters: time, counters, revision. Returns: nothing.
UPDATE revision SET state = 'published', published_at = ?, counters = ? WHERE revision = ? AND state = 'pending';
