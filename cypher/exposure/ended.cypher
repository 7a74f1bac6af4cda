// Rows that hold at revision $a and not at $b.
// Parameters: $a; $b. Returns: the columns.
MATCH (n:EndedExposure) WHERE n.until > $a AND n.until <= $b AND n.since <= $a
RETURN n.ci_id AS ci_id, n.source_id AS source_id, n.customers AS customers, n.customer_population AS customer_population, n.money_per_hour AS money_per_hour, n.currency AS currency, n.impact AS impact, n.mtpd_hours AS mtpd_hours, n.rto_hours AS rto_hours, n.rpo_hours AS rpo_hours, n.mbco_share AS mbco_share, n.availability_target AS availability_target
