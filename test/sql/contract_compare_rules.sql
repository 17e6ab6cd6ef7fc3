-- contract_compare_rules: what a change of quality rules, value ranges and allowed values costs, in
-- both directions. What is tighter follows from the results that pass, not from how a rule is written.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\getenv here PG_ABS_SRCDIR
\set changes :here '/lib/contract_compare.sql'
\i :changes
-- rules of one column
CREATE FUNCTION pg_temp.rules(label text, old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT replace(pg_temp.changes(label,
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
        jsonb_build_array(jsonb_build_object('name', 'c', 'quality', old::jsonb))))),
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
        jsonb_build_array(jsonb_build_object('name', 'c', 'quality', new::jsonb)))))),
    'schema[0].properties[c].quality', '...');
$$;
-- the threshold of one rule: the level there and back
CREATE FUNCTION pg_temp.threshold(rule text, old text, new text) RETURNS text LANGUAGE sql AS $$
SELECT format('%s | %s | %s/%s', old, new, datamesh.required_level(a, b), datamesh.required_level(b, a))
FROM (SELECT pg_temp.doc(jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'quality',
                 jsonb_build_array(rule::jsonb || old::jsonb)))), false),
             pg_temp.doc(jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'quality',
                 jsonb_build_array(rule::jsonb || new::jsonb)))), false)) AS d(a, b);
$$;
-- logicalTypeOptions of one column
CREATE FUNCTION pg_temp.options(old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT replace(pg_temp.changes(NULL,
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
        jsonb_build_array(jsonb_build_object('name', 'c', 'logicalTypeOptions', old::jsonb))))),
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
        jsonb_build_array(jsonb_build_object('name', 'c', 'logicalTypeOptions', new::jsonb)))))),
    'schema[0].properties[c].logicalTypeOptions', '...');
$$;

-- added and removed, by severity; a severity that is not said is an error
SELECT pg_temp.rules(s, '[]', format('[{"metric": "nullValues", "mustBe": 0, "severity": "%s"}]', s)) FROM unnest(ARRAY['error', 'warning', 'info', 'blocker']) AS s;
SELECT pg_temp.rules('not said', '[]', '[{"metric": "nullValues", "mustBe": 0}]');
SELECT pg_temp.rules('words', '[]', '[{"type": "text", "description": "is right"}]');
-- the severity itself
SELECT pg_temp.rules('severity', '[{"id": "r", "metric": "rowCount", "mustBe": 1, "severity": "error"}]',
                     '[{"id": "r", "metric": "rowCount", "mustBe": 1, "severity": "warning"}]');
SELECT pg_temp.rules('severity', '[{"id": "r", "metric": "rowCount", "mustBe": 1, "severity": "info"}]',
                     '[{"id": "r", "metric": "rowCount", "mustBe": 1, "severity": "warning"}]');

-- a threshold, with its reason, of an error and of a warning
SELECT pg_temp.rules('error', '[{"id": "r", "metric": "nullValues", "mustBeLessThan": 10}]',
                     '[{"id": "r", "metric": "nullValues", "mustBeLessThan": 5}]');
SELECT pg_temp.rules('warning', '[{"id": "r", "metric": "nullValues", "mustBeLessThan": 10, "severity": "warning"}]',
                     '[{"id": "r", "metric": "nullValues", "mustBeLessThan": 5, "severity": "warning"}]');
