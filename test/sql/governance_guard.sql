-- governance_guard: DDL that would break what consumers read is refused, by whatever way it comes; DDL
-- that breaks nothing passes; the source of a copied product is the domain's own.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_g_team;
CREATE ROLE regress_g_other;
CREATE ROLE regress_g_reader;
CALL datamesh.create_domain('rguard', owner => 'regress_g_team');
CALL datamesh.create_domain('rgreader', owner => 'regress_g_reader');
SELECT evtname, evtevent, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'datamesh%' ORDER BY 1;

CREATE FUNCTION pg_temp.document(product text, version text, mode text) RETURNS text LANGUAGE sql AS $$
SELECT format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "%1$s", "name": "%1$s", "domain": "rguard",
  "version": "%2$s", "status": "active",
  "schema": [{"name": "%1$s", "physicalName": "%1$s", "properties": [
     {"name": "id", "logicalType": "integer", "physicalType": "integer", "required": true},
     {"name": "label", "physicalName": "name", "logicalType": "string", "physicalType": "text", "required": true},
     {"name": "amount", "logicalType": "number", "physicalType": "numeric(12,2)"}]}],
  "roles": [{"role": "rgreader", "access": "read"}],
  "customProperties": [{"property": "datamesh.mode", "value": "%3$s"}],
  "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rguard_internal"}]}',
  product, version, mode) $$;

SET ROLE regress_g_team;
CREATE TABLE rguard_internal.live (id integer PRIMARY KEY, name text NOT NULL, amount numeric(12,2), spare text);
CREATE TABLE rguard_internal.copied (LIKE rguard_internal.live INCLUDING ALL);
CREATE TABLE rguard_internal.base (LIKE rguard_internal.live INCLUDING ALL);
CREATE VIEW rguard_internal.livev AS SELECT id, name, amount FROM rguard_internal.base;
CREATE TABLE rguard_internal.parts (id integer, name text NOT NULL, amount numeric(12,2)) PARTITION BY LIST (id);
CREATE TABLE rguard_internal.parts_1 PARTITION OF rguard_internal.parts FOR VALUES IN (1);
CREATE TABLE rguard_internal.parts_2 (LIKE rguard_internal.parts);
INSERT INTO rguard_internal.live VALUES (1, 'a', 1, 'x');
INSERT INTO rguard_internal.copied SELECT * FROM rguard_internal.live;
INSERT INTO rguard_internal.base SELECT * FROM rguard_internal.live;
INSERT INTO rguard_internal.parts VALUES (1, 'a', 1);
CALL datamesh.load_contract(pg_temp.document('live', '1.0.0', 'live'));
CALL datamesh.load_contract(pg_temp.document('livev', '1.0.0', 'live'));
CALL datamesh.load_contract(pg_temp.document('parts', '1.0.0', 'live'));
CALL datamesh.load_contract(pg_temp.document('copied', '1.0.0', 'snapshot'));
CALL datamesh.publish('rguard.live');
CALL datamesh.publish('rguard.livev');
CALL datamesh.publish('rguard.parts');
CALL datamesh.publish('rguard.copied');

-- the source of a live product: each kind of DDL
ALTER TABLE rguard_internal.live DROP COLUMN name;
ALTER TABLE rguard_internal.live DROP COLUMN IF EXISTS amount CASCADE;
ALTER TABLE rguard_internal.live RENAME COLUMN name TO title;
ALTER TABLE rguard_internal.live ALTER COLUMN amount TYPE numeric(8,2);
ALTER TABLE rguard_internal.live ALTER COLUMN amount TYPE numeric(14,2);
ALTER TABLE rguard_internal.live ALTER COLUMN name DROP NOT NULL;
ALTER TABLE rguard_internal.live RENAME TO dead;
ALTER TABLE rguard_internal.live SET SCHEMA public;
ALTER TABLE rguard_internal.live ENABLE ROW LEVEL SECURITY;
ALTER TABLE rguard_internal.live FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON rguard_internal.live USING (false);
CREATE RULE nothing AS ON INSERT TO rguard_internal.live DO INSTEAD NOTHING;
ALTER TABLE rguard_internal.live SET UNLOGGED;
ALTER TABLE rguard_internal.live ADD COLUMN stamp double precision DEFAULT random();
CREATE TABLE rguard_internal.child (LIKE rguard_internal.live);
ALTER TABLE rguard_internal.child INHERIT rguard_internal.live;
DROP TABLE rguard_internal.child;
DROP TABLE rguard_internal.live;
DROP TABLE rguard_internal.base, rguard_internal.live CASCADE;
DROP TABLE IF EXISTS rguard_internal.no_such, rguard_internal.live CASCADE;
-- several subcommands, the harmful one last: nothing of it is done
ALTER TABLE rguard_internal.live ADD COLUMN more text, ALTER COLUMN spare SET DEFAULT 'x', DROP COLUMN amount;
-- a live view, and what it stands on
CREATE OR REPLACE VIEW rguard_internal.livev AS SELECT id, name, -amount AS amount FROM rguard_internal.base;
ALTER VIEW rguard_internal.livev SET (security_barrier = true);
ALTER VIEW rguard_internal.livev RENAME TO livew;
DROP VIEW rguard_internal.livev;
DROP TABLE rguard_internal.base CASCADE;
ALTER TABLE rguard_internal.base DROP COLUMN amount CASCADE;
-- partitions
ALTER TABLE rguard_internal.parts ATTACH PARTITION rguard_internal.parts_2 FOR VALUES IN (2);
ALTER TABLE rguard_internal.parts DETACH PARTITION rguard_internal.parts_1;
ALTER TABLE rguard_internal.parts DETACH PARTITION rguard_internal.parts_1 CONCURRENTLY;
ALTER TABLE rguard_internal.parts DROP COLUMN amount;
-- all at once
DROP SCHEMA rguard_internal CASCADE;
SET client_min_messages = error; -- PostgreSQL has much to say of privileges
\set VERBOSITY sqlstate
DROP OWNED BY regress_g_team CASCADE;
RESET ROLE;
DROP OWNED BY regress_g_team CASCADE;
\set VERBOSITY default
RESET client_min_messages;
ALTER SCHEMA rguard_internal RENAME TO rguard_elsewhere;
SET ROLE regress_g_team;

