// The sources that have current rows.
// Parameters: none. Returns: source_id.
MATCH (n:OpenNeed) RETURN DISTINCT n.source_id AS source_id ORDER BY source_id
