-- quality_measure_kernels: what is computed without PostgreSQL's own functions (comparing numerics,
-- patterns, sums, lengths) says just what those functions say.
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT setseed(0.42);

-- numerics: every pair of values and bounds, of the shortest and the longest, in one probe for each bound
CREATE TEMP TABLE numbers AS
SELECT row_number() OVER () AS id, n FROM (
  SELECT n FROM unnest(ARRAY['0', '0.00', '-0.0', '1', '1.0', '-1', '9999', '10000', '10000.0001', '9999.9999', '0.0001', '0.00010001', '-0.0001',
    '1e-20', '1e20', '99999999', '100000000', '100000001', '12345678.9', '-12345678.9', '1e-400', '1e400', '-1e400', '1e131071', '1e-16383', 'NaN', 'Infinity', '-Infinity',
    '123456789012345678901234567890', '123456789012345678901234567891', '1e252', '1e256', '1e-252', '1e-260', '0.1', '0.10', '20000', '19999.99999999999999999']::numeric[]) n
  UNION ALL SELECT repeat('1234567890', 3000)::numeric UNION ALL SELECT (repeat('1234567890', 3000) || '.5')::numeric
  UNION ALL SELECT round((random() - 0.5)::numeric * (10::numeric ^ (i % 40 - 20)), i % 30) FROM generate_series(1, 200) i) v;
CREATE TEMP TABLE specs AS SELECT b.id, b.n AS bound, jsonb_build_object('keys', jsonb_build_array(0), 'sample', 1000, 'probes',
   jsonb_agg(jsonb_build_object('probe', 'valid', 'arg', 1, side, b.n::text, 'exclusive_' || side, exclusive) ORDER BY side, exclusive)) AS spec
FROM numbers b, unnest(ARRAY['max', 'min']) side, unnest(ARRAY[false, true]) exclusive GROUP BY b.id, b.n;
-- each bound is a specification of its own, hence the function
CREATE FUNCTION pg_temp.measured(spec jsonb) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT datamesh.measure_result(datamesh.measure(spec, id, n)) FROM numbers); END $$;
SELECT count(*) AS pairs, count(*) FILTER (WHERE failing IS DISTINCT FROM expected) AS wrong FROM (
  SELECT b.id, v.id AS value, p.n AS probe, (r -> (p.n - 1)::int -> 'keys') @> jsonb_build_array(jsonb_build_object('0', v.id::text)) AS failing,
    v.n = 'NaN' OR NOT CASE p.n WHEN 1 THEN v.n <= b.bound WHEN 2 THEN v.n < b.bound WHEN 3 THEN v.n >= b.bound ELSE v.n > b.bound END AS expected
  FROM (SELECT id, bound, pg_temp.measured(spec) AS r FROM specs) b, numbers v, generate_series(1, 4) AS p(n)) q;

-- the same for integers and floats, whose bounds may be fractions
CREATE TEMP TABLE small AS SELECT i::int2 AS a, i AS b, i::int8 AS c, (i / 4.0)::float4 AS d, (i / 4.0)::float8 AS e FROM generate_series(-20, 20) i;
CREATE FUNCTION pg_temp.small_failing(bound text, side text, exclusive bool) RETURNS bigint[] LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT array_agg((p -> 'failing')::bigint ORDER BY n) FROM (SELECT datamesh.measure_result(datamesh.measure(
     (SELECT jsonb_build_object('probes', jsonb_agg(jsonb_build_object('probe', 'valid', 'arg', i, side, bound, 'exclusive_' || side, exclusive) ORDER BY i)) FROM generate_series(0, 4) i),
     a, b, c, d, e)) AS r FROM small) q, jsonb_array_elements(r) WITH ORDINALITY AS x(p, n)); END $$;
