-- Take the next number of a kind.
-- Parameters: kind. Returns: the number.
INSERT INTO document_counter (kind, last) VALUES (?, 1)
ON CONFLICT (kind) DO UPDATE SET last = last + 1
RETURNING last;
