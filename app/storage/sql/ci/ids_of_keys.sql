-- Ids of the CIs with these keys that hold at a revision.
-- Parameters: :values a JSON list of [key, folded key]; :revision. Returns: key, ci_id.
SELECT c.key, c.ci_id
FROM json_each(:values) AS v
CROSS JOIN alias AS a ON a.folded = v.value ->> 1
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
WHERE c.since <= :revision AND c.until > :revision AND c.key = v.value ->> 0;
