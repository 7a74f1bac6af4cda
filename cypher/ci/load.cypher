// One block of the current rows that hold at a revision.
// Parameters: {row} n or all its properties; {columns} collected columns; $revision; $low, $high the block of ids. Returns: rows of lists.
MATCH (n:ConfigurationItem) WHERE n.ci_id >= $low AND n.ci_id < $high AND n.since <= $revision
WITH {row} AS n
RETURN {columns}
