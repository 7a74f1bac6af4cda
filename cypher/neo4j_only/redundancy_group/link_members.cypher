// Groups and their members in the given order.
// Parameters: $member_group, $member_id, $position lists. Returns: nothing.
UNWIND range(0, size($member_group) - 1) AS i
MATCH (g:RedundancyGroup {group_id: $member_group[i]})
MATCH (c:ConfigurationItem {ci_id: $member_id[i]})
CREATE (g)-[:MEMBER {since: g.since, position: $position[i]}]->(c)
