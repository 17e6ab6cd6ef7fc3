-- A superuser can edit the event log, and is found.
-- as: sales_team
-- control: no, what is looked for is the finding
-- says: permission denied for table event_log
-- says: problems: [1-9]
UPDATE datamesh.event_log SET actor = 'nobody';
DELETE FROM datamesh.event_log;
INSERT INTO datamesh.event_log SELECT * FROM datamesh.event_log;
\connect - postgres
UPDATE datamesh.event_log SET actor = 'nobody';
SET datamesh.break_glass = on;
ALTER TABLE datamesh.event_log DISABLE TRIGGER event_log_guard;
UPDATE datamesh.event_log SET actor = 'nobody' WHERE event_id = 3;
SELECT 'problems: ' || count(*) FROM datamesh.verify_event_log();
