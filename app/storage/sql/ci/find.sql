-- CIs that answer to a text, case folded.
-- Parameters: :values a JSON list of folded texts; :revision. Returns: folded, ci_id, key, name, ci_class, aliases.
SELECT a.folded, c.ci_id, c.key, c.name, c.ci_class, c.aliases
FROM json_each(:values) AS v
CROSS JOIN alias AS a ON a.folded = v.value
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
WHERE c.since <= :revision AND c.until > :revision
ORDER BY a.folded, a.ci_id;
