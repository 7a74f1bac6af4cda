-- The pointer on revision 0.
-- Parameters: none. Returns: nothing.
INSERT INTO pointer VALUES (1, 0, 0, 0);
