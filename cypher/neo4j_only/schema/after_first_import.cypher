// Indexes made after the first import and before the ledger has readers.
// Parameters: none. Returns: nothing. Statements end with a semicolon.
CREATE INDEX configurationitem_since IF NOT EXISTS FOR (n:ConfigurationItem) ON (n.since);
CREATE INDEX redundancygroup_since IF NOT EXISTS FOR (n:RedundancyGroup) ON (n.since);
CREATE INDEX exposure_since IF NOT EXISTS FOR (n:Exposure) ON (n.since);
CREATE INDEX incident_since IF NOT EXISTS FOR (n:Incident) ON (n.since);
CREATE INDEX observation_since IF NOT EXISTS FOR (n:Observation) ON (n.since);
CREATE INDEX openneed_since IF NOT EXISTS FOR (n:OpenNeed) ON (n.since);
CREATE INDEX sourcerecord_since IF NOT EXISTS FOR (n:SourceRecord) ON (n.since);
CREATE INDEX redundancygroup_key IF NOT EXISTS FOR (n:RedundancyGroup) ON (n.key);
CREATE INDEX redundancygroup_dependent_id IF NOT EXISTS FOR (n:RedundancyGroup) ON (n.dependent_id);
CREATE INDEX exposure_ci_id IF NOT EXISTS FOR (n:Exposure) ON (n.ci_id);
CREATE INDEX incident_ci_id IF NOT EXISTS FOR (n:Incident) ON (n.ci_id);
CREATE INDEX sourcerecord_ci_id IF NOT EXISTS FOR (n:SourceRecord) ON (n.ci_id);
CREATE INDEX sourcerecord_source_key IF NOT EXISTS FOR (n:SourceRecord) ON (n.source_key);
CREATE INDEX configurationitem_name IF NOT EXISTS FOR (n:ConfigurationItem) ON (n.name);
CREATE INDEX configurationitem_score_rank IF NOT EXISTS FOR (n:ConfigurationItem) ON (n.score_rank);
CREATE INDEX depends_on_since IF NOT EXISTS FOR ()-[d:DEPENDS_ON]-() ON (d.since);
CREATE FULLTEXT INDEX ci_search IF NOT EXISTS FOR (n:ConfigurationItem|CiState) ON EACH [n.search_texts] OPTIONS {indexConfig: {`fulltext.analyzer`: 'keyword'}};
