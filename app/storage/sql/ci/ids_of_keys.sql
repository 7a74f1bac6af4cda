-- Ids of the CIs that had these keys at a revision or before it, held or ended.
-- Parameters: :values a JSON list of [key, folded key]; :revision. Returns: key, ci_id.
SELECT DISTINCT c.key, c.ci_id
FROM json_each(:values) AS v
CROSS JOIN alias AS a ON a.folded = v.value ->> 1
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
WHERE c.since <= :revision AND c.key = v.value ->> 0;
