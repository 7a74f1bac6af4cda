-- Those of some CIs that do not hold.
-- Parameters: :values a JSON list of ci_ids. Returns: ci_id.
SELECT asked.value FROM json_each(:values) AS asked
WHERE NOT EXISTS (SELECT 1 FROM ci AS c WHERE c.ci_id = asked.value AND c.until = 9223372036854775807);
