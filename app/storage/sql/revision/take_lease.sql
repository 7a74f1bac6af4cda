-- Remember the highest fencing token.
-- Parameters: the token. Returns: nothing.
UPDATE pointer SET fence = max(fence, ?);
