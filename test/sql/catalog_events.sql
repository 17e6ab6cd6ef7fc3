-- catalog_events: the event log is append-only, every way of tampering with it is found, and
-- whoever listens is told. A superuser is not stopped from tampering, only found.
CREATE ROLE regress_team;
DROP EXTENSION datamesh;
CREATE EXTENSION datamesh;
SELECT item, value, note FROM datamesh.status() WHERE item NOT IN ('extension', 'library', 'semver', 'preloaded');
SELECT * FROM datamesh.verify_event_log();
SELECT s.value = e.extversion AS library_fits FROM datamesh.status() s, pg_extension e
WHERE s.item = 'library' AND e.extname = 'datamesh';

CALL datamesh.create_domain('regress_d', 'regress_team');
CALL datamesh.create_domain('regress_d', 'regress_team', 'one');
CALL datamesh.create_domain('regress_d', 'regress_team', 'two');
CALL datamesh.create_domain('regress_d', 'regress_team', 'two');
BEGIN;
CALL datamesh.create_domain('regress_d', 'regress_team', 'three');
SAVEPOINT a;
CALL datamesh.create_domain('regress_d', 'regress_team', 'never');
ROLLBACK TO a;
CALL datamesh.create_domain('regress_d', 'regress_team', 'four');
COMMIT;
BEGIN;
CALL datamesh.create_domain('regress_d', 'regress_team', 'never');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
CALL datamesh.create_domain('regress_d', 'regress_team', 'five');
COMMIT;
SELECT event_id, kind, actor = session_user AS by_us, details ->> 'description' AS description,
       occurred_at BETWEEN now() - interval '1 hour' AND now() AS just_now
FROM datamesh.events ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();
SELECT item, value, note FROM datamesh.status() WHERE item = 'event log';

-- it is append-only
UPDATE datamesh.event_log SET actor = 'me';
DELETE FROM datamesh.event_log;
TRUNCATE datamesh.event_log;
UPDATE datamesh.event_log_head SET event_id = 1;
DELETE FROM datamesh.event_log_head;
TRUNCATE datamesh.event_log_head;
SET session_replication_role = replica;
DELETE FROM datamesh.event_log;
RESET session_replication_role;

-- what a superuser could do to it is found: each in a transaction that is rolled back
CREATE FUNCTION pg_temp.tamper(sql text) RETURNS TABLE (event_id bigint, problem text)
LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE datamesh.event_log DISABLE TRIGGER event_log_guard;
    ALTER TABLE datamesh.event_log_head DISABLE TRIGGER event_log_guard;
    EXECUTE sql;
    BEGIN
        RETURN QUERY SELECT * FROM datamesh.verify_event_log() ORDER BY 1, 2;
        RAISE EXCEPTION SQLSTATE 'RB000';
    EXCEPTION WHEN SQLSTATE 'RB000' THEN NULL;
    END;
END $$;
-- an edit of each column
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET actor = 'me' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET kind = kind || 'x' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET occurred_at = occurred_at + '1 us' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET product = '' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET version = '' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET details = '{}' WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET hash = sha256('x') WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET previous_hash = sha256('x') WHERE event_id = 2$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET event_id = 12 WHERE event_id = 2$$); ROLLBACK;
-- moving a value from one column to the next
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET kind = 'domain_', actor = 'described' || actor WHERE event_id = 2$$); ROLLBACK;
-- an edit whose hash was made to fit breaks the next link
BEGIN; SELECT * FROM pg_temp.tamper($$
  UPDATE datamesh.event_log SET actor = 'me', hash = datamesh.event_hash(event_id, occurred_at, kind, 'me', product, version, details, previous_hash)
  WHERE event_id = 2$$); ROLLBACK;
