-- contract_compare_sla: which service level is the tighter one. Units are normalised first; what
-- cannot be compared for certain is held.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\getenv here PG_ABS_SRCDIR
\set changes :here '/lib/contract_compare.sql'
\i :changes
CREATE FUNCTION pg_temp.slas(label text, old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.changes(label, jsonb_build_object('slaProperties', old::jsonb), jsonb_build_object('slaProperties', new::jsonb));
$$;
-- levels of one property that changes from "value unit" to "value unit", and back
CREATE FUNCTION pg_temp.levels(property text, old jsonb, new jsonb) RETURNS text LANGUAGE sql AS $$
SELECT format('%s: %s | %s: %s, back %s', property, old, new,
    datamesh.required_level(a, b), datamesh.required_level(b, a))
FROM (SELECT pg_temp.doc(jsonb_build_object('slaProperties', jsonb_build_array(jsonb_build_object('property', property) || old)), false),
             pg_temp.doc(jsonb_build_object('slaProperties', jsonb_build_array(jsonb_build_object('property', property) || new)), false)) AS d(a, b);
$$;
CREATE FUNCTION pg_temp.v(value anyelement, unit text DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_strip_nulls(jsonb_build_object('value', value, 'unit', unit));
$$;

-- added and removed, with reasons; a date is an end of life that is announced
SELECT pg_temp.slas(NULL, '[]', '[{"property": "latency", "value": 4, "unit": "h"}]');
SELECT pg_temp.slas(NULL, '[]', '[{"property": "endOfLife", "value": "2042-05-12"}]');
SELECT pg_temp.slas(NULL, '[]', '[{"property": "somethingElse", "value": 1}]');
-- tightened, loosened, the same in other units
SELECT pg_temp.slas(NULL, '[{"property": "latency", "value": 4, "unit": "h"}]', '[{"property": "latency", "value": 2, "unit": "h"}]');
SELECT pg_temp.slas(NULL, '[{"property": "latency", "value": 1, "unit": "d"}]', '[{"property": "LY", "value": 24, "unit": "Hours"}]');
SELECT pg_temp.slas(NULL, '[{"property": "endOfSupport", "value": "2032-05-12"}]', '[{"property": "es", "value": "2031-12-31"}]');
-- the direction of every property: tighter there and looser back is minor, back major
SELECT pg_temp.levels(p, pg_temp.v(4, 'h'), pg_temp.v(2, 'h'))
FROM unnest(ARRAY['latency', 'freshness', 'timeToDetect', 'timeToNotify', 'timeToRepair', 'frequency', 'retention',
                  'ly', 'td', 'tn', 'tr', 'fy', 'RE', 'time_to_repair', 'generalAvailability', 'timeOfAvailability', 'mine']) AS p;
SELECT pg_temp.levels(p, pg_temp.v(99.9, u), pg_temp.v(99.95, u))
FROM unnest(ARRAY['availability', 'av', 'errorRate', 'er', 'throughput', 'th']) AS p, unnest(ARRAY['percent', NULL]) AS u;
SELECT pg_temp.levels(p, pg_temp.v('2032-05-12'::text), pg_temp.v('2033-01-01'::text)) FROM unnest(ARRAY['endOfSupport', 'endOfLife', 'es', 'EL']) AS p;

-- the same duration in many units
SELECT pg_temp.levels('latency', pg_temp.v(a, au), pg_temp.v(b, bu)) FROM (VALUES
    ('90', 'min', '1.5', 'h'), ('7', 'days', '1', 'week'), ('1', 'd', '86400', 's'), ('0.1', 'h', '6', 'minutes'),
    ('12', 'mo', '1', 'y'), ('1', 'quarter', '3', 'months'), ('1', 'D', '1', 'Day'), ('4h', NULL, '240', 'min'), ('PT4H', NULL, '4', 'h'),
    ('P1DT12H', NULL, '36', 'h'), ('P1M', NULL, '1', 'month'), ('PT1M', NULL, '1', 'min'), ('1 day 12 hours', NULL, '36', 'h'),
    ('daily', NULL, '1', 'd'), ('0', 'h', '0', 'd'), ('1000', 'ms', '1', 's')) AS t(a, au, b, bu);
-- a month has 28 to 31 days, a year 365 or 366
SELECT pg_temp.levels('latency', pg_temp.v(a, au), pg_temp.v(b, bu)) FROM (VALUES
    (1, 'mo', 30, 'd'), (1, 'mo', 28, 'd'), (1, 'mo', 27, 'd'), (1, 'mo', 32, 'd'), (1, 'y', 364, 'd'), (1, 'y', 366, 'd'), (2, 'y', 1, 'y')) AS t(a, au, b, bu);
-- what cannot be compared: other units, none, no number
SELECT pg_temp.levels('latency', a, b) FROM (VALUES
    (pg_temp.v(4, 'h'), pg_temp.v(4)), (pg_temp.v(4), pg_temp.v(3)), (pg_temp.v(4, 'h'), pg_temp.v(3, 'fortnights')), (pg_temp.v(4, 'h'), pg_temp.v('soon'::text)),
    (pg_temp.v(4, 'h'), pg_temp.v(true)), (pg_temp.v(4, 'h'), pg_temp.v(''::text)), (pg_temp.v(4, 'h'), pg_temp.v('NaN'::text, 'h')), (pg_temp.v(4, 'h'), pg_temp.v('0x3'::text, 'h')),
    (pg_temp.v(4, 'h'), pg_temp.v('P'::text)), (pg_temp.v(4, 'h'), pg_temp.v('3 h and a bit'::text)), (pg_temp.v(4, 'h'), pg_temp.v('1e400'::text, 'h')), (pg_temp.v(4, 'h'), '{}'),
    (pg_temp.v(4, 'h'), pg_temp.v(3, 'a unit of which nobody has heard'))) AS t(a, b);
-- m: minutes, but months of retention
SELECT pg_temp.slas(NULL, '[{"property": "latency", "value": 90, "unit": "m"}]', '[{"property": "latency", "value": 1, "unit": "h"}]');
SELECT pg_temp.slas(NULL, '[{"property": "retention", "value": 6, "unit": "m"}]', '[{"property": "retention", "value": 1, "unit": "y"}]');
-- a frequency is a period: twice a day is tighter than once
SELECT pg_temp.levels('frequency', pg_temp.v(a, au), pg_temp.v(b, bu)) FROM (VALUES
    ('1', 'per day', '2', 'per day'), ('1', '/d', '24', 'h'), ('1', 'd', '1', 'h'), ('weekly', NULL, 'daily', NULL), ('0', 'per day', '1', 'per day')) AS t(a, au, b, bu);
-- shares: percent, fractions, neither
SELECT pg_temp.levels('availability', a, b) FROM (VALUES
    (pg_temp.v(99, 'percent'), pg_temp.v(0.999, 'ratio')), (pg_temp.v('99%'::text), pg_temp.v(99.0, 'percent')), (pg_temp.v(99), pg_temp.v(99, '%')),
    (pg_temp.v(0.99), pg_temp.v(0.999)), (pg_temp.v(0.99), pg_temp.v(99.9, '%')), (pg_temp.v(99, 'percent'), pg_temp.v(99, 'apples'))) AS t(a, b);
SELECT pg_temp.levels('errorRate', pg_temp.v(1, 'permille'), pg_temp.v(0.1, 'percent'));
-- rates
SELECT pg_temp.levels('throughput', a, b) FROM (VALUES
    (pg_temp.v(60, 'rows/min'), pg_temp.v(1, 'rows per second')), (pg_temp.v(60, 'rows/min'), pg_temp.v(61, 'Rows / minute')), (pg_temp.v(60, 'rows/min'), pg_temp.v(61, 'MB/min')),
    (pg_temp.v('100 tps'::text), pg_temp.v(200, 'tps'))) AS t(a, b);
-- dates: a day is its start in UTC, and zones count
SELECT pg_temp.levels('endOfLife', pg_temp.v(a), pg_temp.v(b)) FROM (VALUES
    ('2042-05-12', '2042-05-12T00:00:00Z'), ('2042-05-12T09:30:10-08:00', '2042-05-12T17:30:10Z'), ('2042-05-12T09:30:10-08:00', '2042-05-12T17:30:11+00'),
    ('2042-05-12 10:00', '2042-05-12T10:00:00.5+0000'), ('2042-02-29', '2042-03-01'), ('2044-02-29', '2044-03-01'), ('2042-05-12', '12.05.2042'), ('2042-05-12', '2042-05-12T25:00Z'), ('never', '2042-05-12')) AS t(a, b);

-- a promise is that of an element and a driver: another element is another promise
SELECT pg_temp.slas('element', '[{"property": "latency", "value": 4, "unit": "h", "element": "t.a"}]', '[{"property": "latency", "value": 4, "unit": "h", "element": "t.b"}]');
SELECT pg_temp.slas('drivers', '[{"property": "latency", "value": 4, "unit": "h", "driver": "regulatory"}, {"property": "latency", "value": 8, "unit": "h", "driver": "analytics"}]',
    '[{"property": "latency", "value": 6, "unit": "h", "driver": "analytics"}, {"property": "latency", "value": 4, "unit": "h", "driver": "regulatory"}]');
SELECT pg_temp.slas('driver', '[{"property": "latency", "value": 4, "unit": "h", "driver": "regulatory"}]', '[{"property": "latency", "value": 4, "unit": "h", "driver": "analytics"}]');
SELECT pg_temp.changes('default element', '{"slaDefaultElement": "t.a", "slaProperties": [{"property": "latency", "value": 4, "unit": "h"}]}',
    '{"slaDefaultElement": "t.a", "slaProperties": [{"property": "latency", "value": 3, "unit": "h", "element": "t.a"}]}');
SELECT pg_temp.changes('renamed', '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "a"}]}], "slaProperties": [{"property": "latency", "value": 4, "unit": "h", "element": "t.a"}]}',
    '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "b"}]}], "slaProperties": [{"property": "latency", "value": 3, "unit": "h", "element": "t.b"}]}');
-- what describes, and what we do not weigh
SELECT pg_temp.slas('words', '[{"property": "latency", "value": 4, "unit": "h"}]', '[{"property": "latency", "value": 4, "unit": "h", "id": "x", "description": "y", "valueExt": 8, "scheduler": "cron"}]');
-- no objects, no property
SELECT pg_temp.slas('odd', '[1, {"value": 1}, "x"]', '[2, {"value": 2}, "x"]');
SELECT pg_temp.slas('no list', '[]', '{"property": "latency"}');
