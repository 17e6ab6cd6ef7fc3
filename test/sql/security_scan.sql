-- security_scan: each state that it looks for is made, found, mended by the statement that it prints, and gone.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = error;
CREATE ROLE regress_ss_team;
CREATE ROLE regress_ss_member IN ROLE regress_ss_team;
CREATE ROLE regress_ss_reader;
CREATE ROLE regress_ss_out;
CREATE ROLE "regress_ss Odd""one";
CALL datamesh.create_domain('rscan', owner => 'regress_ss_team');
CALL datamesh.create_consumer('rsreader', role => 'regress_ss_reader');
CREATE FUNCTION pg_temp.document(product text, mode text, source text) RETURNS text LANGUAGE sql AS $$
SELECT format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "%1$s", "name": "%1$s", "domain": "rscan",
  "version": "1.0.0", "status": "active", "team": {"members": [{"username": "regress_ss_member", "role": "Data Steward"}]},
  "schema": [{"name": "%1$s", "physicalName": "%3$s", "properties": [{"name": "id", "logicalType": "integer"}]}],
  "roles": [{"role": "rsreader", "access": "read"}],
  "customProperties": [{"property": "datamesh.mode", "value": "%2$s"}],
  "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rscan_internal"}]}',
  product, mode, source) $$;
SET ROLE regress_ss_team;
CREATE TABLE rscan_internal.t (id integer, secret text);
INSERT INTO rscan_internal.t VALUES (1, 'one'), (2, 'two');
CREATE TABLE rscan_internal.l (id integer);
INSERT INTO rscan_internal.l VALUES (1);
CREATE TABLE rscan_internal.apart (id integer);
CREATE MATERIALIZED VIEW rscan_internal.m AS SELECT id FROM rscan_internal.t;
CREATE SEQUENCE rscan_internal.s;
CALL datamesh.load_contract(pg_temp.document('t', 'snapshot', 't'));
CALL datamesh.load_contract(pg_temp.document('l', 'live', 'l'));
CALL datamesh.publish('rscan.t');
CALL datamesh.publish('rscan.l');
-- a port with a mask and a row filter
CALL datamesh.load_contract(replace(replace(pg_temp.document('k', 'snapshot', 't'), '"logicalType": "integer"}',
    '"logicalType": "integer"}, {"name": "secret", "logicalType": "string", "customProperties": [{"property": "datamesh.mask", "value": "partial(1, *, 1)"}]}'),
    '"customProperties": [{"property": "datamesh.mode"', '"customProperties": [{"property": "datamesh.rowFilter", "value": "id > 0"}, {"property": "datamesh.mode"'));
CALL datamesh.publish('rscan.k');
RESET ROLE;
-- roles and objects of other databases and tests are none of this test's
\set ours 'domain_name IS NOT DISTINCT FROM \'rscan\' OR object ~ \'regress_ss|rscan|datamesh|numeric_div\' OR what ~ \'regress_ss\''
\set kinds 'finding = ANY (string_to_array(:\'kind\', \' \'))'
\set find 'SELECT finding, severity, regexp_replace(object, \'_r[0-9]+\\M\', \'_rN\') AS object, regexp_replace(what, \'_r[0-9]+\\M\', \'_rN\') AS what, regexp_replace(regexp_replace(mend, \'_r[0-9]+\\M\', \'_rN\'), \'(current_release|may_read).[0-9]+\', \'\\1(N\') AS mend FROM datamesh.security_scan() WHERE (:ours) AND :kinds ORDER BY finding, severity, object COLLATE "C", what COLLATE "C";'
\set mend 'SELECT mend FROM datamesh.security_scan() WHERE (:ours) AND :kinds AND mend IS NOT NULL'
\set gone 'SELECT count(*) AS left_over FROM datamesh.security_scan() WHERE (:ours) AND :kinds;'