-- the same within functions, DO blocks, procedures and dynamic SQL
DO $$ BEGIN ALTER TABLE rguard_internal.live DROP COLUMN name CASCADE; END $$;
DO $$ BEGIN EXECUTE 'DROP TABLE rguard_internal.live CASCADE'; END $$;
CREATE FUNCTION rguard_internal.harm() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ALTER TABLE rguard_internal.live RENAME TO dead;
END $$;
SELECT rguard_internal.harm();
SELECT count(*) FROM (SELECT rguard_internal.harm()) AS x;
CREATE FUNCTION rguard_internal.harm_sql() RETURNS void LANGUAGE sql AS 'ALTER TABLE rguard_internal.live ALTER COLUMN amount TYPE text';
SELECT rguard_internal.harm_sql();
CREATE TABLE rguard_internal.by_query AS SELECT 1 AS id FROM (SELECT rguard_internal.harm() OFFSET 0) AS x WHERE x IS NOT NULL;
CREATE PROCEDURE rguard_internal.harm_and_commit() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE rguard_internal.step_one (id integer);
    COMMIT;
    ALTER TABLE rguard_internal.live DROP COLUMN amount CASCADE;
END $$;
CALL rguard_internal.harm_and_commit();
DROP TABLE rguard_internal.step_one;
DROP ROUTINE rguard_internal.harm, rguard_internal.harm_sql, rguard_internal.harm_and_commit;

-- an error within a subtransaction leaves nothing behind, neither in the table nor in the guard
DO $$
BEGIN
    FOR i IN 1 .. 3 LOOP
        BEGIN
            ALTER TABLE rguard_internal.live ADD COLUMN more text, DROP COLUMN amount;
        EXCEPTION WHEN SQLSTATE 'MD501' THEN
            RAISE NOTICE 'refused: %', SQLERRM;
        END;
    END LOOP;
    ALTER TABLE rguard_internal.live ALTER COLUMN spare SET DEFAULT 'y';
END $$;
BEGIN;
SAVEPOINT s;
DROP TABLE rguard_internal.live CASCADE;
ROLLBACK TO s;
SAVEPOINT t;
SELECT 1 / 0;
ROLLBACK TO t;
CREATE TABLE rguard_internal.fine (id integer);
COMMIT;
DROP TABLE rguard_internal.fine;
-- a command that fails by itself, and then a good one
CREATE TABLE rguard_internal.fine (id integer, id integer);
CREATE TABLE rguard_internal.fine AS SELECT 1 / 0 AS id;
CREATE TABLE rguard_internal.fine (id integer);
DROP TABLE rguard_internal.fine;

