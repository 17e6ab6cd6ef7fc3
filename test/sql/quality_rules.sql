-- quality: every form of rules is read, what is wrong with rules is told all at once, and each kind of check
-- answers as its documentation says.
\set VERBOSITY terse
CREATE SCHEMA rules;
CREATE TABLE rules.orders (
    id int PRIMARY KEY, customer text, amount numeric(10,2), status text, placed date, email text, region text);
INSERT INTO rules.orders
SELECT i, 'c' || i % 7, i * 10, CASE i % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' ELSE 'sent' END,
       date '2024-01-01' + i, 'c' || i || '@example.com', CASE WHEN i <= 10 THEN 'north' ELSE 'south' END
FROM generate_series(1, 20) i;
UPDATE rules.orders SET customer = NULL, amount = -5 WHERE id = 3;
UPDATE rules.orders SET status = 'lost', email = 'nobody', customer = 'n/a' WHERE id IN (5, 6);

-- the form of the lesson: completeness against a threshold, uniqueness, least and greatest value
SELECT rule, "check", "column", severity, status, metric_value, threshold, failing_rows, sample_keys, message, dimension
FROM datamesh.check_table('rules.orders', '{
    "id": {"not_null": true, "unique": true},
    "customer": {"not_null": true},
    "amount": {"not_null": true, "min": 0, "max": 190},
    "completeness_threshold": 0.95}');
-- without a threshold it is 0.99; nulls are duplicates of each other in this form
SELECT rule, status, metric_value, threshold, message
FROM datamesh.check_table('rules.orders', '{"customer": {"not_null": true, "unique": true}}');

-- quality objects of the standard
SELECT rule, "check", severity, status, metric_value, threshold, failing_rows, sample_keys, message, dimension
FROM datamesh.check_table('rules.orders', '[
    {"type": "library", "metric": "nullValues", "column": "customer", "mustBe": 0, "severity": "warning"},
    {"metric": "missingValues", "column": "customer", "arguments": {"missingValues": [null, "n/a"]}, "unit": "percent", "mustBeLessThan": 15},
    {"metric": "invalidValues", "column": "status", "arguments": {"validValues": ["new", "paid", "sent"]}, "mustBeLessOrEqualTo": 1},
    {"metric": "invalidValues", "column": "email", "arguments": {"pattern": "^[^@]+@[^@]+$"}, "mustBe": 0, "dimension": "accuracy"},
    {"metric": "invalidValues", "column": "email", "pattern": "^[^@]+@[^@]+$", "mustBe": 2, "name": "pattern outside arguments"},
    {"metric": "duplicateValues", "arguments": {"properties": ["customer", "status"]}, "mustBeBetween": [3, 6]},
    {"metric": "rowCount", "mustBeBetween": [20, 120], "name": "inclusive below"},
    {"metric": "rowCount", "mustBeBetween": [1, 20], "name": "inclusive above"},
    {"metric": "rowCount", "mustNotBeBetween": [1, 20], "name": "not between"},
    {"metric": "rowCount", "mustNotBe": 21, "name": "not"},
    {"metric": "rowCount", "mustBeGreaterThan": 20, "name": "greater"},
    {"metric": "rowCount", "mustBeGreaterOrEqualTo": 20, "name": "greater or equal"},
    {"type": "sql", "column": "amount", "query": "SELECT sum({property}) FROM {object} WHERE status = ''new''", "mustBeGreaterThan": 100, "name": "placeholders"},
    {"type": "sql", "column": "amount", "query": "SELECT count(*) FROM ${table} WHERE ${column} < 0;", "mustBe": 0, "name": "and with dollars"},
    {"type": "text", "description": "ids come from the shop"},
    {"type": "custom", "engine": "soda", "implementation": "type: duplicate_percent", "name": "soda"},
    {"type": "custom", "engine": "datamesh", "implementation": {"check": "row_condition", "condition": "amount > 0 OR status = ''lost''"}, "severity": "warning"},
    {"type": "custom", "engine": "datamesh", "implementation": "{\"check\": \"null_values\", \"column\": \"id\"}", "mustBe": 0}]');

