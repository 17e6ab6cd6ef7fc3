-- quality_measure: what the probes of datamesh.measure say, value by value; specifications that
-- are wrong; the plain aggregates.
\set VERBOSITY terse
SET client_min_messages = warning;

-- the probes' figures over one column, one line for each
CREATE FUNCTION pg_temp.show(result jsonb) RETURNS SETOF text LANGUAGE sql AS
$$ SELECT string_agg(format('%s %s', f.key, f.value #>> '{}'), ', ' ORDER BY f.key COLLATE "C")
   FROM jsonb_array_elements(result) WITH ORDINALITY AS p(probe, n), jsonb_each(p.probe) AS f
   WHERE f.key <> 'hashes' GROUP BY n ORDER BY n $$;

-- every kind of probe; duplicates of {1,2,2,3,3,3,3,4,4,null} are 5 excess rows, 3 values, 8 rows
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{
  "keys": [0, 1], "sample": 3, "probes": [
    {"probe": "rows"}, {"probe": "rows", "filter": 2},
    {"probe": "nulls", "arg": 1}, {"probe": "nulls", "arg": 1, "filter": 2},
    {"probe": "missing", "arg": 1, "values": [4, "none"]},
    {"probe": "valid", "arg": 1, "min": 2, "max": 3},
    {"probe": "true", "arg": 2}, {"probe": "unique", "args": [1]},
    {"probe": "unique", "args": [1], "filter": 2},
    {"probe": "stats", "arg": 1}, {"probe": "distinct", "arg": 1}]}',
  id, v, v < 4)))
FROM unnest(ARRAY[1, 2, 2, 3, 3, 3, 3, 4, 4, NULL]) WITH ORDINALITY AS t(v, id);

-- no rows: null, and with the specification the figures of nothing
SELECT datamesh.measure_result(datamesh.measure('{"probes": []}', x)) IS NULL AS nothing
FROM generate_series(1, 0) x;
SELECT pg_temp.show(datamesh.measure_result(NULL, '{"sample": 5, "keys": [0], "probes": [
  {"probe": "rows"}, {"probe": "nulls", "arg": 0}, {"probe": "valid", "arg": 0, "min": "x"},
  {"probe": "unique", "args": [0]}, {"probe": "stats", "arg": 0}, {"probe": "distinct", "arg": 0}]}'));
SELECT datamesh.measure_result(NULL) IS NULL AS nothing;

-- nulls: distinct or not, in one column or several
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [
    {"probe": "unique", "args": [0]}, {"probe": "unique", "args": [0], "nulls_distinct": false},
    {"probe": "unique", "args": [0, 1]}, {"probe": "unique", "args": [0, 1], "nulls_distinct": false},
    {"probe": "unique", "args": [2, 1], "nulls_distinct": false}]}', a, b, a::text)))
FROM (VALUES (1, 1), (1, 1), (NULL, 1), (NULL, 1), (NULL, NULL), (NULL, NULL), (NULL, 2), (2, NULL)) AS v(a, b);

-- NaN is not null and outside of every range; infinity is a value; -0 is 0; sums are as in SQL
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [
    {"probe": "nulls", "arg": 0}, {"probe": "valid", "arg": 0, "min": 0}, {"probe": "valid", "arg": 0, "max": "Infinity"},
    {"probe": "valid", "arg": 0}, {"probe": "unique", "args": [0]}, {"probe": "stats", "arg": 0},
    {"probe": "nulls", "arg": 1}, {"probe": "valid", "arg": 1, "min": 0}, {"probe": "valid", "arg": 1, "max": "Infinity"},
    {"probe": "valid", "arg": 1}, {"probe": "unique", "args": [1]}, {"probe": "stats", "arg": 1}]}', f, f::numeric)))
FROM unnest(ARRAY['NaN', 'NaN', 'Infinity', '-0', '0', '1', NULL]::float8[]) f;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', f, f::numeric)))
FROM unnest(ARRAY['Infinity', '-Infinity', '1']::float8[]) f;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', f, f::numeric)))
FROM unnest(ARRAY['-Infinity', '1']::float8[]) f;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', f, f::numeric)))
FROM unnest(ARRAY['NaN', NULL]::float8[]) f;

-- equal by the type is equal: 1.0 and 1.00, char(3) 'a' and 'a  '; the extremes do not depend on the order
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]},
    {"probe": "unique", "args": [1]}, {"probe": "distinct", "arg": 0}, {"probe": "stats", "arg": 0},
    {"probe": "valid", "arg": 1, "max_length": 1}]}', n, c)))
