-- governance_guard_grant: what a contract does not give, no GRANT gives.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gg_team;
CREATE ROLE regress_gg_member IN ROLE regress_gg_team;
CREATE ROLE regress_gg_reader;
CREATE ROLE regress_gg_analyst;
CREATE ROLE regress_gg_stranger;
CALL datamesh.create_domain('rgrant', owner => 'regress_gg_team');
CALL datamesh.create_domain('rgrantee', owner => 'regress_gg_reader');
CALL datamesh.create_consumer('rganalyst', role => 'regress_gg_analyst');
CREATE FUNCTION pg_temp.document(product text, version text, mode text, reader text) RETURNS text LANGUAGE sql AS $$
SELECT format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "%1$s", "name": "%1$s", "domain": "rgrant",
  "version": "%2$s", "status": "active",
  "schema": [{"name": "%1$s", "physicalName": "%1$s", "properties": [{"name": "id", "logicalType": "integer"}]}],
  "roles": [{"role": "%4$s", "access": "read"}],
  "customProperties": [{"property": "datamesh.mode", "value": "%3$s"}],
  "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rgrant_internal"}]}',
  product, version, mode, reader) $$;
SET ROLE regress_gg_team;
CREATE TABLE rgrant_internal.p (id integer);
INSERT INTO rgrant_internal.p VALUES (1);
CREATE TABLE rgrant_internal.l (id integer);
INSERT INTO rgrant_internal.l VALUES (1);
CREATE SEQUENCE rgrant_internal.s;
CALL datamesh.load_contract(pg_temp.document('p', '1.0.0', 'snapshot', 'rgrantee'));
CALL datamesh.load_contract(pg_temp.document('l', '1.0.0', 'live', 'rganalyst'));
CALL datamesh.publish('rgrant.p');
CALL datamesh.publish('rgrant.l');

-- what is internal is for the domain
GRANT SELECT ON rgrant_internal.p TO regress_gg_stranger;
GRANT SELECT ON rgrant_internal.p TO PUBLIC;
GRANT ALL ON rgrant_internal.p TO regress_gg_reader;
GRANT SELECT (id), UPDATE (id) ON rgrant_internal.p TO regress_gg_reader;
GRANT SELECT ON rgrant_internal.l TO regress_gg_analyst;
GRANT SELECT ON TABLE public.no_such, rgrant_internal.l TO regress_gg_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA rgrant_internal TO regress_gg_member, regress_gg_stranger;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rgrant TO regress_gg_stranger;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rgrant_internal TO regress_gg_stranger;
GRANT USAGE ON SEQUENCE rgrant_internal.s TO regress_gg_stranger;
GRANT USAGE ON SCHEMA rgrant_internal TO regress_gg_stranger;
GRANT CREATE ON SCHEMA rgrant_internal TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA rgrant_internal GRANT SELECT ON TABLES TO regress_gg_stranger;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_gg_team GRANT SELECT ON SEQUENCES TO regress_gg_stranger;
DO $$ BEGIN GRANT SELECT ON rgrant_internal.p TO regress_gg_stranger; END $$;
SET search_path = rgrant_internal;
GRANT SELECT ON p TO regress_gg_stranger;
RESET search_path;
GRANT SELECT ON rgrant_internal.p TO regress_gg_nobody;
-- the domain's own roles, and what is no relation, are its own business
GRANT SELECT, INSERT ON rgrant_internal.p TO regress_gg_member;
GRANT USAGE ON SCHEMA rgrant_internal TO regress_gg_member;
GRANT SELECT ON ALL TABLES IN SCHEMA rgrant_internal TO regress_gg_member;
ALTER DEFAULT PRIVILEGES IN SCHEMA rgrant_internal GRANT SELECT ON TABLES TO regress_gg_member;
CREATE TABLE rgrant_internal.born (id integer);
REVOKE ALL ON rgrant_internal.p FROM regress_gg_member;
REVOKE SELECT ON rgrant_internal.p FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA rgrant_internal REVOKE SELECT ON TABLES FROM regress_gg_member;
-- but not what the ports read with
REVOKE SELECT ON rgrant_internal.l FROM rgrant_port;
REVOKE ALL ON ALL TABLES IN SCHEMA rgrant_internal FROM rgrant_port;
REVOKE USAGE ON SCHEMA rgrant_internal FROM rgrant_port CASCADE;
REVOKE ALL ON rgrant_internal.p FROM rgrant_port;

-- within CREATE SCHEMA a GRANT is no command of its own
RESET ROLE;
CREATE SCHEMA regress_gg_new GRANT SELECT ON rgrant_internal.p TO regress_gg_stranger;
CREATE SCHEMA regress_gg_new CREATE TABLE t (id integer) GRANT SELECT ON t TO regress_gg_stranger;
DROP SCHEMA regress_gg_new CASCADE;
-- default privileges that were there before the schema joined the mesh
CREATE SCHEMA rgrant_raw AUTHORIZATION regress_gg_team;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_gg_team IN SCHEMA rgrant_raw GRANT SELECT ON TABLES TO regress_gg_stranger;
SET ROLE regress_gg_team;
CALL datamesh.add_internal_schema('rgrant', 'rgrant_raw');
CREATE TABLE rgrant_raw.t (id integer);
CREATE VIEW rgrant_raw.v AS SELECT 1 AS id;
SELECT 1 AS id INTO rgrant_raw.t;
ALTER DEFAULT PRIVILEGES IN SCHEMA rgrant_raw REVOKE SELECT ON TABLES FROM regress_gg_stranger;
CREATE TABLE rgrant_raw.t (id integer);