-- a mesh in order
SELECT finding, severity, object, what FROM datamesh.security_scan() WHERE (:ours) AND finding <> 'guard.preload';
-- who may ask
SET ROLE regress_ss_member;
SELECT count(*) FROM datamesh.security_scan();
SELECT count(*) FROM datamesh.security_scan('rscan');
SELECT count(*) FROM datamesh.security_scan('rnone');
SELECT count(*) FROM datamesh.security_findings();
SET ROLE regress_ss_out;
SELECT count(*) FROM datamesh.security_scan('rscan');
SELECT count(*) FROM datamesh.security_scan(NULL);
RESET ROLE;

SET datamesh.break_glass = on;
-- privileges: of schemas, of what is internal, of releases and ports, and those that are still to come
\set kind 'grant.schema grant.internal grant.release grant.port grant.port_write grant.option grant.default'
GRANT USAGE ON SCHEMA rscan_internal TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA rscan_internal TO regress_ss_out;
GRANT USAGE ON SCHEMA rscan_releases TO "regress_ss Odd""one";
GRANT USAGE ON SCHEMA rscan TO regress_ss_out;
GRANT CREATE ON SCHEMA rscan TO regress_ss_team;
GRANT SELECT, INSERT ON rscan_internal.t TO regress_ss_out;
GRANT SELECT (secret), UPDATE (id) ON rscan_internal.t TO "regress_ss Odd""one";
GRANT SELECT ON rscan_internal.apart, rscan_internal.m TO PUBLIC;
GRANT USAGE ON SEQUENCE rscan_internal.s TO regress_ss_out;
GRANT SELECT ON rscan_releases.t_v1 TO regress_ss_out;
GRANT SELECT (id) ON rscan_releases.t_v1 TO PUBLIC;
GRANT SELECT ON rscan.t TO regress_ss_out, regress_ss_member;
GRANT SELECT (id) ON rscan.t_v1 TO "regress_ss Odd""one";
GRANT INSERT ON rscan.t TO regress_ss_reader;
GRANT UPDATE ON rscan.t_v1 TO regress_ss_team;
GRANT SELECT ON rscan.l TO regress_ss_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_ss_team IN SCHEMA rscan_internal GRANT SELECT ON TABLES TO regress_ss_out;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_ss_team GRANT USAGE ON SEQUENCES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE rscan_port GRANT ALL ON TABLES TO "regress_ss Odd""one";
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
-- row security holds back nobody who has BYPASSRLS, or a member who has
CREATE ROLE regress_ss_past BYPASSRLS IN ROLE regress_ss_out;
GRANT SELECT ON rscan_internal.t TO regress_ss_out, "regress_ss Odd""one";
SELECT severity, what, why FROM datamesh.security_scan() WHERE (:ours) AND finding = 'grant.internal' ORDER BY what COLLATE "C";
REVOKE SELECT ON rscan_internal.t FROM regress_ss_out, "regress_ss Odd""one";
DROP ROLE regress_ss_past;
-- what is due to readers and the domain is still theirs
SELECT has_table_privilege('regress_ss_reader', 'rscan.t', 'SELECT') AS reads, has_table_privilege('regress_ss_reader', 'rscan.l', 'SELECT') AS reads_live,
       has_schema_privilege('regress_ss_team', 'rscan', 'USAGE') AS enters, has_table_privilege('regress_ss_team', 'rscan.t_v1', 'SELECT') AS owner_reads;
