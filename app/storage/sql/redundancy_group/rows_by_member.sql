-- Groups that hold at a revision and list one of these CIs.
-- Parameters: {columns}; :values a JSON list of ci_ids; :revision. Returns: the identity, the columns.
SELECT group_id{columns}
FROM redundancy_group
WHERE (group_id, since) IN (
  SELECT group_id, since FROM group_member WHERE ci_id IN (SELECT value FROM json_each(:values)) AND since <= :revision
) AND until > :revision;
