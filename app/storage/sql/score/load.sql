-- Every score, in order of ci_id.
-- Parameters: none. Returns: ci_id and the scores.
SELECT ci_id, score_rank, score_services_hit, score_service_hours_per_year, score_customer_hours_per_year, score_money_per_year FROM score ORDER BY ci_id;
