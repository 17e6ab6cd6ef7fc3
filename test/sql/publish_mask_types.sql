-- publish_mask_types: masks on columns of every sort of type. The port has the type, the length and the
-- collation of the source (of the base type below a domain), no value makes a mask fail, and nobody's code runs.
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = warning;
CREATE ROLE regress_mt_owner;
CREATE ROLE regress_mt_reader;
GRANT CREATE, TEMPORARY ON DATABASE :DBNAME TO regress_mt_owner;
CALL datamesh.create_domain('rmtype', owner => 'regress_mt_owner');
CALL datamesh.create_consumer('rmreader', role => 'regress_mt_reader');
SET ROLE regress_mt_owner;
CREATE FUNCTION rmtype_internal.publish(product text, properties text, source text DEFAULT NULL, mode text DEFAULT 'snapshot') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: %1$s
name: %1$s
domain: rmtype
version: 1.0.0
status: active
schema: [{name: t, physicalName: %3$s, properties: [%2$s]}]
roles: [{role: rmreader}]
customProperties: [{property: datamesh.mode, value: %4$s}]
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: rmtype_internal}]
$doc$, product, properties, coalesce(source, product), mode));
    CALL datamesh.publish('rmtype.' || product);
END $$;
-- columns of a table that the port has of another type, length or collation, or in another place
CREATE FUNCTION rmtype_internal.differences(product text, source text) RETURNS TABLE (name name, source_type text, port_type text) LANGUAGE sql AS $$
SELECT s.attname, format_type(s.atttypid, s.atttypmod), format_type(p.atttypid, p.atttypmod)
FROM pg_attribute s LEFT JOIN pg_attribute p ON p.attrelid = ('rmtype.' || product)::regclass AND p.attname = s.attname
WHERE s.attrelid = ('rmtype_internal.' || source)::regclass AND s.attnum > 0 AND NOT s.attisdropped
  AND (s.atttypid, s.atttypmod, s.attcollation) IS DISTINCT FROM (p.atttypid, p.atttypmod, p.attcollation)
ORDER BY s.attnum $$;

-- ---- every type can be redacted, be null, and be hidden
CREATE TYPE rmtype_internal.mood AS ENUM ('sad', 'happy');
CREATE TYPE rmtype_internal.pair AS (a integer, b text);
CREATE TYPE rmtype_internal.span AS RANGE (subtype = integer);
CREATE TABLE rmtype_internal.all_types (id integer PRIMARY KEY, c_text text, c_c text COLLATE "C", c_varchar varchar(5), c_varchar_any varchar, c_char char(3), c_one char, c_name name,
    c_int2 int2, c_int4 int4, c_int8 int8, c_numeric numeric, c_numeric_ps numeric(5,2), c_numeric_neg numeric(3,-2), c_float4 float4, c_float8 float8, c_money money,
    c_bool boolean, c_date date, c_time time(2), c_timetz timetz, c_ts timestamp(3), c_tstz timestamptz, c_interval interval(1), c_uuid uuid, c_bytea bytea,
    c_json json, c_jsonb jsonb, c_xml xml, c_inet inet, c_cidr cidr, c_bit bit(3), c_varbit varbit(4), c_point point, c_range int4range, c_multi int4multirange, c_tsv tsvector,
    c_int_array integer[], c_text_array varchar(4)[], c_mood rmtype_internal.mood, c_moods rmtype_internal.mood[], c_pair rmtype_internal.pair, c_span rmtype_internal.span, c_oid regclass);
INSERT INTO rmtype_internal.all_types VALUES (1, 'text', 'text', 'short', 'any', 'ch', 'c', 'name', 1, 2, 3, 4.5, 99.99, 12300, 1.5, 2.5, 6.5, true, '2024-05-17', '12:30', '12:30+02', '2024-05-17 12:30', '2024-05-17 12:30+00',
    '1 hour', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\x01', '{"a": 1}', '{"a": 1}', '<a/>', '10.0.0.1', '10.0.0.0/8', '101', '1010', '(1,2)', '[1,2]', '{[1,2]}', 'a b', '{1,2}', '{a,b}',
    'happy', '{sad,happy}', '(1,x)', '[1,2]', 'pg_class');
