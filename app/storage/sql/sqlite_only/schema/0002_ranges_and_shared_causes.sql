-- Ranges of single values, common causes of groups, populations of customers; rows written before have none.
ALTER TABLE ci ADD COLUMN failures_per_year_low REAL;
ALTER TABLE ci ADD COLUMN failures_per_year_high REAL;
ALTER TABLE ci ADD COLUMN repair_hours_low REAL;
ALTER TABLE ci ADD COLUMN repair_hours_high REAL;
ALTER TABLE redundancy_group ADD COLUMN common_cause_share REAL;
ALTER TABLE redundancy_group ADD COLUMN common_cause_unavailability REAL;
ALTER TABLE exposure ADD COLUMN customer_population INTEGER NOT NULL DEFAULT 0;
