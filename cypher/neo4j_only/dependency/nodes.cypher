// The nodes of a block of CIs.
// Parameters: {label} ConfigurationItem or RetiredItem; $low, $high the block of ids. Returns: one row of lists.
MATCH (n:{label}) WHERE n.ci_id >= $low AND n.ci_id < $high
RETURN collect(id(n)) AS node, collect(n.ci_id) AS ci_id
