// The scores of a block of CIs.
// Parameters: {label} ConfigurationItem or RetiredItem; $low, $high the block of ids. Returns: one row of lists.
MATCH (c:{label}) WHERE c.ci_id >= $low AND c.ci_id < $high AND c.score_assessment IS NOT NULL
RETURN collect(c.ci_id) AS ci_id, collect(coalesce(c.score_rank, 0.0 / 0.0)) AS score_rank, collect(coalesce(c.score_services_hit, 0.0 / 0.0)) AS score_services_hit, collect(coalesce(c.score_service_hours_per_year, 0.0 / 0.0)) AS score_service_hours_per_year, collect(coalesce(c.score_customer_hours_per_year, 0.0 / 0.0)) AS score_customer_hours_per_year, collect(coalesce(c.score_money_per_year, 0.0 / 0.0)) AS score_money_per_year
