-- Rows of one identity that hold at one time: none in a sound ledger. Each such row meets the one before it.
-- Parameters: none. Returns: one count.
SELECT count(*) FROM (
  SELECT since, lag(until) OVER (PARTITION BY source_id, need_key ORDER BY since) AS earlier, until
  FROM open_need
) WHERE earlier > since OR until <= since;
