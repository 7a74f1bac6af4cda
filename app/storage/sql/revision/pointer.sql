-- Where readers are, the oldest revision that is exact, the highest fencing token.
-- Parameters: none. Returns: revision, horizon, fence.
SELECT revision, horizon, fence FROM pointer;