-- a schema object: columns and what they must be, under the names of the contract
SELECT rule, "check", "column", status, method, failing_rows, message
FROM datamesh.check_table('rules.orders', '{
    "name": "orders",
    "properties": [
        {"name": "order_id", "physicalName": "id", "primaryKey": true, "primaryKeyPosition": 1, "required": true},
        {"name": "customer", "required": true, "relationships": [{"to": "customers.id"}]},
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0, "exclusiveMaximum": 200, "multipleOf": 10}},
        {"name": "state", "physicalName": "status", "logicalTypeOptions": {"minLength": 4, "maxLength": 4, "pattern": "^[a-z]+$"}, "unique": true},
        {"name": "placed", "logicalType": "date", "logicalTypeOptions": {"minimum": "2024-01-02", "maximum": "2024-01-20"}},
        {"name": "tags", "logicalType": "array", "logicalTypeOptions": {"minItems": 1}},
        {"name": "absent", "required": true, "unique": true},
        {"name": "email", "quality": [{"metric": "nullValues", "mustBe": 0}]}],
    "quality": [
        {"type": "custom", "engine": "datamesh", "implementation": {"check": "row_condition", "condition": "order_id > 0 AND state <> ''''"}},
        {"type": "sql", "query": "SELECT count(*) FROM {object} WHERE order_id IS NULL", "mustBe": 0},
        {"metric": "duplicateValues", "arguments": {"properties": ["state", "order_id"]}, "mustBe": 0}],
    "relationships": [{"from": "orders.order_id", "to": "orders.id"}],
    "slaProperties": [{"property": "freshness", "value": 4, "unit": "h"}, {"property": "availability", "value": "99.9", "unit": "percent"}]}');

-- one fact is one result, whatever word a contract has for it, and however often
SELECT rule, "check", severity, status FROM datamesh.check_table('rules.orders', '{
    "properties": [
        {"name": "id", "primaryKey": true, "required": true, "unique": true},
        {"name": "customer", "unique": true, "required": true, "quality": [
            {"metric": "duplicateValues", "mustBe": 0, "name": "customers are unique"},
            {"metric": "nullValues", "mustBe": 0, "severity": "warning"},
            {"metric": "duplicateValues", "mustBe": 1}]},
        {"name": "email", "unique": true, "relationships": [{"to": "orders.email"}], "quality": [
            {"metric": "duplicateValues", "mustBeLessOrEqualTo": 0, "unit": "percent"},
            {"metric": "duplicateValues", "mustBe": 0, "unit": "percent"}]}],
    "relationships": [{"from": "orders.email", "to": "orders.email"}]}');
SELECT rule, "check", "column" FROM datamesh.check_table('rules.orders', '{
    "properties": [
        {"name": "region", "primaryKey": true, "primaryKeyPosition": 2, "unique": true},
        {"name": "id", "primaryKey": true, "primaryKeyPosition": 1, "unique": true}],
    "quality": [{"metric": "duplicateValues", "arguments": {"properties": ["region", "id"]}, "mustBe": 0}]}');

-- the columns that an SLA is about, whatever they are called
CREATE TABLE rules.times ("made at" timestamptz, "a.b, c" timestamptz, t timestamptz);
INSERT INTO rules.times SELECT now(), now() - interval '3 h', now() - interval '5 h';
SELECT rule, "column", status FROM datamesh.check_table('rules.times', '{
    "name": "times", "properties": [{"name": "made at"}, {"name": "a.b, c"}, {"name": "t"}],
    "slaProperties": [{"property": "latency", "value": 4, "unit": "h", "element": "times.made at,times.t, "},
        {"property": "ly", "value": "4", "unit": "hours", "element": " a.b, c"}, {"property": "Freshness", "value": 4, "unit": "h", "element": " "}]}');

