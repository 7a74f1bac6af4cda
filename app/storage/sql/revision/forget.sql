-- Drop a revision that was taken back.
-- Parameters: the number. Returns: nothing.
DELETE FROM revision WHERE revision = ? AND state = 'abandoning';
