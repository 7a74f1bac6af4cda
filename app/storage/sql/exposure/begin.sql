-- Rows that begin with a revision.
-- Parameters: the columns in the order of the noun, then the revision. Returns: nothing.
INSERT INTO exposure (ci_id, source_id, customers, customer_population, money_per_hour, currency, impact, mtpd_hours, rto_hours, rpo_hours, mbco_share, availability_target, since, until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 9223372036854775807);
