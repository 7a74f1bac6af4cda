// Rows that hold at a revision and ended since, by ci_id.
// Parameters: $values; $revision. Returns: the columns.
UNWIND $values AS value
MATCH (n:CiState {ci_id: value}) WHERE n.since <= $revision AND n.until > $revision
RETURN n.ci_id AS ci_id, n.key AS key, n.name AS name, n.ci_class AS ci_class, n.raw_class AS raw_class, n.lifecycle AS lifecycle, n.environment AS environment, n.site AS site, n.team AS team, n.supplier AS supplier, n.is_service AS is_service, n.failures_per_year AS failures_per_year, n.failures_origin AS failures_origin, n.repair_hours AS repair_hours, n.repair_origin AS repair_origin, n.repair_distribution AS repair_distribution, n.repair_sigma AS repair_sigma, n.unavailability AS unavailability, n.failure_on_demand AS failure_on_demand, n.level_share AS level_share, n.restart_hours AS restart_hours, n.alias_pairs AS aliases, n.attributes AS attributes
