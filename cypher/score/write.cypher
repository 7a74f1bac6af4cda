// The scores of CIs.
// Parameters: $ci_id and the scores as lists; $assessment; $revision; $at. Returns: count.
UNWIND range(0, size($ci_id) - 1) AS i
OPTIONAL MATCH (a:ConfigurationItem {ci_id: $ci_id[i]})
OPTIONAL MATCH (b:RetiredItem {ci_id: $ci_id[i]})
WITH coalesce(a, b) AS c, i WHERE c IS NOT NULL
SET c.score_rank = $score_rank[i], c.score_services_hit = $score_services_hit[i], c.score_service_hours_per_year = $score_service_hours_per_year[i], c.score_customer_hours_per_year = $score_customer_hours_per_year[i], c.score_money_per_year = $score_money_per_year[i],
  c.score_assessment = $assessment, c.score_revision = $revision, c.score_assessed_at = $at
RETURN count(c) AS count
