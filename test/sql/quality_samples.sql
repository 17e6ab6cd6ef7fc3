-- quality: what samples tell failing rows by, and that check_table, check_product and publish show the same.
\set VERBOSITY terse
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA samples;
CREATE TABLE samples.plain (a int, b int NOT NULL, c int NOT NULL, d text);
INSERT INTO samples.plain SELECT i, i + 100, i % 3, CASE WHEN i % 2 = 0 THEN 'even' END FROM generate_series(1, 12) i;
CREATE FUNCTION samples.keys(rules jsonb) RETURNS TABLE (rule text, failing_rows bigint, sample_keys jsonb)
LANGUAGE sql AS $$ SELECT rule, failing_rows, sample_keys FROM datamesh.check_table('samples.plain', rules) WHERE failing_rows > 0 $$;

-- nothing tells rows apart: the columns checked, and no key twice
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "invalid_values", "column": "a", "max": 10}]');
SELECT * FROM samples.keys('[{"check": "row_condition", "condition": "a + c < 12"}]');
-- a unique index tells rows apart if no column may be null, and it is over all rows
CREATE UNIQUE INDEX nullable ON samples.plain (a);
CREATE UNIQUE INDEX part ON samples.plain (c) WHERE a < 3;
CREATE UNIQUE INDEX expression ON samples.plain ((b + 1));
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}]');
CREATE UNIQUE INDEX long_index ON samples.plain (c, b);
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}]');
CREATE UNIQUE INDEX wide_index ON samples.plain (b) INCLUDE (d);
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}]');
-- the primary key goes before it
DROP INDEX samples.nullable;
ALTER TABLE samples.plain ADD PRIMARY KEY (c, a);
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}]');
-- and the rules' wishes before that: columns that must be there and are unique, of all rows and without exception
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "duplicate_values", "column": "a"}]');
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "duplicate_values", "column": "a"}, {"check": "null_values", "column": "a"}]');
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "duplicate_values", "column": "a", "where": "a > 1"}, {"check": "null_values", "column": "a"}]');
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "duplicate_values", "column": "a", "mustBeLessThan": 9}, {"check": "null_values", "column": "a"}]');
SELECT * FROM samples.keys('[{"check": "null_values", "column": "d"}, {"check": "duplicate_values", "columns": ["a", "b"]}, {"check": "null_values", "column": "a"}, {"check": "null_values", "column": "b"}]');
SELECT * FROM samples.keys('{"a": {"not_null": true, "unique": true}, "d": {"not_null": true}}');
SELECT * FROM samples.keys('{"properties": [{"name": "a", "required": true, "unique": true}, {"name": "d", "required": true}, {"name": "b", "primaryKey": true}]}');
-- a key that is gone from the relation is none
SELECT * FROM samples.keys('{"properties": [{"name": "a", "required": true, "unique": true}, {"name": "d", "required": true}, {"name": "gone", "primaryKey": true}]}');
-- repeated keys are shown, not the rows that repeat them
SELECT * FROM samples.keys('[{"check": "duplicate_values", "columns": ["c"]}, {"check": "duplicate_values", "columns": ["d"], "nulls_distinct": false}]');

-- a key that the caller may not read is none for him
CREATE ROLE regress_reader;
GRANT USAGE ON SCHEMA samples TO regress_reader;
GRANT SELECT (b, d) ON samples.plain TO regress_reader;
SET ROLE regress_reader;
SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_table('samples.plain', '[{"check": "null_values", "column": "d"}, {"check": "null_values", "column": "a"}]');
RESET ROLE;

