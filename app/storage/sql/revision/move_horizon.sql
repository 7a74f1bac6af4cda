-- Revisions below this one are no longer exact.
-- Parameters: the number. Returns: nothing.
UPDATE pointer SET horizon = max(horizon, ?);
