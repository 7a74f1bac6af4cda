-- Give a category a code.
-- Parameters: value. Returns: nothing.
INSERT OR IGNORE INTO category (value) VALUES (?);
