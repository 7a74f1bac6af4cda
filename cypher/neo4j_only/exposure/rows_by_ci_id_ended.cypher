// Rows that hold at a revision and ended since, by ci_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:EndedExposure {ci_id: value}) WHERE n.since <= $revision AND n.until > $revision
RETURN n.ci_id AS ci_id, n.source_id AS source_id, n.customers AS customers, n.customer_population AS customer_population, n.money_per_hour AS money_per_hour, n.currency AS currency, n.impact AS impact, n.mtpd_hours AS mtpd_hours, n.rto_hours AS rto_hours, n.rpo_hours AS rpo_hours, n.mbco_share AS mbco_share, n.availability_target AS availability_target
