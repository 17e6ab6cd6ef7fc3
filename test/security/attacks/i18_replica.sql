-- Triggers that only fire in origin mode would be silent now: ours are not.
-- as: postgres
-- control: no, the guard stands in the way
-- says: MD50
-- says: changed: 0
SET session_replication_role = replica;
DROP VIEW sales.people;
ALTER TABLE sales_internal.people DISABLE ROW LEVEL SECURITY;
GRANT SELECT ON sales_internal.people TO mallory;
UPDATE datamesh.event_log SET actor = 'nobody';
DELETE FROM datamesh.event_log;
SELECT 'changed: ' || (SELECT count(*) FROM datamesh.event_log WHERE actor = 'nobody') + (SELECT count(*) FROM datamesh.verify_event_log());
