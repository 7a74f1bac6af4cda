// The highest id of CIs, retired ones too.
// Parameters: {label} ConfigurationItem or RetiredItem. Returns: highest.
MATCH (n:{label}) WHERE n.ci_id >= 0
RETURN n.ci_id AS highest ORDER BY n.ci_id DESC LIMIT 1
