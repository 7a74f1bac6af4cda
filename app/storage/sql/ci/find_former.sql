-- CIs that hold and answered to a text in a state that has ended, case folded.
-- Parameters: :values a JSON list of folded texts; :revision. Returns: folded, ci_id, key, until.
SELECT a.folded, c.ci_id, now.key, max(c.until)
FROM json_each(:values) AS v
CROSS JOIN alias AS a ON a.folded = v.value
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
CROSS JOIN ci AS now ON now.ci_id = c.ci_id
WHERE c.until <= :revision AND now.since <= :revision AND now.until > :revision
GROUP BY a.folded, c.ci_id
ORDER BY a.folded, c.ci_id;