-- every operator knows its direction: tighter there and looser back is minor/major
SELECT pg_temp.threshold('{"id": "r", "metric": "rowCount"}', a, b) FROM (VALUES
    ('{"mustBeGreaterThan": 5}', '{"mustBeGreaterThan": 10}'),
    ('{"mustBeGreaterOrEqualTo": 5}', '{"mustBeGreaterOrEqualTo": 6}'),
    ('{"mustBeLessThan": 10}', '{"mustBeLessThan": 9}'),
    ('{"mustBeLessOrEqualTo": 10}', '{"mustBeLessOrEqualTo": 9}'),
    ('{"mustBeBetween": [1, 10]}', '{"mustBeBetween": [2, 10]}'),
    ('{"mustBeBetween": [1, 10]}', '{"mustBeBetween": [2, 9]}'),
    ('{"mustBeBetween": [1, 10]}', '{"mustBeBetween": [2, 11]}'),
    ('{"mustNotBeBetween": [1, 10]}', '{"mustNotBeBetween": [1, 11]}'),
    ('{"mustBe": 1}', '{"mustBe": 2}'),
    ('{"mustNotBe": 1}', '{"mustNotBe": 2}'),
    -- one operator and another
    ('{"mustBeGreaterThan": 0}', '{"mustBeBetween": [1, 10]}'),
    ('{"mustBeLessThan": 10}', '{"mustBe": 0}'),
    ('{"mustNotBe": 0}', '{"mustBe": 1}'),
    ('{"mustNotBe": 0}', '{"mustBeGreaterThan": 1}'),
    ('{"mustNotBeBetween": [5, 10]}', '{"mustBeGreaterThan": 10}'),
    ('{"mustBeGreaterThan": 5}', '{"mustBeLessThan": 5}'),
    -- without an operator there have to be rows
    ('{}', '{"mustBeLessThan": 5}'),
    ('{}', '{"mustBeGreaterThan": 0}'),
    ('{}', '{"mustBeGreaterThan": 5}'),
    -- counts are whole and not negative: these say the same
    ('{"mustBeLessThan": 1}', '{"mustBe": 0}'),
    ('{"mustBeLessOrEqualTo": 0}', '{"mustBe": 0}'),
    ('{"mustBeGreaterThan": 0}', '{"mustNotBe": 0}'),
    ('{"mustBeGreaterThan": 4}', '{"mustBeGreaterOrEqualTo": 4.5}'),
    ('{"mustBe": 0}', '{"mustBe": 0.0}'),
    -- rows and percent
    ('{"mustBe": 0}', '{"mustBe": 0, "unit": "percent"}'),
    ('{"mustBeLessThan": 1}', '{"mustBeLessThan": 1, "unit": "percent"}'),
    ('{"mustBeLessThan": 5, "unit": "percent"}', '{"mustBe": 0}'),
    ('{"mustBeLessThan": 1, "unit": "percent"}', '{"mustBeLessThan": 0.5, "unit": "percent"}'),
    ('{"mustBeLessThan": 101, "unit": "percent"}', '{"mustBeLessOrEqualTo": 100, "unit": "percent"}'),
    -- what cannot be read
    ('{"mustBe": "many"}', '{"mustBe": "few"}'),
    ('{"mustBeBetween": [1]}', '{"mustBeBetween": [1, 2]}'),
    ('{"mustBeBetween": "1-2"}', '{"mustBeBetween": [1, 2]}'),
    ('{"mustBe": 10000000000000000000001}', '{"mustBe": 10000000000000000000002}')) AS t(a, b);
-- without an operator there is none of what a metric counts, except where it only informs
SELECT pg_temp.threshold('{"id": "r", "metric": "nullValues"}', a, b) FROM (VALUES ('{}', '{"mustBe": 0}'), ('{}', '{"mustBeLessThan": 5}'), ('{"unit": "percent"}', '{}')) AS t(a, b);
SELECT pg_temp.threshold('{"id": "r", "metric": "nullValues", "severity": "info"}', '{}', '{"mustBe": 0}');
-- results of a query are any numbers
SELECT pg_temp.threshold('{"type": "sql", "query": "SELECT 1"}', a, b) FROM (VALUES
    ('{"mustBeLessThan": 1}', '{"mustBe": 0}'), ('{"mustBeGreaterThan": 0}', '{"mustNotBe": 0}'),
    ('{"mustBeGreaterThan": 4}', '{"mustBeGreaterOrEqualTo": 4.5}')) AS t(a, b);

