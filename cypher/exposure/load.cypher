// One block of the current rows that hold at a revision.
// Parameters: {columns} collected columns; $revision; $low, $high the block of ids. Returns: rows of lists.
MATCH (n:Exposure) WHERE n.ci_id >= $low AND n.ci_id < $high AND n.since <= $revision
RETURN {columns}