SELECT count(*) AS cases, count(*) FILTER (WHERE pg_temp.small_failing(x::text, side, exclusive) IS DISTINCT FROM expected) AS wrong FROM (
  SELECT x, side, exclusive, ARRAY[count(*) FILTER (WHERE NOT f.a), count(*) FILTER (WHERE NOT f.b), count(*) FILTER (WHERE NOT f.c), count(*) FILTER (WHERE NOT f.d), count(*) FILTER (WHERE NOT f.e)] AS expected
  FROM (SELECT (g / 8.0)::numeric AS x FROM generate_series(-170, 170, 3) g) bounds, unnest(ARRAY['min', 'max']) side, unnest(ARRAY[true, false]) exclusive, small s,
    LATERAL (SELECT CASE WHEN side = 'min' AND exclusive THEN s.a > x WHEN side = 'min' THEN s.a >= x WHEN exclusive THEN s.a < x ELSE s.a <= x END AS a,
                    CASE WHEN side = 'min' AND exclusive THEN s.b > x WHEN side = 'min' THEN s.b >= x WHEN exclusive THEN s.b < x ELSE s.b <= x END AS b,
                    CASE WHEN side = 'min' AND exclusive THEN s.c > x WHEN side = 'min' THEN s.c >= x WHEN exclusive THEN s.c < x ELSE s.c <= x END AS c,
                    CASE WHEN side = 'min' AND exclusive THEN s.d > x WHEN side = 'min' THEN s.d >= x WHEN exclusive THEN s.d < x ELSE s.d <= x END AS d,
                    CASE WHEN side = 'min' AND exclusive THEN s.e > x WHEN side = 'min' THEN s.e >= x WHEN exclusive THEN s.e < x ELSE s.e <= x END AS e) f
  GROUP BY x, side, exclusive) q;