-- the same rule: by id whatever else changed, by name, by content in another place of the list
SELECT pg_temp.rules('id', '[{"id": "a", "name": "x", "metric": "nullValues", "mustBe": 0}, {"id": "b", "metric": "rowCount", "mustBeGreaterThan": 1}]',
                     '[{"id": "b", "metric": "rowCount", "mustBeGreaterThan": 2}, {"id": "a", "name": "y", "metric": "nullValues", "mustBe": 0}]');
SELECT pg_temp.rules('name', '[{"name": "a", "metric": "nullValues", "mustBeLessThan": 3}, {"name": "b", "metric": "nullValues", "mustBeLessThan": 9}]',
                     '[{"name": "b", "metric": "nullValues", "mustBeLessThan": 8}, {"name": "a", "metric": "nullValues", "mustBeLessThan": 3}]');
SELECT pg_temp.rules('content', '[{"metric": "rowCount", "mustBeGreaterThan": 0}, {"metric": "rowCount", "mustBeLessThan": 100}]',
                     '[{"metric": "rowCount", "mustBeLessThan": 50}, {"metric": "rowCount", "mustBeGreaterThan": 0}]');
SELECT pg_temp.rules('moved', '[{"metric": "nullValues", "mustBe": 0}, {"metric": "rowCount", "mustBe": 1}]',
                     '[{"metric": "rowCount", "mustBe": 1}, {"metric": "nullValues", "mustBe": 0}]');
-- a rule under the same name that checks something else
SELECT pg_temp.rules('metric', '[{"name": "a", "metric": "nullValues", "mustBe": 0}]', '[{"name": "a", "metric": "duplicateValues", "mustBe": 0}]');
-- a query that is only laid out differently, and another query
SELECT pg_temp.rules('layout', '[{"id": "q", "type": "sql", "query": "SELECT  1\n FROM t", "mustBe": 0}]',
                     '[{"id": "q", "type": "sql", "query": "SELECT 1 FROM t", "mustBe": 0}]');
SELECT pg_temp.rules('query', '[{"id": "q", "type": "sql", "query": "SELECT ''a  b''", "mustBe": 0}]',
                     '[{"id": "q", "type": "sql", "query": "SELECT ''a b''", "mustBe": 0}]');
-- rows that are left out are not checked
SELECT pg_temp.rules('where', '[{"id": "r", "metric": "nullValues", "mustBe": 0}]', '[{"id": "r", "metric": "nullValues", "mustBe": 0, "where": "x > 1"}]');
-- what describes a rule, and what we do not weigh
SELECT pg_temp.rules('words', '[{"id": "r", "metric": "nullValues", "mustBe": 0, "description": "a", "businessImpact": "x", "tags": ["a"]}]',
                     '[{"id": "r", "metric": "nullValues", "mustBe": 0, "description": "b"}]');
SELECT pg_temp.rules('text', '[{"id": "r", "type": "text", "description": "a"}]', '[{"id": "r", "type": "text", "description": "b"}]');
SELECT pg_temp.rules('held', '[{"id": "r", "metric": "nullValues", "mustBe": 0}]',
                     '[{"id": "r", "metric": "nullValues", "mustBe": 0, "dimension": "accuracy", "schedule": "0 2 * * *", "arguments": {"new": 1}}]');
SELECT pg_temp.rules('custom', '[{"id": "r", "type": "custom", "engine": "soda", "implementation": "a"}]', '[{"id": "r", "type": "custom", "engine": "soda", "implementation": "b"}]');

-- allowed values, as arguments of a rule with and without a name, and of a warning
SELECT pg_temp.rules('values', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["a", "b"]}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["b", "a", "c"]}}]');
SELECT pg_temp.rules('swap', '[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, 2]}}]',
                     '[{"metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [2.0, 3]}}]');
