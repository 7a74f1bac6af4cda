// Ids of CIs whose state with one of these keys held at a revision and ended since.
// Parameters: $values; $revision. Returns: key, ci_id.
UNWIND $values AS value
MATCH (n:CiState {key: value}) WHERE n.since <= $revision AND n.until > $revision
RETURN n.key AS key, n.ci_id AS ci_id
