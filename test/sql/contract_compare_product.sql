-- contract_compare_product: versions of a product's contract against each other, the level they
-- need together, the version that a draft may have; documents of any size, and documents that are
-- none.
\set VERBOSITY terse
CREATE ROLE regress_compare_team;
CALL datamesh.create_domain('regress_compare', owner => 'regress_compare_team');
CREATE TABLE regress_compare_internal.orders (id integer, note text);
ALTER TABLE regress_compare_internal.orders OWNER TO regress_compare_team;
CREATE PROCEDURE pg_temp.load(version text, properties text) LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format(
        '{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders", "version": "%s", "status": "active",
          "domain": "regress_compare", "name": "orders", "schema": [{"name": "orders", "properties": %s}]}', version, properties));
END $$;

-- nothing is loaded, one draft, one in force, both
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('1.0.0', '[{"name": "id", "physicalType": "integer"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
UPDATE datamesh.contract SET status = 'published' WHERE version = '1.0.0' AND source_schema = 'regress_compare_internal';
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('1.0.1', '[{"name": "id", "physicalType": "integer"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('1.0.1', '[{"name": "id", "physicalType": "integer", "description": "Which order"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('1.0.1', '[{"name": "id", "physicalType": "integer", "description": "Which order"}, {"name": "note", "physicalType": "text"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
SELECT * FROM datamesh.compare_contracts('regress_compare.orders', '1.0.0', '1.0.1');
CALL pg_temp.load('1.0.1', '[{"name": "id", "physicalType": "integer", "classification": "public"}, {"name": "note", "physicalType": "text"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('1.0.1', '[{"name": "id", "physicalType": "bigint", "required": false}, {"name": "note", "physicalType": "text"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
SELECT path, change, level FROM datamesh.compare_contracts('regress_compare.orders', '1.0.0', '1.0.1', widening => true);
-- a draft for an older major version is held against that one
UPDATE datamesh.contract SET version = '2.0.0', document = replace(document::text, '"1.0.1"', '"2.0.0"')::json, status = 'published'
WHERE version = '1.0.1' AND source_schema = 'regress_compare_internal';
CALL pg_temp.load('1.1.0', '[{"name": "id", "physicalType": "integer", "description": "Which order"}]');
SELECT * FROM datamesh.suggest_version('regress_compare.orders');
CALL pg_temp.load('3.0.0', '[{"name": "id", "physicalType": "bigint"}]');
SELECT version, level, in_force, draft FROM datamesh.suggest_version('regress_compare.orders');
-- everybody may ask
SET ROLE regress_compare_team;
SELECT count(*) FROM datamesh.compare_contracts('regress_compare.orders', '1.0.0', '2.0.0');
SELECT version FROM datamesh.suggest_version('regress_compare.orders');
RESET ROLE;
-- quoted names, the caller's search_path, versions and products that are not there
CREATE FUNCTION pg_temp.parse_ident(text) RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['evil', 'evil'] $$;
SET search_path = pg_temp, pg_catalog;
SELECT version FROM datamesh.suggest_version('Regress_Compare."orders"');
RESET search_path;
SELECT * FROM datamesh.compare_contracts('regress_compare.orders', '1.0.0', '9.0.0');
SELECT * FROM datamesh.compare_contracts('regress_compare.none', '1.0.0', '2.0.0');
SELECT * FROM datamesh.compare_contracts('regress_compare.orders', '1.0.0', 'one');
SELECT * FROM datamesh.suggest_version('orders');
SELECT count(*) AS strict FROM datamesh.compare_contracts('regress_compare.orders', NULL, '1.0.0');

-- the next version
SELECT level, datamesh.next_version('1.2.3', level), datamesh.next_version('0.9.9-rc.1+build', level)
FROM unnest(ARRAY['patch', 'minor', 'major', 'held', 'none', 'MAJOR']) AS level;
SELECT datamesh.next_version('99999999999999999999.0.0', 'major'), datamesh.next_version('one', 'minor'), datamesh.next_version('1.2', 'minor');

-- levels together: major outweighs held, held outweighs minor, minor outweighs patch
SELECT datamesh.required_level('{}', '{}') AS same,
       datamesh.required_level('{}', '{"tags": []}') AS patch,
       datamesh.required_level('{}', '{"tags": [], "slaProperties": [{"property": "latency", "value": 1}]}') AS minor,
       datamesh.required_level('{}', '{"tags": [], "slaProperties": [{"property": "latency", "value": 1}], "x": 1}') AS held,
       datamesh.required_level('{"roles": [{"role": "r"}]}', '{"tags": [], "slaProperties": [{"property": "latency", "value": 1}], "x": 1}') AS major,
       datamesh.required_level('{"schema": [{"name": "t", "properties": [{"name": "a", "physicalType": "int"}]}]}',
                               '{"schema": [{"name": "t", "properties": [{"name": "a", "physicalType": "int8"}]}]}', true) AS widening,
       datamesh.required_level(NULL, '{}') AS unknown;
-- which function is meant is never in doubt
SELECT count(*) FROM datamesh.compare_contracts('{}', '{}');
SELECT count(*) FROM datamesh.compare_contracts('{}', '{"a": 1}', true);

-- documents that are none, and parts that are none
SELECT * FROM datamesh.compare_contracts('[]', '{}');
SELECT * FROM datamesh.compare_contracts('{}', '"text"'::jsonb);
SELECT datamesh.required_level('null', '{}');
\pset format unaligned
\pset tuples_only on
SELECT path, level, change FROM datamesh.compare_contracts('{"schema": 5}', '{"schema": [{"name": "t"}]}');
SELECT path, level, change FROM datamesh.compare_contracts('{"schema": [{"name": "t"}]}', '{"schema": null}');
SELECT path, level, change FROM datamesh.compare_contracts('{"schema": [1, "x", null, [], {}]}', '{"schema": [2, {"name": {}}]}');
SELECT path, level, change FROM datamesh.compare_contracts(
    '{"schema": [{"name": "t", "properties": [1, {"name": null}, {"name": "a", "quality": 5}], "quality": ["x", null], "relationships": "y"}]}',
    '{"schema": [{"name": "t", "properties": ["1", {"name": [1]}, {"name": "a", "quality": [5]}], "quality": [{}], "relationships": [1, {"to": 5}]}]}');
SELECT path, level, change FROM datamesh.compare_contracts(
    '{"schema": [{"name": "t", "properties": [{"name": "a", "properties": "x", "items": 1, "enum": 5, "required": "true", "physicalType": ""}]}], "roles": {}, "customProperties": 1, "status": []}',
    '{"schema": [{"name": "t", "properties": [{"name": "a", "properties": [], "items": {}, "enum": {}, "required": "maybe", "physicalType": "((,)"}]}], "roles": "x", "customProperties": [null, [[]]], "status": {}}');
SELECT path, level, change FROM datamesh.compare_contracts(
    '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "a"}, {"id": "2"}]}]}',
    '{"schema": [{"name": "t", "properties": [{"id": "1"}, {"id": "2", "name": 5}]}]}');
-- names that occur twice are paired in their order
SELECT path, level, change FROM datamesh.compare_contracts(
    '{"schema": [{"name": "t", "properties": [{"name": "a", "unique": true}, {"name": "a"}]}]}',
    '{"schema": [{"name": "t", "properties": [{"name": "a", "unique": true}, {"name": "a"}, {"name": "a"}]}]}');

-- a column in a column in a column ...
CREATE FUNCTION pg_temp.deep(depth integer, kind text) RETURNS jsonb LANGUAGE sql AS $$
SELECT ('{"schema": [{"name": "t", "properties": ' || repeat('[{"name": "a", "properties": ', depth)
        || '[{"name": "z", "physicalType": "' || kind || '"}]' || repeat('}]', depth) || '}]}')::jsonb;
$$;
SELECT right(path, 40), level, change FROM datamesh.compare_contracts(pg_temp.deep(50, 'int'), pg_temp.deep(50, 'int8'));
SELECT right(path, 40), level, change FROM datamesh.compare_contracts(pg_temp.deep(500, 'int'), pg_temp.deep(500, 'int8'));
SELECT count(*) FROM datamesh.compare_contracts(pg_temp.deep(500, 'int'), pg_temp.deep(500, 'int'));

-- 1,600 columns: the same, one that changed, all that changed, all in another order, all renamed
CREATE FUNCTION pg_temp.wide(columns integer, fields jsonb, prefix text DEFAULT 'c', direction integer DEFAULT 1) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
    (SELECT jsonb_agg(jsonb_build_object('id', 'i' || i, 'name', prefix || i, 'physicalType', 'integer') || fields ORDER BY i * direction)
     FROM generate_series(1, columns) AS i))));
$$;
SELECT count(*) FROM datamesh.compare_contracts(pg_temp.wide(1600, '{}'), pg_temp.wide(1600, '{}'));
SELECT path, level FROM datamesh.compare_contracts(pg_temp.wide(1600, '{}'), pg_temp.wide(1599, '{}'));
SELECT level, count(*), min(path COLLATE "C"), max(path COLLATE "C") FROM datamesh.compare_contracts(pg_temp.wide(1600, '{}'), pg_temp.wide(1600, '{"required": true}')) GROUP BY level;
SELECT level, change FROM datamesh.compare_contracts(pg_temp.wide(1600, '{}'), pg_temp.wide(1600, '{}', direction => -1));
SELECT level, count(*) FROM datamesh.compare_contracts(pg_temp.wide(1600, '{}'), pg_temp.wide(1600, '{}', 'd')) GROUP BY level;
-- tens of thousands
SELECT level, count(*) FROM datamesh.compare_contracts(pg_temp.wide(30000, '{"quality": [{"metric": "nullValues", "mustBeLessThan": 10}]}'),
    pg_temp.wide(30000, '{"quality": [{"metric": "nullValues", "mustBe": 0}]}', 'd', -1)) GROUP BY level ORDER BY level;
\pset tuples_only off
\pset format aligned

DROP TABLE regress_compare_internal.orders;
CALL datamesh.drop_domain('regress_compare');
DROP SCHEMA regress_compare_internal;
DROP ROLE regress_compare_team;
