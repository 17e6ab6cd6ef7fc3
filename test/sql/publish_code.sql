-- publish_code: code that stands in types and views of a domain. It never runs with more rights than
-- the domain's, whoever publishes and whatever a port does; it cannot show the checks another row than
-- the one that is stored; and its errors are not shown to others.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_code;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('rcode', owner => 'regress_code');
SET ROLE regress_code;
CREATE FUNCTION rcode_internal.load(product text, version text, properties text, quality text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "c", "name": "%1$s", "domain": "rcode", "version": "%2$s",
      "status": "active", "schema": [{"name": "%1$s", "physicalName": "%1$s", "properties": [%3$s], "quality": [%4$s]}],
      "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rcode_internal"}]}',
      product, version, properties, quality));
END $$;
-- whoever runs it is written down, and what it managed to do with the ports
CREATE SEQUENCE rcode_internal.calls;
CREATE FUNCTION rcode_internal.witness() RETURNS void LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    IF current_user <> 'regress_code' THEN
        RAISE EXCEPTION 'code of the domain runs as another role';
    END IF;
    PERFORM nextval('rcode_internal.calls');
END $$;

-- a domain's default and check would be evaluated for the rows that a port has, by whoever alters it
CREATE FUNCTION rcode_internal.check_it(v integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM rcode_internal.witness(); RETURN true; END $$;
CREATE FUNCTION rcode_internal.default_it() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN PERFORM rcode_internal.witness(); RETURN 1; END $$;
CREATE DOMAIN rcode_internal.checked AS integer CHECK (rcode_internal.check_it(VALUE));
CREATE DOMAIN rcode_internal.filled AS integer DEFAULT rcode_internal.default_it();
CREATE TABLE rcode_internal.grown (id integer, c rcode_internal.checked, f rcode_internal.filled, plain numeric(9, 2));
INSERT INTO rcode_internal.grown VALUES (1, 1, 1, 1.50);
SELECT rcode_internal.load('grown', '1.0.0', '{"name": "id"}');
CALL datamesh.publish('rcode.grown');
SELECT rcode_internal.load('grown', '1.1.0', '{"name": "id"}, {"name": "c"}');
CALL datamesh.publish('rcode.grown');
SELECT rcode_internal.load('grown', '1.2.0', '{"name": "id"}, {"name": "f"}');
CALL datamesh.publish('rcode.grown');
-- an ordinary column is taken up, and rows of before have none
SELECT rcode_internal.load('grown', '1.3.0', '{"name": "id"}, {"name": "plain"}');
CALL datamesh.publish('rcode.grown');
SELECT * FROM rcode.grown;
-- a port that has the column from the start may be of a domain, and so may one without rows before it
SELECT rcode_internal.load('grown', '2.0.0', '{"name": "id"}, {"name": "c"}, {"name": "f"}');
CALL datamesh.publish('rcode.grown');
CALL datamesh.publish('rcode.grown');
SELECT * FROM rcode.grown;

-- the difference function of a range type would be called by ANALYZE, as the owner of the release
CREATE FUNCTION rcode_internal.distance(a float8, b float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM rcode_internal.witness(); RETURN a - b; END $$;
CREATE TYPE rcode_internal.floats AS RANGE (subtype = float8, subtype_diff = rcode_internal.distance, multirange_type_name = rcode_internal.many_floats);
CREATE DOMAIN rcode_internal.some_floats AS rcode_internal.floats;
CREATE TABLE rcode_internal.ranged (id integer, r rcode_internal.floats, m rcode_internal.many_floats, d rcode_internal.some_floats, known int4range);
INSERT INTO rcode_internal.ranged SELECT i, rcode_internal.floats(i, i + 1), rcode_internal.many_floats(rcode_internal.floats(i, i + 1)), rcode_internal.floats(i, i + 2), int4range(i, i + 3)
FROM generate_series(1, 20) i;
SELECT rcode_internal.load('ranged', '1.0.0', '{"name": "id"}, {"name": "r"}, {"name": "d"}');
CALL datamesh.publish('rcode.ranged');
SELECT rcode_internal.load('ranged', '1.1.0', '{"name": "id"}, {"name": "r"}, {"name": "d"}, {"name": "m"}, {"name": "known"}');
RESET ROLE;
CALL datamesh.publish('rcode.ranged');
-- nor do others who analyze, autovacuum among them
ANALYZE rcode_releases.ranged_v1;
DO $$ BEGIN EXECUTE (SELECT format('ANALYZE %s', inhrelid::regclass) FROM pg_inherits WHERE inhparent = 'rcode_releases.ranged_v1'::regclass ORDER BY inhrelid DESC LIMIT 1); END $$;
SELECT DISTINCT attname FROM pg_stats WHERE schemaname = 'rcode_releases' AND tablename LIKE 'ranged%' AND attname <> 'datamesh_release' ORDER BY 1;
SELECT * FROM rcode.ranged WHERE id = 1;
SET ROLE regress_code;

-- a function that says it is stable and is not: what is checked is what is stored
CREATE FUNCTION rcode_internal.moody(i integer) RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN CASE WHEN nextval('rcode_internal.calls') % 2 = 0 THEN i END; END $$;
CREATE VIEW rcode_internal.moody AS SELECT i AS id, rcode_internal.moody(i) AS value FROM generate_series(1, 10) i;
SELECT rcode_internal.load('moody', '1.0.0', '{"name": "id"}, {"name": "value", "required": true}');
SELECT setval('rcode_internal.calls', 1);
CALL datamesh.publish('rcode.moody');
SELECT setval('rcode_internal.calls', 2);
CALL datamesh.publish('rcode.moody');
SELECT c ->> 'message' AS message FROM jsonb_array_elements(datamesh.governance_report('rcode.moody') -> 'checks') c WHERE c ->> 'rule' = 'required(value)';

-- an error that quotes data, and groups that are named by theirs, are for the domain to read
CREATE TABLE rcode_internal.letters (id integer, secret text);
INSERT INTO rcode_internal.letters VALUES (1, 'hidden one'), (NULL, 'hidden two');
SELECT rcode_internal.load('letters', '1.0.0', '{"name": "id"}, {"name": "secret"}', '{"type": "sql", "name": "cast", "query": "SELECT sum(secret::integer) FROM {object}", "mustBe": 1},
  {"type": "custom", "engine": "datamesh", "name": "groups", "implementation": {"check": "null_values", "column": "id", "group_by": ["secret"]}}');
\set VERBOSITY sqlstate
CALL datamesh.publish('rcode.letters');
\set VERBOSITY terse
SELECT v ->> 'rule' AS rule, v ->> 'message' AS message, v ->> 'message' ~ 'hidden' AS quoted
FROM jsonb_array_elements(datamesh.governance_report('rcode.letters') -> 'violations') v WHERE v ->> 'rule' IN ('cast', 'groups') ORDER BY 1;
RESET ROLE;
SET ROLE regress_stranger;
SELECT v ->> 'rule' AS rule, v ->> 'message' AS message
FROM jsonb_array_elements(datamesh.governance_report('rcode.letters') -> 'violations') v WHERE v ->> 'rule' IN ('cast', 'groups') ORDER BY 1;
SELECT count(*) AS reports, count(*) FILTER (WHERE report::text ~ 'hidden') AS quoting FROM datamesh.reports WHERE product = 'rcode.letters';
SELECT datamesh.governance_report('rcode.letters')::text ~ 'hidden' AS quoting;
RESET ROLE;

-- what a contract says does not depend on the settings of who publishes
SET ROLE regress_code;
CREATE TABLE rcode_internal.said (id integer);
INSERT INTO rcode_internal.said VALUES (1), (2);
SELECT rcode_internal.load('said', '1.0.0', '{"name": "id"}', '{"type": "sql", "name": "backslash", "query": "SELECT count(*) FROM {object} WHERE id = length(''\\b'')", "mustBe": 1},
  {"type": "sql", "name": "is_null", "query": "SELECT count(*) FROM {object} WHERE (id = NULL) IS NOT NULL", "mustBe": 0},
  {"type": "sql", "name": "array", "query": "SELECT count(*) FROM {object} WHERE (''{NULL}''::text[])[1] IS NULL", "mustBe": 2},
  {"type": "custom", "engine": "datamesh", "name": "condition", "implementation": {"check": "row_condition", "condition": "(id = NULL) IS NULL AND length(''\\b'') = 2"}}');
SET standard_conforming_strings = off;
SET transform_null_equals = on;
SET array_nulls = off;
SET escape_string_warning = off;
CALL datamesh.publish('rcode.said');
SHOW standard_conforming_strings;
RESET standard_conforming_strings;
RESET transform_null_equals;
RESET array_nulls;
RESET escape_string_warning;
SELECT v ->> 'rule' AS rule, v ->> 'status' AS status, v ->> 'message' AS message
FROM jsonb_array_elements(datamesh.governance_report('rcode.said') -> 'checks') v ORDER BY 1;
RESET ROLE;

-- nor can it exchange the contract while its product is judged by it
SET ROLE regress_code;
CREATE FUNCTION rcode_internal.swap() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rcode_internal.load('swapped', '1.0.0', '{"name": "outcome"}', '{"type": "sql", "name": "strict", "query": "SELECT count(*) FROM {object}", "mustBe": 0}');
    RETURN 'swapped';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
CREATE FUNCTION rcode_internal.drop_it() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.drop_draft('rcode.swapped', '1.0.0');
    RETURN 'dropped';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
CREATE VIEW rcode_internal.swapped AS SELECT rcode_internal.swap() AS outcome UNION ALL SELECT rcode_internal.drop_it();
SELECT rcode_internal.load('swapped', '1.0.0', '{"name": "outcome"}');
CALL datamesh.publish('rcode.swapped');
SELECT * FROM rcode.swapped;
SELECT datamesh.contract('rcode.swapped') -> 'schema' -> 0 -> 'quality' AS rules;
RESET ROLE;

-- what is built upon a release keeps it, and fails neither the next publish nor the cleaning of others
SET ROLE regress_code;
CREATE TABLE rcode_internal.kept (id integer);
INSERT INTO rcode_internal.kept VALUES (1);
CREATE TABLE rcode_internal.other AS TABLE rcode_internal.kept;
SELECT rcode_internal.load('kept', '1.0.0', '{"name": "id"}');
SELECT rcode_internal.load('other', '1.0.0', '{"name": "id"}');
CALL datamesh.publish('rcode.kept');
DO $$ BEGIN EXECUTE (SELECT format('CREATE VIEW rcode_internal.dependant AS SELECT 1 AS one FROM %s', relname) FROM (SELECT oid::regclass AS relname FROM pg_class
    WHERE relnamespace = 'rcode_releases'::regnamespace AND relname LIKE 'kept\_v1\_r%') r); END $$;
DO $$ BEGIN FOR i IN 1..4 LOOP CALL datamesh.publish('rcode.other'); END LOOP; END $$;
\set VERBOSITY sqlstate
DO $$ BEGIN FOR i IN 1..3 LOOP CALL datamesh.publish('rcode.kept'); END LOOP; END $$;
CALL datamesh.publish('rcode.kept');
RESET ROLE;
CALL datamesh.clean_up();
\set VERBOSITY terse
SELECT product, count(*) AS releases, count(expired_at) AS expired FROM datamesh.releases WHERE product IN ('rcode.kept', 'rcode.other') GROUP BY 1 ORDER BY 1;
DROP VIEW rcode_internal.dependant;
CALL datamesh.clean_up();

SET client_min_messages = warning;
CALL datamesh.deprecate('rcode.grown', '1.3.0', current_date);
CALL datamesh.deprecate('rcode.grown', '2.0.0', current_date);
CALL datamesh.deprecate('rcode.ranged', '1.1.0', current_date);
CALL datamesh.deprecate('rcode.said', '1.0.0', current_date);
CALL datamesh.retire('rcode.said');
CALL datamesh.deprecate('rcode.kept', '1.0.0', current_date);
CALL datamesh.deprecate('rcode.other', '1.0.0', current_date);
CALL datamesh.retire('rcode.kept');
CALL datamesh.retire('rcode.other');
CALL datamesh.deprecate('rcode.swapped', '1.0.0', current_date);
CALL datamesh.retire('rcode.swapped');
CALL datamesh.retire('rcode.grown');
CALL datamesh.retire('rcode.ranged');
CALL datamesh.drop_domain('rcode');
DROP SCHEMA rcode_internal CASCADE;
DROP OWNED BY regress_code, regress_stranger;
DROP ROLE regress_code, regress_stranger;
