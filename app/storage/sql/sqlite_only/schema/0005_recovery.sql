-- What a restoration uses, what it need not wait for, and what is lost with it; rows written before say nothing of either.
ALTER TABLE ci ADD COLUMN restore_pool INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ci ADD COLUMN starts_without INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ci ADD COLUMN backup_interval_hours REAL;
ALTER TABLE ci ADD COLUMN transfer_lag_hours REAL;
