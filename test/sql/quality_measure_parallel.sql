-- quality_measure_parallel: the same figures, to the last bit, at any number of workers, in any order, from
-- partitions merged, from states that were stored, dumped and restored; and what bad bytes do.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA measuring;
SET search_path = measuring, public;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE rows_all (id int, code text COLLATE "C", f float8, f4 float4, n numeric, big bigint, d date, ts timestamptz, m mood, i interval, b bool, u uuid) PARTITION BY RANGE (id);
CREATE TABLE rows_1 PARTITION OF rows_all FOR VALUES FROM (MINVALUE) TO (4000) WITH (parallel_workers = 4);
CREATE TABLE rows_2 PARTITION OF rows_all FOR VALUES FROM (4000) TO (6000) WITH (parallel_workers = 4);
CREATE TABLE rows_3 PARTITION OF rows_all FOR VALUES FROM (6000) TO (MAXVALUE) WITH (parallel_workers = 4);
INSERT INTO rows_all
SELECT i, CASE WHEN h % 50 <> 0 THEN 'C' || h % 15000 END, CASE h % 400 WHEN 0 THEN NULL ELSE (h % 1000003)::float8 / 7 * 10::float8 ^ (h % 30 - 15) END,
       (h % 1000)::float4 / 3, round((h % 100000007)::numeric / 1000 * 10::numeric ^ (h % 20 - 10)::int, (h % 12)::int), h * (i % 3 - 1), date '2020-01-01' + (h % 2000)::int,
       timestamptz '2020-01-01 00:00:00+00' + h % 100000 * interval '1 minute', (enum_range(NULL::mood))[1 + h % 3], (h % 3) * interval '1 month' + (h % 2) * interval '30 days', h % 7 > 2, md5((h % 5000)::text)::uuid
FROM (SELECT i, hashint8extended(i, 7) & 9223372036854775807 AS h FROM generate_series(1, 12000) i) v;
UPDATE rows_all SET f = '-0' WHERE id % 1000 = 0;
CREATE TABLE plain AS TABLE rows_all;
ALTER TABLE plain SET (parallel_workers = 4);
ANALYZE rows_all, plain;

CREATE TABLE spec AS SELECT '{"keys": [0, 1], "sample": 4, "probes": [{"probe": "rows"}, {"probe": "rows", "filter": 10},
  {"probe": "nulls", "arg": 1}, {"probe": "nulls", "arg": 2}, {"probe": "missing", "arg": 1, "values": ["C1", "C2"]}, {"probe": "valid", "arg": 2, "min": 0, "max": 1e12},
  {"probe": "valid", "arg": 4, "min": "0.001", "max": "1e9"}, {"probe": "valid", "arg": 1, "pattern": "^C\\d{1,4}$"}, {"probe": "valid", "arg": 8, "values": ["sad", "happy"]},
  {"probe": "true", "arg": 10}, {"probe": "valid", "arg": 6, "min": "2021-01-01", "filter": 10}, {"probe": "unique", "args": [0]}, {"probe": "unique", "args": [1]},
  {"probe": "unique", "args": [1, 6]}, {"probe": "unique", "args": [1, 6], "nulls_distinct": false}, {"probe": "unique", "args": [11]}, {"probe": "unique", "args": [8]}, {"probe": "unique", "args": [1], "filter": 10},
  {"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}, {"probe": "stats", "arg": 2}, {"probe": "stats", "arg": 3}, {"probe": "stats", "arg": 4}, {"probe": "stats", "arg": 5}, {"probe": "stats", "arg": 6},
  {"probe": "stats", "arg": 7}, {"probe": "stats", "arg": 8}, {"probe": "stats", "arg": 9}, {"probe": "stats", "arg": 10}, {"probe": "stats", "arg": 11}, {"probe": "stats", "arg": 2, "filter": 10},
  {"probe": "distinct", "arg": 0}, {"probe": "distinct", "arg": 1}, {"probe": "distinct", "arg": 4}, {"probe": "distinct", "arg": 8}, {"probe": "distinct", "arg": 11},
  {"probe": "valid", "arg": 6, "min": "no date"}]}'::jsonb AS s;
SELECT s AS spec FROM spec \gset
\set measured 'datamesh.measure(:''spec'', id, code, f, f4, n, big, d, ts, m, i, b, u)'

SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_partitionwise_aggregate = off;
SET TimeZone = 'UTC';
SET max_parallel_workers_per_gather = 0;
CREATE TABLE expected AS SELECT datamesh.measure_result(:measured) AS r FROM plain;
SELECT jsonb_array_length(r) AS probes, r -> 0 AS rows, r -> 11 ->> 'excess' AS no_excess, (r -> 12 ->> 'excess')::int > 0 AS excess, r -> 20 ->> 'sum' AS sum, r -> 22 ->> 'sum' AS numeric_sum FROM expected;
-- the figures themselves, as SQL finds them
SELECT (r #>> '{2,failing}')::int = nulls AS nulls, (r #>> '{4,failing}')::int = missing AS missing, (r #>> '{5,failing}')::int = f_range AS f_range, (r #>> '{6,failing}')::int = n_range AS n_range,
  (r #>> '{7,failing}')::int = pattern AS pattern, (r #>> '{9,failing}')::int = untrue AS untrue, (r #>> '{10,failing}')::int = early AS early, (r #>> '{12,excess}')::int = codes AS codes,
  (r #>> '{13,excess}')::int = pairs AS pairs, (r #>> '{14,excess}')::int = pairs_with_nulls AS pairs_with_nulls, (r #>> '{15,excess}')::int = uuids AS uuids, (r #>> '{22,sum}')::numeric = sum_n AS sum_n,
  (r #>> '{23,sum}')::numeric = sum_big AS sum_big, (r #>> '{24,max}')::date = max_d AS max_d, (r #>> '{19,min}') = min_code AS min_code, abs((r #>> '{32,estimate}')::int - distinct_codes) < distinct_codes * 0.03 AS estimate
FROM expected, (SELECT count(*) FILTER (WHERE code IS NULL) AS nulls, count(*) FILTER (WHERE code IS NULL OR code IN ('C1', 'C2')) AS missing, count(*) FILTER (WHERE NOT f BETWEEN 0 AND 1e12) AS f_range,
  count(*) FILTER (WHERE NOT n BETWEEN 0.001 AND 1e9) AS n_range, count(*) FILTER (WHERE code !~ '^C\d{1,4}$') AS pattern, count(*) FILTER (WHERE NOT b) AS untrue, count(*) FILTER (WHERE b AND d < '2021-01-01') AS early,
  count(code) - count(DISTINCT code) AS codes, count(*) FILTER (WHERE code IS NOT NULL) - count(DISTINCT (code, d)) FILTER (WHERE code IS NOT NULL) AS pairs, count(*) - count(DISTINCT (code, d)) AS pairs_with_nulls,
  count(*) - count(DISTINCT u) AS uuids, sum(n) AS sum_n, sum(big) AS sum_big, max(d) AS max_d, min(code) AS min_code, count(DISTINCT code) AS distinct_codes FROM plain) q;

-- 0, 1, 2 and 4 workers, with and without the leader, over a table and over partitions
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE line text; workers text := '0 workers'; partial text := ''; BEGIN
  FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
    IF line ~ 'Workers Planned' THEN workers := regexp_replace(line, '\D', '', 'g') || ' workers'; END IF;
    IF line ~ 'Partial Aggregate' THEN partial := ', partial aggregates'; END IF;
  END LOOP; RETURN workers || partial; END $$;
CREATE FUNCTION same_at(workers int, leader bool, relation text) RETURNS TABLE (plan text, same bool) LANGUAGE plpgsql AS
$$ DECLARE query text := format('SELECT datamesh.measure_result(datamesh.measure(%L, id, code, f, f4, n, big, d, ts, m, i, b, u)) FROM %I', (SELECT s FROM spec), relation); BEGIN
  PERFORM set_config('max_parallel_workers_per_gather', workers::text, true), set_config('parallel_leader_participation', leader::text, true);
  plan := plan_of(query);
  EXECUTE format('SELECT (%s) = r FROM expected', query) INTO same;
  RETURN NEXT; END $$;
SELECT workers, leader, relation, p.* FROM unnest(ARRAY[0, 1, 2, 4]) workers, unnest(ARRAY[true, false]) leader, unnest(ARRAY['plain', 'rows_all']) relation, same_at(workers, leader, relation) p
WHERE workers > 0 OR leader ORDER BY 1, 2, 3;
-- any order of rows
SET max_parallel_workers_per_gather = 0;
SELECT datamesh.measure_result(:measured) = (SELECT r FROM expected) AS backwards FROM (SELECT * FROM plain ORDER BY id DESC) q;
SELECT datamesh.measure_result(:measured) = (SELECT r FROM expected) AS shuffled FROM (SELECT * FROM plain ORDER BY md5(id::text)) q;
-- in groups that are merged, in parallel too; the groups of a hash aggregate and of a sorted one
SELECT datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS groups FROM (SELECT :measured AS m FROM plain GROUP BY id % 37) q;
SET enable_hashagg = off;
SELECT datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS sorted_groups FROM (SELECT :measured AS m FROM plain GROUP BY id % 37) q;
RESET enable_hashagg;
SET max_parallel_workers_per_gather = 2;
SELECT datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS parallel_groups FROM (SELECT :measured AS m FROM plain GROUP BY id % 37) q;
SET enable_partitionwise_aggregate = on;
SELECT datamesh.measure_result(:measured) = (SELECT r FROM expected) AS partitionwise FROM rows_all;
RESET enable_partitionwise_aggregate;

-- stored: partition + partition = whole, in a table (toasted), by measure_merge, through text, through binary COPY; under other formats
SET DateStyle = 'SQL, DMY'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -5;
CREATE TABLE stored AS SELECT id / 1000 AS part, :measured AS m FROM plain GROUP BY 1;
RESET DateStyle; RESET IntervalStyle; RESET extra_float_digits;
SELECT count(*) AS parts, datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS whole FROM stored;
SELECT datamesh.measure_result(datamesh.merge(m ORDER BY part DESC)) = (SELECT r FROM expected) AS whole FROM stored;
WITH RECURSIVE w AS (SELECT 0 AS part, m FROM stored WHERE part = 0 UNION ALL SELECT s.part, datamesh.measure_merge(w.m, s.m) FROM w JOIN stored s ON s.part = w.part + 1)
SELECT datamesh.measure_result(m) = (SELECT r FROM expected) AS whole FROM w ORDER BY part DESC LIMIT 1;
CREATE TABLE restored (part int, m datamesh.measure);
INSERT INTO restored SELECT part, m::text::datamesh.measure FROM stored;
SELECT datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS through_text FROM restored;
SELECT count(*) AS parts, bool_and(s.m::text = r.m::text AND datamesh.measure_send(s.m) = datamesh.measure_send(r.m)) AS same FROM stored s JOIN restored r USING (part);
TRUNCATE restored;
SELECT pg_catalog.current_setting('data_directory') || '/measure_test.copy' AS file \gset
COPY stored TO :'file' (FORMAT binary);
SELECT format('cat %1$L; rm %1$L', :'file') AS read_and_remove \gset
COPY restored FROM PROGRAM :'read_and_remove' (FORMAT binary);
SELECT datamesh.measure_result(datamesh.merge(m)) = (SELECT r FROM expected) AS through_binary FROM restored;
-- a state that was stored goes on where it can: merging null, itself, nothing
SELECT datamesh.measure_merge(NULL, NULL) IS NULL AS nothing, datamesh.measure_result(datamesh.measure_merge(m, NULL)) = datamesh.measure_result(m) AS left_only,
       datamesh.measure_result(datamesh.measure_merge(NULL, m)) = datamesh.measure_result(m) AS right_only, datamesh.measure_result(datamesh.measure_merge(m, m)) #>> '{0,rows}' AS twice FROM stored WHERE part = 3;
SELECT datamesh.merge(m) IS NULL AS nothing FROM stored WHERE part < 0;
DO $$ DECLARE whole datamesh.measure; one datamesh.measure; BEGIN
  FOR one IN SELECT m FROM stored LOOP whole := datamesh.measure_merge(whole, one); END LOOP;
  RAISE WARNING 'in plpgsql: %', datamesh.measure_result(whole) = (SELECT r FROM expected); END $$;
-- not the same specification, or not the same types
SELECT datamesh.measure_merge((SELECT datamesh.measure('{"probes": [{"probe": "rows"}]}', 1)), (SELECT datamesh.measure('{"probes": [{"probe": "rows"}], "sample": 1}', 1)));
SELECT datamesh.measure_merge((SELECT datamesh.measure('{"probes": [{"probe": "nulls", "arg": 0}]}', 1)), (SELECT datamesh.measure('{"probes": [{"probe": "nulls", "arg": 0}]}', 1::bigint)));
SELECT datamesh.measure_merge((SELECT datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', 'a'::text COLLATE "C")), (SELECT datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', 'a'::text COLLATE "POSIX")));
-- a type that is gone, a type that has moved
CREATE TABLE moods AS SELECT datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "rows"}]}', m) AS m FROM plain;
ALTER TYPE mood RENAME TO state_of_mind;
SELECT datamesh.measure_result(m) FROM moods;
ALTER TYPE state_of_mind RENAME TO mood;
SELECT datamesh.measure_result(m) FROM moods;

