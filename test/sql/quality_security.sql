-- quality: what rules must not be able to do, whatever they say: break out of an expression, write, escape
-- with the caller's search_path, read what the caller may not read. And what stops a check from outside is
-- never swallowed.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA attacks;
CREATE ROLE regress_quality_reader;
CREATE TABLE attacks.target (id int PRIMARY KEY, a int, "we""ird
name" text);
INSERT INTO attacks.target SELECT i, i, 'x' FROM generate_series(1, 10) i;
CREATE TABLE attacks.log (what text);
CREATE FUNCTION attacks.write() RETURNS int LANGUAGE plpgsql VOLATILE AS
$$ BEGIN INSERT INTO attacks.log VALUES ('written'); RETURN 1; END $$;
CREATE FUNCTION attacks.pretend() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
$$ BEGIN PERFORM attacks.write(); RETURN true; END $$;

-- an expression is one expression
SELECT rule, status, message FROM datamesh.check_table('attacks.target', '[
    {"check": "row_condition", "name": "close and go on", "condition": "true) FROM attacks.target; DROP TABLE attacks.target; --"},
    {"check": "row_condition", "name": "from", "condition": "true FROM attacks.target"},
    {"check": "row_condition", "name": "two", "condition": "true, false"},
    {"check": "row_condition", "name": "alias", "condition": "true AS x"},
    {"check": "row_condition", "name": "where", "condition": "true WHERE false"},
    {"check": "row_condition", "name": "union", "condition": "true UNION SELECT false"},
    {"check": "row_condition", "name": "order", "condition": "true ORDER BY 1"},
    {"check": "row_condition", "name": "semicolon", "condition": "true; DELETE FROM attacks.target"},
    {"check": "row_condition", "name": "comment", "condition": "a > 0 -- and so on"},
    {"check": "row_condition", "name": "nothing", "condition": ""},
    {"check": "null_values", "column": "a", "name": "filter", "where": "true) FROM attacks.target --"},
    {"check": "null_values", "column": "a\" FROM attacks.target --", "name": "column"},
    {"check": "freshness", "column": "a", "max_age": "1 day", "timezone": "''); DROP TABLE attacks.target; --", "name": "zone"},
    {"check": "invalid_values", "column": "a", "valid_values": ["1''); DROP TABLE attacks.target; --"], "name": "value"}]');

-- a query is one SELECT, and nothing it does remains
SELECT rule, status, message FROM datamesh.check_table('attacks.target', '[
    {"check": "sql", "name": "two statements", "mustBe": 1, "query": "SELECT 1; DROP TABLE attacks.target"},
    {"check": "sql", "name": "delete", "mustBe": 1, "query": "DELETE FROM attacks.target"},
    {"check": "sql", "name": "into", "mustBe": 1, "query": "SELECT 1 INTO attacks.other"},
    {"check": "sql", "name": "with delete", "mustBe": 1, "query": "WITH d AS (DELETE FROM attacks.target RETURNING 1) SELECT count(*) FROM d"},
    {"check": "sql", "name": "lock", "mustBe": 1, "query": "SELECT id FROM attacks.target FOR UPDATE"},
    {"check": "sql", "name": "function that writes", "mustBe": 1, "query": "SELECT attacks.write()"},
    {"check": "sql", "name": "read-write again", "mustBe": 1, "query": "SELECT length(set_config(''transaction_read_only'', ''off'', false))"},
    {"check": "sql", "name": "large object", "mustBe": 76543, "query": "SELECT lo_create(76543)::int"},
    {"check": "sql", "name": "sequence", "mustBe": 1, "query": "SELECT pg_catalog.nextval(''attacks.s'')"},
    {"check": "sql", "name": "copy", "mustBe": 1, "query": "COPY attacks.target TO STDOUT"},
    {"check": "sql", "name": "closing the wrapper", "mustBe": 1, "query": "SELECT 1) AS q; DROP TABLE attacks.target; --"},
    {"check": "row_condition", "name": "immutable that writes", "condition": "attacks.pretend()"}]');
SELECT (SELECT count(*) FROM attacks.target) AS rows, (SELECT count(*) FROM attacks.log) AS written,
       (SELECT count(*) FROM pg_largeobject_metadata WHERE oid = 76543) AS large_objects;

-- names with quotes and newlines are only names
SELECT rule, status, metric_value, sample_keys FROM datamesh.check_table('attacks.target', '[
    {"check": "null_values", "column": "we\"ird\nname"},
    {"check": "duplicate_values", "column": "we\"ird\nname"},
    {"check": "sql", "column": "we\"ird\nname", "query": "SELECT count({property}) FROM {object}", "mustBe": 10},
    {"check": "row_condition", "condition": "\"we\"\"ird\nname\" <> ''x''"}]');
SELECT column_name, rows, nulls, distinct_values, most_common FROM datamesh.profile('attacks.target') WHERE position = 3;

-- the caller's search_path does not reach generated SQL
CREATE FUNCTION attacks.count() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
CREATE FUNCTION attacks.always(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR attacks.> (LEFTARG = int, RIGHTARG = int, FUNCTION = attacks.always);
SET search_path = attacks, pg_catalog, public;
SELECT rule, status, failing_rows FROM datamesh.check_table('target', '[{"check": "row_condition", "condition": "a > 5"}]');
RESET search_path;

-- rights are the caller's
SET ROLE regress_quality_reader;
SELECT * FROM datamesh.check_table('attacks.target'::regclass, '[{"check": "row_count"}]');
SELECT * FROM datamesh.profile('attacks.target'::regclass);
RESET ROLE;
GRANT USAGE ON SCHEMA attacks TO regress_quality_reader;
SET ROLE regress_quality_reader;
SELECT rule, status FROM datamesh.check_table('attacks.target', '[{"check": "row_count"}]');
SELECT rule, status FROM datamesh.explain_checks('attacks.target'::regclass, '[{"check": "row_count"}]') AS e(pass, rule, "check", "column", status, detail);
RESET ROLE;
GRANT SELECT (id) ON attacks.target TO regress_quality_reader;
SET ROLE regress_quality_reader;
SELECT rule, status, message FROM datamesh.check_table('attacks.target',
    '[{"check": "invalid_values", "column": "id", "min": 1}, {"check": "invalid_values", "column": "a", "min": 1}, {"check": "sql", "query": "SELECT count(*) FROM attacks.log", "mustBe": 0}]');
RESET ROLE;
-- rows that row security hides are not there
ALTER TABLE attacks.target ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON attacks.target TO regress_quality_reader USING (id <= 3);
GRANT SELECT ON attacks.target TO regress_quality_reader;
SET ROLE regress_quality_reader;
SELECT rule, status, message FROM datamesh.check_table('attacks.target', '[{"check": "row_count", "mustBe": 3}, {"check": "invalid_values", "column": "a", "max": 2}]');
RESET ROLE;

-- neither a sequence nor an index is a relation to check
SELECT * FROM datamesh.check_table('attacks.target_pkey', '[]');
SELECT * FROM datamesh.check_table(0, '[]');

-- it reads in a read-only transaction
BEGIN READ ONLY;
SELECT rule, status FROM datamesh.check_table('attacks.target', '[{"check": "row_count"}, {"check": "sql", "query": "SELECT 1", "mustBe": 1}]');
ROLLBACK;

-- a timeout ends the call, in the fused pass, in a query of its own, and in a query of the rules
CREATE FUNCTION attacks.slow(int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM pg_sleep(1); RETURN true; END $$;
SET statement_timeout = '100ms';
SELECT * FROM datamesh.check_table('attacks.target', '[{"check": "row_condition", "condition": "attacks.slow(a)"}]');
SELECT * FROM datamesh.check_table('attacks.target', '[{"check": "distinct_values", "column": "a", "where": "attacks.slow(a)", "mustBe": 1}]');
SELECT * FROM datamesh.check_table('attacks.target', '[{"check": "sql", "query": "SELECT 1 FROM pg_sleep(10)", "mustBe": 1}]');
SELECT * FROM datamesh.check_table('attacks.target', '[{"check": "row_count"}, {"check": "sql", "query": "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b", "mustBe": 1}]');
RESET statement_timeout;
SELECT 'alive' AS still;

DROP SCHEMA attacks CASCADE;
DROP ROLE regress_quality_reader;
