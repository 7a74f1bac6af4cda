// CIs that are new to the ledger; stands between neo4j_only/ci/places and neo4j_only/ci/attach.
// Parameters: $labels of the closed list, one a CI; one list a column; $alias_values, $search_texts lists of lists; $since a list. Returns: c, i.
UNWIND range(0, size($ci_id) - 1) AS i
CREATE (c:ConfigurationItem:$($labels[i]) {
  ci_id: $ci_id[i],
  key: $key[i],
  name: $name[i],
  ci_class: $ci_class[i],
  raw_class: $raw_class[i],
  lifecycle: $lifecycle[i],
  environment: $environment[i],
  site: $site[i],
  team: $team[i],
  supplier: $supplier[i],
  is_service: $is_service[i],
  failures_per_year: $failures_per_year[i],
  failures_origin: $failures_origin[i],
  repair_hours: $repair_hours[i],
  repair_origin: $repair_origin[i],
  repair_distribution: $repair_distribution[i],
  repair_sigma: $repair_sigma[i],
  unavailability: $unavailability[i],
  failure_on_demand: $failure_on_demand[i],
  level_share: $level_share[i],
  restart_hours: $restart_hours[i],
  alias_pairs: $aliases[i],
  attributes: $attributes[i],
  aliases: $alias_values[i],
  search_texts: $search_texts[i],
  since: $since[i]
})
