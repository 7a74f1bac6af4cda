// The revision an operation wrote.
// Parameters: $operation_id. Returns: one row or none.
MATCH (r:Revision {operation_id: $operation_id})
RETURN r.revision AS revision, r.operation_id AS operation_id, r.state AS state, r.batches AS batches, r.created_at AS created_at, r.published_at AS published_at, r.note AS note, r.counters AS counters
