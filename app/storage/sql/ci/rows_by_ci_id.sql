-- States of CIs that hold at a revision.
-- Parameters: {columns}; :values a JSON list of ci_ids; :revision. Returns: the identity, the columns.
SELECT ci_id{columns}
FROM ci
WHERE ci_id IN (SELECT value FROM json_each(:values)) AND since <= :revision AND until > :revision;
