// One block of the current dependencies that hold at a revision.
// Parameters: {label} ConfigurationItem or RetiredItem; {row} d or all its properties; {columns} collected columns; $revision; $low, $high the block of ids. Returns: rows of lists.
MATCH (a:{label}) WHERE a.ci_id >= $low AND a.ci_id < $high
MATCH (a)-[d:DEPENDS_ON]->(b) WHERE d.since <= $revision
WITH a.ci_id AS dependent_id, id(b) AS provider_id, {row} AS d
RETURN {columns}