FROM (VALUES (1.0, 'a'::char(3)), (1.00, 'a  '), (1, 'a ')) AS v(n, c);
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', n)))
FROM (VALUES (1), (1.00), (1.0)) AS v(n);

-- sums are exact: ten times 0.1, and what cancels
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', 0.1::float8, 0.1)))
FROM generate_series(1, 10);
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', f)))
FROM unnest(ARRAY[1e308, 1e308, 1e-320, -1e308, 3, -1e308]::float8[]) f;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', f)))
FROM unnest(ARRAY[9223372036854775807, 9223372036854775807, 9223372036854775805]) f;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', f)))
FROM unnest(ARRAY[5, 5, -9223372036854775808, -9223372036854775807]) f;

-- bounds: inclusive and not, fractions for integers, float8 for float4 as in SQL, beyond the type
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [
    {"probe": "valid", "arg": 0, "min": "0.5"}, {"probe": "valid", "arg": 0, "max": 1.5, "exclusive_max": true},
    {"probe": "valid", "arg": 0, "min": 1, "exclusive_min": true}, {"probe": "valid", "arg": 0, "max": 2, "exclusive_max": true},
    {"probe": "valid", "arg": 0, "min": "1e30"}, {"probe": "valid", "arg": 0, "max": "1e30"},
    {"probe": "valid", "arg": 0, "min": "-Infinity", "max": "NaN"}, {"probe": "valid", "arg": 0, "min": "9223372036854775807", "exclusive_min": true},
    {"probe": "valid", "arg": 0, "min": "ten"}]}', i)))
FROM generate_series(0, 3) i;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "valid", "arg": 0, "max": "0.1"},
    {"probe": "valid", "arg": 1, "max": "0.1"}, {"probe": "valid", "arg": 2, "max": "0.1"},
    {"probe": "valid", "arg": 2, "max": "0.1", "exclusive_max": true}, {"probe": "valid", "arg": 2, "min": "0.10", "exclusive_min": true}]}',
  0.1::float4, 0.1::float8, 0.1)));
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [
    {"probe": "valid", "arg": 0, "min": "2024-01-01", "max": "2024-12-31"}, {"probe": "valid", "arg": 0, "min": "2024-01-01", "exclusive_min": true},
    {"probe": "valid", "arg": 0, "max": "infinity"}, {"probe": "valid", "arg": 0, "max": "infinity", "exclusive_max": true},
    {"probe": "valid", "arg": 0, "min": "-infinity", "exclusive_min": true}, {"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', d, d::timestamp)))
FROM unnest('{2024-01-01,2024-12-31,2025-01-01,infinity,-infinity,null}'::date[]) d;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [{"probe": "valid", "arg": 0, "min": "b", "max": "d", "exclusive_max": true},
    {"probe": "stats", "arg": 0}]}', t COLLATE "C")))
FROM unnest('{a,b,c,d,B,é}'::text[]) t;

-- sets, lengths, patterns, multiples
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [
    {"probe": "valid", "arg": 0, "values": ["ab", "äöü"]}, {"probe": "valid", "arg": 0, "values": []},
    {"probe": "valid", "arg": 0, "min_length": 2, "max_length": 3}, {"probe": "valid", "arg": 0, "max_length": 0},
    {"probe": "valid", "arg": 0, "pattern": "^[a-z]+$"}, {"probe": "valid", "arg": 0, "pattern": "ä|b$"},
    {"probe": "missing", "arg": 0, "values": ["", "n/a"]}, {"probe": "valid", "arg": 0, "pattern": "("}]}', t)))
FROM unnest(ARRAY['ab', 'äöü', '', 'n/a', 'abcd', NULL]) t;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [
    {"probe": "valid", "arg": 0, "values": [1, "2", 3.0]}, {"probe": "valid", "arg": 0, "multiple_of": 3},
    {"probe": "valid", "arg": 1, "multiple_of": 0.1}, {"probe": "valid", "arg": 1, "multiple_of": 0},
    {"probe": "valid", "arg": 0, "max_length": 3}, {"probe": "valid", "arg": 0, "pattern": "^[0-2]$"},
    {"probe": "missing", "arg": 0, "values": ["", "n/a", 3]}]}', i, i / 10.0::float8)))
