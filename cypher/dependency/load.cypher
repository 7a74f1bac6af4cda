// One block of the current dependencies that hold at a revision.
// Parameters: {label} ConfigurationItem or RetiredItem; {columns} collected columns; $revision; $low, $high the block of ids. Returns: one row of lists.
MATCH (a:{label}) WHERE a.ci_id >= $low AND a.ci_id < $high
MATCH (a)-[d:DEPENDS_ON]->(b) WHERE d.since <= $revision
RETURN {columns}
