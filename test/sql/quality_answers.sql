-- quality: the answers that must come out right, each at the level of check_table: NaN and infinity,
-- values that are equal though they look different, nothing at all, null parents, rows and padded
-- characters, collations, ages, thresholds, quantiles.
\set VERBOSITY terse
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA answers;

-- 1. NaN is not null, out of every range, and counted; infinity is a value
CREATE TABLE answers.numbers (id int PRIMARY KEY, f float8, n numeric);
INSERT INTO answers.numbers VALUES
    (1, 'NaN', 'NaN'), (2, 'Infinity', 'Infinity'), (3, '-Infinity', '-Infinity'), (4, 1, 1), (5, NULL, NULL);
SELECT rule, status, failing_rows, sample_keys, message
FROM datamesh.check_table('answers.numbers', '[
    {"check": "null_values", "column": "f"},
    {"check": "invalid_values", "column": "f", "min": 0, "name": "f from 0"},
    {"check": "invalid_values", "column": "f", "max": 0, "name": "f to 0"},
    {"check": "invalid_values", "column": "n", "min": 0, "name": "n from 0"},
    {"check": "invalid_values", "column": "n", "max": 0, "name": "n to 0"},
    {"check": "invalid_values", "column": "n", "max": "Infinity", "name": "n to infinity"}]');
-- and it is no end of a range
SELECT "column", status, message FROM datamesh.check_table('answers.numbers', '[
    {"check": "invalid_values", "column": "f", "max": "NaN"}, {"check": "invalid_values", "column": "n", "min": "nan"},
    {"check": "invalid_values", "column": "f", "valid_values": ["NaN", 1]}]');
-- the mean of plus and minus infinity is NaN, which meets no expectation but a negative one
SELECT rule, status, metric_value FROM datamesh.check_table('answers.numbers', '[
    {"check": "statistic", "fn": "mean", "column": "f", "where": "id IN (2, 3)", "mustBeGreaterThan": 0, "name": ">"},
    {"check": "statistic", "fn": "mean", "column": "f", "where": "id IN (2, 3)", "mustBeLessThan": 0, "name": "<"},
    {"check": "statistic", "fn": "mean", "column": "f", "where": "id IN (2, 3)", "mustNotBe": 0, "name": "<>"},
    {"check": "statistic", "fn": "max", "column": "f", "where": "id IN (2, 4)", "mustBeGreaterThan": 1000, "name": "infinity"}]');
-- a CHECK that admits NaN does not prove a range; one that does not, does
CREATE TABLE answers.checked (a float8 CHECK (a >= 0), b float8 CHECK (b BETWEEN 0 AND 9));
INSERT INTO answers.checked VALUES ('NaN', 1), (NULL, NULL);
SELECT rule, status, method, failing_rows, evidence FROM datamesh.check_table('answers.checked',
    '[{"check": "invalid_values", "column": "a", "min": 0}, {"check": "invalid_values", "column": "b", "min": 0}]');

-- 2. -0 = 0 and 1.0 = 1.00 are one value each; float4 0.1 is not <= 0.1
CREATE TABLE answers.same (f float8, n numeric, r float4);
INSERT INTO answers.same VALUES (0, 1.0, 0.1), ('-0', 1.00, 0.2);
SELECT rule, status, failing_rows FROM datamesh.check_table('answers.same', '[
    {"check": "duplicate_values", "column": "f"},
    {"check": "duplicate_values", "column": "n"},
    {"check": "duplicate_values", "columns": ["n", "f"]},
    {"check": "distinct_values", "column": "f", "mustBe": 1},
    {"check": "distinct_values", "column": "n", "mustBe": 1},
    {"check": "invalid_values", "column": "n", "valid_values": [1]},
    {"check": "invalid_values", "column": "r", "max": 0.1},
    {"check": "invalid_values", "column": "r", "max": 0.11, "where": "r < 0.15"}]');