FROM generate_series(1, 4) i;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "valid", "arg": 0, "max_length": 2}, {"probe": "valid", "arg": 0, "values": ["\\x0102"]}]}', b)))
FROM unnest(ARRAY['\x0102', '\x010203']::bytea[]) b;
CREATE TYPE pg_temp.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN pg_temp.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [
    {"probe": "valid", "arg": 0, "values": ["sad", "happy"]}, {"probe": "valid", "arg": 0, "min": "ok"}, {"probe": "unique", "args": [0]},
    {"probe": "valid", "arg": 0, "max_length": 3}, {"probe": "valid", "arg": 0, "pattern": "^h"}, {"probe": "valid", "arg": 0, "values": ["angry"]},
    {"probe": "missing", "arg": 0, "values": ["angry", "ok"]}, {"probe": "stats", "arg": 0},
    {"probe": "valid", "arg": 1, "min": 60}, {"probe": "stats", "arg": 1}]}', m, p)))
FROM (VALUES ('sad'::pg_temp.mood, 50::pg_temp.percent), ('ok', 60), ('happy', 70), ('ok', 60)) AS v(m, p);
-- ranges, intervals, arrays, uuids, rows by the operators of the type
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "valid", "arg": 0, "max": "30 days"}, {"probe": "unique", "args": [0]},
    {"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}, {"probe": "unique", "args": [1]}, {"probe": "stats", "arg": 2}, {"probe": "valid", "arg": 2, "values": ["{1,2}"]},
    {"probe": "unique", "args": [3]}, {"probe": "stats", "arg": 3}]}', i, u, a, ROW(i, u))))
FROM (VALUES ('1 month'::interval, '00000000-0000-0000-0000-000000000001'::uuid, '{1,2}'::int[]),
             ('30 days', '00000000-0000-0000-0000-000000000001', '{1}'), ('31 days', '00000000-0000-0000-0000-000000000000', '{}')) AS v(i, u, a);
-- ROW(1, null) is neither null nor not null in SQL; here a value is null or it is not
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "nulls", "arg": 0}]}', r)))
FROM (VALUES (ROW(1, NULL)), (ROW(NULL, NULL)), (NULL)) AS v(r);

-- what a type cannot do is an error of that probe alone
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 2, "probes": [{"probe": "rows"}, {"probe": "unique", "args": [0]},
    {"probe": "distinct", "arg": 1}, {"probe": "stats", "arg": 0}, {"probe": "valid", "arg": 0, "values": ["{}"]}, {"probe": "valid", "arg": 1, "min": "(0,0)"},
    {"probe": "true", "arg": 0}, {"probe": "rows", "filter": 0}, {"probe": "nulls", "arg": 1}]}', j, p)))
FROM (VALUES ('{"a": 1}'::json, point(1, 1)), ('[]', NULL)) AS v(j, p);
-- where two collations meet, the database's own decides
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "unique", "args": [0]}]}', a || b)))
FROM (VALUES ('a' COLLATE "C", 'b' COLLATE "POSIX"), ('c', 'd')) AS v(a, b);
-- two columns of different collations are no conflict
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}, {"probe": "stats", "arg": 1}]}', a, b)))
FROM (VALUES ('a' COLLATE "C", 'b' COLLATE "POSIX"), ('B', 'A')) AS v(a, b);
CREATE COLLATION pg_temp.ignore_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}, {"probe": "valid", "arg": 0, "values": ["ABC"]},
    {"probe": "valid", "arg": 0, "pattern": "^[a-z]+$"}, {"probe": "distinct", "arg": 0}]}', t COLLATE pg_temp.ignore_case)))
FROM unnest('{abc,ABC,abd}'::text[]) t;

-- long keys are cut, also between the bytes of a character
SELECT length(k), left(k, 2), right(k, 2)
FROM (SELECT datamesh.measure_result(datamesh.measure('{"keys": [0], "sample": 9, "probes": [{"probe": "valid", "arg": 0, "max_length": 5}]}', t)) #>> '{0,keys,0,0}' AS k
      FROM unnest(ARRAY[repeat('ä', 100000), repeat('ä', 100), repeat('x', 101)]) t GROUP BY t) q ORDER BY 1, 2;

-- GROUP BY, FILTER, a window, several at once
SELECT g, datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "rows"}, {"probe": "unique", "args": [0]}]}', v) FILTER (WHERE v > 2)) #>> '{1,excess}' AS excess,
       datamesh.duplicate_rows(v), datamesh.duplicate_rows(v, g), datamesh.completeness(v)::numeric(5,3), datamesh.approx_distinct(v)