-- what somebody passed on is taken back as that role; a grant of access that is in force, and one that has ended
CREATE ROLE regress_ss_grantor IN ROLE regress_ss_team NOINHERIT;
GRANT USAGE ON SCHEMA rscan_internal TO regress_ss_grantor;
GRANT SELECT ON rscan_internal.apart TO regress_ss_grantor WITH GRANT OPTION;
BEGIN;
ALTER EVENT TRIGGER datamesh_guard_start DISABLE;
SET LOCAL ROLE regress_ss_grantor;
GRANT SELECT ON rscan_internal.apart TO regress_ss_out;
RESET ROLE;
ALTER EVENT TRIGGER datamesh_guard_start ENABLE ALWAYS;
COMMIT;
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, until)
SELECT product_id, r, r::regrole, now() + i * interval '1 day' FROM datamesh.product, (VALUES ('regress_ss_out', 1), ('regress_ss_late', -1)) AS v(r, i)
WHERE product = 'rscan.t' AND r = 'regress_ss_out';
CREATE ROLE regress_ss_late;
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, until)
SELECT product_id, 'regress_ss_late', 'regress_ss_late'::regrole, now() - interval '1 day' FROM datamesh.product WHERE product = 'rscan.t';
GRANT SELECT ON rscan.t TO regress_ss_out, regress_ss_late;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
DELETE FROM datamesh.access_grant WHERE role_name ~ '^regress_ss';
REVOKE ALL ON rscan.t FROM regress_ss_out;
REVOKE ALL ON rscan_internal.apart FROM regress_ss_grantor;
REVOKE ALL ON SCHEMA rscan_internal FROM regress_ss_grantor;
DROP ROLE regress_ss_grantor, regress_ss_late;

-- roles
\set kind 'role.attribute role.login role.member_of_port role.port_is_member role.consumer_is_owner role.owner_and_consumer role.admin_option role.predefined'
ALTER ROLE regress_ss_team BYPASSRLS CREATEROLE;
ALTER ROLE rscan_port LOGIN;
ALTER ROLE regress_ss_reader REPLICATION;
ALTER ROLE regress_ss_out CREATEROLE;
GRANT rscan_port TO regress_ss_out;
GRANT regress_ss_member TO rscan_port;
CREATE ROLE regress_ss_between ROLE regress_ss_reader IN ROLE regress_ss_team;
GRANT regress_ss_reader TO "regress_ss Odd""one" WITH ADMIN OPTION;
GRANT pg_read_all_data TO regress_ss_reader;
GRANT pg_read_server_files TO regress_ss_out;
CREATE ROLE regress_ss_both IN ROLE regress_ss_team, regress_ss_reader;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
ALTER ROLE rscan_port SUPERUSER;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
DROP ROLE regress_ss_between, regress_ss_both;
REVOKE regress_ss_reader FROM "regress_ss Odd""one";

-- ports and releases
\set kind 'port.definition port.barrier port.invoker port.owner port.stranger release.stranger release.row_security release.policy port.rule port.trigger port.default'
CREATE SCHEMA regress_ss_away;
CREATE OR REPLACE VIEW rscan.t WITH (security_barrier = true) AS SELECT id FROM rscan_releases.t_v1;
CREATE OR REPLACE VIEW rscan.l_v1 WITH (security_barrier = true) AS SELECT id + 0 AS id FROM rscan_internal.l;
ALTER VIEW rscan.t_v1 SET (security_barrier = false);
ALTER VIEW rscan.l RESET (security_barrier);
ALTER VIEW rscan.l SET (security_invoker = on);
ALTER VIEW rscan.t OWNER TO regress_ss_team;
ALTER TABLE rscan_releases.t_v1 OWNER TO regress_ss_team;
CREATE VIEW rscan.pretender AS SELECT * FROM rscan_internal.t;
CREATE TABLE rscan_releases."od""d" (id integer);
CREATE TABLE regress_ss_away.child (LIKE rscan_releases.t_v1);
ALTER TABLE rscan_releases.t_v1 ATTACH PARTITION regress_ss_away.child FOR VALUES IN (-1);
ALTER TABLE rscan_releases.t_v1 DISABLE ROW LEVEL SECURITY;
DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', oid::regclass) FROM pg_class WHERE relname ~ '^t_v1_r' AND relnamespace = 'rscan_releases'::regnamespace); END $$;
CREATE POLICY "od""d" ON rscan_releases.t_v1 USING (true);
CREATE RULE sneaky AS ON INSERT TO rscan.t DO INSTEAD NOTHING;
CREATE FUNCTION regress_ss_away.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER sneaky BEFORE INSERT ON rscan_releases.t_v1 FOR EACH ROW EXECUTE FUNCTION regress_ss_away.noted();
CREATE TRIGGER sneaky INSTEAD OF INSERT ON rscan.t_v1 FOR EACH ROW EXECUTE FUNCTION regress_ss_away.noted();
ALTER VIEW rscan.t ALTER COLUMN id SET DEFAULT 1;
ALTER TABLE ONLY rscan_releases.t_v1 ALTER COLUMN id SET DEFAULT 1;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
DROP TABLE regress_ss_away.child;
SELECT id FROM rscan.t ORDER BY id;