-- removed, first, in the middle, the newest, all
BEGIN; SELECT * FROM pg_temp.tamper($$DELETE FROM datamesh.event_log WHERE event_id = 1$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$DELETE FROM datamesh.event_log WHERE event_id IN (2, 3)$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$DELETE FROM datamesh.event_log WHERE event_id >= 5$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$DELETE FROM datamesh.event_log$$); ROLLBACK;
-- inserted at the end, at the front; two exchanged
BEGIN; SELECT * FROM pg_temp.tamper($$INSERT INTO datamesh.event_log SELECT 7, occurred_at, kind, actor, product, version, details,
  hash, datamesh.event_hash(7, occurred_at, kind, actor, product, version, details, hash) FROM datamesh.event_log WHERE event_id = 6$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$INSERT INTO datamesh.event_log SELECT 0, occurred_at, kind, actor, product, version, details,
  previous_hash, hash FROM datamesh.event_log WHERE event_id = 1$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log SET event_id = CASE event_id WHEN 2 THEN 103 ELSE 102 END WHERE event_id IN (2, 3);
  UPDATE datamesh.event_log SET event_id = event_id - 100 WHERE event_id > 100$$); ROLLBACK;
-- the head
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log_head SET event_id = 4$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$UPDATE datamesh.event_log_head SET hash = sha256('x')$$); ROLLBACK;
BEGIN; SELECT * FROM pg_temp.tamper($$DELETE FROM datamesh.event_log_head$$); ROLLBACK;
-- and the tail cut off with the head made to fit: only a hash that was kept elsewhere tells
SELECT event_id, hash FROM datamesh.event_log_head \gset anchor_
SELECT * FROM datamesh.verify_event_log(:anchor_event_id, :'anchor_hash');
SELECT * FROM datamesh.verify_event_log(2, :'anchor_hash');
SELECT * FROM datamesh.verify_event_log(2);
BEGIN;
ALTER TABLE datamesh.event_log DISABLE TRIGGER event_log_guard;
ALTER TABLE datamesh.event_log_head DISABLE TRIGGER event_log_guard;
DELETE FROM datamesh.event_log WHERE event_id > 2;
UPDATE datamesh.event_log_head h SET event_id = l.event_id, hash = l.hash FROM datamesh.event_log l WHERE l.event_id = 2;
SELECT * FROM datamesh.verify_event_log();
SELECT * FROM datamesh.verify_event_log(:anchor_event_id, :'anchor_hash');
ROLLBACK;
-- without its head the log is not continued
BEGIN;
ALTER TABLE datamesh.event_log_head DISABLE TRIGGER event_log_guard;
DELETE FROM datamesh.event_log_head;
SELECT value, note FROM datamesh.status() WHERE item = 'event log';
CALL datamesh.create_domain('regress_d', 'regress_team', 'six');
ROLLBACK;
-- after a cut it goes on, and the cut stays to be seen
BEGIN;
ALTER TABLE datamesh.event_log DISABLE TRIGGER event_log_guard;
DELETE FROM datamesh.event_log WHERE event_id >= 5;
CALL datamesh.create_domain('regress_d', 'regress_team', 'six');
SELECT * FROM datamesh.verify_event_log();
ROLLBACK;

-- the hash is what its description says: every field with its length in front
SELECT hash = sha256(
    int8send(16) || 'datamesh event 1' || int8send(32) || previous_hash || int8send(8) || int8send(event_id)
    || int8send(8) || timestamptz_send(occurred_at)
    || int8send(length(kind)) || convert_to(kind, 'UTF8') || int8send(length(actor::text)) || convert_to(actor::text, 'UTF8')
    || int8send(-1) || int8send(-1) || int8send(octet_length(details::text)) || convert_to(details::text, 'UTF8')) AS as_documented
FROM datamesh.event_log WHERE event_id = 2;
SELECT datamesh.event_hash(1, 'epoch', 'k', 'a', 'p', 'v', '{}', '\x') <> datamesh.event_hash(1, 'epoch', 'k', 'a', 'pv', '', '{}', '\x') AS differ,
       datamesh.event_hash(1, 'epoch', 'k', 'a', NULL, 'v', '{}', '\x') <> datamesh.event_hash(1, 'epoch', 'k', 'a', '', 'v', '{}', '\x') AS differ,
       datamesh.event_hash(1, 'epoch', 'k', 'a', 'p', 'v', NULL, '\x') IS NULL AS null_in_null_out;

-- read-only transactions cannot carry an event
BEGIN READ ONLY;
CALL datamesh.create_domain('regress_d', 'regress_team', 'six');
ROLLBACK;

CALL datamesh.drop_domain('regress_d');
SELECT * FROM datamesh.verify_event_log();
DROP SCHEMA regress_d_internal;
DROP ROLE regress_team;
