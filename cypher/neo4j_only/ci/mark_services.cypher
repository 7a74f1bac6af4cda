// CIs that somebody calls a business service, or that have an exposure, carry the label.
// Parameters: $ci_id. Returns: nothing.
UNWIND $ci_id AS ci_id
MATCH (c:ConfigurationItem {ci_id: ci_id})
WHERE c.is_service = 1 OR EXISTS { (c)-[:HAS_EXPOSURE]->(:Exposure) }
SET c:BusinessService
