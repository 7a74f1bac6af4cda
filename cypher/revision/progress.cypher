// How far a revision is written, and the highest fencing token.
// Parameters: $revision. Returns: state, batches, parts, fence.
MATCH (r:Revision {revision: $revision})
MATCH (l:Ledger {one: 1})
RETURN r.state AS state, r.batches AS batches, r.parts AS parts, l.fence AS fence
