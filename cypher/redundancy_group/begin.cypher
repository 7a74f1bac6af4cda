// Rows that begin with a revision.
// Parameters: one list a column; $revision. Returns: nothing.
UNWIND range(0, size($group_id) - 1) AS i
CREATE (:RedundancyGroup {
  group_id: $group_id[i],
  key: $key[i],
  dependent_id: $dependent_id[i],
  kind: $kind[i],
  needed: $needed[i],
  members: $members[i],
  shares: $shares[i],
  failover_minutes: $failover_minutes[i],
  failover_success: $failover_success[i],
  common_cause_share: $common_cause_share[i],
  common_cause_unavailability: $common_cause_unavailability[i],
  source_id: $source_id[i],
  since: $revision
})
