// Groups that hold at a revision, ended since and list one of these CIs.
// Parameters: $texts the ids as in a JSON list; $revision. Returns: the columns.
MATCH (n:EndedRedundancyGroup) WHERE n.until > $revision AND n.since <= $revision
  AND any(text IN split(substring(n.members, 1, size(n.members) - 2), ',') WHERE trim(text) IN $texts)
RETURN n.group_id AS group_id, n.key AS key, n.dependent_id AS dependent_id, n.kind AS kind, n.needed AS needed, n.members AS members, n.shares AS shares, n.failover_minutes AS failover_minutes, n.failover_success AS failover_success, n.common_cause_share AS common_cause_share, n.common_cause_unavailability AS common_cause_unavailability, n.source_id AS source_id
