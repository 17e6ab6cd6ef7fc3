-- quality: unique keys that memory has no room for. The hashes go to temporary files while the one pass goes on; what is
-- found is the same whatever the memory and the number of workers, and no file remains, after an error or a cancel either.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA mem;
-- ids without a duplicate, texts with seven, few values, and pairs of which two are the same
CREATE TABLE mem.big (id int, k text, few int, pair int) WITH (autovacuum_enabled = off);
INSERT INTO mem.big SELECT i, 'key' || CASE WHEN i % 90000 = 0 THEN 1 ELSE i END, i % 97, i / 2 FROM generate_series(1, 600000) i;
INSERT INTO mem.big SELECT NULL, NULL, 5, NULL FROM generate_series(1, 3);
ANALYZE mem.big;
CREATE TABLE mem.rules AS SELECT '[
    {"check": "null_values", "column": "id"},
    {"check": "duplicate_values", "column": "id"},
    {"check": "duplicate_values", "column": "id", "nulls_distinct": false, "name": "nulls too"},
    {"check": "duplicate_values", "column": "k"},
    {"check": "duplicate_values", "column": "few", "sample_keys": 3},
    {"check": "duplicate_values", "columns": ["few", "pair"]},
    {"check": "duplicate_values", "columns": ["k", "few"], "where": "few < 50"},
    {"check": "distinct_values", "column": "few", "mustBe": 97}]'::jsonb AS rules;
CREATE FUNCTION mem.checked(workers int, memory text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, true), set_config('work_mem', memory, true);
    RETURN (SELECT string_agg(format('%s: %s %s %s %s', rule, status, metric_value, failing_rows, sample_keys), E'\n') FROM mem.rules, datamesh.check_table('mem.big', rules));
END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT mem.checked(0, '64MB') AS whole \gset
SELECT :'whole' AS checked;
SELECT count(*) - count(DISTINCT k) - 3 AS k, count(*) - count(DISTINCT few) AS few,
       (SELECT count(*) FROM mem.big WHERE pair IS NOT NULL) - (SELECT count(*) FROM (SELECT few, pair FROM mem.big WHERE pair IS NOT NULL GROUP BY 1, 2) g) AS pairs FROM mem.big;
SELECT workers, memory, mem.checked(workers, memory) = :'whole' AS same FROM unnest(ARRAY[0, 1, 2, 4]) workers, unnest(ARRAY['64kB', '64MB']) memory
WHERE workers > 0 OR memory <> '64MB' ORDER BY 1, 2;

-- one pass, however large the keys
SET work_mem = '64kB';
SELECT count(DISTINCT pass) FILTER (WHERE method = 'fused pass') AS passes, count(*) FILTER (WHERE method = 'fused pass') AS checks
FROM mem.rules, datamesh.explain_checks('mem.big'::regclass, rules);

-- a state for each of very many groups is no road to an answer: it ends when there are too many, not when memory does
SELECT rule, status, left(message, 62) AS message FROM datamesh.check_table('mem.big', '[{"check": "null_values", "column": "k", "group_by": ["id"]}]');

-- they are temporary files like all others: bounded by temp_file_limit, and then the check could not run, which is not a pass
CREATE FUNCTION mem.files() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false) $$;
SET temp_file_limit = '100kB';
SET max_parallel_workers_per_gather = 0;
SELECT rule, status, replace(message, '"', '') AS message FROM datamesh.check_table('mem.big', '[{"check": "duplicate_values", "column": "id"}, {"check": "null_values", "column": "k", "mustBe": 3}]');
SET max_parallel_workers_per_gather = 2;
SELECT rule, status, replace(message, '"', '') AS message FROM datamesh.check_table('mem.big', '[{"check": "duplicate_values", "column": "id"}, {"check": "null_values", "column": "k", "mustBe": 3}]');
RESET temp_file_limit;
SELECT mem.files() AS left_over;

-- cancelled in the middle of it, by the leader and by a worker
SELECT set_config('mem.leader', pg_backend_pid()::text, false) IS NOT NULL AS noted;
CREATE FUNCTION mem.stop(id int) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
BEGIN IF id = 590000 THEN PERFORM pg_cancel_backend(current_setting('mem.leader')::int); PERFORM pg_sleep(10); END IF; RETURN true; END $$;
CREATE FUNCTION mem.stop_by_worker(id int) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN IF id = 590000 THEN PERFORM pg_cancel_backend(current_setting('mem.leader')::int); PERFORM pg_sleep(10); END IF; RETURN true; END $$;
SELECT rule FROM datamesh.check_table('mem.big', '[{"check": "duplicate_values", "column": "id"}, {"check": "row_condition", "condition": "mem.stop(id)"}]');
SET parallel_leader_participation = off;
SELECT rule FROM datamesh.check_table('mem.big', '[{"check": "duplicate_values", "column": "id"}, {"check": "row_condition", "condition": "mem.stop_by_worker(id)"}]');
RESET parallel_leader_participation;
SELECT mem.files() AS left_over;
SELECT rule, status, metric_value FROM datamesh.check_table('mem.big', '[{"check": "duplicate_values", "column": "id"}]');

-- a publish measures while it copies, with the same memory
CREATE ROLE regress_mem;
CALL datamesh.create_domain('regress_mem', owner => 'regress_mem');
CREATE TABLE regress_mem_internal.keys AS SELECT id, k FROM mem.big WHERE id <= 60000;
ALTER TABLE regress_mem_internal.keys OWNER TO regress_mem;
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "regress-mem", "name": "keys", "version": "1.0.0", "status": "active", "domain": "regress_mem",
    "schema": [{"name": "keys", "physicalName": "regress_mem_internal.keys", "logicalType": "object", "properties": [
        {"name": "id", "logicalType": "integer", "physicalType": "integer", "required": true, "unique": true},
        {"name": "k", "logicalType": "string", "physicalType": "text", "required": true, "unique": true}]}]}');
UPDATE regress_mem_internal.keys SET k = 'key1' WHERE id = 60000;
SELECT status, failing_rows, sample_keys FROM datamesh.check_product('regress_mem.keys') WHERE "column" = 'k' AND "check" = 'duplicate_values';
CALL datamesh.publish('regress_mem.keys', dry_run => true);
CALL datamesh.publish('regress_mem.keys');
UPDATE regress_mem_internal.keys SET k = 'key60000' WHERE id = 60000;
SET temp_file_limit = '100kB';
\set VERBOSITY sqlstate
CALL datamesh.publish('regress_mem.keys');
\set VERBOSITY default
RESET temp_file_limit;
CALL datamesh.publish('regress_mem.keys');
SELECT count(*), count(DISTINCT k) FROM regress_mem.keys;
SELECT mem.files() AS left_over;

RESET work_mem;
CALL datamesh.deprecate('regress_mem.keys', '1.0.0', current_date);
CALL datamesh.retire('regress_mem.keys');
CALL datamesh.drop_domain('regress_mem');
DROP SCHEMA regress_mem_internal, mem CASCADE;
DROP OWNED BY regress_mem;
DROP ROLE regress_mem;