-- ports: whom the contract names, and to read
RESET ROLE;
GRANT SELECT ON rgrant.p TO regress_gg_reader;
GRANT SELECT ON rgrant.p_v1 TO regress_gg_reader, regress_gg_member;
GRANT SELECT ON rgrant.p TO regress_gg_analyst;
GRANT SELECT ON rgrant.l TO regress_gg_analyst;
GRANT SELECT ON rgrant.l TO regress_gg_reader;
GRANT INSERT ON rgrant.p TO regress_gg_reader;
GRANT ALL ON rgrant.p TO regress_gg_reader;
GRANT SELECT ON rgrant.p TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA rgrant TO regress_gg_reader;
GRANT USAGE ON SCHEMA rgrant TO regress_gg_reader;
GRANT USAGE ON SCHEMA rgrant TO regress_gg_stranger;
GRANT CREATE ON SCHEMA rgrant TO regress_gg_team;
GRANT USAGE ON SCHEMA rgrant TO PUBLIC;
-- releases: the domain alone
GRANT SELECT ON rgrant_releases.p_v1 TO regress_gg_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA rgrant_releases TO PUBLIC;
GRANT USAGE ON SCHEMA rgrant_releases TO regress_gg_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE rgrant_port GRANT SELECT ON TABLES TO regress_gg_stranger;
-- the port role keeps what is its own
REVOKE ALL ON rgrant.p FROM rgrant_port;
REVOKE ALL ON rgrant_releases.p_v1 FROM rgrant_port;
REVOKE ALL ON SCHEMA rgrant FROM rgrant_port;
-- a reader who may pass rights on, and passes them
SET datamesh.break_glass = on;
GRANT SELECT ON rgrant.p TO regress_gg_reader WITH GRANT OPTION;
RESET datamesh.break_glass;
SET ROLE regress_gg_reader;
GRANT SELECT ON rgrant.p TO regress_gg_stranger;
RESET ROLE;
-- REVOKE is free
REVOKE SELECT ON rgrant.p FROM regress_gg_reader CASCADE;

-- who has what, in the end
SELECT c.oid::regclass AS relation, a.grantee::regrole, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges
FROM pg_class AS c, aclexplode(c.relacl) AS a
WHERE c.relnamespace IN ('rgrant'::regnamespace, 'rgrant_internal'::regnamespace, 'rgrant_releases'::regnamespace, 'rgrant_raw'::regnamespace)
  AND a.grantee <> c.relowner
GROUP BY c.oid, a.grantee ORDER BY c.oid::regclass::text COLLATE "C", a.grantee::regrole::text COLLATE "C";
SELECT nspname, a.grantee::regrole, a.privilege_type FROM pg_namespace AS n, aclexplode(nspacl) AS a
WHERE nspname LIKE 'rgrant%' AND a.grantee <> nspowner AND nspname NOT LIKE 'rgrantee%' ORDER BY nspname, a.grantee::regrole::text COLLATE "C", 3;

-- a contract that no longer names a reader
SET ROLE regress_gg_team;
CALL datamesh.load_contract(pg_temp.document('p', '2.0.0', 'snapshot', 'rganalyst'));
CALL datamesh.publish('rgrant.p');
RESET ROLE;
GRANT SELECT ON rgrant.p TO regress_gg_reader;
GRANT SELECT ON rgrant.p_v1 TO regress_gg_reader;
GRANT SELECT ON rgrant.p TO regress_gg_analyst;
-- a consumer's role that was made again under its name is somebody else
BEGIN;
SET LOCAL client_min_messages = error;
DROP OWNED BY regress_gg_analyst;
DROP ROLE regress_gg_analyst;
CREATE ROLE regress_gg_analyst;
GRANT SELECT ON rgrant.p TO regress_gg_analyst;
ROLLBACK;

SET client_min_messages = warning;
DO $$
DECLARE p text;
BEGIN
    FOREACH p IN ARRAY ARRAY['p 1.0.0', 'p 2.0.0', 'l 1.0.0'] LOOP
        CALL datamesh.deprecate('rgrant.' || split_part(p, ' ', 1), split_part(p, ' ', 2), current_date);
    END LOOP;
    CALL datamesh.retire('rgrant.p');
    CALL datamesh.retire('rgrant.l');
END $$;
CALL datamesh.drop_domain('rgrant');
CALL datamesh.drop_domain('rgrantee');
DROP SCHEMA rgrant_internal, rgrant_raw, rgrantee_internal CASCADE;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rganalyst';
DROP OWNED BY regress_gg_team, regress_gg_member, regress_gg_reader, regress_gg_analyst, regress_gg_stranger;
DROP ROLE regress_gg_team, regress_gg_member, regress_gg_reader, regress_gg_analyst, regress_gg_stranger;
