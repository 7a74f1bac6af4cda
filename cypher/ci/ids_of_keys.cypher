// Ids of the current CIs with these keys that hold at a revision.
// Parameters: $values; $revision. Returns: key, ci_id.
UNWIND $values AS value
MATCH (n:ConfigurationItem {key: value}) USING INDEX SEEK n:ConfigurationItem(key) WHERE n.since <= $revision
RETURN n.key AS key, n.ci_id AS ci_id
