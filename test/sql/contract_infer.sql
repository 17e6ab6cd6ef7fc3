-- contract_infer: what is proposed for a relation says what its data has in common, load_contract
-- takes it, and the same data keeps it: whatever kind of relation it is and whatever is in it.
CREATE ROLE regress_shop_team;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('regress_shop', 'regress_shop_team');
SET ROLE regress_shop_team;
SET search_path = regress_shop_internal;

-- Which checks of its own proposal does a relation not pass?  None, ever.
CREATE FUNCTION pg_temp.broken(relation regclass) RETURNS TABLE (rule text, status text, message text) LANGUAGE sql AS
$f$
SELECT rule, status::text, message FROM datamesh.check_table(relation, datamesh.infer_contract(relation)) WHERE status <> 'pass'
$f$;
-- What is proposed for one column
CREATE FUNCTION pg_temp.column_of(relation regclass, name text) RETURNS jsonb LANGUAGE sql AS
$f$
SELECT property - 'name' FROM jsonb_array_elements(datamesh.infer_contract(relation) #> '{schema,0,properties}') property
WHERE property ->> 'name' = $2
$f$;

-- a table with a bit of everything
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN percentage AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE countries (code character(2) PRIMARY KEY, name text);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France');
CREATE TABLE stores (country character(2) REFERENCES countries, number integer, PRIMARY KEY (country, number));
INSERT INTO stores SELECT c, n FROM unnest(ARRAY['DE', 'FR']) c, generate_series(1, 3) n;
CREATE TABLE customers (
    customer_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gone integer,
    email text UNIQUE,
    country character(2) REFERENCES countries,
    store integer,
    segment varchar(20) NOT NULL,
    reference text,
    hash text,
    phone text,
    amount numeric(10, 2),
    small real,
    large double precision,
    share percentage,
    feeling mood,
    born date,
    updated_at timestamptz,
    seen_at timestamptz,
    local timestamp,
    tags text[],
    details jsonb,
    address inet,
    active boolean,
    note text,
    never text,
    "Weird ""name, with; 'all'" text,
    FOREIGN KEY (country, store) REFERENCES stores,
    UNIQUE (segment, reference)
);
ALTER TABLE customers DROP COLUMN gone;
COMMENT ON TABLE customers IS 'Everybody who ever bought';
COMMENT ON COLUMN customers.email IS 'Where to write; it''s unique';
INSERT INTO customers (email, country, store, segment, reference, hash, phone, amount, small, large, share, feeling, born,
    updated_at, seen_at, local, tags, details, address, active, note, "Weird ""name, with; 'all'")
SELECT 'user' || i || '@shop.example', CASE WHEN i % 3 > 0 THEN (ARRAY['DE', 'FR'])[1 + i % 2] END, CASE WHEN i % 3 > 0 THEN 1 + i % 3 END,
    (ARRAY['gold', 'silver', 'bronze'])[1 + i % 3], 'ACC-' || lpad(i::text, 6, '0'), md5(i::text), '+49 ' || i * 1001, i * 1.5, i * 0.1, i / 7.0,
    i / 3.0, (enum_range(NULL::mood))[1 + i % 3], date '1950-01-01' + i, now() - i * interval '1 hour', timestamptz '2020-01-01 00:00+00' + i * interval '1 day',
    timestamp '1999-12-31 23:59:59.5' + i * interval '1 second', ARRAY['x'], '{}', '10.0.0.1', i % 2 = 0,
    repeat('é', i % 40) || i, 'some ' || repeat('x', i)
FROM generate_series(1, 300) i;
SELECT regexp_replace(datamesh.contract_to_yaml(datamesh.infer_contract('customers')), 'updated_at(.*?)minimum: "[^"]*"', 'updated_at\1minimum: (a day)');
SELECT * FROM pg_temp.broken('customers');
CALL datamesh.load_contract(datamesh.infer_contract('customers')::text);
SELECT datamesh.contract('regress_shop.customers') = datamesh.infer_contract('customers') AS stored_as_proposed;
CALL datamesh.load_contract(datamesh.contract_to_yaml(datamesh.infer_contract('customers')));

-- the proposal has teeth: other data does not keep it
CREATE TEMP TABLE proposal AS SELECT datamesh.infer_contract('customers') AS document;
INSERT INTO customers (email, country, segment, reference, hash, amount, share, born) VALUES ('x', NULL, 'lead', 'acc-1', 'g', -1, 100, '1900-01-01');
SELECT rule, failing_rows FROM proposal, datamesh.check_table('customers', document) WHERE status <> 'pass' ORDER BY rule;
DELETE FROM customers WHERE segment = 'lead';

-- views tell nothing of their columns: the data and the names do
CREATE VIEW best_customers AS SELECT * FROM customers WHERE segment = 'gold';
CREATE MATERIALIZED VIEW customer_totals AS SELECT customer_id, sum(amount) AS total FROM customers GROUP BY 1;
CREATE VIEW countries_twice AS SELECT code, name FROM countries UNION ALL SELECT code, name FROM countries;
SELECT pg_temp.column_of('best_customers', 'customer_id') AS best, pg_temp.column_of('customer_totals', 'customer_id') AS totals,
       pg_temp.column_of('countries_twice', 'code') AS twice;
SELECT relation, datamesh.infer_contract(relation) #> '{schema,0,physicalType}' AS type
FROM unnest(ARRAY['best_customers', 'customer_totals', 'countries_twice']::regclass[]) relation;
SELECT pg_temp.broken(relation) FROM unnest(ARRAY['best_customers', 'customer_totals', 'countries_twice', 'stores', 'countries']::regclass[]) relation;
CALL datamesh.load_contract(datamesh.infer_contract('customer_totals')::text);

-- composite keys
SELECT jsonb_path_query_array(datamesh.infer_contract('stores'), '$.schema[0].properties[*].primaryKeyPosition') AS positions,
       datamesh.infer_contract('customers') #> '{schema,0,relationships}' AS relationships;

-- partitions, inheritance
CREATE TABLE events (event_id bigint NOT NULL, happened_at timestamptz NOT NULL, kind text) PARTITION BY RANGE (happened_at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
INSERT INTO events SELECT i, timestamptz '2024-12-01 12:00+00' + i * interval '1 day', CASE i % 2 WHEN 0 THEN 'in' ELSE 'out' END FROM generate_series(1, 60) i;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SET extra_float_digits = -10;
SELECT pg_temp.column_of('events', 'happened_at'), pg_temp.column_of('events', 'event_id'), pg_temp.column_of('events', 'kind') #>> '{quality,0,arguments}';
SELECT * FROM pg_temp.broken('events');
SELECT * FROM pg_temp.broken('customers');
RESET TimeZone;
RESET DateStyle;
RESET extra_float_digits;

-- empty relations: definitions only
CREATE TABLE empty (id integer PRIMARY KEY, a text NOT NULL, b numeric, created_at timestamptz);
SELECT datamesh.infer_contract('empty') #> '{schema,0}' AS schema, datamesh.infer_contract('empty') -> 'slaProperties' AS sla;
SELECT * FROM pg_temp.broken('empty');
CREATE TABLE nothing ();
SELECT datamesh.infer_contract('nothing') #> '{schema,0,properties}' AS properties;

-- values that are no bounds
CREATE TABLE strange (f double precision, g double precision, h real, n numeric, m numeric, d date, t timestamptz, changed_at timestamptz, z double precision);
INSERT INTO strange VALUES ('NaN', '-Infinity', 0.1, 'NaN', 'Infinity', '-infinity', 'infinity', 'infinity', '-0'),
    (1, 5e-324, 0.3, 1, 1e30, '2020-01-01', '2020-01-01', '2020-01-01', 0), (2, 1.7976931348623157e308, 16777216, 2, -1e-30, '0044-03-15 BC', '0044-03-15 BC', '2020-01-01', 1e15);
SELECT property -> 'name' AS name, property -> 'logicalTypeOptions' AS options
FROM jsonb_array_elements(datamesh.infer_contract('strange') #> '{schema,0,properties}') property;
SELECT datamesh.infer_contract('strange') -> 'slaProperties' AS sla;
SELECT * FROM pg_temp.broken('strange');

-- texts: forms that all share, forms that most share, blanks, line breaks, long ones
CREATE TABLE texts (code text, product text, digits text, version text, mixed text, padded character(5), lines text, word text, uuid text, long text, path text, one text, hex text);
INSERT INTO texts SELECT chr(65 + i % 26) || chr(65 + i / 26), upper(substr(md5(i::text), 1, 4)) || '-' || upper(substr(md5(i::text), 5, 4)), (i * i)::text,
    format('%s.%s.%s', i % 3, i, i * 7), CASE WHEN i = 17 THEN 'x' ELSE i::text END, 'p' || i, E'a\n' || i, (ARRAY['alpha', 'beta'])[1 + i % 2] || repeat('x', i % 23),
    md5(i::text)::uuid::text, repeat('long ', i * 100), 'C:\(' || i || ')', 'same', CASE WHEN i = 1 THEN '' ELSE to_hex(i) END
FROM generate_series(1, 50) i;
SELECT property -> 'name' AS name, property #>> '{logicalTypeOptions,pattern}' AS pattern, property #> '{logicalTypeOptions,minLength}' AS min,
    property #> '{logicalTypeOptions,maxLength}' AS max, property #> '{quality,0,arguments,validValues}' AS values
FROM jsonb_array_elements(datamesh.infer_contract('texts') #> '{schema,0,properties}') property;
SELECT * FROM pg_temp.broken('texts');

-- completeness at the very figure
CREATE TABLE holes AS SELECT CASE WHEN i % 7 = 0 THEN i END AS a, CASE WHEN i > 1 THEN i END AS b, NULL::integer AS c FROM generate_series(1, 700) i;
SELECT jsonb_path_query(datamesh.infer_contract('holes'), '$.schema[0].properties[*].quality[*].mustBeLessOrEqualTo') AS at_most;
SELECT * FROM pg_temp.broken('holes');

-- composites, arrays of them, ranges, xml: kept as what they are
CREATE TYPE pair AS (a integer, b text);
CREATE TABLE odd (p pair, ps pair[], r int4range, x xml, b bytea, t time, i interval, bits bit(3), m money);
INSERT INTO odd VALUES (ROW(1, NULL), '{}', '[1,2)', '<a/>', '\x00', '12:00', '1 day', '101', 1), (ROW(NULL, NULL), NULL, 'empty', NULL, '', NULL, '1 month', NULL, NULL);
SELECT property ->> 'name' AS name, property ->> 'logicalType' AS logical, property ->> 'physicalType' AS physical, property -> 'required' AS required
FROM jsonb_array_elements(datamesh.infer_contract('odd') #> '{schema,0,properties}') property;
SELECT * FROM pg_temp.broken('odd');

-- 1,600 columns, and names that want quoting
DO $do$
BEGIN
    EXECUTE (SELECT format('CREATE TABLE wide (%s)', string_agg(format('"Column %s %%s ""quoted""" text', i), ', ')) FROM generate_series(1, 1600) i);
END
$do$;
INSERT INTO wide ("Column 1 %s ""quoted""", "Column 1600 %s ""quoted""") VALUES ('a', 'b'), ('c', NULL);
SELECT jsonb_array_length(datamesh.infer_contract('wide') #> '{schema,0,properties}') AS columns,
       length(datamesh.parse_contract(datamesh.infer_contract('wide')::text)::text) > 100000 AS accepted;
CREATE TABLE """Table"".; --" ("a.b" text, "c/d_at" timestamptz, " " text);
INSERT INTO """Table"".; --" VALUES ('x', now(), ' '), ('y', now(), NULL);
ALTER TABLE """Table"".; --" ADD COLUMN made_at timestamptz DEFAULT now();
SELECT datamesh.infer_contract('"""Table"".; --"') - 'schema';
SELECT * FROM pg_temp.broken('"""Table"".; --"');

-- keys by their names, when nothing is declared
CREATE TABLE orders AS SELECT i AS order_no, i % 10 AS order_id, i % 5 AS id, i AS other_id FROM generate_series(1, 20) i;
CREATE TABLE lines AS SELECT i % 4 AS n, i AS line_id, i AS id FROM generate_series(1, 20) i;
SELECT relation, jsonb_path_query_array(datamesh.infer_contract(relation), '$.schema[0].properties[*] ? (@.primaryKey == true).name') AS key
FROM unnest(ARRAY['orders', 'lines']::regclass[]) relation;

-- how fresh: twice the age, in a figure to remember
CREATE TABLE ages (created_at timestamptz, zoneless_at timestamp);
SELECT datamesh.infer_contract('ages') -> 'slaProperties' AS none;
INSERT INTO ages SELECT now() - interval '5 days', now();
SELECT datamesh.infer_contract('ages') #> '{slaProperties,0}' AS month;
UPDATE ages SET created_at = now() + interval '1 hour';
SELECT datamesh.infer_contract('ages') -> 'slaProperties' AS future;

-- whose rights: the caller's
RESET ROLE;
SET datamesh.break_glass = on; -- the guard of DDL would refuse these grants
GRANT USAGE ON SCHEMA regress_shop_internal TO regress_stranger;
SET ROLE regress_stranger;
SELECT datamesh.infer_contract('regress_shop_internal.customers');
RESET ROLE;
GRANT SELECT (code) ON regress_shop_internal.countries TO regress_stranger;
SET ROLE regress_stranger;
SELECT datamesh.infer_contract('regress_shop_internal.countries');
RESET ROLE;
ALTER TABLE regress_shop_internal.countries ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON regress_shop_internal.countries TO regress_stranger;
RESET datamesh.break_glass;
SET ROLE regress_stranger;
SELECT datamesh.infer_contract('regress_shop_internal.countries') #> '{schema,0,quality}' AS sees_no_row;
RESET ROLE;
SET ROLE regress_shop_team;

-- nothing of the caller's search_path runs in between
CREATE FUNCTION count() RETURNS bigint LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'caught'; END $f$;
CREATE FUNCTION always(bigint, integer) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'caught'; END $f$;
CREATE OPERATOR > (LEFTARG = bigint, RIGHTARG = integer, FUNCTION = always);
SET search_path = regress_shop_internal, pg_catalog;
SELECT jsonb_array_length(datamesh.infer_contract('lines') #> '{schema,0,properties}') AS columns;
SET search_path = regress_shop_internal;
DROP OPERATOR regress_shop_internal.> (bigint, integer);
DROP FUNCTION always, regress_shop_internal.count();

-- what is no source
CREATE SEQUENCE numbers;
SELECT datamesh.infer_contract('numbers');
SELECT datamesh.infer_contract('countries_pkey');
SELECT datamesh.infer_contract('mesh_of_nothing');
SELECT datamesh.infer_contract(0);
SELECT datamesh.infer_contract(NULL) IS NULL AS nothing;
CREATE VIEW failing AS SELECT 1 / (customer_id - customer_id) AS boom FROM customers;
SELECT datamesh.infer_contract('failing');

RESET ROLE;
RESET search_path;
SET client_min_messages = warning;
CALL datamesh.drop_draft('regress_shop.customers', '1.0.0');
CALL datamesh.drop_draft('regress_shop.customer_totals', '1.0.0');
DROP SCHEMA regress_shop_internal CASCADE;
CALL datamesh.drop_domain('regress_shop');
DROP FUNCTION pg_temp.broken, pg_temp.column_of;
DROP TABLE proposal;
DROP ROLE regress_shop_team, regress_stranger;
