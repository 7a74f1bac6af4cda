// CIs that are a business service no longer (by class they may be one still).
// Parameters: $ci_id; $classes whose own label it is. Returns: nothing.
UNWIND $ci_id AS ci_id
MATCH (c:ConfigurationItem {ci_id: ci_id})
WHERE coalesce(c.is_service, 0) <> 1 AND NOT coalesce(c.ci_class, '') IN $classes AND NOT EXISTS { (c)-[:HAS_EXPOSURE]->(:Exposure) }
REMOVE c:BusinessService
