-- CIs that answer to a text that holds this one but does not start so, in order of the text.
-- Parameters: :text, :revision. Returns: folded, ci_id, key, name, ci_class, aliases.
SELECT a.folded, c.ci_id, c.key, c.name, c.ci_class, c.aliases
FROM alias AS a
CROSS JOIN ci AS c ON c.ci_id = a.ci_id AND c.since = a.since
WHERE instr(a.folded, :text) > 1 AND c.since <= :revision AND c.until > :revision
ORDER BY a.folded, a.ci_id;