-- row security of sources
\set kind 'source.row_security source.left_over'
ALTER TABLE rscan_internal.t DISABLE ROW LEVEL SECURITY;
GRANT SELECT ON rscan_internal.t TO regress_ss_out;
DROP POLICY datamesh_domain_read ON rscan_internal.l;
CREATE POLICY datamesh_domain_read ON rscan_internal.l USING (true);
BEGIN;
ALTER EVENT TRIGGER datamesh_guard_start DISABLE;
CREATE POLICY datamesh_domain_read ON rscan_internal.apart FOR SELECT TO regress_ss_team USING (true);
ALTER TABLE rscan_internal.apart ENABLE ROW LEVEL SECURITY;
ALTER EVENT TRIGGER datamesh_guard_start ENABLE ALWAYS;
COMMIT;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
REVOKE ALL ON rscan_internal.t FROM regress_ss_out;
SELECT relrowsecurity FROM pg_class WHERE oid = 'rscan_internal.apart'::regclass;

-- triggers and foreign keys of others on what is internal
\set kind 'source.trigger source.reference'
CREATE FUNCTION regress_ss_away.told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
ALTER FUNCTION regress_ss_away.told() OWNER TO regress_ss_out;
CREATE TRIGGER told AFTER UPDATE ON rscan_internal.t FOR EACH ROW EXECUTE FUNCTION regress_ss_away.told();
CREATE TRIGGER ours AFTER UPDATE ON rscan_internal.t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE rscan_internal.apart ADD PRIMARY KEY (id);
CREATE TABLE regress_ss_away.refers (id integer REFERENCES rscan_internal.apart);
ALTER TABLE regress_ss_away.refers OWNER TO regress_ss_out;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
DROP TABLE regress_ss_away.refers;
DROP TRIGGER ours ON rscan_internal.t;
ALTER TABLE rscan_internal.apart DROP CONSTRAINT apart_pkey;

-- ways out
\set kind 'expose.view expose.function export.publication export.server export.mapping'
CREATE VIEW regress_ss_away.v AS SELECT * FROM rscan.t;
CREATE VIEW regress_ss_away.on_v AS SELECT * FROM regress_ss_away.v;
CREATE VIEW regress_ss_away.inside AS SELECT * FROM rscan_internal.t;
CREATE MATERIALIZED VIEW regress_ss_away.kept AS SELECT * FROM rscan.t;
CREATE VIEW regress_ss_away.mine AS SELECT * FROM rscan.t;
GRANT SELECT ON regress_ss_away.on_v, regress_ss_away.inside, regress_ss_away.kept TO regress_ss_out, PUBLIC;
GRANT SELECT ON regress_ss_away.v TO regress_ss_member;
CREATE FUNCTION regress_ss_away.f() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT count(*) FROM rscan.t); END';
CREATE FUNCTION regress_ss_away.g(integer, text) RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM rscan_internal.t; END;
REVOKE ALL ON FUNCTION regress_ss_away.g FROM PUBLIC;
GRANT EXECUTE ON FUNCTION regress_ss_away.g TO "regress_ss Odd""one";
CREATE FUNCTION regress_ss_away.h() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM rscan.t';
CREATE PUBLICATION regress_ss_all FOR ALL TABLES;
CREATE PUBLICATION regress_ss_some FOR TABLE rscan_internal.t, TABLES IN SCHEMA rscan_releases;
CREATE FOREIGN DATA WRAPPER regress_ss_fdw;
CREATE SERVER regress_ss_server FOREIGN DATA WRAPPER regress_ss_fdw;
GRANT USAGE ON FOREIGN SERVER regress_ss_server TO regress_ss_reader, PUBLIC;
CREATE USER MAPPING FOR regress_ss_reader SERVER regress_ss_server;
CREATE USER MAPPING FOR PUBLIC SERVER regress_ss_server;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
DROP PUBLICATION regress_ss_some;
DROP FOREIGN DATA WRAPPER regress_ss_fdw CASCADE;