FROM (SELECT i % 3 AS g, CASE WHEN i % 7 <> 0 THEN i % 5 END AS v FROM generate_series(1, 60) i) t GROUP BY g ORDER BY g;
SELECT i, datamesh.duplicate_rows(v) OVER (ORDER BY i), datamesh.duplicate_rows(v) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS last_two
FROM (VALUES (1, 'a'), (2, 'a'), (3, 'b'), (4, 'a')) AS t(i, v);
SELECT datamesh.duplicate_rows(x), datamesh.completeness(x), datamesh.approx_distinct(x) FROM generate_series(1, 0) x;
SELECT datamesh.duplicate_rows(x), datamesh.completeness(x), datamesh.approx_distinct(x) FROM (VALUES (NULL::int)) v(x);
SELECT datamesh.duplicate_rows(DISTINCT x), datamesh.duplicate_rows(x ORDER BY x) FROM (VALUES (1), (1)) v(x);
SELECT datamesh.duplicate_rows(x) FROM (VALUES (point(1, 1))) v(x);
SET work_mem = '64kB';
SELECT datamesh.duplicate_rows(x) FROM generate_series(1, 100000) x;
RESET work_mem;

-- the error of HyperLogLog is 0.81 %, small numbers are nearly exact
SELECT n, round(abs(datamesh.approx_distinct(i) - n) / n::numeric, 2) <= 0.03 AS near
FROM (VALUES (1), (10), (100), (1000), (30000), (100000)) AS s(n), generate_series(1, n) i GROUP BY n ORDER BY n;

-- the hash of a row: equal for equal values, whatever the width of the integer
SELECT datamesh.row_hash(1::int2) = datamesh.row_hash(1::int8) AS integers, datamesh.row_hash(1.0) = datamesh.row_hash(1.000) AS numerics,
       datamesh.row_hash('-0'::float8) = datamesh.row_hash(0::float8) AS zeros, datamesh.row_hash('a'::char(3)) = datamesh.row_hash('a'::char(9)) AS padded,
       datamesh.row_hash(1::float4) = datamesh.row_hash(1::float8) AS floats, datamesh.row_hash(NULL::text) = datamesh.row_hash(NULL::text) AS nulls,
       datamesh.row_hash(1, 2) <> datamesh.row_hash(2, 1) AS ordered, datamesh.row_hash(1, NULL::int) <> datamesh.row_hash(NULL::int, 1) AS null_position;
SELECT datamesh.row_hash('abc'::text COLLATE pg_temp.ignore_case) = datamesh.row_hash('ABC'::text COLLATE pg_temp.ignore_case) AS same,
       datamesh.row_hash('abc'::text) = datamesh.row_hash('ABC'::text) AS not_same;
SELECT datamesh.row_hash('{}'::json);
SELECT datamesh.row_hash('x');
SELECT datamesh.row_hash(VARIADIC ARRAY[1, 2]);
SELECT count(DISTINCT datamesh.row_hash(a, b)) FROM generate_series(-50, 49) a, generate_series(-50, 49) b;
-- the hashes that a unique probe names are those of row_hash
SELECT array_agg(t ORDER BY t) FROM unnest(ARRAY['a', 'b', 'b', 'c', 'c', 'c']) t,
  LATERAL (SELECT datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}]}', x)) AS r FROM unnest(ARRAY['a', 'b', 'b', 'c', 'c', 'c']) x) q
