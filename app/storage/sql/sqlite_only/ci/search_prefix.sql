-- CIs that answer to a text that starts so, in order of the text (an exact answer comes first).
-- Parameters: :text, :beyond (the first text that does not start so), :revision. Returns: folded, ci_id, key, name, ci_class, aliases.
SELECT a.folded, c.ci_id, c.key, c.name, c.ci_class, c.aliases
FROM alias AS a
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
WHERE a.folded >= :text AND a.folded < :beyond AND c.since <= :revision AND c.until > :revision
ORDER BY a.folded, a.ci_id;