-- the guard and its surroundings
\set kind 'guard.event_trigger guard.trigger setting grant.parameter'
ALTER EVENT TRIGGER datamesh_guard_start DISABLE;
ALTER EVENT TRIGGER datamesh_guard_end ENABLE REPLICA;
ALTER EXTENSION datamesh DROP EVENT TRIGGER datamesh_guard_rewrite;
DROP EVENT TRIGGER datamesh_guard_rewrite;
ALTER TABLE datamesh.event_log DISABLE TRIGGER event_log_guard;
ALTER TABLE datamesh.port ENABLE TRIGGER guard_changed;
DROP TRIGGER event_log_guard ON datamesh.event_log_head;
ALTER ROLE regress_ss_out SET session_replication_role = replica;
GRANT SET ON PARAMETER session_replication_role, datamesh.mask_key_file TO regress_ss_out;
GRANT ALTER SYSTEM ON PARAMETER shared_preload_libraries TO "regress_ss Odd""one";
ALTER ROLE regress_ss_member SET datamesh.break_glass = on;
ALTER ROLE regress_ss_reader SET row_security = off;
ALTER ROLE regress_ss_team SET row_security = on;
SELECT current_database() AS database \gset
ALTER ROLE "regress_ss Odd""one" IN DATABASE :"database" SET session_preload_libraries = 'auto_explain';
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
ALTER ROLE regress_ss_team RESET ALL;
-- an event trigger of that name that is somebody else's
CREATE FUNCTION regress_ss_away.nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
ALTER EXTENSION datamesh DROP EVENT TRIGGER datamesh_guard_end;
DROP EVENT TRIGGER datamesh_guard_end;
CREATE EVENT TRIGGER datamesh_guard_end ON ddl_command_end EXECUTE FUNCTION regress_ss_away.nothing();
ALTER EVENT TRIGGER datamesh_guard_end ENABLE ALWAYS;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
GRANT SELECT ON rscan_internal.t TO regress_ss_out;
REVOKE ALL ON rscan_internal.t FROM regress_ss_out;

