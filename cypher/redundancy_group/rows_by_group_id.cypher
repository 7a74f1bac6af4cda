// Current rows that hold at a revision, by group_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:RedundancyGroup {group_id: value}) USING INDEX SEEK n:RedundancyGroup(group_id) WHERE n.since <= $revision
RETURN n.group_id AS group_id, n.key AS key, n.dependent_id AS dependent_id, n.kind AS kind, n.needed AS needed, n.members AS members, n.shares AS shares, n.failover_minutes AS failover_minutes, n.failover_success AS failover_success, n.common_cause_share AS common_cause_share, n.common_cause_unavailability AS common_cause_unavailability, n.source_id AS source_id