SELECT pg_temp.rules('warning', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "severity": "warning", "arguments": {"validValues": ["a"]}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "severity": "warning", "arguments": {"validValues": ["a", "b"]}}]');
SELECT pg_temp.rules('whole list', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^a"}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^a", "validValues": ["a"]}}]');
SELECT pg_temp.rules('order', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["a", "b"]}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": ["b", "a"]}}]');
SELECT pg_temp.rules('many', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": []}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": [1, 2, 3, 4, 5, 6, 7]}}]');
-- a rule that asks for invalid values: no direction is known
SELECT pg_temp.rules('odd', '[{"id": "r", "metric": "invalidValues", "mustBeGreaterThan": 5, "arguments": {"validValues": ["a"]}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBeGreaterThan": 5, "arguments": {"validValues": ["a", "b"]}}]');
-- other arguments, and where older examples have them
SELECT pg_temp.rules('beside', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "validValues": ["a"], "pattern": "^a"}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "validValues": ["a", "b"]}]');
SELECT pg_temp.rules('missing', '[{"id": "r", "metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": [""]}}]',
                     '[{"id": "r", "metric": "missingValues", "mustBe": 0, "arguments": {"missingValues": ["", "n/a"]}}]');
SELECT pg_temp.rules('pattern', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^a"}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"pattern": "^b"}}]');
SELECT pg_temp.rules('range', '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"min": 0}}]',
                     '[{"id": "r", "metric": "invalidValues", "mustBe": 0, "arguments": {"min": 1, "max": 9}}]');
SELECT pg_temp.changes('columns', '{"schema": [{"name": "t", "quality": [{"id": "r", "metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["a", "b"]}}]}]}',
                       '{"schema": [{"name": "t", "quality": [{"id": "r", "metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["a"]}}]}]}');
SELECT pg_temp.changes('renamed', '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "a"}], "quality": [{"id": "r", "metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["a"]}}]}]}',
                       '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "b"}], "quality": [{"id": "r", "metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": ["b"]}}]}]}');
-- allowed values of a column (v3.2), and of its type
SELECT pg_temp.changes('enum', '{"schema": [{"name": "t", "properties": [{"name": "c", "enum": ["a", {"value": "b", "description": "x"}]}]}]}',
                       '{"schema": [{"name": "t", "properties": [{"name": "c", "enum": ["a", "b", "c"]}]}]}');
SELECT pg_temp.options('{"enum": ["a"]}', '{"enum": ["b"]}');

-- ranges of values
SELECT pg_temp.options('{}', '{"minimum": 0}');
SELECT pg_temp.options('{"minimum": 0}', '{"minimum": 1}');
SELECT pg_temp.options('{"maximum": 10}', '{"maximum": 9}');
SELECT pg_temp.options('{"minimum": 0}', '{"exclusiveMinimum": 0}');
SELECT pg_temp.options('{"maximum": 0}', '{"maximum": 0, "exclusiveMaximum": true}');
SELECT pg_temp.options('{"minimum": 5}', '{"minimum": 5, "exclusiveMinimum": 3}');
SELECT pg_temp.options('{"minimum": "2020-01-01"}', '{"minimum": "2021-01-01"}');
SELECT pg_temp.options('{"minimum": "2020-01-01"}', '{"minimum": "1.1.2021"}');
SELECT pg_temp.options('{"multipleOf": 2}', '{"multipleOf": 4}');
SELECT pg_temp.options('{"multipleOf": 2}', '{"multipleOf": 3}');
SELECT pg_temp.options('{"multipleOf": 2}', '{"multipleOf": 0}');
SELECT pg_temp.options('{"minLength": 1}', '{"minLength": 2}');
SELECT pg_temp.options('{"maxLength": 10}', '{"maxLength": 20}');
SELECT pg_temp.options('{}', '{"maxLength": 20}');
SELECT pg_temp.options('{"pattern": "^a"}', '{"pattern": "^b"}');
SELECT pg_temp.options('{}', '{"pattern": "^a"}');
SELECT pg_temp.options('{"uniqueItems": false}', '{"uniqueItems": true}');
SELECT pg_temp.options('{}', '{"format": "email"}');
SELECT pg_temp.options('{"minimum": 1}', '"none"');
