// A revision.
// Parameters: $revision. Returns: one row.
MATCH (r:Revision {revision: $revision})
RETURN r.revision AS revision, r.operation_id AS operation_id, r.state AS state, r.batches AS batches, r.created_at AS created_at, r.published_at AS published_at, r.note AS note, r.counters AS counters
