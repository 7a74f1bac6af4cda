// The published revision that held at a time.
// Parameters: $at. Returns: one row or none.
MATCH (r:Revision) WHERE r.published_at <= $at
WITH r ORDER BY r.published_at DESC, r.revision DESC LIMIT 1
RETURN r.revision AS revision, r.operation_id AS operation_id, r.state AS state, r.batches AS batches, r.created_at AS created_at, r.published_at AS published_at, r.note AS note, r.counters AS counters
