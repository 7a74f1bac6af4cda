// Current groups that hold at a revision and list one of these CIs.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
OPTIONAL MATCH (c:ConfigurationItem {ci_id: value})
OPTIONAL MATCH (r:RetiredItem {ci_id: value})
WITH coalesce(c, r) AS c WHERE c IS NOT NULL
MATCH (n:RedundancyGroup)-[:MEMBER]->(c) WHERE n.since <= $revision
WITH DISTINCT n
RETURN n.group_id AS group_id, n.key AS key, n.dependent_id AS dependent_id, n.kind AS kind, n.needed AS needed, n.members AS members, n.shares AS shares, n.failover_minutes AS failover_minutes, n.failover_success AS failover_success, n.common_cause_share AS common_cause_share, n.common_cause_unavailability AS common_cause_unavailability, n.source_id AS source_id