-- a unique probe overflows if, and only if, its share of the memory is too small: whatever the number of workers
SET work_mem = '64kB'; SET hash_mem_multiplier = 2;
CREATE FUNCTION overflows(workers int, leader bool, upto int) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('max_parallel_workers_per_gather', workers::text, true), set_config('parallel_leader_participation', leader::text, true);
  RETURN (SELECT jsonb_agg(p -> 'overflow') FROM (SELECT datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}, {"probe": "unique", "args": [0], "filter": 1}]}', id, id < 10)) AS r FROM plain WHERE id <= upto) q, jsonb_array_elements(r) p); END $$;
SELECT n, workers, overflows(workers, workers % 2 = 0, n) FROM unnest(ARRAY[8192, 8193, 12000]) n, unnest(ARRAY[0, 1, 2, 4]) workers ORDER BY 1, 2;
-- states that were stored then may grow as large as work_mem is now
CREATE TABLE halves AS SELECT id % 2 AS half, datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}]}', id) AS m FROM generate_series(1, 20000) id GROUP BY 1;
SELECT datamesh.measure_result(datamesh.merge(m)) -> 0 ->> 'overflow' AS too_many FROM halves;
RESET work_mem; RESET hash_mem_multiplier;
SELECT datamesh.measure_result(datamesh.merge(m)) -> 0 ->> 'overflow' AS too_many, datamesh.measure_result(datamesh.merge(m)) -> 0 ->> 'excess' AS excess FROM halves;

