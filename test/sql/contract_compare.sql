-- contract_compare: what a change of an object, a column, a type or a key costs, in both
-- directions, and with a role that has write access. Rules, service levels and access have tests of
-- their own.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\getenv here PG_ABS_SRCDIR
\set changes :here '/lib/contract_compare.sql'
\i :changes
CREATE FUNCTION pg_temp.columns(old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.changes(NULL,
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 'orders', 'properties', old::jsonb))),
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 'orders', 'properties', new::jsonb))));
$$;
-- one column "c" with these fields
CREATE FUNCTION pg_temp.col(label text, old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.changes(label,
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 'orders', 'properties',
        jsonb_build_array('{"name": "c"}' || old::jsonb)))),
    jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 'orders', 'properties',
        jsonb_build_array('{"name": "c"}' || new::jsonb)))));
$$;
CREATE FUNCTION pg_temp.type(old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.col(old || ' | ' || new, jsonb_build_object('physicalType', old)::text,
                   jsonb_build_object('physicalType', new)::text);
$$;

-- a nullable column, a NOT NULL column, a column of the primary key
SELECT pg_temp.columns('[{"name": "a"}]', '[{"name": "a"}, {"name": "b"}]');
SELECT pg_temp.columns('[{"name": "a"}]', '[{"name": "a"}, {"name": "b", "required": true}]');
SELECT pg_temp.columns('[{"name": "a"}]', '[{"name": "a"}, {"name": "b", "primaryKey": true}]');
-- an object
SELECT pg_temp.changes(NULL, '{"schema": [{"name": "orders"}]}',
                       '{"schema": [{"name": "orders"}, {"name": "lines"}]}');
SELECT pg_temp.changes(NULL, '{}', '{"schema": [{"name": "orders"}]}');

-- a rename is found by id; without one it is a column less and a column more
SELECT pg_temp.columns('[{"id": "i1", "name": "a"}]', '[{"id": "i1", "name": "b"}]');
SELECT pg_temp.columns('[{"name": "a"}]', '[{"name": "b"}]');
-- the old name stays: as an alias, as one of several, as a column of the same type; not of another type
SELECT pg_temp.columns('[{"id": "i1", "name": "a"}]',
    '[{"id": "i1", "name": "b", "customProperties": [{"property": "datamesh.alias", "value": "a"}]}]');
SELECT pg_temp.columns('[{"id": "i1", "name": "a"}]',
    '[{"id": "i1", "name": "b", "customProperties": [{"property": "datamesh.aliases", "value": ["x", "a"]}]}]');
SELECT pg_temp.columns('[{"id": "i1", "name": "a", "physicalType": "text"}]',
    '[{"id": "i1", "name": "b", "physicalType": "text"}, {"id": "i2", "name": "a", "physicalType": "text"}]');
SELECT pg_temp.columns('[{"id": "i1", "name": "a", "physicalType": "text"}]',
    '[{"id": "i1", "name": "b", "physicalType": "text"}, {"id": "i2", "name": "a", "physicalType": "date"}]');
-- the source keeps its own name
SELECT pg_temp.columns('[{"id": "i1", "name": "a"}]', '[{"id": "i1", "name": "b", "physicalName": "a"}]');
-- two columns that change names with each other; an object that is renamed
SELECT pg_temp.columns('[{"id": "i1", "name": "a"}, {"id": "i2", "name": "b"}]',
                       '[{"id": "i1", "name": "b"}, {"id": "i2", "name": "a"}]');
SELECT pg_temp.changes(NULL, '{"schema": [{"id": "o1", "name": "orders"}]}', '{"schema": [{"id": "o1", "name": "sales"}]}');
-- ids alone
SELECT pg_temp.col('id', '{}', '{"id": "i1"}');
SELECT pg_temp.col('other id', '{"id": "i1"}', '{"id": "i2"}');
-- another order
SELECT pg_temp.columns('[{"name": "a"}, {"name": "b"}]', '[{"name": "b"}, {"name": "a"}]');

-- types
SELECT pg_temp.type('integer', 'bigint');
SELECT pg_temp.type('smallint', 'int');
SELECT pg_temp.type('real', 'double precision');
SELECT pg_temp.type('integer', 'text');
SELECT pg_temp.type('integer', 'numeric');
SELECT pg_temp.type('numeric(10,2)', 'numeric(12,4)');
SELECT pg_temp.type('numeric(10,2)', 'numeric(12,2)');
SELECT pg_temp.type('numeric(10,2)', 'numeric(10,4)');
SELECT pg_temp.type('numeric(10,2)', 'numeric(12,1)');
SELECT pg_temp.type('numeric(10)', 'numeric(2,-3)');
SELECT pg_temp.type('numeric(10,2)', 'numeric');
SELECT pg_temp.type('varchar(10)', 'varchar(20)');
SELECT pg_temp.type('varchar(10)', 'text');
SELECT pg_temp.type('character varying', 'text');
SELECT pg_temp.type('char(2)', 'char(3)');
SELECT pg_temp.type('char(2)', 'varchar(2)');
SELECT pg_temp.type('timestamp(3)', 'timestamp(6)');
SELECT pg_temp.type('timestamp', 'timestamptz');
SELECT pg_temp.type('date', 'timestamp');
SELECT pg_temp.type('integer[]', 'bigint[]');
SELECT pg_temp.type('integer', 'integer[]');
SELECT pg_temp.type('public.mood', 'public."Mood"');
SELECT pg_temp.type('geometry(Point,4326)', 'geometry(Point,25832)');
-- spellings of one type
SELECT pg_temp.type(a, b) FROM (VALUES ('int4', 'INTEGER'), ('decimal(10)', 'Numeric( 10 , 0 )'),
    ('pg_catalog.int8', 'bigint'), ('float(24)', 'real'), ('float', 'double  precision'), ('char', 'character(1)'),
    ('timestamp (3) with time zone', 'timestamptz(3)'), ('int[]', 'integer array'), ('int[][3]', 'int4[][]'),
    ('varchar(5)', 'character varying(5)')) AS v(a, b);
-- a logical type, and saying the type at all
SELECT pg_temp.col('logical', '{"logicalType": "integer"}', '{"logicalType": "number"}');
SELECT pg_temp.col('said', '{}', '{"logicalType": "integer", "physicalType": "int"}');
SELECT pg_temp.col('no text', '{"physicalType": "int"}', '{"physicalType": ["int"]}');
-- the policy "widening"
SELECT path, change, level FROM datamesh.compare_contracts(
    '{"schema": [{"name": "t", "properties": [{"name": "a", "physicalType": "int"}, {"name": "b", "physicalType": "real"}, {"name": "c", "physicalType": "bigint"}]}]}',
    '{"schema": [{"name": "t", "properties": [{"name": "a", "physicalType": "bigint"}, {"name": "b", "physicalType": "float8"}, {"name": "c", "physicalType": "int"}]}]}',
    widening => true);

-- nullability; false is what is not said, and a column of the primary key is NOT NULL anyway
SELECT pg_temp.col('null', '{}', '{"required": true}');
SELECT pg_temp.col('false', '{}', '{"required": false}');
SELECT pg_temp.col('key', '{"primaryKey": true}', '{"primaryKey": true, "required": true}');

-- keys
SELECT pg_temp.col('unique', '{}', '{"unique": true}');
SELECT pg_temp.col('primary', '{}', '{"primaryKey": true}');
SELECT pg_temp.col('not primary', '{}', '{"primaryKey": false}');
SELECT pg_temp.columns('[{"name": "a", "primaryKey": true}, {"name": "b"}]',
    '[{"name": "a", "primaryKey": true}, {"name": "b", "primaryKey": true}]');
SELECT pg_temp.columns('[{"name": "a", "primaryKey": true, "primaryKeyPosition": 1}, {"name": "b", "primaryKey": true, "primaryKeyPosition": 2}]',
    '[{"name": "a", "primaryKey": true, "primaryKeyPosition": 2}, {"name": "b", "primaryKey": true, "primaryKeyPosition": 1}]');
SELECT pg_temp.columns('[{"name": "a", "primaryKey": true, "primaryKeyPosition": 1}, {"name": "b", "primaryKey": true, "primaryKeyPosition": 2}]',
    '[{"name": "a", "primaryKey": true, "primaryKeyPosition": 10}, {"name": "b", "primaryKey": true, "primaryKeyPosition": 20}]');
-- a key whose column was renamed is the same key
SELECT pg_temp.columns('[{"id": "i1", "name": "a", "primaryKey": true}]', '[{"id": "i1", "name": "b", "primaryKey": true}]');
-- foreign keys of a column and of an object
SELECT pg_temp.col('foreign', '{}', '{"relationships": [{"to": "customers.id"}]}');
SELECT pg_temp.col('foreign', '{"relationships": [{"to": "customers.id"}]}', '{"relationships": [{"to": "people.id"}]}');
SELECT pg_temp.col('said', '{"relationships": [{"to": "customers.id"}]}', '{"relationships": [{"type": "foreignKey", "to": "customers.id"}]}');
SELECT pg_temp.changes('composite', '{"schema": [{"name": "t", "relationships": [{"from": ["t.a", "t.b"], "to": ["x.a", "x.b"]}, {"from": "c", "to": "y.c"}]}]}',
    '{"schema": [{"name": "t", "relationships": [{"from": "c", "to": "y.c"}, {"from": ["t.a", "t.b"], "to": ["x.a", "z.b"]}]}]}');
-- ... of a column that was renamed
SELECT pg_temp.changes('renamed', '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "a"}], "relationships": [{"from": "t.a", "to": "x.a"}]}]}',
    '{"schema": [{"name": "t", "properties": [{"id": "1", "name": "b"}], "relationships": [{"from": "t.b", "to": "x.a"}]}]}');

-- what describes
SELECT pg_temp.col(k, '{}', jsonb_build_object(k, v)::text)
FROM (VALUES ('description', '"What it is"'::jsonb), ('businessName', '"Customer"'), ('tags', '["a"]'), ('examples', '[1]'),
             ('authoritativeDefinitions', '[{"url": "https://example.com", "type": "x"}]')) AS t(k, v);
SELECT pg_temp.changes(NULL, '{}', jsonb_build_object(k, v))
FROM (VALUES ('description', '{"purpose": "x"}'::jsonb), ('tags', '["a"]'), ('team', '{"name": "t"}'),
             ('support', '[{"channel": "c"}]'), ('price', '{"priceAmount": 9.95}')) AS t(k, v);
-- a long text is shown shortened, between characters
SELECT pg_temp.changes(NULL, '{}', jsonb_build_object('description', jsonb_build_object('purpose', repeat('größe ', 30))));
-- states of the document; an end of life is announced
SELECT pg_temp.changes(NULL, '{"status": "draft"}', '{"status": "active"}');
SELECT pg_temp.changes(NULL, '{"status": "active"}', '{"status": "deprecated"}');
SELECT pg_temp.changes(NULL, '{"status": "deprecated"}', '{"status": "retired"}');
SELECT pg_temp.col('column', '{}', '{"deprecated": true}');
-- the version is the answer, not a change
SELECT pg_temp.changes(NULL, '{"version": "1.0.0"}', '{"version": "2.0.0"}');

-- what is in no table is held
SELECT pg_temp.changes(NULL, '{}', jsonb_build_object(k, 'x'))
FROM unnest(ARRAY['tenant', 'domain', 'dataProduct', 'name', 'servers', 'slaDefaultElement', 'whatever']) AS k;
SELECT pg_temp.changes(NULL, '{"apiVersion": "v3.0.2"}', '{"apiVersion": "v3.1.0"}');
SELECT pg_temp.col(k, '{}', jsonb_build_object(k, 'x')::text)
FROM unnest(ARRAY['physicalName', 'classification', 'criticalDataElement', 'encryptedName', 'transformLogic',
                  'partitioned', 'semanticType', 'what ever']) AS k;
SELECT pg_temp.changes(NULL, '{"schema": [{"name": "t"}]}', jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', k, 'x'))))
FROM unnest(ARRAY['physicalName', 'physicalType', 'dataGranularityDescription']) AS k;

-- columns within columns
SELECT pg_temp.col('object', '{"properties": [{"name": "street", "physicalType": "text"}]}',
    '{"properties": [{"name": "street", "physicalType": "varchar(5)"}, {"name": "town"}]}');
SELECT pg_temp.col('array', '{"items": {"logicalType": "integer"}}', '{"items": {"logicalType": "string"}}');

-- names of all kinds in paths
SELECT pg_temp.columns('[]', jsonb_agg(jsonb_build_object('name', n))::text)
FROM unnest(ARRAY['a b', 'x].y', '12', '', E'new\nline', 'quo"te', 'größe', 'Mixed']) AS n;
