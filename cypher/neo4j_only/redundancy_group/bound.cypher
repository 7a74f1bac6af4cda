// The highest id of current rows.
// Parameters: none. Returns: highest.
MATCH (n:RedundancyGroup) WHERE n.group_id >= 0
RETURN n.group_id AS highest ORDER BY n.group_id DESC LIMIT 1
