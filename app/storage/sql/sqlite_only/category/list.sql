-- Codes of categories from one on.
-- Parameters: the code. Returns: code, value.
SELECT code, value FROM category WHERE code > ? ORDER BY code;