SELECT rmtype_internal.publish(product, string_agg(format('{name: %s%s}', a.attname, CASE WHEN a.attname <> 'id' THEN format(', customProperties: [{property: datamesh.mask, value: "%s"}]', mask) ELSE ', primaryKey: true' END), ', ' ORDER BY a.attnum), 'all_types')
FROM (VALUES ('redacted', 'redact'), ('nulled', 'null')) AS v(product, mask), pg_attribute a WHERE a.attrelid = 'rmtype_internal.all_types'::regclass AND a.attnum > 0 GROUP BY product ORDER BY product;
SELECT * FROM rmtype_internal.differences('redacted', 'all_types') UNION ALL SELECT * FROM rmtype_internal.differences('nulled', 'all_types');
SELECT row_to_json(o)::text = row_to_json(s)::text AS owner_reads_all FROM rmtype.redacted o, rmtype_internal.all_types s;
SET ROLE regress_mt_reader;
SELECT key, value FROM rmtype.redacted AS r, json_each_text(row_to_json(r));
SELECT json_strip_nulls(row_to_json(r)) FROM rmtype.nulled AS r;

-- ---- constants: of the type, read once and written in the type's own way
SET ROLE regress_mt_owner;
SELECT rmtype_internal.publish('constants', $$
    {name: id, primaryKey: true},
    {name: c_text, customProperties: [{property: datamesh.mask, value: "constant('it''s, \"so\" \\ ')"}]},
    {name: c_varchar, customProperties: [{property: datamesh.mask, value: {function: constant, value: hello}}]},
    {name: c_char, customProperties: [{property: datamesh.mask, value: constant(x)}]},
    {name: c_int2, customProperties: [{property: datamesh.mask, value: {function: constant, value: -7}}]},
    {name: c_numeric_ps, customProperties: [{property: datamesh.mask, value: constant(1.5)}]},
    {name: c_bool, customProperties: [{property: datamesh.mask, value: {function: constant, value: false}}]},
    {name: c_date, customProperties: [{property: datamesh.mask, value: "constant(1 Jan 1970)"}]},
    {name: c_tstz, customProperties: [{property: datamesh.mask, value: "constant(1970-01-01 01:00+01)"}]},
    {name: c_jsonb, customProperties: [{property: datamesh.mask, value: {function: constant, value: {hidden: [1, null]}}}]},
    {name: c_int_array, customProperties: [{property: datamesh.mask, value: {function: constant, value: "{0}"}}]},
    {name: c_range, customProperties: [{property: datamesh.mask, value: {function: constant, value: "[1,2]"}}]},
    {name: c_uuid, customProperties: [{property: datamesh.mask, value: constant(00000000-0000-0000-0000-000000000001)}]},
    {name: c_mood, customProperties: [{property: datamesh.mask, value: constant(sad)}]}$$, 'all_types');
SET ROLE regress_mt_reader;
\x
SELECT * FROM rmtype.constants;
\x
SET datestyle = 'German';
SELECT c_date, c_tstz FROM rmtype.constants;
SET datestyle = 'ISO';

-- ---- texts: cut to their length, char padded, collations kept
SET ROLE regress_mt_owner;
CREATE TABLE rmtype_internal.texts (id integer PRIMARY KEY, t text, c text COLLATE "C", v varchar(4), ch char(6), n name, h varchar(40));
INSERT INTO rmtype_internal.texts VALUES (1, 'Jane', 'Jane', 'Jane', 'Jane', 'Jane', 'Jane'), (2, '', '', '', '', '', ''), (3, 'Łuk@ż.pl', 'Łuk@ż.pl', 'Łuk@', 'Łuk@ż', 'Łuk@ż', 'Łuk@ż');
SELECT rmtype_internal.publish(f, format($$
    {name: id, primaryKey: true},
    {name: t, customProperties: [{property: datamesh.mask, value: "%1$s"}]}, {name: c, customProperties: [{property: datamesh.mask, value: "%1$s"}]},
    {name: v, customProperties: [{property: datamesh.mask, value: "%1$s"}]}, {name: ch, customProperties: [{property: datamesh.mask, value: "%1$s"}]},
    {name: n, customProperties: [{property: datamesh.mask, value: "%1$s"}]}, {name: h, customProperties: [{property: datamesh.mask, value: "%1$s"}]}$$, m), 'texts')
