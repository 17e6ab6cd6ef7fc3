-- publish_types: whatever the values are, the copy is equal to the source: nulls, wide and toasted
-- values, types of every length, alignment and storage; and products with very many columns.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_types;
CALL datamesh.create_domain('rtypes', owner => 'regress_types');
-- every column has nulls here
CALL datamesh.set_policy('quality.completeness', severity => 'WARNING');
-- and addresses of machines in two
CALL datamesh.set_policy('security.pii_undeclared', severity => 'WARNING');
SET ROLE regress_types;
CREATE TYPE rtypes_internal.pair AS (a integer, b text);
CREATE TYPE rtypes_internal.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN rtypes_internal.positive AS integer CHECK (VALUE > 0);
CREATE TABLE rtypes_internal.t (
    c_bool boolean, c_char "char", c_int2 smallint, c_int8 bigint, c_text text, c_float4 real, c_name name,
    c_bytea bytea, c_float8 double precision, c_uuid uuid, c_bpchar char(7), c_numeric numeric, c_date date,
    c_time time, c_timetz timetz, c_tstz timestamptz, c_interval interval, c_mac macaddr, c_inet inet,
    c_point point, c_box box, c_bit varbit(9), c_int4s integer[], c_texts text[], c_pair rtypes_internal.pair,
    c_mood rtypes_internal.mood, c_domain rtypes_internal.positive, c_json json, c_jsonb jsonb, c_range int4range,
    c_multi nummultirange, c_tsv tsvector, c_xid xid, c_vector int2vector, c_plain text, c_collated text COLLATE "C", c_last boolean);
