-- catalog_security: who has no business with the catalog can neither write it nor call what changes
-- it, and what a caller has planted on his search_path changes nothing.
CREATE ROLE regress_team;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('regress_s', 'regress_team');

-- nobody but the owner of the extension has a privilege on a table or sequence; views may be read
SELECT c.relname, c.relkind, a.grantee::regrole, a.privilege_type
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'datamesh'::regnamespace AND a.grantee <> c.relowner
  AND (c.relkind <> 'v' OR a.privilege_type <> 'SELECT');
-- what of the catalog's procedures and functions a stranger may call
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'datamesh'::regnamespace AND p.prokind IN ('p', 'f')
  AND p.proname IN ('create_domain', 'create_consumer', 'set_domain_owner', 'drop_domain', 'add_internal_schema',
    'load_contract', 'drop_draft', 'project_contract', 'rebuild_catalog', 'port_name_conflicts',
    'contract_event_details', 'event_log_guard', 'contract', 'contract_yaml', 'status', 'verify_event_log')
  AND has_function_privilege('regress_stranger', p.oid, 'EXECUTE')
ORDER BY p.oid::regprocedure::text COLLATE "C";

SET ROLE regress_stranger;
SELECT count(*) FROM datamesh.domain;
INSERT INTO datamesh.event_log DEFAULT VALUES;
UPDATE datamesh.product SET status = 'published';
INSERT INTO datamesh.domains (domain) VALUES ('x');
SELECT nextval('datamesh.product_product_id_seq');
CREATE TABLE datamesh.t ();
CALL datamesh.add_internal_schema('regress_s', 'public');
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "active", "version": "1.0.0", "domain": "regress_s", "name": "n", "schema": [{"name": "t", "properties": [{"name": "id"}]}]}');
CALL datamesh.project_contract(1);
SELECT count(*) FROM datamesh.domains WHERE domain = 'regress_s';
SELECT * FROM datamesh.verify_event_log();
SELECT value FROM datamesh.status() WHERE item = 'domains';
RESET ROLE;

-- a search_path full of traps: tables, functions and operators named as PostgreSQL's and ours, that
-- fit better and tell when they are used
SET ROLE regress_team;
CREATE TABLE regress_s_internal.t (id int);
CREATE FUNCTION regress_s_internal.trap() RETURNS boolean LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION 'a trap was used as %', current_user; END $$;
CREATE FUNCTION regress_s_internal.eq(name, text) RETURNS boolean LANGUAGE sql AS 'SELECT regress_s_internal.trap()';
CREATE FUNCTION regress_s_internal.eq(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT regress_s_internal.trap()';
CREATE FUNCTION regress_s_internal.eq(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT regress_s_internal.trap()';
CREATE FUNCTION regress_s_internal.eq(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT regress_s_internal.trap()';
CREATE FUNCTION regress_s_internal.get(jsonb, text) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb(regress_s_internal.trap())';
CREATE OPERATOR regress_s_internal.= (FUNCTION = regress_s_internal.eq, LEFTARG = name, RIGHTARG = text);
CREATE OPERATOR regress_s_internal.= (FUNCTION = regress_s_internal.eq, LEFTARG = name, RIGHTARG = name);
CREATE OPERATOR regress_s_internal.= (FUNCTION = regress_s_internal.eq, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR regress_s_internal.= (FUNCTION = regress_s_internal.eq, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR regress_s_internal.-> (FUNCTION = regress_s_internal.get, LEFTARG = jsonb, RIGHTARG = text);
CREATE FUNCTION regress_s_internal.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT regress_s_internal.trap()::text';
CREATE FUNCTION regress_s_internal.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT regress_s_internal.trap()::text::timestamptz';
CREATE FUNCTION regress_s_internal.event_hash(bigint, timestamptz, text, name, text, text, jsonb, bytea) RETURNS bytea
LANGUAGE sql AS 'SELECT regress_s_internal.trap()::text::bytea';
CREATE TABLE regress_s_internal.domain (LIKE pg_class);
CREATE TYPE regress_s_internal.semver AS (a int);
CREATE TEMP TABLE domain (domain_name name);
CREATE TEMP TABLE pg_namespace (oid oid, nspname name, nspowner oid);
CREATE TEMP TABLE event_log (event_id bigint);
SET search_path = pg_temp, regress_s_internal, datamesh, pg_catalog;
SELECT name 'a' = text 'b';
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "active", "version": "1.0.0", "domain": "regress_s", "name": "n", "schema": [{"name": "t", "properties": [{"name": "id"}]}]}');
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "active", "version": "1.0.0", "domain": "regress_s", "name": "n", "tags": ["a"], "schema": [{"name": "t", "properties": [{"name": "id"}]}]}');
SELECT datamesh.contract('regress_s.n');
SELECT datamesh.contract_document('regress_s.n', '1.0.0');
SELECT product, owner, newest_version FROM datamesh.products;
SELECT domain, owner, internal_schemas FROM datamesh.domains;
SELECT product, column_name FROM datamesh.contract_columns;
SELECT count(*) FROM datamesh.verify_event_log();
SELECT item FROM datamesh.status();
CALL datamesh.add_internal_schema('regress_s', 'regress_s_internal');
CALL datamesh.drop_draft('regress_s.n', '1.0.0');
RESET ROLE;
-- and the platform, on the same path
CALL datamesh.create_domain('regress_t', 'regress_team');
CALL datamesh.create_consumer('regress_c', 'regress_stranger');
CALL datamesh.set_domain_owner('regress_t', 'regress_stranger');
CALL datamesh.rebuild_catalog();
CALL datamesh.drop_domain('regress_t');
RESET search_path;

-- an install script that ran with such a path would have bound the traps for good: it runs with its own
DROP EXTENSION datamesh;
SET search_path = regress_s_internal, public;
CREATE EXTENSION datamesh SCHEMA public;
RESET search_path;
SELECT d.classid::regclass, d.objid FROM pg_depend d
WHERE d.refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'regress_s_internal'::regnamespace
                     UNION ALL SELECT oid FROM pg_operator WHERE oprnamespace = 'regress_s_internal'::regnamespace)
  AND d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
  AND d.objid NOT IN (SELECT oid FROM pg_proc WHERE pronamespace = 'regress_s_internal'::regnamespace);
DROP TABLE pg_temp.domain, pg_temp.pg_namespace, pg_temp.event_log;
SET client_min_messages = warning;
DROP SCHEMA regress_s_internal, regress_s, regress_s_releases, regress_t_internal CASCADE;
DROP ROLE regress_team, regress_stranger, regress_s_port;