WHERE datamesh.row_hash(t) IN (SELECT h::bigint FROM jsonb_array_elements_text(r #> '{0,hashes}') h);

-- specifications that are wrong
CREATE FUNCTION pg_temp.try(spec jsonb) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE detail text; BEGIN
  PERFORM datamesh.measure(spec, 1, 'a'::text); RETURN 'taken';
EXCEPTION WHEN OTHERS THEN GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL; RETURN SQLSTATE || ' ' || SQLERRM || ': ' || detail; END $$;
\pset format unaligned
SELECT spec, pg_temp.try(spec) FROM unnest(ARRAY['[]', '1', 'null', '{}', '{"probes": {}}', '{"probes": [1]}', '{"probes": [{}]}', '{"probes": [{"probe": "magic"}]}',
  '{"probes": [{"probe": 1}]}', '{"probes": [{"probe": "nulls"}]}', '{"probes": [{"probe": "nulls", "arg": 2}]}', '{"probes": [{"probe": "nulls", "arg": -1}]}',
  '{"probes": [{"probe": "nulls", "arg": 0.5}]}', '{"probes": [{"probe": "nulls", "arg": "0"}]}', '{"probes": [{"probe": "nulls", "arg": 1e400}]}',
  '{"probes": [{"probe": "rows", "arg": 0}]}', '{"probes": [{"probe": "rows", "filter": 9}]}', '{"probes": [{"probe": "nulls", "arg": 0, "min": 1}]}',
  '{"probes": [{"probe": "unique"}]}', '{"probes": [{"probe": "unique", "args": []}]}', '{"probes": [{"probe": "unique", "args": 0}]}', '{"probes": [{"probe": "unique", "args": [0, 5]}]}',
  '{"probes": [{"probe": "unique", "args": [0], "nulls_distinct": "no"}]}', '{"probes": [{"probe": "valid", "arg": 0, "values": [null]}]}',
  '{"probes": [{"probe": "valid", "arg": 0, "min": []}]}', '{"probes": [{"probe": "valid", "arg": 1, "max_length": -1}]}', '{"probes": [], "keys": [7]}', '{"probes": [], "sample": 1001}',
  '{"probes": [], "samples": 5}', '{"probes": [], "exchange": 12345}', '{"probes": [{"probe": "valid", "arg": 0, "colour": 1}]}']::jsonb[]) spec;
\pset format aligned
SELECT datamesh.measure(NULL, 1);
SELECT datamesh.measure('{"probes": []}');
SELECT datamesh.measure('{"probes": []}', 'x');
SELECT datamesh.measure('{"probes": []}', VARIADIC ARRAY[1]);
SELECT datamesh.measure(s, 1) FROM (VALUES ('{"probes": []}'::jsonb), ('{"probes": [{"probe": "rows"}]}')) v(s);
SELECT datamesh.measure(s, 1) IS NOT NULL AS same FROM (VALUES ('{"probes": []}'::jsonb), ('{"probes": []}')) v(s);
SELECT datamesh.measure_accum(NULL, '{}', 1);
SELECT datamesh.completeness_accum(NULL, 1);
PREPARE p(jsonb) AS SELECT datamesh.measure_result(datamesh.measure($1, 1)) AS r;
EXECUTE p('{"probes": [{"probe": "rows"}]}');
EXECUTE p('{"probes": []}');

-- a row as the only input; of any number of columns
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"record": true, "keys": [0], "sample": 2, "probes": [{"probe": "nulls", "arg": 1}, {"probe": "unique", "args": [1]}]}', t)))
FROM (VALUES (1, 'a'), (2, 'a'), (3, NULL)) AS t(id, v);
CREATE TEMP TABLE wide (a int, gone int, b text COLLATE "C");
ALTER TABLE wide DROP COLUMN gone;
INSERT INTO wide VALUES (1, repeat('long', 100000)), (2, NULL);
ALTER TABLE wide ADD COLUMN c int DEFAULT 7;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"record": true, "probes": [{"probe": "nulls", "arg": 2}, {"probe": "stats", "arg": 0}, {"probe": "valid", "arg": 3, "min": 7}, {"probe": "nulls", "arg": 1}]}', w))) FROM wide w;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"record": true, "probes": [{"probe": "nulls", "arg": 0}]}', w))) FROM (SELECT) one LEFT JOIN wide w ON false;
SELECT datamesh.measure('{"record": true, "probes": []}', a) FROM wide;
SELECT datamesh.measure('{"record": true, "probes": []}', w, 1) FROM wide w;
SELECT datamesh.measure('{"record": true, "probes": [{"probe": "nulls", "arg": 4}]}', w) FROM wide w;
DO $$ BEGIN
  EXECUTE (SELECT format('CREATE TEMP TABLE widest (%s)', string_agg(format('c%s int', i), ', ')) FROM generate_series(0, 1599) i);
END $$;
INSERT INTO widest (c0, c1599) SELECT i, i % 4 FROM generate_series(1, 10) i;
SELECT pg_temp.show(datamesh.measure_result(datamesh.measure('{"record": true, "probes": [{"probe": "unique", "args": [1599]}, {"probe": "nulls", "arg": 1598}]}', w))) FROM widest w;
SELECT jsonb_array_length(r), r -> 1599 FROM (
  SELECT datamesh.measure_result(datamesh.measure((SELECT jsonb_build_object('record', true, 'probes', jsonb_agg(jsonb_build_object('probe', 'distinct', 'arg', i) ORDER BY i)) FROM generate_series(0, 1599) i), w)) AS r FROM widest w) q;