FROM (VALUES ('partial', 'partial_mask'), ('partial_2', 'mask_partial(2, -, 0)'), ('email', 'email'), ('first_n', 'first(2)'), ('last_n', 'datamesh.mask_last(2, .)')) AS v(f, m);
SELECT f, d.* FROM (VALUES ('partial'), ('partial_2'), ('email'), ('first_n'), ('last_n')) AS v(f), rmtype_internal.differences(f, 'texts') AS d;
SET ROLE regress_mt_reader;
SELECT * FROM rmtype.partial ORDER BY id;
SELECT * FROM rmtype.partial_2 ORDER BY id;
SELECT * FROM rmtype.email ORDER BY id;
SELECT * FROM rmtype.first_n ORDER BY id;
SELECT * FROM rmtype.last_n ORDER BY id;

-- ---- keyed masks: the first publish of a database that asks for one makes the key
RESET ROLE;
BEGIN;
DELETE FROM datamesh.mask_key;
SET ROLE regress_mt_owner;
SELECT rmtype_internal.publish('keyed', $$
    {name: id, primaryKey: true}, {name: t, customProperties: [{property: datamesh.mask, value: hash}]},
    {name: h, customProperties: [{property: datamesh.mask, value: pseudonym}]}$$, 'texts');
RESET ROLE;
SELECT count(*) AS keys FROM datamesh.mask_key;
SELECT kind, actor = session_user AS by_me FROM datamesh.event_log WHERE kind = 'mask_key_rotated' ORDER BY event_id DESC LIMIT 1;
ROLLBACK;
CALL datamesh.rotate_key(only_if_none => true);
SET ROLE regress_mt_owner;
CREATE TABLE rmtype_internal.keyed (id bigint PRIMARY KEY, u uuid, t text, ch char(40), n name, d date, day date, i2 int2, i4 integer, f4 float4, f8 float8, num numeric, n42 numeric(4,2), n22 numeric(2,2), n30 numeric(3,0));
INSERT INTO rmtype_internal.keyed
SELECT i, md5(i::text)::uuid, 'value ' || i % 2, 'value ' || i % 2, 'v', '2024-05-17', 'infinity', 32767, -2147483648, 3.4028235e38, -1.7976931348623157e308, 'NaN', 99.99, -0.99, 999 FROM generate_series(1, 20) i;
INSERT INTO rmtype_internal.keyed VALUES (21, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (22, md5('22')::uuid, '', '', '', '-infinity', '0044-03-15 BC', -32768, 0, '-Infinity', 'NaN', 'Infinity', 'NaN', 0, 0);
RESET ROLE;
CALL datamesh.set_policy('quality.completeness', 'OFF', why => 'nulls are tested');
-- one source is published in several ways
CALL datamesh.set_policy('security.lineage', severity => 'OFF');
SET ROLE regress_mt_owner;
SELECT rmtype_internal.publish('keyed', $$
    {name: id, primaryKey: true, customProperties: [{property: datamesh.mask, value: pseudonym}]}, {name: u, customProperties: [{property: datamesh.mask, value: pseudonym}]},
    {name: t, customProperties: [{property: datamesh.mask, value: hash}]}, {name: ch, customProperties: [{property: datamesh.mask, value: hash}]}, {name: n, customProperties: [{property: datamesh.mask, value: pseudonym}]},
    {name: d, customProperties: [{property: datamesh.mask, value: noise(30)}]}, {name: day, customProperties: [{property: datamesh.mask, value: {function: noise, days: 999999, key: u}}]},
    {name: i2, customProperties: [{property: datamesh.mask, value: noise(1)}]}, {name: i4, customProperties: [{property: datamesh.mask, value: noise(1.0)}]}, {name: f4, customProperties: [{property: datamesh.mask, value: noise(0.5)}]},
    {name: f8, customProperties: [{property: datamesh.mask, value: noise(.5)}]}, {name: num, customProperties: [{property: datamesh.mask, value: noise(1e-1)}]}, {name: n42, customProperties: [{property: datamesh.mask, value: noise(0.5)}]},
    {name: n22, customProperties: [{property: datamesh.mask, value: {function: noise, ratio: 1, key: [t, d]}}]}, {name: n30, customProperties: [{property: datamesh.mask, value: "noise(0.5, t, u)"}]}$$);
SELECT * FROM rmtype_internal.differences('keyed', 'keyed');
SET ROLE regress_mt_reader;
SELECT count(*), count(DISTINCT id) AS ids, bool_and(id > 22) AS pseudonyms, count(DISTINCT u) AS uuids, count(DISTINCT t) AS texts, count(DISTINCT ch) AS chars, bool_and(t IS NULL OR t ~ '^[0-9a-f]{64}$') AS hex,
       bool_and(length(ch) = 40) AS cut, bool_and(n ~ '^[a-z2-7]{24}$') AS names,
       count(u) AS u, count(d) AS d, count(i2) AS i2, count(f4) AS f4, count(num) AS num, count(n42) AS n42, count(n22) AS n22, count(n30) AS n30 FROM rmtype.keyed;
SELECT bool_and(d = '-infinity' OR abs(d - '2024-05-17') <= 30) AS d, count(DISTINCT d) > 5 AS spread, count(DISTINCT day) AS days, bool_and(i2 BETWEEN -32768 AND 32767) AS i2, max(i4) <= 0 AS i4, min(f4) AS f4, max(f8) AS f8, max(num) AS num,
       bool_and(n42 <= 99.99) AS n42, bool_and(n22 BETWEEN -0.99 AND 0.99) AS n22, bool_and(n30 BETWEEN 0 AND 999) AS n30 FROM rmtype.keyed;
-- noise is the same in every session, whatever its settings: what tells the rows apart is written in one way
CREATE TEMP TABLE once AS SELECT * FROM rmtype.keyed;
SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'; SET extra_float_digits = -5; SET intervalstyle = 'iso_8601'; SET bytea_output = 'escape'; SET lc_monetary = 'C'; SET xmloption = 'document';
SELECT count(*) AS changed FROM ((SELECT * FROM rmtype.keyed) EXCEPT (SELECT * FROM once)) AS d;
RESET datestyle; RESET timezone; RESET extra_float_digits; RESET intervalstyle; RESET bytea_output; RESET lc_monetary; RESET xmloption;
DROP TABLE once;
SET datestyle = 'ISO'; SET timezone = 'UTC';

-- ---- dates
SET ROLE regress_mt_owner;
CREATE TABLE rmtype_internal.dates (id integer PRIMARY KEY, d date, ts timestamp(0), tstz timestamptz(3));
INSERT INTO rmtype_internal.dates VALUES (1, '2024-05-17', '2024-05-17 12:34:56', '2024-05-17 12:34:56.789+02'), (2, 'infinity', '-infinity', 'infinity'), (3, '5874897-12-31', '294276-12-31 23:59:59', '4713-01-01 00:00+00 BC');
SELECT rmtype_internal.publish('dates', $$
    {name: id, primaryKey: true}, {name: d, customProperties: [{property: datamesh.mask, value: date_trunc(month)}]},
    {name: ts, customProperties: [{property: datamesh.mask, value: {function: mask_date_trunc, unit: hour}}]}, {name: tstz, customProperties: [{property: datamesh.mask, value: date_trunc(day)}]}$$);
SELECT * FROM rmtype_internal.differences('dates', 'dates');
SET ROLE regress_mt_reader;
SELECT * FROM rmtype.dates ORDER BY id;

-- ---- domains: the base type, and not one look at their checks by the reader
SET ROLE regress_mt_owner;
CREATE FUNCTION rmtype_internal.spy(value text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'a check sees % as %', value, current_user; RETURN value ~ '^[A-Z]' OR value IS NULL; END $$;
CREATE DOMAIN rmtype_internal.label AS varchar(20) NOT NULL CHECK (VALUE <> '[redacted]' AND VALUE !~ '\*');
CREATE DOMAIN rmtype_internal.spied AS text CHECK (rmtype_internal.spy(VALUE));
CREATE DOMAIN rmtype_internal.positive AS numeric(6,2) CHECK (VALUE > 0);
CREATE DOMAIN rmtype_internal.moody AS rmtype_internal.mood;
CREATE TABLE rmtype_internal.domains (id integer PRIMARY KEY, a rmtype_internal.label, b rmtype_internal.spied, c rmtype_internal.positive, d rmtype_internal.positive, e rmtype_internal.moody, plain rmtype_internal.label, many rmtype_internal.label[]);
INSERT INTO rmtype_internal.domains VALUES (1, 'Jane', 'Jane', 10, 20, 'sad', 'plain', '{x}');
SELECT rmtype_internal.publish('domains', $$
    {name: id, primaryKey: true}, {name: a, customProperties: [{property: datamesh.mask, value: redact}]}, {name: b, customProperties: [{property: datamesh.mask, value: partial}]},
    {name: c, customProperties: [{property: datamesh.mask, value: redact}]}, {name: d, customProperties: [{property: datamesh.mask, value: noise(0.1)}]}, {name: e, customProperties: [{property: datamesh.mask, value: constant(happy)}]}, {name: plain},
    {name: many, customProperties: [{property: datamesh.mask, value: redact}]}$$);
SELECT name, port_type FROM rmtype_internal.differences('domains', 'domains');
SET ROLE regress_mt_reader;
SELECT id, a, b, c, d <> 20 AS noisy, e, plain, many FROM rmtype.domains;
SET ROLE regress_mt_owner;
SELECT * FROM rmtype.domains;
-- live: the same, again and again
SELECT rmtype_internal.publish('live_domains', $$
    {name: id, primaryKey: true}, {name: "first name", physicalName: a, customProperties: [{property: datamesh.mask, value: first(2)}]}, {name: b, customProperties: [{property: datamesh.mask, value: redact}]}, {name: plain}$$, 'domains', 'live');
CALL datamesh.publish('rmtype.live_domains');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'rmtype.live_domains'::regclass AND attnum > 0 ORDER BY attnum;
SET ROLE regress_mt_reader;
SELECT * FROM rmtype.live_domains;

-- ---- names that hurt
SET ROLE regress_mt_owner;
CREATE TABLE rmtype_internal."so ""urce'" ("i'd" integer PRIMARY KEY, "na""me" text, "select" text, "CASE" text, mask_choice text, current_user_ text, "user" text, "'); DROP TABLE x; --" text);
INSERT INTO rmtype_internal."so ""urce'" VALUES (1, 'aaa', 'bbb', 'ccc', 'ddd', 'eee', 'fff', 'ggg');
CALL datamesh.load_contract($$
{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "odd", "name": "Pro\"du'ct", "domain": "rmtype", "version": "1.0.0", "status": "active", "roles": [{"role": "rmreader"}],
 "schema": [{"name": "s", "physicalName": "so \"urce'", "customProperties": [{"property": "datamesh.rowFilter", "value": "\"na\"\"me\" <> 'it''s' AND \"i'd\" > 0"}],
   "properties": [{"name": "i'd", "primaryKey": true},
     {"name": "na\"me", "customProperties": [{"property": "datamesh.mask", "value": "hash"}]},
     {"name": "select", "customProperties": [{"property": "datamesh.mask", "value": "partial(1, '*''\"*\\', 0)"}]},
     {"name": "CASE", "customProperties": [{"property": "datamesh.mask", "value": {"function": "constant", "value": "'; SELECT \"x\" --\\"}}]},
     {"name": "mask_choice", "customProperties": [{"property": "datamesh.mask", "value": "first(1, \"'\")"}]},
     {"name": "current_user", "physicalName": "current_user_", "customProperties": [{"property": "datamesh.mask", "value": "redact"}]},
     {"name": "user", "customProperties": [{"property": "datamesh.mask", "value": "last(1)"}]},
     {"name": "'); DROP TABLE x; --", "customProperties": [{"property": "datamesh.mask", "value": "null"}]}]}],
 "servers": [{"server": "here", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rmtype_internal"}]}
$$);
CALL datamesh.publish('rmtype."Pro""du''ct"');
SELECT * FROM rmtype."Pro""du'ct";
SET ROLE regress_mt_reader;
SELECT "i'd", "na""me" ~ '^[0-9a-f]{64}$' AS hashed, "select", "CASE", mask_choice, "current_user", "user", "'); DROP TABLE x; --" FROM rmtype."Pro""du'ct";
RESET ROLE;
-- a dump writes what a restore reads
SELECT count(*) AS remade FROM (SELECT pg_get_viewdef('rmtype."Pro""du''ct"'::regclass) AS d) v WHERE d LIKE '%''rmtype."Pro""du''''ct"."na""me"''::datamesh.mask_policy%';

SET client_min_messages = error;
CALL datamesh.drop_policy('quality.completeness');
CALL datamesh.drop_policy('security.lineage');
SET ROLE regress_mt_owner;
DO $$
DECLARE p text;
BEGIN
    FOR p IN SELECT product FROM datamesh.products WHERE product LIKE 'rmtype.%' LOOP
        CALL datamesh.deprecate(p, '1.0.0', current_date);
        CALL datamesh.retire(p);
    END LOOP;
END $$;
RESET ROLE;
CALL datamesh.drop_domain('rmtype');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rmreader';
DROP SCHEMA rmtype_internal CASCADE;
DROP OWNED BY regress_mt_owner, regress_mt_reader;
DROP ROLE regress_mt_owner, regress_mt_reader;
