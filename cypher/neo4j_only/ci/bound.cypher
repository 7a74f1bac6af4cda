// The highest id of current rows.
// Parameters: none. Returns: highest.
MATCH (n:ConfigurationItem) WHERE n.ci_id >= 0
RETURN n.ci_id AS highest ORDER BY n.ci_id DESC LIMIT 1