-- a contract that does not name the source's key: samples do not show it, and the copy does not have it
CREATE ROLE regress_shop;
CALL datamesh.create_domain('rshop', owner => 'regress_shop');
GRANT regress_shop TO CURRENT_USER;
SET ROLE regress_shop;
CREATE TABLE rshop_internal.things (secret int PRIMARY KEY, label text, kind text, price numeric, made date, code text, weight numeric);
INSERT INTO rshop_internal.things SELECT i, 'label ' || i % 40, CASE WHEN i % 5 > 0 THEN 'kind ' || i % 3 END, i - 20, '2024-01-01', 'code ' || i, i / 7.0 FROM generate_series(1, 60) i;
CREATE FUNCTION rshop_internal.contract(label text, version text) RETURNS text LANGUAGE sql AS $$ SELECT format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rshop-things
name: things
domain: rshop
version: %s
status: active
schema:
  - name: things
    properties:
      - {name: label, logicalType: string%s}
      - {name: kind, logicalType: string, required: true}
      - {name: price, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - {name: made, logicalType: date}
      - {name: code, unique: true}
      - {name: weight}
    quality:
      - {type: custom, engine: datamesh, implementation: {check: row_condition, name: condition, condition: "price < 30 OR made IS NULL"}}
      - {type: custom, engine: datamesh, implementation: {check: null_values, name: filtered, column: kind, where: "price > 10"}}
      - {type: custom, engine: datamesh, implementation: {check: invalid_values, name: no label, column: label, pattern: "^label [12]"}}
      - {type: custom, engine: datamesh, implementation: {check: orphan_values, name: orphans, column: price, references: things.secret}}
$doc$, version, label) $$;
CREATE PROCEDURE rshop_internal.try(label text, version text) LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(rshop_internal.contract(label, version));
    CREATE TEMP TABLE checked AS SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_product('rshop.things');
END $$;
CALL rshop_internal.try('', '1.0.0');
CALL datamesh.publish('rshop.things');
SELECT * FROM checked WHERE failing_rows > 0;
RESET ROLE;
CREATE TEMP VIEW published AS
SELECT c ->> 'rule' AS rule, c ->> 'status' AS status, (c ->> 'failing_rows')::bigint AS failing_rows, nullif(c -> 'sample_keys', 'null') AS sample_keys
FROM datamesh.report r, LATERAL jsonb_path_query(r.report, '$.**.checks[*]') c
WHERE r.report_id = (SELECT max(report_id) FROM datamesh.report);
CREATE TEMP VIEW differences AS
SELECT p.rule, p.status, p.failing_rows, p.sample_keys, c.status AS checked, c.failing_rows AS failing, c.sample_keys AS keys FROM published p FULL JOIN checked c USING (rule)
WHERE (p.status, p.failing_rows, p.sample_keys) IS DISTINCT FROM (c.status, c.failing_rows, c.sample_keys);
SELECT count(*) AS checks FROM published;
SELECT * FROM differences;
SELECT 'check_table' AS by, t.rule FROM datamesh.check_table('rshop_internal.things', datamesh.contract('rshop.things')) t JOIN checked c USING (rule)
WHERE (t.status, t.failing_rows, t.sample_keys) IS DISTINCT FROM (c.status, c.failing_rows, c.sample_keys);
-- with a key in the contract
DROP VIEW differences;
SET ROLE regress_shop;
DROP TABLE checked;
CALL rshop_internal.try(', required: true, unique: true', '1.1.0');
CALL datamesh.publish('rshop.things');
SELECT * FROM checked WHERE failing_rows > 0;
RESET ROLE;
SELECT count(*) AS checks FROM published;
SELECT p.rule FROM published p FULL JOIN checked c USING (rule)
WHERE (p.status, p.failing_rows, p.sample_keys) IS DISTINCT FROM (c.status, c.failing_rows, c.sample_keys);

-- clean up
DROP VIEW published;
DROP TABLE checked;
DELETE FROM datamesh.report;
CALL datamesh.drop_draft('rshop.things', '1.0.0');
CALL datamesh.drop_draft('rshop.things', '1.1.0');
DELETE FROM datamesh.product WHERE product_name = 'things' AND domain_name = 'rshop';
DROP SCHEMA samples, rshop_internal CASCADE;
CALL datamesh.drop_domain('rshop');
DROP ROLE regress_reader, regress_shop;
