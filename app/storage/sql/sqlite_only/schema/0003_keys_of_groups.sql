-- Groups are found by their key: a sync that changes ten of them reads ten.
CREATE INDEX redundancy_group_key ON redundancy_group (key);