-- 3. nothing: counts and percentages are 0, min and max are null, freshness fails unless told otherwise
CREATE TABLE answers.nothing (id int, t timestamptz, v numeric);
SELECT rule, status, metric_value, failing_rows, message FROM datamesh.check_table('answers.nothing', '[
    {"check": "null_values", "column": "id"},
    {"check": "null_values", "column": "id", "unit": "percent", "name": "percent", "mustBeLessOrEqualTo": 1},
    {"check": "orphan_values", "column": "id", "references": "numbers.id", "unit": "percent"},
    {"check": "duplicate_values", "column": "id"},
    {"check": "row_count"},
    {"check": "row_count", "mustBe": 0, "name": "empty"},
    {"check": "statistic", "fn": "min", "column": "v", "mustBe": 0},
    {"check": "statistic", "fn": "max", "column": "v", "severity": "info"},
    {"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "v", "severity": "info", "name": "median"},
    {"check": "statistic", "fn": "entropy", "column": "v", "severity": "info", "name": "entropy"},
    {"check": "distinct_values", "column": "v", "mustBe": 0},
    {"check": "no_overlap", "lower": "v", "upper": "v"},
    {"check": "freshness", "column": "t", "max_age": "1 day"},
    {"check": "freshness", "column": "t", "max_age": "1 day", "on_empty": "pass", "name": "pass"},
    {"check": "freshness", "column": "t", "max_age": "1 day", "on_empty": "skip", "name": "skip"},
    {"check": "null_values", "column": "id", "group_by": ["v"], "name": "grouped"}]');
-- the short form calls the completeness of nothing 0
SELECT rule, status, metric_value, message
FROM datamesh.check_table('answers.nothing', '{"id": {"not_null": true, "unique": true, "min": 1}}');

-- 4. a null parent never makes an orphan check pass; a null child is no orphan
CREATE TABLE answers.parent (k int, m int);
INSERT INTO answers.parent VALUES (1, 1), (NULL, NULL), (3, NULL);
CREATE TABLE answers.child (id int, k int, m int);
INSERT INTO answers.child VALUES (1, 1, 1), (2, 2, 2), (3, NULL, 7), (4, 3, NULL), (5, 3, 3);
SELECT rule, status, failing_rows, sample_keys, message FROM datamesh.check_table('answers.child', '[
    {"check": "orphan_values", "column": "k", "references": "parent.k"},
    {"check": "orphan_values", "columns": ["k", "m"], "references": {"relation": "answers.parent", "columns": ["k", "m"]}}]');

-- 5. ROW(1, null) is neither null nor not null: it is there; char(3) 'a' and 'a  ' are one value of length 1
CREATE TYPE answers.pair AS (x int, y int);
CREATE TABLE answers.odd (p answers.pair, c char(3));
INSERT INTO answers.odd VALUES (ROW(1, NULL), 'a'), (ROW(NULL, NULL), 'a  '), (NULL, 'abc');
SELECT rule, status, failing_rows FROM datamesh.check_table('answers.odd', '[
    {"check": "null_values", "column": "p"},
    {"check": "duplicate_values", "column": "p"},
    {"check": "duplicate_values", "column": "c"},
    {"check": "invalid_values", "column": "c", "max_length": 1},
    {"check": "invalid_values", "column": "c", "valid_values": ["a"]},
    {"check": "invalid_values", "column": "c", "pattern": "^a$", "name": "pattern"}]');

-- 6. text goes by its column's collation: order, equality, hashing
CREATE COLLATION answers.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE answers.texts (c text COLLATE "C", e text COLLATE "und-x-icu", ci text COLLATE answers.ci);
INSERT INTO answers.texts VALUES ('a', 'a', 'a'), ('B', 'B', 'A'), ('c', 'c', 'b');
SELECT rule, status, metric_value, failing_rows, sample_keys FROM datamesh.check_table('answers.texts', '[
    {"check": "statistic", "fn": "min", "column": "c", "mustBe": "B"},
    {"check": "statistic", "fn": "min", "column": "e", "mustBe": "a"},
    {"check": "statistic", "fn": "max", "column": "e", "mustBe": "c"},
    {"check": "duplicate_values", "column": "ci"},
    {"check": "distinct_values", "column": "ci", "mustBe": 2},
    {"check": "invalid_values", "column": "ci", "valid_values": ["A", "B"]},
    {"check": "invalid_values", "column": "c", "max": "a"},
    {"check": "invalid_values", "column": "e", "max": "a", "name": "e"}]');

-- 7. freshness: timestamptz, or a zone that is said; infinity is no error; the future has its own bound
CREATE TABLE answers.times (id int, z timestamptz, l timestamp, d date);
INSERT INTO answers.times VALUES
    (1, now() - interval '2 hours', (now() - interval '2 hours') AT TIME ZONE 'Asia/Tokyo', (now() AT TIME ZONE 'Asia/Tokyo')::date),
    (2, 'infinity', NULL, NULL), (3, now() + interval '1 hour', NULL, NULL), (4, '-infinity', NULL, NULL);
SELECT rule, status, failing_rows, CASE rule WHEN 'date' THEN regexp_replace(message, 'is .* old', 'is (hours) old') ELSE message END AS message
FROM datamesh.check_table('answers.times', '[
    {"check": "freshness", "column": "z", "max_age": "3 hours", "name": "z"},
    {"check": "freshness", "column": "z", "max_age": "1 hour", "name": "z too old"},
    {"check": "freshness", "column": "z", "max_age": "1 hour", "max_future": "2 hours", "name": "infinity is future"},
    {"check": "freshness", "column": "z", "max_age": "1 hour", "max_future": "2 hours", "where": "id <> 2", "name": "an hour is not"},
    {"check": "freshness", "column": "z", "max_age": "1 hour", "where": "id = 4", "name": "always old"},
    {"check": "freshness", "column": "l", "max_age": "3 hours", "name": "no zone"},
    {"check": "freshness", "column": "l", "max_age": "3 hours", "timezone": "Asia/Tokyo", "name": "zone"},
    {"check": "freshness", "column": "l", "max_age": "3 hours", "timezone": "America/New_York", "max_future": "0 s", "name": "wrong zone"},
    {"check": "freshness", "column": "d", "max_age": "2 days", "timezone": "Asia/Tokyo", "name": "date"},
    {"check": "freshness", "column": "l", "max_age": "3 hours", "timezone": "Mars/Olympus", "name": "no such zone"},
    {"check": "freshness", "column": "id", "max_age": "3 hours", "name": "no time"}]');

-- an index finds the newest at once, and the same
CREATE INDEX ON answers.times (z);
SELECT pass, rule, method FROM datamesh.explain_checks('answers.times'::regclass, '[
    {"check": "freshness", "column": "z", "max_age": "3 hours"}, {"check": "freshness", "column": "z", "max_age": "3 hours", "where": "id > 0", "name": "filtered"}]');
SELECT rule, status, failing_rows, message FROM datamesh.check_table('answers.times', '[
    {"check": "freshness", "column": "z", "max_age": "3 hours"},
    {"check": "freshness", "column": "z", "max_age": "1 hour", "max_future": "2 hours", "name": "future"},
    {"check": "freshness", "column": "z", "max_age": "3 hours", "group_by": ["id"], "name": "each"}]');

-- 8. a month is not 30 days (in SQL, interval '1 month' = '30 days'); ages are read carefully
CREATE TABLE answers.ages (t timestamptz);
INSERT INTO answers.ages VALUES (now() - interval '30 days 12 hours');
SELECT rule, status = CASE WHEN (SELECT t FROM answers.ages) + interval '1 month' >= now() THEN 'pass' ELSE 'fail' END AS right
FROM datamesh.check_table('answers.ages', '[{"check": "freshness", "column": "t", "max_age": "1 month"}]');
SELECT rule, status FROM datamesh.check_table('answers.ages', '[
    {"check": "freshness", "column": "t", "max_age": "30 days", "name": "30 days"},
    {"check": "freshness", "column": "t", "max_age": "31 days", "name": "31 days"},
    {"check": "freshness", "column": "t", "max_age": "P2M", "name": "P2M"},
    {"check": "freshness", "column": "t", "max_age": "732 hours", "name": "732 hours"}]');
SET client_min_messages = notice;
SELECT rule, status FROM datamesh.check_table('answers.ages', '[{"check": "freshness", "column": "t", "max_age": "90 m"}]');
SELECT rule, status FROM datamesh.check_table('answers.ages', '{"properties": [{"name": "t"}],
    "slaProperties": [{"property": "latency", "value": 2, "unit": "m", "element": "ages.t"},
                      {"property": "freshness", "value": 2, "unit": "mo", "element": "t"},
                      {"property": "retention", "value": 3, "unit": "y"}]}');
SET client_min_messages = warning;

-- 9. completeness exactly at the threshold passes; ten times 0.1 is 1
CREATE TABLE answers.hundred (id int, tenth float8, exact numeric);
INSERT INTO answers.hundred SELECT nullif(i, 100), 0.1, 0.1 FROM generate_series(1, 100) i;
SELECT rule, status, metric_value, threshold, message FROM datamesh.check_table('answers.hundred', '{"id": {"not_null": true}}');
SELECT rule, status FROM datamesh.check_table('answers.hundred', '{"id": {"not_null": true}, "completeness_threshold": 0.9900001}');
SELECT status FROM datamesh.check_table('answers.hundred',
    '[{"metric": "nullValues", "column": "id", "unit": "percent", "mustBeLessOrEqualTo": 1},
      {"metric": "nullValues", "column": "id", "unit": "percent", "mustBeLessThan": 1}]');
SELECT rule, status, metric_value FROM datamesh.check_table('answers.hundred', '[
    {"check": "statistic", "fn": "sum", "column": "tenth", "where": "id <= 10", "mustBe": 1},
    {"check": "statistic", "fn": "sum", "column": "exact", "where": "id <= 10", "mustBe": 1, "name": "exact"}]');

-- 10. the median of 1..6 is 3.5 or 3: the method is named
CREATE TABLE answers.six AS SELECT i FROM generate_series(1, 6) i;
SELECT rule, status, metric_value, message FROM datamesh.check_table('answers.six', '[
    {"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "i", "mustBe": 3.5, "name": "cont"},
    {"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "i", "method": "percentile_disc", "mustBe": 3, "name": "disc"}]');

-- duplicates of {1,2,2,3,3,3,3,4,4,null}: 5 rows too many
CREATE TABLE answers.duplicates AS SELECT unnest('{1,2,2,3,3,3,3,4,4,NULL}'::int[]) AS v, 'k' || unnest('{1,2,2,3,3,3,3,4,4,NULL}'::int[]) AS w;
SELECT rule, status, metric_value, sample_keys, message FROM datamesh.check_table('answers.duplicates',
    '[{"metric": "duplicateValues", "column": "v", "mustBe": 5}, {"metric": "duplicateValues", "column": "w", "mustBe": 0},
      {"metric": "duplicateValues", "column": "v", "mustBeLessOrEqualTo": 50, "unit": "percent"}]');

-- nulls that are duplicates of each other are counted beside those that are not null, whatever the memory and the statistics
CREATE TABLE answers.nulls WITH (autovacuum_enabled = off) AS SELECT CASE WHEN i > 3 THEN 'n' || i END AS one, CASE WHEN i > 3 THEN i / 2 END AS two, CASE WHEN i > 3 THEN 'w' || i / 2 END AS three FROM generate_series(1, 3000) i;
CREATE FUNCTION answers.nulls() RETURNS TABLE (rule text, failing_rows bigint, sample_keys jsonb) LANGUAGE sql AS $$
    SELECT rule, failing_rows, sample_keys FROM datamesh.check_table('answers.nulls',
        '[{"check": "duplicate_values", "column": "one", "nulls_distinct": false}, {"check": "duplicate_values", "column": "two", "nulls_distinct": false},
          {"check": "duplicate_values", "column": "three", "nulls_distinct": false, "sample_keys": 1}, {"check": "duplicate_values", "columns": ["one", "three"], "nulls_distinct": false},
          {"check": "duplicate_values", "column": "one", "nulls_distinct": true, "name": "distinct nulls"}]') $$;
SELECT count(*) - count(DISTINCT one) - 1 AS one, count(*) - count(DISTINCT two) - 1 AS two, count(*) - count(DISTINCT three) - 1 AS three FROM answers.nulls;
SELECT * FROM answers.nulls();
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
UPDATE pg_class SET reltuples = 20000 WHERE oid = 'answers.nulls'::regclass;
SELECT * FROM answers.nulls();
UPDATE pg_class SET reltuples = 1000000 WHERE oid = 'answers.nulls'::regclass;
SELECT * FROM answers.nulls();
RESET work_mem;
RESET hash_mem_multiplier;

DROP SCHEMA answers CASCADE;
