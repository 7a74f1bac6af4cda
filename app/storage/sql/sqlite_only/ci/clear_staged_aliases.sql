-- The staged aliases are in their place.
-- Parameters: none. Returns: nothing.
DELETE FROM alias_staged;
