-- quality: everything that holds rows can be checked and profiled: tables, views, materialized views,
-- partitioned, inherited, foreign and temporary tables, with one column or 1,600, with rows or none.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA kinds;
CREATE TABLE kinds.plain AS SELECT i AS id, CASE WHEN i % 10 = 0 THEN NULL ELSE i % 4 END AS v, 'n' || i % 3 AS s FROM generate_series(1, 100) i;
CREATE VIEW kinds.seen AS SELECT id, v, s FROM kinds.plain;
CREATE MATERIALIZED VIEW kinds.kept AS SELECT * FROM kinds.plain;
CREATE TABLE kinds.parted (id int, v int, s text) PARTITION BY HASH (id);
CREATE TABLE kinds.parted_0 PARTITION OF kinds.parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE kinds.parted_1 (s text, gone int, v int, id int);
ALTER TABLE kinds.parted_1 DROP gone;
ALTER TABLE kinds.parted ATTACH PARTITION kinds.parted_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO kinds.parted SELECT * FROM kinds.plain;
CREATE TABLE kinds.mother (id int, v int, s text);
CREATE TABLE kinds.daughter () INHERITS (kinds.mother);
INSERT INTO kinds.mother SELECT * FROM kinds.plain WHERE id <= 50;
INSERT INTO kinds.daughter SELECT * FROM kinds.plain WHERE id > 50;
CREATE TEMP TABLE temporary AS SELECT * FROM kinds.plain;
CREATE UNLOGGED TABLE kinds.unlogged AS SELECT * FROM kinds.plain;
CREATE EXTENSION postgres_fdw;
DO $$ BEGIN
    EXECUTE format('CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (dbname %L, host %L, port %L)',
        current_database(), split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'));
END $$;
CREATE USER MAPPING FOR CURRENT_USER SERVER loopback;
CREATE FOREIGN TABLE kinds.far (id int NOT NULL, v int NOT NULL, s text CHECK (s = 'n0')) SERVER loopback OPTIONS (schema_name 'kinds', table_name 'plain');

SELECT r AS relation, c.rule, c.status, c.method, c.failing_rows, c.metric_value
FROM unnest('{kinds.plain,kinds.seen,kinds.kept,kinds.parted,kinds.mother,temporary,kinds.unlogged,kinds.far}'::regclass[]) WITH ORDINALITY AS r(r, n),
     LATERAL datamesh.check_table(r, '[
        {"check": "row_count", "mustBe": 100},
        {"check": "null_values", "column": "v"},
        {"check": "invalid_values", "column": "s", "valid_values": ["n0", "n1"]},
        {"check": "duplicate_values", "column": "id"},
        {"check": "duplicate_values", "columns": ["v", "s"]},
        {"check": "orphan_values", "column": "v", "references": {"relation": "kinds.plain", "columns": ["id"]}},
        {"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "id", "mustBe": 50.5}]') c
ORDER BY r.n, c.rule COLLATE "C";

-- nothing at all, and no column at all
CREATE TABLE kinds.void ();
CREATE TABLE kinds.one (a int);
SELECT rule, status, metric_value FROM datamesh.check_table('kinds.void', '[{"check": "row_count", "mustBe": 0}, {"check": "null_values", "column": "a"}]');
INSERT INTO kinds.void DEFAULT VALUES;
SELECT rule, status, metric_value FROM datamesh.check_table('kinds.void', '[{"check": "row_count", "mustBe": 1}]');
SELECT * FROM datamesh.profile('kinds.void');
SELECT * FROM datamesh.profile('kinds.one');

-- 1,600 columns: checks of all of them are still one scan
DO $$ BEGIN
    EXECUTE (SELECT 'CREATE TABLE kinds.wide (' || string_agg('c' || i || ' int2', ', ') || ')' FROM generate_series(1, 1600) i);
    EXECUTE (SELECT 'INSERT INTO kinds.wide SELECT ' || string_agg(CASE WHEN i % 100 = 0 THEN 'NULL' ELSE 'g' END, ', ') || ' FROM generate_series(1, 3) g' FROM generate_series(1, 1600) i);
END $$;
SELECT status, count(*), sum(failing_rows), count(DISTINCT sample_keys)
FROM datamesh.check_table('kinds.wide', (SELECT jsonb_agg(jsonb_build_object('check', 'null_values', 'column', 'c' || i)) FROM generate_series(1, 1600) i))
GROUP BY status ORDER BY status;
SELECT max(pass) AS passes, count(*) FROM datamesh.explain_checks('kinds.wide'::regclass, (SELECT jsonb_agg(jsonb_build_object('check', 'null_values', 'column', 'c' || i)) FROM generate_series(1, 1600) i));
SELECT count(*), sum(nulls), sum(rows), min(min::int), max(max::int) FROM datamesh.profile('kinds.wide');
-- all columns are measured in one pass, or in some where memory is short: the rest are looks at frequent values
BEGIN;
SELECT pg_stat_get_xact_numscans('kinds.wide'::regclass) AS before \gset
SELECT count(*) FROM datamesh.profile('kinds.wide');
SELECT pg_stat_get_xact_numscans('kinds.wide'::regclass) - :before <= 40 AS few_scans;
ROLLBACK;
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT count(*), sum(nulls), sum(rows), min(min::int), max(max::int) FROM datamesh.profile('kinds.wide');
RESET work_mem;
RESET hash_mem_multiplier;

-- a column that the caller may not read has no profile
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA kinds TO regress_reader;
CREATE TABLE kinds.partly (open int, closed int);
GRANT SELECT (open) ON kinds.partly TO regress_reader;
SET ROLE regress_reader;
SELECT column_name, rows FROM datamesh.profile('kinds.partly');
RESET ROLE;
DROP TABLE kinds.partly;
REVOKE USAGE ON SCHEMA kinds FROM regress_reader;
DROP ROLE regress_reader;

-- types of every sort are profiled; what a type cannot do is left out
CREATE DOMAIN kinds.positive AS int CHECK (VALUE > 0);
CREATE TABLE kinds.types (
    i int, d kinds.positive, n numeric(8,2), f float8, t text, c char(4), b bool, ts timestamptz, j json, jb jsonb, p point,
    arr int[], u uuid, by bytea, iv interval, r int4range, gen int GENERATED ALWAYS AS (i * 2) STORED, bi bit(3), gone int);
ALTER TABLE kinds.types DROP gone;
INSERT INTO kinds.types (i, d, n, f, t, c, b, ts, j, jb, p, arr, u, by, iv, r, bi)
SELECT g, g, g * 1.5, CASE g WHEN 4 THEN 'NaN'::float8 ELSE g END, repeat('é', g), 'ab', g % 2 = 0, '2024-01-01 UTC'::timestamptz + g * interval '1 day', '{}', '{"a": 1}',
       '(1,2)', ARRAY[g], '00000000-0000-0000-0000-000000000001', '\x01', '1 day', '[1,2)', B'101'
FROM generate_series(1, 4) g;
SET timezone = 'UTC';
SELECT position, column_name, type, rows, nulls, null_percent, distinct_values AS dv, nan_count AS nan, min, max, mean, stddev, min_length AS minl, max_length AS maxl, most_common
FROM datamesh.profile('kinds.types') ORDER BY position;
SELECT rule, status, message FROM datamesh.check_table('kinds.types', '[
    {"check": "null_values", "column": "j"}, {"check": "null_values", "column": "p"},
    {"check": "duplicate_values", "column": "j"}, {"check": "duplicate_values", "column": "jb"}, {"check": "duplicate_values", "column": "arr"},
    {"check": "invalid_values", "column": "j", "valid_values": ["{}"]},
    {"check": "invalid_values", "column": "d", "min": 1, "max": 3},
    {"check": "invalid_values", "column": "ts", "min": "2024-01-02T00:00:00Z", "max": "2024-01-04T00:00:00Z"},
    {"check": "invalid_values", "column": "u", "pattern": "^0{8}-"},
    {"check": "invalid_values", "column": "t", "min_length": 2, "max_length": 3},
    {"check": "statistic", "fn": "min", "column": "p", "mustBe": 1},
    {"check": "null_values", "column": "i", "group_by": ["j"]},
    {"check": "null_values", "column": "gone"}]');

-- catalogs too, in workers or without
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*) > 20 AS columns, count(*) FILTER (WHERE type = 'pg_node_tree') AS trees FROM datamesh.profile('pg_proc');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

DROP SCHEMA kinds CASCADE;
DROP EXTENSION postgres_fdw CASCADE;