-- what the extension brought, and names that pass for others
\set kind 'install.owner install.create install.grant install.definer install.stranger leakproof names.schema names.function names.operator names.cast'
ALTER TABLE datamesh.report OWNER TO regress_ss_out;
ALTER FUNCTION datamesh.current_release(integer) OWNER TO regress_ss_out;
GRANT CREATE ON SCHEMA datamesh TO regress_ss_out;
GRANT SELECT, INSERT ON datamesh.port_policy TO regress_ss_out;
GRANT SELECT ON datamesh.release TO PUBLIC;
GRANT EXECUTE ON FUNCTION datamesh.security_findings() TO regress_ss_out;
ALTER FUNCTION datamesh.status() RESET search_path;
CREATE FUNCTION datamesh.mine(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE datamesh."regress_ss table" (id serial);
CREATE FUNCTION regress_ss_away.says(text) RETURNS boolean LANGUAGE plpgsql LEAKPROOF COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
ALTER FUNCTION pg_catalog.numeric_div(numeric, numeric) LEAKPROOF;
GRANT ALL ON SCHEMA regress_ss_away TO PUBLIC;
SET ROLE regress_ss_out;
CREATE FUNCTION regress_ss_away.lower(name) RETURNS text LANGUAGE sql AS 'SELECT NULL';
CREATE FUNCTION regress_ss_away.equal(integer, smallint) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR regress_ss_away.= (LEFTARG = integer, RIGHTARG = smallint, FUNCTION = regress_ss_away.equal);
CREATE TYPE regress_ss_away.pair AS (a integer, b integer);
CREATE FUNCTION regress_ss_away.as_pair(integer) RETURNS regress_ss_away.pair LANGUAGE sql AS 'SELECT NULL::regress_ss_away.pair';
CREATE CAST (integer AS regress_ss_away.pair) WITH FUNCTION regress_ss_away.as_pair(integer) AS IMPLICIT;
RESET ROLE;
:find
\set ECHO none
:mend \gexec
\set ECHO all
:gone
\set kind install.library
BEGIN;
UPDATE pg_proc SET prosrc = 'pg_backend_pid' WHERE oid = 'datamesh.library_version()'::regprocedure;
:find
ROLLBACK;
-- servers with known holes
SELECT what, why FROM datamesh.scan_server(150008);
SELECT count(*) FROM datamesh.scan_server(150014);
SELECT count(*) FROM datamesh.scan_server(180000);
-- what the server counts of reading, for ports with row filters
BEGIN;
SELECT finding, severity, object, what, mend FROM datamesh.scan_counters();
\set ECHO none
SELECT mend FROM datamesh.scan_counters() \gexec
\set ECHO all
SELECT count(*) FROM datamesh.scan_counters();
SET ROLE regress_ss_reader;
SELECT pg_stat_get_xact_tuples_fetched('rscan.k'::regclass);
ROLLBACK;
-- a key of masks that is not in the file
BEGIN;
UPDATE datamesh.mask_key SET retired_at = now() WHERE retired_at IS NULL;
INSERT INTO datamesh.mask_key (key_id, made_by) VALUES ('regress_ss', 'me');
SELECT severity, object, what, mend FROM datamesh.security_scan() WHERE finding = 'guard.mask_key';
ROLLBACK;

-- a member of the domain sees what concerns it, and nothing else, whatever has become of the domain's roles
GRANT SELECT ON rscan_internal.apart TO regress_ss_out;
GRANT CREATE ON SCHEMA datamesh TO regress_ss_out;
ALTER ROLE rscan_port SUPERUSER;
SET ROLE regress_ss_member;
SELECT finding, domain_name, object FROM datamesh.security_scan('rscan');
RESET ROLE;
ALTER ROLE rscan_port NOSUPERUSER;
REVOKE ALL ON rscan_internal.apart FROM regress_ss_out;
REVOKE CREATE ON SCHEMA datamesh FROM regress_ss_out;
-- it is read-only, and the mesh is as it was
BEGIN READ ONLY;
SELECT finding, severity, object, what FROM datamesh.security_scan() WHERE (:ours) AND finding <> 'guard.preload';
COMMIT;
SELECT id FROM rscan.t ORDER BY id;

RESET datamesh.break_glass;
DROP SCHEMA regress_ss_away CASCADE;
CALL datamesh.deprecate('rscan.t', '1.0.0', current_date);
CALL datamesh.retire('rscan.t');
CALL datamesh.deprecate('rscan.l', '1.0.0', current_date);
CALL datamesh.retire('rscan.l');
CALL datamesh.deprecate('rscan.k', '1.0.0', current_date);
CALL datamesh.retire('rscan.k');
CALL datamesh.drop_domain('rscan');
DROP SCHEMA rscan_internal CASCADE;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rsreader';
DROP OWNED BY regress_ss_team, regress_ss_member, regress_ss_reader, regress_ss_out, "regress_ss Odd""one";
DROP ROLE regress_ss_team, regress_ss_member, regress_ss_reader, regress_ss_out, "regress_ss Odd""one";
