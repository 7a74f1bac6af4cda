// Published revisions below a number, newest first.
// Parameters: $after; $limit. Returns: rows.
MATCH (r:Revision) WHERE r.revision < $after AND r.state = 'published'
WITH r ORDER BY r.revision DESC LIMIT $limit
RETURN r.revision AS revision, r.operation_id AS operation_id, r.state AS state, r.batches AS batches, r.created_at AS created_at, r.published_at AS published_at, r.note AS note, r.counters AS counters
