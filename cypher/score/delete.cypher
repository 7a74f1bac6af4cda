// Take the scores of CIs away.
// Parameters: $ci_id. Returns: count.
UNWIND $ci_id AS ci_id
OPTIONAL MATCH (a:ConfigurationItem {ci_id: ci_id})
OPTIONAL MATCH (b:RetiredItem {ci_id: ci_id})
WITH coalesce(a, b) AS c WHERE c IS NOT NULL
REMOVE c.score_rank, c.score_services_hit, c.score_service_hours_per_year, c.score_customer_hours_per_year, c.score_money_per_year, c.score_assessment, c.score_revision, c.score_assessed_at
RETURN count(c) AS count
