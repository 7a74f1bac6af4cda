-- Open a revision.
-- Parameters: revision, operation_id, time, note, counters. Returns: nothing.
INSERT INTO revision VALUES (?, ?, 'pending', 0, 0, ?, NULL, ?, ?);
