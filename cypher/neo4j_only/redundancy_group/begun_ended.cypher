// Rows that hold at revision $b and not at $a, and ended since.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedRedundancyGroup) WHERE n.until > $b AND n.since > $a AND n.since <= $b
RETURN n.group_id AS group_id, n.key AS key, n.dependent_id AS dependent_id, n.kind AS kind, n.needed AS needed, n.members AS members, n.shares AS shares, n.failover_minutes AS failover_minutes, n.failover_success AS failover_success, n.common_cause_share AS common_cause_share, n.common_cause_unavailability AS common_cause_unavailability, n.source_id AS source_id