-- what harms nobody passes
ALTER TABLE rguard_internal.live ADD COLUMN more text, ALTER COLUMN spare SET NOT NULL, ALTER COLUMN name SET STATISTICS 50;
ALTER TABLE rguard_internal.live DROP COLUMN more, ALTER COLUMN spare TYPE varchar;
ALTER TABLE rguard_internal.live RENAME COLUMN spare TO rest;
ALTER TABLE rguard_internal.live SET (fillfactor = 90);
ALTER TABLE rguard_internal.live ADD CONSTRAINT positive CHECK (amount > 0);
CREATE INDEX live_name_idx ON rguard_internal.live (name);
ALTER INDEX rguard_internal.live_name_idx RENAME TO live_label_idx;
DROP INDEX rguard_internal.live_label_idx;
CREATE INDEX CONCURRENTLY live_name_idx ON rguard_internal.live (name);
DROP INDEX CONCURRENTLY rguard_internal.live_name_idx;
COMMENT ON TABLE rguard_internal.live IS 'a comment';
CREATE TABLE rguard_internal.parts_3 PARTITION OF rguard_internal.parts FOR VALUES IN (3);
CREATE FUNCTION rguard_internal.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE INSERT ON rguard_internal.live FOR EACH ROW EXECUTE FUNCTION rguard_internal.touch();
DROP TRIGGER touch ON rguard_internal.live;
CREATE TEMP TABLE live (id integer, name text);
ALTER TABLE live DROP COLUMN name;
DROP TABLE live;
CREATE VIEW rguard_internal.another AS SELECT * FROM rguard_internal.live;
CREATE OR REPLACE VIEW rguard_internal.another AS SELECT * FROM rguard_internal.live WHERE id > 0;
DROP VIEW rguard_internal.another;
SELECT id, name INTO rguard_internal.selected FROM rguard_internal.live;
CREATE MATERIALIZED VIEW rguard_internal.kept AS SELECT id, name FROM rguard_internal.live;
REFRESH MATERIALIZED VIEW rguard_internal.kept;
DROP MATERIALIZED VIEW rguard_internal.kept;
DROP TABLE rguard_internal.selected;
SELECT * FROM rguard.live;

-- the source of a copied product: done, and said
BEGIN;
ALTER TABLE rguard_internal.copied DROP COLUMN amount;
ALTER TABLE rguard_internal.copied RENAME COLUMN name TO title;
ALTER TABLE rguard_internal.copied ALTER COLUMN id TYPE bigint;
ALTER TABLE rguard_internal.copied DROP COLUMN spare;
ALTER TABLE rguard_internal.copied ALTER COLUMN title DROP NOT NULL;
ROLLBACK;
BEGIN;
RESET ROLE;
ALTER TABLE rguard_internal.copied SET SCHEMA public;
ALTER TABLE public.copied SET SCHEMA rguard_internal;
ALTER TABLE rguard_internal.copied OWNER TO regress_g_other;
ROLLBACK;
BEGIN;
ALTER TABLE rguard_internal.copied RENAME TO copy;
DROP TABLE rguard_internal.copy;
ROLLBACK;
BEGIN;
DO $$ BEGIN DROP TABLE rguard_internal.copied; END $$;
ROLLBACK;

-- ports and releases, as the superuser
RESET ROLE;
DROP VIEW rguard.copied;
DROP VIEW IF EXISTS rguard.no_such, rguard.copied_v1 CASCADE;
ALTER VIEW rguard.copied SET (security_barrier = false);
ALTER VIEW rguard.copied RESET (security_barrier);
ALTER VIEW rguard.copied RENAME TO x;
ALTER VIEW rguard.copied RENAME COLUMN label TO x;
ALTER VIEW rguard.copied ALTER COLUMN label SET DEFAULT 'x';
ALTER VIEW rguard.copied OWNER TO regress_g_team;
ALTER VIEW rguard.copied SET SCHEMA public;
CREATE OR REPLACE VIEW rguard.copied AS SELECT 1 AS id, ''::text AS label, 2::numeric(12,2) AS amount;
CREATE RULE r AS ON INSERT TO rguard.copied DO INSTEAD NOTHING;
CREATE FUNCTION rguard_internal.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER t INSTEAD OF INSERT ON rguard.copied FOR EACH ROW EXECUTE FUNCTION rguard_internal.instead();
DROP RULE "_RETURN" ON rguard.copied;
ALTER TABLE rguard_releases.copied_v1 DROP COLUMN amount CASCADE;
ALTER TABLE rguard_releases.copied_v1 ADD COLUMN x integer;
ALTER TABLE rguard_releases.copied_v1 ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON rguard_releases.copied_v1;
DROP TABLE rguard_releases.copied_v1;
DROP TABLE rguard_releases.copied_v1 CASCADE;
CREATE TABLE rguard_internal.smuggled (LIKE rguard_releases.copied_v1);
ALTER TABLE rguard_releases.copied_v1 ATTACH PARTITION rguard_internal.smuggled FOR VALUES IN (-1);
CREATE TABLE rguard_internal.smuggled_2 PARTITION OF rguard_releases.copied_v1 FOR VALUES IN (-1);
CREATE TABLE rguard_internal.smuggled_3 () INHERITS (rguard_internal.live);
ALTER TABLE rguard_internal.smuggled SET SCHEMA rguard_releases;
ALTER TABLE rguard_internal.smuggled SET SCHEMA rguard;
DROP TABLE rguard_internal.smuggled;
CREATE TABLE rguard.mine (id integer);
CREATE VIEW rguard.mine AS SELECT 1 AS id;
CREATE TABLE rguard.mine AS SELECT 1 AS id;
SELECT 1 AS id INTO rguard.mine;
CREATE MATERIALIZED VIEW rguard_releases.mine AS SELECT 1 AS id;
CREATE SEQUENCE rguard.mine;
CREATE TYPE rguard.mine AS (id integer);
DO $$ BEGIN CREATE TABLE rguard.mine (id integer); END $$;
CREATE INDEX ON rguard_releases.copied_v1 (id);
DROP SCHEMA rguard;
DROP SCHEMA rguard CASCADE;
DROP SCHEMA rguard_releases CASCADE;
ALTER SCHEMA rguard RENAME TO x;
ALTER SCHEMA rguard OWNER TO regress_g_team;
-- which of its objects comes first is not told
\set VERBOSITY sqlstate
DROP OWNED BY rguard_port;
DROP OWNED BY rguard_port CASCADE;
\set VERBOSITY default
-- replication roles make no difference
SET session_replication_role = replica;
DROP VIEW rguard.copied;
RESET session_replication_role;
-- but comments are free, and a role's owner need not be told what it may not do anyway
COMMENT ON VIEW rguard.copied IS 'what consumers read';
SET ROLE regress_g_other;
DROP VIEW rguard.copied;
ALTER TABLE rguard_internal.live DROP COLUMN name;
RESET ROLE;

