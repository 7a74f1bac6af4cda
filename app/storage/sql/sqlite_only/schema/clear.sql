-- Take back the abandoned first revision: nothing else is in the ledger.
DELETE FROM ci;
DELETE FROM dependency;
DELETE FROM redundancy_group;
DELETE FROM exposure;
DELETE FROM incident;
DELETE FROM observation;
DELETE FROM open_need;
DELETE FROM source_record;
DELETE FROM alias;
DELETE FROM alias_staged;
DELETE FROM group_member;
