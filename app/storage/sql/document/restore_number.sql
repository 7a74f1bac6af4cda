-- The last number a kind was given elsewhere.
-- Parameters: kind, number. Returns: nothing.
INSERT INTO document_counter (kind, last) VALUES (?, ?)
ON CONFLICT (kind) DO UPDATE SET last = max(last, excluded.last);