-- formats: checked where a pattern or a range says exactly the same, else skipped, never passed over
CREATE TABLE rules.formats (u text, u4 uuid, v4 text, v6 varchar(60), host text, b64 text, mail text, i2 smallint, i8 bigint, n numeric, f real, day date, day_text text, ip inet);
INSERT INTO rules.formats VALUES
    ('123e4567-e89b-12d3-a456-426614174000', gen_random_uuid(), '192.168.0.1', '::1', 'example.com', 'aGVsbG8=', 'a@b', 1, 1, 255, 1, '2024-01-01', 'x', '10.0.0.1'),
    ('123e4567e89b12d3a456426614174000', NULL, '192.168.0.256', '1:2:3:4:5:6:7:8:9', '-example.com', 'aGVsbG8', 'b', 2, 5000000000, 256, 2, NULL, 'y', NULL),
    ('123E4567-E89B-12D3-A456-42661417400G', NULL, '01.2.3.4', '2001:db8::192.0.2.1', repeat('a', 64) || '.com', '', 'c', 3, 3, -1, 3, NULL, 'z', NULL),
    ('', NULL, '1.2.3', '1::2::3', 'a..b', 'a===', '', 4, 4, 1.5, 4, NULL, '', NULL),
    (NULL, NULL, E'1.2.3.4\n', '::', rpad('', 254, 'abc.') , NULL, NULL, 5, 5, NULL, 5, NULL, NULL, NULL);
SELECT rule, "check", status, method, failing_rows, evidence, message FROM datamesh.check_table('rules.formats', '{
    "properties": [
        {"name": "u", "logicalType": "string", "logicalTypeOptions": {"format": "uuid"}},
        {"name": "u4", "logicalType": "string", "logicalTypeOptions": {"format": "uuid"}},
        {"name": "v4", "logicalTypeOptions": {"format": "ipv4"}},
        {"name": "v6", "logicalType": "string", "logicalTypeOptions": {"format": "ipv6", "minLength": 2}},
        {"name": "host", "logicalType": "string", "logicalTypeOptions": {"format": "hostname"}},
        {"name": "b64", "logicalType": "string", "logicalTypeOptions": {"format": "byte"}},
        {"name": "mail", "logicalType": "string", "logicalTypeOptions": {"format": "email"}},
        {"name": "i2", "logicalType": "integer", "logicalTypeOptions": {"format": "i32"}},
        {"name": "i8", "logicalType": "integer", "logicalTypeOptions": {"format": "i32"}},
        {"name": "n", "logicalType": "integer", "logicalTypeOptions": {"format": "u8"}},
        {"name": "f", "logicalType": "number", "logicalTypeOptions": {"format": "f32"}},
        {"name": "day", "logicalType": "date", "logicalTypeOptions": {"format": "yyyy-MM-dd", "minimum": "2024-01-01"}},
        {"name": "day_text", "logicalType": "date", "logicalTypeOptions": {"format": "yyyy-MM-dd", "colour": "red"}},
        {"name": "ip", "logicalType": "string", "logicalTypeOptions": {"format": "ipv4"}}]}');

