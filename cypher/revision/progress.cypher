// How far a revision is written.
// Parameters: $revision. Returns: state, batches, parts.
MATCH (r:Revision {revision: $revision})
RETURN r.state AS state, r.batches AS batches, r.parts AS parts