-- patterns: what is walked by a table and what is not, against the engine, on many strings
CREATE TEMP TABLE patterns AS SELECT p FROM unnest(ARRAY['', '^$', '^', '$', 'a', '^a', 'a$', '^a$', '^[0-9a-f]{32}$', '^\d+$', '^[A-Z]{2}-\d{3,5}$', 'a|b', '^a|b', 'a|b$', '^(a|b)$', '^(a|b)*$',
  '^(ab)+$', '^(ab|c)?x', '^a{0}$', '^a{0,2}b$', '^a{2,}$', '^.$', '^.*$', '^.+@.+\..+$', '[^a]', '^[^a-c]+$', '[]]', '[^]]', '[a-]', '[-a]', '[a\-z]', '[\]]', '[[:alpha:]]+', '^[[:digit:][:space:]]+$', '^[[:punct:]]$',
  '\s', '\S', '^\w+$', '\W', '^[\w.]+$', '^[\d]+$', '\D', '\.', '\\', '\/', '\n', '\t', '^a\nb$', 'a\b', '\ma', '(?i)A', '(?:ab)+', '(?=a)', '(a)\1', 'a*?b', '^a+?$', 'é', '[é]', '^\w$', '[[:<:]]a', '[[.a.]]', '[[=a=]]',
  '***=a.b', '***:a', '(?x) a b', 'a||b', '|a', '()', '(|a)', 'a{1', 'a{x}', 'a{,2}', '{', '}', '^*', '(^a)', '(a$)', 'a^b', 'a$b', '^((a|b){2}){2}$', '^(((a?)?)?)?$', '^[a-c]{3}[0-9]{3}$', 'x*', '^(x*)*$', '^(x+)+y$',
  '(a|ab)(c|bcd)(d*)', '^[0-9]{1,3}(\.[0-9]{1,3}){3}$', '^\+?[0-9 ()-]{7,20}$', '^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$', '^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$',
  '[z-a]', '[a', '(', ')', '*', '+a', 'a**', 'a{2}{3}', '\', 'a{256}', '[[:nope:]]', '[a-\d]', '^[^\d]$', '^[\D]$', 'a.{0,200}b.{0,200}c', '^(a{16}){16}$']) p;
CREATE TEMP TABLE strings AS SELECT s FROM (
  SELECT unnest(ARRAY['', 'a', 'b', 'c', 'ab', 'abab', 'aa', 'aaa', 'aab', 'abc', 'abcd', 'é', 'aé', 'Éa', 'A', 'AB-123', 'AB-12', 'AB-123456', 'a b', E'a\nb', E'\t', '-', ']', '[', '\', '/', '.', '^', '$', '{', '}', '*', '+', '|',
    repeat('0123456789abcdef', 2), repeat('0123456789abcdef', 3), '12', '007', '1.2.3.4', '256.1.1.1.1', 'x@y.de', 'x@y', '+49 (30) 1234', '2024-02-30', '2024-13-01', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxy', 'a.b', 'xaybzc', '~', '_', 'a-z', '٣', repeat('a', 256), repeat('xy', 100)]) AS s
  UNION ALL SELECT (SELECT string_agg(substr('ab01 -.xAé' || E'\n', 1 + (hashint8(i * 100 + j) & 2147483647) % 11, 1), '') FROM generate_series(1, i % 9) j) FROM generate_series(1, 300) i) v WHERE s IS NOT NULL;
CREATE FUNCTION pg_temp.by_engine(p text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT count(*) FROM strings WHERE s !~ p) || ' of ' || (SELECT count(*) FROM strings); EXCEPTION WHEN invalid_regular_expression THEN RETURN SQLERRM; END $$;
CREATE FUNCTION pg_temp.by_measure(p text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT coalesce(r ->> 'error', (r ->> 'failing') || ' of ' || (r ->> 'rows')) FROM
  (SELECT datamesh.measure_result(datamesh.measure(jsonb_build_object('probes', jsonb_build_array(jsonb_build_object('probe', 'valid', 'arg', 0, 'pattern', p))), s)) -> 0 AS r FROM strings) q); END $$;
SELECT p AS different, pg_temp.by_engine(p), pg_temp.by_measure(p) FROM patterns WHERE pg_temp.by_engine(p) IS DISTINCT FROM pg_temp.by_measure(p);
SELECT count(*) AS patterns, count(*) FILTER (WHERE pg_temp.by_engine(p) LIKE 'invalid%') AS broken FROM patterns;
-- and string by string where patterns are made at random
CREATE FUNCTION pg_temp.random_pattern(seed int, depth int DEFAULT 0) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN depth = 0 AND seed % 3 = 0 THEN '^' ELSE '' END
     || string_agg(CASE WHEN depth < 2 AND h % 7 = 0 THEN '(' || pg_temp.random_pattern(h / 7 % 100000, depth + 1) || '|' || pg_temp.random_pattern(h / 77 % 100000, depth + 1) || ')'
        ELSE (ARRAY['a', 'b', '[ab]', '[^a]', '.', '\d', 'x', '[0-9A]', '\w', '-'])[1 + h / 10 % 10] END || (ARRAY['', '', '', '*', '+', '?', '{2}', '{1,2}'])[1 + h / 100 % 8], '' ORDER BY j)
     || CASE WHEN depth = 0 AND seed % 2 = 0 THEN '$' ELSE '' END
   FROM (SELECT j, hashint8(seed * 1000::bigint + j + depth * 17) & 2147483647 AS h FROM generate_series(1, 1 + seed % 4) j) q $$;
SELECT count(*) AS patterns, count(*) FILTER (WHERE pg_temp.by_engine(p) IS DISTINCT FROM pg_temp.by_measure(p)) AS wrong,
       count(*) FILTER (WHERE pg_temp.by_engine(p) LIKE 'invalid%') AS broken
FROM (SELECT pg_temp.random_pattern(i) AS p FROM generate_series(1, 400) i) q;

-- lengths in characters
CREATE FUNCTION pg_temp.by_length(n int) RETURNS jsonb LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT datamesh.measure_result(datamesh.measure(jsonb_build_object('probes', jsonb_build_array(
  jsonb_build_object('probe', 'valid', 'arg', 0, 'min_length', n), jsonb_build_object('probe', 'valid', 'arg', 0, 'max_length', n))), s)) FROM strings); END $$;
SELECT count(*) AS lengths, count(*) FILTER (WHERE (r #>> '{0,failing}', r #>> '{1,failing}') IS DISTINCT FROM (short::text, long::text)) AS wrong
FROM (SELECT n, pg_temp.by_length(n) AS r, count(*) FILTER (WHERE length(s) < n) AS short, count(*) FILTER (WHERE length(s) > n) AS long
      FROM strings, generate_series(0, 40) n GROUP BY n) q;

-- sums, means and deviations of integers and numerics are those of SQL
CREATE FUNCTION pg_temp.stats(VARIADIC a anyarray) RETURNS jsonb LANGUAGE sql AS
$$ SELECT datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "stats", "arg": 0}]}', x)) -> 0 FROM unnest(a) x $$;
CREATE TEMP TABLE samples AS SELECT g, (hashint8extended(i, g) % (10::numeric ^ (g % 19))::bigint) AS i, round(((hashint8extended(i, g) % 1000000000) * 10::numeric ^ (g % 60 - 30)), g % 40) AS n
FROM generate_series(1, 60) g, generate_series(1, 1 + g % 20) i;
SELECT count(*) AS groups, count(*) FILTER (WHERE (s ->> 'sum', s ->> 'mean', s ->> 'min', s ->> 'max', s ->> 'count') IS DISTINCT FROM (sum::text, avg::text, min::text, max::text, count::text)
   OR abs((s ->> 'stddev_samp')::numeric - samp) > 0.1 ^ scale(samp) OR abs((s ->> 'stddev_pop')::numeric - pop) > 0.1 ^ scale(pop) OR (s ? 'stddev_samp') <> (samp IS NOT NULL)) AS wrong
FROM (SELECT g, pg_temp.stats(VARIADIC array_agg(i)) AS s, sum(i), avg(i), min(i), max(i), count(i), stddev_samp(i) AS samp, stddev_pop(i) AS pop FROM samples GROUP BY g) q;
SELECT count(*) AS groups, count(*) FILTER (WHERE (s ->> 'sum', s ->> 'mean', s ->> 'count') IS DISTINCT FROM (sum::text, avg::text, count::text)
   OR (s ->> 'min')::numeric <> min OR (s ->> 'max')::numeric <> max
   OR abs((s ->> 'stddev_samp')::numeric - samp) > samp * 1e-14 OR abs((s ->> 'stddev_pop')::numeric - pop) > pop * 1e-14) AS wrong
FROM (SELECT g, pg_temp.stats(VARIADIC array_agg(n)) AS s, sum(n), avg(n), min(n), max(n), count(n), stddev_samp(n) AS samp, stddev_pop(n) AS pop FROM samples GROUP BY g) q;
-- the longest numerics: the sum is exact, a sum or a square that is no numeric is absent
SELECT s ? 'sum' AS sum, (s ->> 'sum')::numeric = 1e131071 + 1 AS exact, s ? 'stddev_pop' AS stddev FROM pg_temp.stats(VARIADIC ARRAY[1e131071, 1, 0]) s;
SELECT (s ->> 'sum')::numeric = 2e-16383 AS exact, (s ->> 'stddev_pop')::numeric = 0 AS alike FROM pg_temp.stats(VARIADIC ARRAY[1e-16383, 1e-16383]) s;
SELECT s ? 'sum' AS sum FROM pg_temp.stats(VARIADIC array_fill(9e131071, ARRAY[12])) s;
SELECT s ->> 'sum', s ->> 'mean' FROM pg_temp.stats(VARIADIC ARRAY[10000, -9999, -1, 1e20, -1e20]::numeric[]) s;
SELECT s ->> 'sum', s ->> 'mean' FROM pg_temp.stats(VARIADIC ARRAY[-10000, 9999, -1e20, 1e20]::numeric[]) s;

-- floats: the sum is the exact sum, rounded once: as the numeric of all bits says
CREATE TEMP TABLE floats AS SELECT g, ((hashint8extended(i, g) % 1000000007)::float8 / 1024) * CASE WHEN i % 3 = 0 THEN 1e-3 WHEN i % 3 = 1 THEN 1 ELSE 4194304 END AS f FROM generate_series(1, 40) g, generate_series(1, 30) i;
-- multiples of a power of two are exact in numeric, too
SELECT count(*) AS groups, count(*) FILTER (WHERE (s ->> 'sum')::float8 IS DISTINCT FROM exact::float8) AS wrong_sum, count(*) FILTER (WHERE (s ->> 'mean')::float8 IS DISTINCT FROM (exact / 20)::float8) AS wrong_mean,
       count(*) FILTER (WHERE abs((s ->> 'stddev_samp')::float8 - samp) > samp * 1e-13) AS wrong_stddev
FROM (SELECT g, pg_temp.stats(VARIADIC array_agg(f)) AS s, sum(n) AS exact, stddev_samp(n)::float8 AS samp FROM
  (SELECT g, (hashint8extended(i, g) % 1000000007)::float8 / 1024 AS f, (hashint8extended(i, g) % 1000000007)::numeric / 1024 AS n FROM generate_series(1, 40) g, generate_series(1, 20) i) v GROUP BY g) q;
-- forwards, backwards and shuffled are the same to the last bit; so are the smallest and the largest floats
SELECT count(*) AS groups, count(*) FILTER (WHERE a <> b OR a <> c) AS wrong FROM (SELECT g, pg_temp.stats(VARIADIC array_agg(f ORDER BY f)) AS a, pg_temp.stats(VARIADIC array_agg(f ORDER BY f DESC)) AS b,
  pg_temp.stats(VARIADIC array_agg(f ORDER BY md5(f::text))) AS c FROM floats GROUP BY g) q;
SELECT x, s ->> 'sum' AS sum, s ->> 'mean' AS mean, s ->> 'stddev_pop' AS pop FROM (SELECT ARRAY[5e-324, 5e-324, 5e-324]::float8[] UNION ALL SELECT ARRAY[5e-324, 0]::float8[] UNION ALL SELECT ARRAY[5e-324, 1e-323]::float8[] UNION ALL SELECT ARRAY[1.7976931348623157e308, 1.7976931348623157e308]
  UNION ALL SELECT ARRAY[1.7976931348623157e308, 9.9e291]::float8[] UNION ALL SELECT ARRAY[-1.7976931348623157e308, 1.7976931348623157e308] UNION ALL SELECT ARRAY[1, 1e100, 1, -1e100]::float8[] UNION ALL SELECT ARRAY[9007199254740992, 1]::float8[]
  UNION ALL SELECT ARRAY[9007199254740992, 1, 1e-300]::float8[] UNION ALL SELECT ARRAY[-9007199254740992, -1, -1e-300]::float8[] UNION ALL SELECT ARRAY[2.2250738585072014e-308, -5e-324]::float8[] UNION ALL SELECT ARRAY[1e-160, 3e-160]::float8[]) v(x), pg_temp.stats(VARIADIC x) s;
-- float4 values count as what they are
SELECT s ->> 'sum' AS sum, s ->> 'max' AS max FROM pg_temp.stats(VARIADIC ARRAY[0.1, 0.1]::float4[]) s;

-- 64-bit hashes: no two of a million differ by chance; equal values of every type are found
SELECT datamesh.duplicate_rows(i::text) AS texts, datamesh.duplicate_rows(i::numeric) AS numerics, datamesh.duplicate_rows(i, i::text) AS pairs, datamesh.duplicate_rows(i::float4) AS floats FROM generate_series(1, 200000) i;
SELECT g, excess = v.total - v.values AS excess, duplicated = v.twice AS duplicated, in_groups = v.rows AS in_groups, hashes = least(v.twice, 1000) AS hashes FROM (
  SELECT g, (r ->> 'excess')::bigint AS excess, (r ->> 'duplicated')::bigint AS duplicated, (r ->> 'in_groups')::bigint AS in_groups, jsonb_array_length(r -> 'hashes') AS hashes
  FROM (SELECT g, datamesh.measure_result(datamesh.measure('{"probes": [{"probe": "unique", "args": [0]}]}', k)) -> 0 AS r FROM generate_series(1, 8) g, LATERAL (SELECT (hashint8extended(i, g) % (10 ^ g)::bigint)::text AS k FROM generate_series(1, 20000) i) v GROUP BY g) q) m
JOIN (SELECT g, sum(n) AS total, count(*) AS values, count(*) FILTER (WHERE n > 1) AS twice, coalesce(sum(n) FILTER (WHERE n > 1), 0) AS rows
      FROM (SELECT g, k, count(*) AS n FROM generate_series(1, 8) g, LATERAL (SELECT hashint8extended(i, g) % (10 ^ g)::bigint AS k FROM generate_series(1, 20000) i) v GROUP BY g, k) c GROUP BY g) v USING (g) ORDER BY g;
