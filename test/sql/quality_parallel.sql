-- quality: the same results at 0, 1, 2 and 4 workers, bit for bit, though the pass is really run by workers;
-- and the same results when a unique key does not fit the memory that it may have.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA par;
CREATE TABLE par.big (id int, k text, f float8, r float4, n numeric, d timestamptz, c text, g int) WITH (autovacuum_enabled = off);
INSERT INTO par.big
SELECT i, 'key' || (i * 7919 % 39990), CASE WHEN i % 5000 = 0 THEN 'NaN'::float8 ELSE sin(i) * 10 ^ (i % 30) END, cos(i)::real, (i % 1000) / 7.0,
       '2024-01-01 UTC'::timestamptz + i * interval '1 minute', CASE WHEN i % 101 <> 0 THEN chr(97 + i % 26) END, i % 5
FROM generate_series(1, 40000) i;
ANALYZE par.big;
CREATE TABLE par.rules AS SELECT '[
    {"check": "row_count", "mustBe": 40000},
    {"check": "null_values", "column": "c"},
    {"check": "missing_values", "column": "c", "missing_values": ["a", "z"]},
    {"check": "invalid_values", "column": "c", "pattern": "^[a-x]$"},
    {"check": "invalid_values", "column": "f", "min": -1e20, "max": 1e20},
    {"check": "invalid_values", "column": "n", "max": 140, "where": "g < 3"},
    {"check": "duplicate_values", "column": "k"},
    {"check": "duplicate_values", "column": "id"},
    {"check": "duplicate_values", "columns": ["g", "c"]},
    {"check": "row_condition", "condition": "n < 142 OR g = 2"},
    {"check": "statistic", "fn": "sum", "column": "f", "where": "f <> ''NaN''", "mustBe": 0},
    {"check": "statistic", "fn": "mean", "column": "r", "mustBe": 0},
    {"check": "statistic", "fn": "stddev_samp", "column": "f", "where": "f <> ''NaN''", "mustBe": 0},
    {"check": "statistic", "fn": "stddev_pop", "column": "n", "mustBe": 0},
    {"check": "statistic", "fn": "max", "column": "c", "mustBe": "z"},
    {"check": "statistic", "fn": "entropy", "column": "c", "mustBe": 0},
    {"check": "statistic", "fn": "quantile", "quantile": 0.1, "column": "n", "mustBe": 0},
    {"check": "distinct_values", "column": "k", "mustBe": 39990},
    {"check": "distinct_values", "column": "k", "approximate": true, "severity": "info"},
    {"check": "orphan_values", "column": "g", "references": "big.id"},
    {"check": "no_overlap", "lower": "n", "upper": "f"},
    {"check": "null_values", "column": "c", "group_by": ["g"]},
    {"check": "freshness", "column": "d", "max_age": "1000 years"}]'::jsonb AS rules;

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers = 4;
ALTER TABLE par.big SET (parallel_workers = 4);

CREATE TABLE par.results (workers int, result jsonb);
SET max_parallel_workers_per_gather = 0;
INSERT INTO par.results SELECT 0, jsonb_agg(to_jsonb(c) - 'message' - 'evidence') FROM par.rules, datamesh.check_table('par.big', rules) c;
SET max_parallel_workers_per_gather = 1;
INSERT INTO par.results SELECT 1, jsonb_agg(to_jsonb(c) - 'message' - 'evidence') FROM par.rules, datamesh.check_table('par.big', rules) c;
SET max_parallel_workers_per_gather = 2;
INSERT INTO par.results SELECT 2, jsonb_agg(to_jsonb(c) - 'message' - 'evidence') FROM par.rules, datamesh.check_table('par.big', rules) c;
SET max_parallel_workers_per_gather = 4;
INSERT INTO par.results SELECT 4, jsonb_agg(to_jsonb(c) - 'message' - 'evidence') FROM par.rules, datamesh.check_table('par.big', rules) c;
SELECT workers, result = (SELECT result FROM par.results WHERE workers = 0) AS same, jsonb_array_length(result) AS checks FROM par.results ORDER BY workers;
SELECT r ->> 'rule' AS rule, r ->> 'status' AS status, r ->> 'metric_value' AS metric_value FROM par.results, jsonb_array_elements(result) r
WHERE workers = 0 AND r ->> 'check' <> 'statistic'; -- last digits of those are the C library's
-- the figures that plain SQL has
SELECT (SELECT count(*) - count(c) FROM par.big) AS nulls, (SELECT count(*) - count(DISTINCT k) FROM par.big) AS excess,
       (SELECT count(*) FROM par.big WHERE NOT (n < 142 OR g = 2)) AS condition, (SELECT count(*) FROM par.big WHERE f NOT BETWEEN -1e20 AND 1e20) AS range;

-- the plan is parallel, and the rows really go through workers: this condition holds nowhere else
CREATE FUNCTION par.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$ DECLARE line text; BEGIN FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP RETURN NEXT line; END LOOP; END $$;
SELECT par.plan(detail) FROM datamesh.explain_checks('par.big'::regclass, '[{"check": "null_values", "column": "c"}, {"check": "duplicate_values", "column": "k"}]') WHERE pass = 1 AND detail LIKE 'SELECT%';
CREATE FUNCTION par.in_worker() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS
$$ BEGIN RETURN pg_backend_pid() <> current_setting('par.leader')::int; END $$;
SELECT set_config('par.leader', pg_backend_pid()::text, false) IS NOT NULL AS noted;
SET parallel_leader_participation = off;
SELECT status, metric_value FROM datamesh.check_table('par.big', '[{"check": "row_condition", "condition": "par.in_worker()"}, {"check": "duplicate_values", "column": "k", "mustBe": 10}]');
RESET parallel_leader_participation;

-- a key larger than its memory stays in the pass, where its size is known ...
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SELECT pass, method FROM datamesh.explain_checks('par.big'::regclass, '[{"check": "duplicate_values", "column": "k"}, {"check": "duplicate_values", "column": "id"}]');
SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_table('par.big', '[
    {"check": "duplicate_values", "column": "k"}, {"check": "duplicate_values", "column": "id"}, {"check": "duplicate_values", "columns": ["g", "c"], "sample_keys": 2},
    {"check": "duplicate_values", "columns": ["k", "g"]}]');
-- ... and where it is not
CREATE TABLE par.unknown WITH (autovacuum_enabled = off) AS SELECT * FROM par.big;
SELECT method FROM datamesh.explain_checks('par.unknown'::regclass, '[{"check": "duplicate_values", "column": "k"}]');
SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_table('par.unknown', '[
    {"check": "duplicate_values", "column": "k"}, {"check": "duplicate_values", "column": "id"}, {"check": "duplicate_values", "columns": ["g", "c"], "sample_keys": 2},
    {"check": "duplicate_values", "columns": ["k", "g"]}]');
-- with a filter, too
SET work_mem = '128kB';
SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_table('par.big', '[
    {"check": "duplicate_values", "column": "k"}, {"check": "duplicate_values", "column": "id"}, {"check": "duplicate_values", "columns": ["g", "c"], "sample_keys": 2},
    {"check": "duplicate_values", "columns": ["k", "g"], "where": "g < 4"}]');
DROP SCHEMA par CASCADE;
