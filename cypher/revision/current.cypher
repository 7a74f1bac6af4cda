// The revision readers work at.
// Parameters: none. Returns: one row.
MATCH (l:Ledger {one: 1})
MATCH (r:Revision {revision: l.revision})
RETURN r.revision AS revision, r.operation_id AS operation_id, r.state AS state, r.batches AS batches, r.created_at AS created_at, r.published_at AS published_at, r.note AS note, r.counters AS counters
