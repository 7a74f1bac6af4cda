-- A pending revision is being taken back; writes are refused from here on.
-- Parameters: the number. Returns: nothing.
UPDATE revision SET state = 'abandoning' WHERE revision = ? AND state IN ('pending', 'abandoning');