-- a query that is cancelled leaves nothing behind; the next one is right
SET statement_timeout = '30ms';
SELECT datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}]}', a.id * 100000::bigint + b.id)) FROM plain a, plain b;
RESET statement_timeout;
SELECT datamesh.measure_result(:measured) = (SELECT r FROM expected) AS still_right FROM plain;

-- bytes that are no measure: an error, whatever they are
SELECT 'x'::datamesh.measure;
SELECT ''::datamesh.measure;
SELECT '\x'::datamesh.measure;
SELECT '\x02'::datamesh.measure;
SELECT '\xzz'::datamesh.measure;
CREATE FUNCTION accepted(bytes bytea) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE r jsonb; v datamesh.measure; BEGIN
  v := bytes::text::datamesh.measure; r := datamesh.measure_result(v); r := datamesh.measure_result(datamesh.measure_merge(v, v)); RETURN 'accepted';
EXCEPTION WHEN data_exception OR invalid_name OR undefined_object OR invalid_schema_name OR syntax_error_or_access_rule_violation OR program_limit_exceeded OR feature_not_supported THEN RETURN 'refused';
  WHEN SQLSTATE 'MD003' THEN RETURN 'refused'; END $$;
CREATE TABLE sample_state AS SELECT datamesh.measure_send(datamesh.measure(:'spec', id, code, f, f4, n, big, d, ts, m, i, b, u)) AS bytes FROM plain WHERE id <= 40;
SELECT accepted(bytes) FROM sample_state;
-- every prefix is refused; so is one byte more
SELECT accepted(substr(bytes, 1, n)), count(*) FROM sample_state, generate_series(0, length(bytes) - 1, 7) n GROUP BY 1;
SELECT accepted(bytes || '\x00') FROM sample_state;
-- with one byte changed it is refused, or it is another measure; never a crash
SELECT count(*) > 1000 AS tried, bool_or(a = 'refused') AS some_refused FROM (SELECT accepted(set_byte(bytes, n, (get_byte(bytes, n) + 1 + n % 254) % 256)) AS a FROM sample_state, generate_series(0, length(bytes) - 1, 5) n) q;
SELECT count(*) > 200 AS tried, bool_or(a = 'refused') AS some_refused FROM (SELECT accepted(set_byte(set_byte(bytes, n, (hashint4(n) & 255)), (n * 7919) % length(bytes), 255)) AS a FROM sample_state, generate_series(0, length(bytes) - 1, 23) n) q;
SELECT accepted(decode(repeat(md5(n::text), 20), 'hex')), count(*) FROM generate_series(1, 300) n GROUP BY 1;
SELECT accepted('\x01'::bytea || decode(repeat(md5(n::text), 20), 'hex')), count(*) FROM generate_series(1, 300) n GROUP BY 1;

SET client_min_messages = warning;
DROP SCHEMA measuring CASCADE;