-- whoever builds on a port of the mesh is not in the mesh
CREATE SCHEMA regress_g_outside
    CREATE TABLE t (id integer, "No Snake" timestamp)
    CREATE VIEW v AS SELECT * FROM t;
ALTER TABLE regress_g_outside.t RENAME TO u;
DROP SCHEMA regress_g_outside CASCADE;

DROP TABLE rguard_internal.smuggled_3;
-- all stands as it stood
SET ROLE regress_g_reader;
SELECT * FROM rguard.live;
SELECT * FROM rguard.livev;
SELECT * FROM rguard.parts;
SELECT * FROM rguard.copied;
RESET ROLE;
CALL datamesh.publish('rguard.copied');
CALL datamesh.publish('rguard.live');

-- breaking the glass: a superuser, for as long as he is one, and the log tells
SET ROLE regress_g_team;
SET datamesh.break_glass = on;
RESET ROLE;
SET datamesh.break_glass = on;
SET ROLE regress_g_team;
ALTER TABLE rguard_internal.live DROP COLUMN name CASCADE;
RESET ROLE;
SELECT max(event_id) AS before FROM datamesh.events \gset
BEGIN;
ALTER TABLE rguard_internal.live DROP COLUMN amount CASCADE;
SELECT to_regclass('rguard.live') AS port;
SELECT kind, actor = session_user AS me, details - 'role' AS details FROM datamesh.events WHERE event_id > :before ORDER BY event_id;
CREATE TABLE rguard_internal.fine (id integer);
SELECT count(*) FROM datamesh.events WHERE event_id > :before;
ROLLBACK;
RESET datamesh.break_glass;
SELECT count(*) FROM datamesh.verify_event_log();

-- the guard is not in its own way: the extension goes with all that stands on it
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION datamesh CASCADE;
SELECT to_regclass('rguard.copied') AS port, to_regclass('rguard_internal.copied') AS source;
CREATE TABLE rguard.mine (id integer);
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
DO $$ BEGIN DROP EXTENSION semver CASCADE; END $$;
SELECT count(*) AS extensions FROM pg_extension WHERE extname IN ('datamesh', 'semver');
ROLLBACK;
BEGIN;
SAVEPOINT s;
SET LOCAL client_min_messages = warning;
DROP EXTENSION datamesh CASCADE;
ROLLBACK TO s;
DROP VIEW rguard.copied;
ROLLBACK;

SET client_min_messages = warning;
DO $$
DECLARE p text;
BEGIN
    FOREACH p IN ARRAY ARRAY['live', 'livev', 'parts', 'copied'] LOOP
        CALL datamesh.deprecate('rguard.' || p, '1.0.0', current_date);
        CALL datamesh.retire('rguard.' || p);
    END LOOP;
END $$;
-- what is no longer read is the domain's own again
SET ROLE regress_g_team;
ALTER TABLE rguard_internal.live DROP COLUMN name;
DROP VIEW rguard_internal.livev;
RESET ROLE;
CALL datamesh.drop_domain('rguard');
CALL datamesh.drop_domain('rgreader');
DROP SCHEMA rguard_internal, rgreader_internal CASCADE;
DROP ROLE regress_g_team, regress_g_other, regress_g_reader;
