// CIs that an abandoned revision ended or changed: the states to go back to, a block at a time.
// Parameters: {labels} every class label; $revision; $limit. Returns: the columns and since.
MATCH (c)-[:WAS]->(s:CiState {until: $revision})
WITH c, s LIMIT $limit
REMOVE c:ConfigurationItem:{labels}
SET c:RetiredItem
WITH c, s, s.ci_id AS ci_id, s.key AS key, s.name AS name, s.ci_class AS ci_class, s.raw_class AS raw_class, s.lifecycle AS lifecycle, s.environment AS environment, s.site AS site, s.team AS team, s.supplier AS supplier, s.is_service AS is_service, s.failures_per_year AS failures_per_year, s.failures_origin AS failures_origin, s.failures_per_year_low AS failures_per_year_low, s.failures_per_year_high AS failures_per_year_high, s.repair_hours AS repair_hours, s.repair_origin AS repair_origin, s.repair_distribution AS repair_distribution, s.repair_sigma AS repair_sigma, s.repair_hours_low AS repair_hours_low, s.repair_hours_high AS repair_hours_high, s.unavailability AS unavailability, s.failure_on_demand AS failure_on_demand, s.level_share AS level_share, s.restart_hours AS restart_hours, s.restore_pool AS restore_pool, s.starts_without AS starts_without, s.backup_interval_hours AS backup_interval_hours, s.transfer_lag_hours AS transfer_lag_hours, s.alias_pairs AS aliases, s.attributes AS attributes, s.since AS since
OPTIONAL MATCH (c)-[link:OWNED_BY|LOCATED_AT|SUPPLIED_BY]->()
DELETE link
WITH DISTINCT s, ci_id, key, name, ci_class, raw_class, lifecycle, environment, site, team, supplier, is_service, failures_per_year, failures_origin, failures_per_year_low, failures_per_year_high, repair_hours, repair_origin, repair_distribution, repair_sigma, repair_hours_low, repair_hours_high, unavailability, failure_on_demand, level_share, restart_hours, restore_pool, starts_without, backup_interval_hours, transfer_lag_hours, aliases, attributes, since
DETACH DELETE s
RETURN ci_id, key, name, ci_class, raw_class, lifecycle, environment, site, team, supplier, is_service, failures_per_year, failures_origin, failures_per_year_low, failures_per_year_high, repair_hours, repair_origin, repair_distribution, repair_sigma, repair_hours_low, repair_hours_high, unavailability, failure_on_demand, level_share, restart_hours, restore_pool, starts_without, backup_interval_hours, transfer_lag_hours, aliases, attributes, since
