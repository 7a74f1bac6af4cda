// Ids of CIs whose state with one of these keys held at a revision or before it and ended since.
// Parameters: $values; $revision. Returns: key, ci_id.
UNWIND $values AS value
MATCH (n:CiState {key: value}) WHERE n.since <= $revision
RETURN DISTINCT n.key AS key, n.ci_id AS ci_id
