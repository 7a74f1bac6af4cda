// One block of the current rows of a source that hold at a revision, in order of identity.
// Parameters: {columns} collected columns; $revision; $source_id; $after the last key read; $limit. Returns: rows of lists.
MATCH (n:OpenNeed) WHERE n.source_id = $source_id AND n.need_key > $after AND n.since <= $revision
WITH n ORDER BY n.source_id, n.need_key LIMIT $limit
RETURN {columns}
