-- catalog: what happens within a longer transaction is in the event log when that commits, in its order, and only if it stays.
\set VERBOSITY default
CREATE ROLE regress_ee;
CALL datamesh.create_domain('ree', owner => 'regress_ee');
GRANT CREATE ON SCHEMA ree_internal TO regress_ee;
SET ROLE regress_ee;
CREATE TABLE ree_internal.t (id integer);
RESET ROLE;
CREATE FUNCTION pg_temp.load(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format(
        E'apiVersion: v3.1.0\nkind: DataContract\nid: %1$s\nname: %1$s\ndomain: ree\nversion: 1.0.0\nstatus: active\n'
        'servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: ree_internal}]\n'
        'schema:\n- name: %1$s\n  physicalName: t\n  properties:\n  - name: id\n', name));
END $$;
CREATE VIEW pg_temp.told AS
SELECT kind, product, coalesce(details ->> 'domain', '') AS domain FROM datamesh.events
WHERE event_id > (SELECT max(event_id) FROM datamesh.events WHERE kind = 'domain_created' AND details ->> 'domain' = 'ree') ORDER BY event_id;

BEGIN;
SELECT pg_temp.load('one');
SELECT count(*) AS before_the_end FROM pg_temp.told;
SAVEPOINT s;
SELECT pg_temp.load('two');
ROLLBACK TO s;
SAVEPOINT s;
SELECT pg_temp.load('three');
RELEASE s;
DO $$
BEGIN
    PERFORM pg_temp.load('four');
    RAISE EXCEPTION 'never mind';
EXCEPTION WHEN raise_exception THEN NULL;
END $$;
COMMIT;
SELECT * FROM pg_temp.told;

-- an event that is appended at once takes along what waits
BEGIN;
CALL datamesh.drop_draft('ree.one', '1.0.0');
CALL datamesh.create_domain('ree', owner => 'regress_ee', description => 'another');
SELECT pg_temp.load('five');
SELECT * FROM pg_temp.told;
COMMIT;
SELECT * FROM pg_temp.told;

-- nothing is left of what is rolled back, nor of what fails at its end
BEGIN;
SELECT pg_temp.load('six');
ROLLBACK;
BEGIN;
SELECT pg_temp.load('seven');
SELECT 1 / 0;
COMMIT;
CREATE TABLE pg_temp.later (i integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
BEGIN;
SELECT pg_temp.load('eight');
INSERT INTO pg_temp.later VALUES (1), (1);
COMMIT;
SELECT kind, product FROM pg_temp.told WHERE product IN ('ree.six', 'ree.seven', 'ree.eight');
-- a whole transaction in another mode
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.load('nine');
COMMIT;
SELECT kind, product FROM pg_temp.told WHERE product = 'ree.nine';
SELECT count(*) AS problems FROM datamesh.verify_event_log();

DELETE FROM datamesh.product WHERE domain_name = 'ree';
CALL datamesh.drop_domain('ree');
SET client_min_messages = warning;
SET datamesh.break_glass = on;
DROP SCHEMA ree_internal CASCADE;
RESET datamesh.break_glass;
DROP OWNED BY regress_ee;
DROP ROLE regress_ee;
