-- publish_security: the code of a domain runs as its owner, in a restricted operation, whoever
-- publishes; it cannot change the mesh, and a search_path of the caller misleads nobody.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_dom;
CREATE ROLE regress_victim;
CALL datamesh.create_domain('rdom', owner => 'regress_dom');
CALL datamesh.create_domain('rvictim', owner => 'regress_victim');
SET ROLE regress_dom;
CREATE TABLE rdom_internal.seen (who name, session_who name, path text);
CREATE TABLE rdom_internal.t (id integer);
INSERT INTO rdom_internal.t VALUES (1), (2);
CREATE FUNCTION rdom_internal.witness(id integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    INSERT INTO rdom_internal.seen VALUES (current_user, session_user, current_setting('search_path'));
    RETURN id;
END $$;
-- tries one statement, and tells in its result how that went
CREATE TABLE rdom_internal.attack (statement text);
CREATE FUNCTION rdom_internal.attack(id integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE s text;
BEGIN
    SELECT statement INTO s FROM rdom_internal.attack;
    EXECUTE s;
    RETURN 'DONE: ' || s;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
CREATE VIEW rdom_internal.v AS SELECT rdom_internal.witness(id) AS id, rdom_internal.attack(id) AS outcome FROM rdom_internal.t WHERE id = 1;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rdom-p
name: p
domain: rdom
version: 1.0.0
status: active
schema: [{name: p, physicalName: v, properties: [{name: id, required: true}, {name: outcome}]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rdom_internal}]
customProperties: [{property: datamesh.retention, value: 20}]
$$);
RESET ROLE;

-- a superuser publishes: the code runs as the domain's owner all the same
SET search_path = rdom_internal, public;
INSERT INTO rdom_internal.attack VALUES ('SELECT 1');
CALL datamesh.publish('rdom.p');
SELECT DISTINCT who, who = session_who AS is_session, path FROM rdom_internal.seen;
SELECT outcome FROM rdom.p;
RESET search_path;

CREATE FUNCTION pg_temp.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    UPDATE rdom_internal.attack SET statement = try.statement;
    CALL datamesh.publish('rdom.p');
    SELECT outcome INTO result FROM rdom.p;
    RETURN regexp_replace(result, '_r\d+', '_rN', 'g');
END $$;
SELECT pg_temp.try('ALTER ROLE regress_dom SUPERUSER') ~ '^(must be superuser to alter superuser roles|permission denied to alter role)' AS refused;
SELECT pg_temp.try('SET ROLE postgres');
SELECT pg_temp.try('RESET ROLE');
SELECT pg_temp.try('SET SESSION AUTHORIZATION regress_victim');
SELECT pg_temp.try('RESET SESSION AUTHORIZATION');
SELECT pg_temp.try('DELETE FROM datamesh.event_log');
SELECT pg_temp.try('UPDATE datamesh.port SET current_release = 0');
SELECT pg_temp.try('CREATE TEMP TABLE sneaky (i integer)');
SELECT pg_temp.try('CREATE TABLE rdom.mine (i integer)');
SELECT pg_temp.try('CREATE TABLE rdom_releases.mine (i integer)');
SELECT pg_temp.try('SELECT * FROM rvictim_internal.t');
SELECT pg_temp.try('CALL datamesh.publish(''rdom.p'')');
SELECT pg_temp.try('CALL datamesh.rollback(''rdom.p'', 1)');
SELECT pg_temp.try('CALL datamesh.clean_up()');
SELECT pg_temp.try('COMMIT');
-- the release is there for the domain to read while it is judged, and not to write
SELECT pg_temp.try('DO $d$ DECLARE r text; BEGIN SELECT relname INTO r FROM pg_class WHERE relnamespace = ''rdom_releases''::regnamespace '
    'AND relkind = ''r'' ORDER BY oid DESC LIMIT 1; EXECUTE format(''DELETE FROM rdom_releases.%I'', r); END $d$');

-- the domain cannot meddle with its ports and releases afterwards
SET ROLE regress_dom;
SELECT count(*) FROM rdom.p;
SELECT count(*) FROM rdom_releases.p_v1;
INSERT INTO rdom.p VALUES (1, 'x');
DROP VIEW rdom.p;
ALTER VIEW rdom.p SET (security_barrier = false);
GRANT SELECT ON rdom.p TO regress_victim;
CREATE TABLE rdom.mine (i integer);
-- nor its reports, nor say who was there
INSERT INTO datamesh.report VALUES (DEFAULT);
SELECT count(*) FROM datamesh.report;
RESET ROLE;

-- a grant that somebody made by hand is gone after the next publish
SET datamesh.break_glass = on;
GRANT SELECT ON rdom.p TO regress_victim;
GRANT USAGE ON SCHEMA rdom TO regress_victim;
RESET datamesh.break_glass;
SELECT pg_temp.try('SELECT 2');
SELECT has_table_privilege('regress_victim', 'rdom.p', 'SELECT') AS still_reads;

-- nor do default privileges open a release, its parent or a port
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_victim;
SET datamesh.break_glass = on;
ALTER DEFAULT PRIVILEGES FOR ROLE rdom_port GRANT ALL ON TABLES TO regress_victim;
RESET datamesh.break_glass;
SET ROLE regress_dom;
CALL datamesh.load_contract(replace(datamesh.contract_yaml('rdom.p'), 'version: 1.0.0', 'version: 2.0.0'));
RESET ROLE;
CALL datamesh.publish('rdom.p');
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_victim;
ALTER DEFAULT PRIVILEGES FOR ROLE rdom_port REVOKE ALL ON TABLES FROM regress_victim;
SELECT count(*) AS opened FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace IN ('rdom'::regnamespace, 'rdom_releases'::regnamespace) AND a.grantee = 'regress_victim'::regrole;

-- objects named like ours in the caller's path are not used
CREATE SCHEMA regress_trap;
CREATE FUNCTION regress_trap.current_release(integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
CREATE FUNCTION regress_trap.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT '2001-01-01'::timestamptz$$;
CREATE FUNCTION regress_trap.int4eq(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR regress_trap.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = regress_trap.int4eq);
SET search_path = regress_trap, pg_catalog;
CALL datamesh.publish('rdom.p');
SELECT * FROM datamesh.as_of(NULL::rdom.p, pg_catalog.clock_timestamp());
RESET search_path;
SELECT bool_and(published_at > '2020-01-01') AS true_times FROM datamesh.releases WHERE product = 'rdom.p';
SELECT pg_get_viewdef('rdom.p'::regclass) LIKE '%regress_trap%' AS trapped;

-- nor does a source that changes the search_path while it is read choose the operators that its
-- checks are read with
CREATE FUNCTION rdom_internal.never(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR rdom_internal.< (LEFTARG = integer, RIGHTARG = integer, FUNCTION = rdom_internal.never);
SET ROLE regress_dom;
CALL datamesh.load_contract(replace(replace(datamesh.contract_yaml('rdom.p', '2.0.0'), 'version: 2.0.0', 'version: 2.1.0'),
    'name: outcome', E'name: outcome\n    quality:\n      - {name: none_below_two, type: sql, query: "SELECT count(*) FROM {object} WHERE id < 2", mustBe: 0}'));
RESET ROLE;
SELECT pg_temp.try('SET search_path = rdom_internal, pg_catalog');

SET client_min_messages = warning;
DROP SCHEMA regress_trap CASCADE;
DROP FUNCTION pg_temp.try;
CALL datamesh.deprecate('rdom.p', '1.0.0', current_date);
CALL datamesh.deprecate('rdom.p', '2.0.0', current_date);
CALL datamesh.retire('rdom.p');
CALL datamesh.drop_domain('rdom');
CALL datamesh.drop_domain('rvictim');
DROP SCHEMA rdom_internal, rvictim_internal CASCADE;
DROP ROLE regress_dom, regress_victim;