ALTER TABLE rtypes_internal.t ALTER c_plain SET STORAGE PLAIN, ALTER c_bytea SET STORAGE EXTERNAL, ALTER c_json SET COMPRESSION pglz;
INSERT INTO rtypes_internal.t
SELECT i % 2 = 0, chr(65 + i % 26)::"char", i, i::bigint << 33, repeat('ä', i % 140), i / 3.0, 'n' || i,
       decode(repeat('ab', i * 7 % 3000), 'hex'), i * 1e100::float8, md5(i::text)::uuid, i::text, i * 1.10 ^ (i % 50)::numeric, date '2000-01-01' + i,
       time '00:00' + i * interval '1 second', '12:00+01', timestamptz '2000-01-01 00:00+00' + i * interval '1 h', i * interval '1 day', '08:00:2b:01:02:03',
       '10.0.0.0/8', point(i, -i), box(point(0, 0), point(i, i)), (i % 512)::bit(9)::varbit, array_agg_int, ARRAY['a', NULL, repeat('x', i)],
       ROW(i, repeat('y', (i % 200)::integer))::rtypes_internal.pair, (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::rtypes_internal.mood, i, json_build_object('i', repeat('z', i * 11)),
       jsonb_build_object('i', i), int4range(i, i + 5), nummultirange(numrange(i, i + 1)), to_tsvector('simple', 'a b c' || i), i::text::xid, '1 2 3',
       repeat('p', i % 300), repeat('q', i % 127), i % 5 = 0
FROM (SELECT g::integer AS i FROM generate_series(1, 700) g) n, LATERAL (SELECT array_agg(j) AS array_agg_int FROM generate_series(1, i % 90) j) a;
-- rows of nothing but nulls, of a null here and there, and of the sizes where headers change
INSERT INTO rtypes_internal.t SELECT FROM generate_series(1, 3);
INSERT INTO rtypes_internal.t (c_text, c_last) SELECT repeat('b', n), n % 2 = 0 FROM generate_series(120, 135) n;
INSERT INTO rtypes_internal.t (c_int8, c_json) SELECT n, to_json(string_agg(md5(n::text || j), '')) FROM generate_series(1, 5) n, generate_series(1, 6000) j GROUP BY n;
INSERT INTO rtypes_internal.t (c_plain) VALUES (repeat('r', 6000));
CREATE FUNCTION rtypes_internal.load(product text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg(format('{"name": "%s"}', attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = ('rtypes_internal.' || product)::regclass AND attnum > 0 AND NOT attisdropped;
    CALL datamesh.load_contract(format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "t", "name": "%1$s", "domain": "rtypes", "version": "1.0.0",
      "status": "active", "schema": [{"name": "%1$s", "physicalName": "%1$s", "properties": [%2$s]}],
      "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rtypes_internal"}]}', product, columns));
END $$;
SELECT rtypes_internal.load('t');
CALL datamesh.publish('rtypes.t');
SELECT (SELECT count(*) FROM rtypes.t) AS rows,
       (SELECT count(*) FROM (SELECT t::text FROM rtypes_internal.t EXCEPT ALL SELECT t::text FROM rtypes.t) d) AS missing,
       (SELECT count(*) FROM (SELECT t::text FROM rtypes.t EXCEPT ALL SELECT t::text FROM rtypes_internal.t) d) AS strange;
SELECT string_agg(s.attname, ', ') AS differ FROM pg_attribute s JOIN pg_attribute p USING (attname)
WHERE s.attrelid = 'rtypes_internal.t'::regclass AND p.attrelid = 'rtypes.t'::regclass AND s.attnum > 0
  AND (s.atttypid, s.atttypmod, s.attcollation) IS DISTINCT FROM (p.atttypid, p.atttypmod, p.attcollation);
-- the rows are stored as anybody would store them: other tools can rewrite and index them
RESET ROLE;
CREATE TABLE rtypes_internal.rewritten AS SELECT * FROM rtypes_releases.t_v1;
SELECT count(*) AS differ FROM (SELECT r::text FROM rtypes_internal.rewritten r EXCEPT SELECT r::text FROM rtypes_releases.t_v1 r) d;
DROP TABLE rtypes_internal.rewritten;
CREATE EXTENSION IF NOT EXISTS pageinspect;
SELECT count(*) AS not_frozen FROM pg_inherits, LATERAL generate_series(0, pg_relation_size(inhrelid) / current_setting('block_size')::int - 1) b,
       LATERAL heap_page_items(get_raw_page(inhrelid::regclass::text, b::int))
WHERE inhparent = 'rtypes_releases.t_v1'::regclass AND (t_infomask & 768) <> 768;
DROP EXTENSION pageinspect;
SET ROLE regress_types;

-- a source with dropped columns, partitioned, and with another order of columns in a partition
CREATE TABLE rtypes_internal.parts (junk integer, id integer, name text) PARTITION BY RANGE (id);
CREATE TABLE rtypes_internal.parts_1 PARTITION OF rtypes_internal.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE rtypes_internal.parts_2 (name text, gone text, id integer, junk integer);
ALTER TABLE rtypes_internal.parts_2 DROP COLUMN gone;
ALTER TABLE rtypes_internal.parts ATTACH PARTITION rtypes_internal.parts_2 FOR VALUES FROM (10) TO (20);
ALTER TABLE rtypes_internal.parts DROP COLUMN junk;
INSERT INTO rtypes_internal.parts SELECT i, 'n' || i FROM generate_series(1, 15) i;
SELECT rtypes_internal.load('parts');
CALL datamesh.publish('rtypes.parts');
SELECT count(*), min(name), max(id) FROM rtypes.parts;

-- as many columns as a release can have
SET client_min_messages = warning;
DO $$
DECLARE
    columns text;
BEGIN
    SELECT string_agg('c' || i || ' integer DEFAULT ' || i, ', ') INTO columns FROM generate_series(1, 1599) i;
    EXECUTE 'CREATE TABLE rtypes_internal.wide (' || columns || ')';
END $$;
INSERT INTO rtypes_internal.wide DEFAULT VALUES;
UPDATE rtypes_internal.wide SET c3 = NULL;
SELECT rtypes_internal.load('wide');
CALL datamesh.publish('rtypes.wide');
SELECT c1, c3, c1599 FROM rtypes.wide;
RESET client_min_messages;

RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.deprecate('rtypes.t', '1.0.0', current_date);
CALL datamesh.retire('rtypes.t');
CALL datamesh.deprecate('rtypes.parts', '1.0.0', current_date);
CALL datamesh.retire('rtypes.parts');
CALL datamesh.deprecate('rtypes.wide', '1.0.0', current_date);
CALL datamesh.retire('rtypes.wide');
CALL datamesh.drop_policy('quality.completeness');
CALL datamesh.drop_policy('security.pii_undeclared');
CALL datamesh.drop_domain('rtypes');
DROP SCHEMA rtypes_internal CASCADE;
DROP ROLE regress_types;
