// Groups, the CI that needs them and their members.
// Parameters: $group_id, $dependent_id lists; $member_group, $member_id, $position lists. Returns: nothing.
UNWIND range(0, size($group_id) - 1) AS i
MATCH (g:RedundancyGroup {group_id: $group_id[i]})
MATCH (c:ConfigurationItem {ci_id: $dependent_id[i]})
CREATE (c)-[:NEEDS {since: g.since}]->(g)
