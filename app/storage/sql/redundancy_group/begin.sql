-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO redundancy_group (group_id, key, dependent_id, kind, needed, members, shares, failover_minutes, failover_success, common_cause_share, common_cause_unavailability, source_id, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
