-- The empty estate: revision 0, published, and the pointer on it.
-- Parameters: ?1 the time. Returns: nothing.
INSERT INTO revision VALUES (0, '', 'published', 0, 0, ?1, ?1, '', '{}');
