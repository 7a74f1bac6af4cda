// CIs that end with a revision: what they were becomes a state, they leave the plain view.
// Parameters: {labels} every class label; $ci_id; $revision. Returns: count.
UNWIND $ci_id AS ci_id
MATCH (c:ConfigurationItem {ci_id: ci_id}) USING INDEX SEEK c:ConfigurationItem(ci_id) WHERE c.since < $revision
CREATE (c)-[:WAS]->(:CiState {
  ci_id: c.ci_id,
  key: c.key,
  name: c.name,
  ci_class: c.ci_class,
  raw_class: c.raw_class,
  lifecycle: c.lifecycle,
  environment: c.environment,
  site: c.site,
  team: c.team,
  supplier: c.supplier,
  is_service: c.is_service,
  failures_per_year: c.failures_per_year,
  failures_origin: c.failures_origin,
  failures_per_year_low: c.failures_per_year_low,
  failures_per_year_high: c.failures_per_year_high,
  repair_hours: c.repair_hours,
  repair_origin: c.repair_origin,
  repair_distribution: c.repair_distribution,
  repair_sigma: c.repair_sigma,
  repair_hours_low: c.repair_hours_low,
  repair_hours_high: c.repair_hours_high,
  unavailability: c.unavailability,
  failure_on_demand: c.failure_on_demand,
  level_share: c.level_share,
  restart_hours: c.restart_hours,
  restore_pool: c.restore_pool,
  starts_without: c.starts_without,
  backup_interval_hours: c.backup_interval_hours,
  transfer_lag_hours: c.transfer_lag_hours,
  alias_pairs: c.alias_pairs,
  attributes: c.attributes,
  search_texts: c.search_texts,
  since: c.since,
  until: $revision
})
REMOVE c:ConfigurationItem:{labels}
SET c:RetiredItem, c.until = $revision
WITH c
OPTIONAL MATCH (c)-[link:OWNED_BY|LOCATED_AT|SUPPLIED_BY]->()
DELETE link
RETURN count(DISTINCT c) AS count
