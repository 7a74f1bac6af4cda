// CIs that were retired (a change ends and begins a CI) hold again; stands between neo4j_only/ci/places and neo4j_only/ci/attach.
// Parameters: $labels of the closed list, one a CI; one list a column; $alias_values, $search_texts lists of lists; $since a list. Returns: c, i.
UNWIND range(0, size($ci_id) - 1) AS i
MATCH (c:RetiredItem {ci_id: $ci_id[i]})
REMOVE c:RetiredItem, c.until
SET c:ConfigurationItem:$($labels[i]),
  c.key = $key[i],
  c.name = $name[i],
  c.ci_class = $ci_class[i],
  c.raw_class = $raw_class[i],
  c.lifecycle = $lifecycle[i],
  c.environment = $environment[i],
  c.site = $site[i],
  c.team = $team[i],
  c.supplier = $supplier[i],
  c.is_service = $is_service[i],
  c.failures_per_year = $failures_per_year[i],
  c.failures_origin = $failures_origin[i],
  c.repair_hours = $repair_hours[i],
  c.repair_origin = $repair_origin[i],
  c.repair_distribution = $repair_distribution[i],
  c.repair_sigma = $repair_sigma[i],
  c.unavailability = $unavailability[i],
  c.failure_on_demand = $failure_on_demand[i],
  c.level_share = $level_share[i],
  c.restart_hours = $restart_hours[i],
  c.alias_pairs = $aliases[i],
  c.attributes = $attributes[i],
  c.aliases = $alias_values[i],
  c.search_texts = $search_texts[i],
  c.since = $since[i]
