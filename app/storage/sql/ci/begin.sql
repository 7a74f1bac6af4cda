-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO ci (ci_id, key, name, ci_class, raw_class, lifecycle, environment, site, team, supplier, is_service, failures_per_year, failures_origin, failures_per_year_low, failures_per_year_high, repair_hours, repair_origin, repair_distribution, repair_sigma, repair_hours_low, repair_hours_high, unavailability, failure_on_demand, level_share, restart_hours, restore_pool, starts_without, backup_interval_hours, transfer_lag_hours, aliases, attributes, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