-- statistics, with the filters and groups that every check may have
SELECT rule, status, metric_value, message FROM datamesh.check_table('rules.orders', '[
    {"check": "statistic", "fn": "min", "column": "amount", "mustBeGreaterOrEqualTo": 0},
    {"check": "statistic", "fn": "max", "column": "placed", "mustBe": "2024-01-21"},
    {"check": "statistic", "fn": "mean", "column": "id", "mustBe": 10.5},
    {"check": "statistic", "fn": "sum", "column": "amount", "where": "region = ''north''", "mustBe": 515},
    {"check": "statistic", "fn": "stddev_samp", "column": "id", "mustBeBetween": [5.916079, 5.91608]},
    {"check": "statistic", "fn": "stddev_pop", "column": "id", "mustBeBetween": [5.766281, 5.766282]},
    {"check": "statistic", "fn": "quantile", "quantile": 0.25, "column": "id", "mustBe": 5.75, "name": "first quartile"},
    {"check": "statistic", "fn": "quantile", "quantile": 0.25, "column": "id", "method": "percentile_disc", "mustBe": 5, "name": "discrete"},
    {"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "id", "where": "region = ''north''", "group_by": ["region"], "mustBe": 5.5, "name": "median by region"},
    {"check": "statistic", "fn": "entropy", "column": "region", "mustBe": 1, "name": "entropy in bits"},
    {"check": "statistic", "fn": "entropy", "column": "region", "base": 4, "mustBe": 0.5, "name": "entropy in base 4"},
    {"check": "distinct_values", "column": "region", "mustBe": 2},
    {"check": "distinct_values", "column": "customer", "approximate": true, "severity": "warning", "mustBeBetween": [7, 9], "name": "about"},
    {"check": "distinct_values", "column": "status", "group_by": ["region"], "mustBe": 3, "name": "status by region"}]');

SELECT rule, status, metric_value, failing_rows, sample_keys, message FROM datamesh.check_table('rules.orders', '[
    {"check": "row_count", "group_by": ["region"], "mustBe": 10},
    {"check": "row_count", "group_by": ["region", "status"], "mustBeGreaterThan": 2, "name": "by two"},
    {"check": "row_count", "where": "amount < 0", "mustBe": 1, "name": "filtered"},
    {"check": "null_values", "column": "customer", "group_by": ["region"], "name": "by region"},
    {"check": "null_values", "column": "customer", "where": "region = ''south''", "name": "only south"},
    {"check": "duplicate_values", "column": "customer", "group_by": ["region"], "mustBeLessOrEqualTo": 2, "name": "keys by region"},
    {"check": "duplicate_values", "column": "customer", "group_by": ["region"], "unit": "percent", "mustBeLessThan": 30, "name": "percent by region"},
    {"check": "orphan_values", "column": "id", "references": "orders.id", "group_by": ["region"], "name": "orphans by region"},
    {"check": "invalid_values", "column": "id", "multiple_of": 1},
    {"check": "invalid_values", "column": "id", "pattern": "^1", "mustBe": 9, "name": "pattern of a number"},
    {"check": "invalid_values", "column": "amount", "min": 0, "exclusive_min": true, "max": 100, "mustBe": 11, "sample_keys": 2, "name": "two keys"},
    {"check": "row_condition", "condition": "amount > 0", "severity": "info", "name": "a metric never fails"}]');

-- the groups are those of the rows that count, the same ones for every check: one without a value is a group, one
-- without a row is none; and what is checked may be what is grouped by
CREATE TABLE rules.grouped (g text, v int);
INSERT INTO rules.grouped VALUES ('a', 1), ('a', 1), ('a', 2), ('b', NULL), ('b', NULL), (NULL, 3), ('c', 4);
SELECT "check", rule, status, metric_value, failing_rows, message FROM datamesh.check_table('rules.grouped', (
    SELECT jsonb_agg(rule || more ORDER BY n, more::text)
    FROM unnest(ARRAY[
        '{"check": "row_count", "mustBe": 2}', '{"check": "null_values", "column": "v"}', '{"check": "distinct_values", "column": "v", "mustBe": 1}',
        '{"check": "duplicate_values", "column": "v"}', '{"check": "statistic", "fn": "max", "column": "v", "mustBeGreaterThan": 1}',
        '{"check": "statistic", "fn": "quantile", "quantile": 0.5, "column": "v", "mustBeGreaterThan": 1}',
        '{"check": "statistic", "fn": "entropy", "column": "v", "mustBe": 0}', '{"check": "no_overlap", "lower": "v", "upper": "v"}',
        '{"check": "orphan_values", "column": "v", "references": "grouped.v"}',
        '{"check": "duplicate_values", "columns": ["g", "v"]}', '{"check": "distinct_values", "column": "g", "mustBe": 1}',
        '{"check": "statistic", "fn": "entropy", "column": "g", "mustBe": 0}']::jsonb[]) WITH ORDINALITY AS rules(rule, n),
        unnest(ARRAY['{"group_by": ["g"], "name": "all"}', '{"group_by": ["g", "g"], "where": "g <> ''c''", "name": "but c"}']::jsonb[]) AS more));

-- long texts are compared whole and shown up to their first hundred characters
CREATE TABLE rules.long_texts AS SELECT repeat('ä', 1000) || i AS t FROM generate_series(1, 2) i;
SELECT rule, status, char_length(metric_value) AS value, CASE rule WHEN 'median' THEN char_length(message) < 250 END AS short_message FROM datamesh.check_table('rules.long_texts', (
    SELECT jsonb_build_array(jsonb_build_object('check', 'statistic', 'fn', 'max', 'column', 't', 'mustBe', max(t)),
        jsonb_build_object('check', 'statistic', 'fn', 'quantile', 'quantile', 0.5, 'method', 'percentile_disc', 'column', 't', 'severity', 'info', 'name', 'median'))
    FROM rules.long_texts));

-- groups are bounded, in number and in what is told of them
CREATE TABLE rules.groups AS SELECT i, i % 2 AS two, repeat('x', 50 + 100 * (i % 2)) AS long, now() AS made FROM generate_series(1, 10001) i;
SELECT rule, status, message FROM datamesh.check_table('rules.groups', '[
    {"check": "row_count", "group_by": ["i"], "mustBe": 1},
    {"check": "distinct_values", "column": "two", "group_by": ["i"], "mustBe": 1},
    {"check": "row_count", "group_by": ["i", "two"], "where": "i > 1", "mustBe": 1, "name": "still too many"},
    {"check": "row_count", "group_by": ["long"], "mustBe": 1, "name": "long values"}]');
DELETE FROM rules.groups WHERE i = 1;
SELECT rule, status, message FROM datamesh.check_table('rules.groups', '[{"check": "row_count", "group_by": ["i"], "mustBe": 1}]');
-- a bound in the future that is no time is the check's own fault
SELECT rule, status, message FROM datamesh.check_table('rules.groups', '[
    {"check": "freshness", "column": "made", "max_age": "1 day", "max_future": "400000 years"}, {"check": "null_values", "column": "i"}]');

-- intervals: half-open, null is open, empty ones do not count, upside-down ones do
CREATE TABLE rules.stays (id int PRIMARY KEY, room int, lo int, hi int);
INSERT INTO rules.stays VALUES (1, 1, 1, 5), (2, 1, 5, 8), (3, 1, 10, 12), (4, 2, 1, 3), (5, 2, 2, 4), (6, 2, 3, 3), (7, 3, 9, 7), (8, 4, 1, NULL), (9, 4, 6, 7), (10, 5, NULL, 3), (11, 5, 2, 4), (12, NULL, 1, 2), (13, NULL, 1, 2);
SELECT rule, status, failing_rows, sample_keys, message FROM datamesh.check_table('rules.stays', '[
    {"check": "no_overlap", "lower": "lo", "upper": "hi", "partition_by": ["room"]},
    {"check": "no_overlap", "lower": "lo", "upper": "hi", "partition_by": "room", "gaps": false, "name": "no gaps"},
    {"check": "no_overlap", "lower": "lo", "upper": "hi", "partition_by": ["room"], "where": "room < 2", "name": "only room 1"},
    {"check": "no_overlap", "lower": "lo", "upper": "hi", "group_by": ["room"], "name": "by room"}]');

-- a missing column is one failed check, and all others run; a check that cannot run is an error, not a failure
SELECT rule, severity, status, message FROM datamesh.check_table('rules.orders', '[
    {"check": "null_values", "column": "gone"},
    {"check": "duplicate_values", "column": "gone"},
    {"check": "null_values", "column": "away", "severity": "info"},
    {"check": "null_values", "column": "id"},
    {"check": "row_condition", "condition": "amount / (id - 4) > 0", "name": "fails while running"},
    {"check": "row_condition", "condition": "no_such_column > 0", "name": "fails before"},
    {"check": "row_condition", "condition": "amount", "name": "no boolean"},
    {"check": "row_condition", "condition": "(SELECT true)", "name": "subquery"},
    {"check": "row_condition", "condition": "count(*) > 1", "name": "aggregate"},
    {"check": "row_condition", "condition": "random() < 2", "name": "volatile"},
    {"check": "invalid_values", "column": "customer", "min": 1},
    {"check": "invalid_values", "column": "placed", "min": "yesteryear"},
    {"check": "orphan_values", "column": "id", "references": "nowhere.id"},
    {"check": "orphan_values", "column": "id", "references": "orders.nothing", "name": "no such parent column"},
    {"check": "statistic", "fn": "mean", "column": "customer", "mustBe": 1},
    {"check": "sql", "query": "SELECT id FROM {object}", "mustBe": 1, "name": "many rows"},
    {"check": "sql", "query": "SELECT NULL::int", "mustBe": 1, "name": "null"},
    {"check": "sql", "query": "SELECT ''1''", "mustBe": 1, "name": "text"},
    {"check": "row_count", "mustBe": 20}]');

-- what is wrong with rules is one error
\set VERBOSITY default
SELECT * FROM datamesh.check_table('rules.orders', '[
    {"check": "null_value", "column": "id"},
    {"check": "null_values", "colum": "id"},
    {"check": "null_values", "column": "id", "mustBe": 0, "mustNotBe": 1},
    {"check": "null_values", "column": "id", "mustBe": "none"},
    {"check": "null_values", "column": "id", "severity": "fatal", "unit": "cents", "dimension": "beauty"},
    {"check": "row_count", "mustBeBetween": [2, 1]},
    {"check": "row_count", "mustBeBetween": 3},
    {"check": "invalid_values", "column": "id"},
    {"check": "invalid_values", "column": "status", "pattern": "("},
    {"check": "statistic", "fn": "variance", "column": "id", "mustBe": 1},
    {"check": "statistic", "fn": "quantile", "quantile": 2, "column": "id", "mustBe": 1},
    {"check": "statistic", "fn": "mean", "column": "id"},
    {"check": "distinct_values", "column": "id", "approximate": true, "mustBe": 1},
    {"check": "freshness", "column": "placed", "max_age": "5"},
    {"check": "freshness", "column": "placed", "max_age": "-1 day"},
    {"check": "orphan_values", "column": "id", "references": "orders"},
    {"check": "no_overlap", "lower": "id"},
    {"type": "library", "metric": "nullRows", "mustBe": 0},
    {"type": "magic"},
    {"type": "custom", "engine": "datamesh", "implementation": "type: x"},
    "null_values",
    {}]');
SELECT * FROM datamesh.check_table('rules.orders', '{"id": {"notnull": true}, "customer": true, "completeness_threshold": 2}');
SELECT * FROM datamesh.check_table('rules.orders', '{"properties": [{"required": true}, 3, {"name": "id", "logicalTypeOptions": {"pattern": "["}}], "slaProperties": [{"property": "latency", "value": 4}]}');
SELECT * FROM datamesh.check_table('rules.orders', '3');
-- the first hundred of very many
DO $$
DECLARE
    detail text;
BEGIN
    PERFORM datamesh.check_table('rules.orders', (SELECT jsonb_agg('null'::jsonb) FROM generate_series(1, 1000)));
EXCEPTION WHEN SQLSTATE 'MD003' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '%: % lines, the last: %', SQLERRM, regexp_count(detail, '\n') + 1, regexp_replace(detail, '.*\n', '');
END $$;
\set VERBOSITY terse
SELECT count(*) FROM datamesh.check_table('rules.orders', '[]');
SELECT count(*) FROM datamesh.check_table('rules.orders', '{}');
SELECT count(*) FROM datamesh.check_table('rules.orders', NULL);
DROP SCHEMA rules CASCADE;
