-- What a consumer may rely on: a product appears only when it keeps its contract; a refused publish
-- changes nothing that can be seen; who is named in the contract reads, and nobody else.
--
-- Runs in an empty database with datamesh and pgtap. All roles are made and dropped here.
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE ROLE regress_tap_sales;
CREATE ROLE regress_tap_marketing;
CREATE ROLE regress_tap_stranger;
GRANT USAGE ON SCHEMA public TO PUBLIC;
CALL datamesh.create_domain('regress_sales', owner => 'regress_tap_sales');
CALL datamesh.create_domain('regress_marketing', owner => 'regress_tap_marketing');
SET ROLE regress_tap_sales;
CREATE TABLE regress_sales_internal.customer_value (customer_id text, revenue numeric(18,2));
INSERT INTO regress_sales_internal.customer_value SELECT 'c' || i, i FROM generate_series(1, 10) AS i;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: 0c7a0bd1-6c39-4a39-9c37-7f0e44a7a001
name: customer_value
version: 1.0.0
status: active
domain: regress_sales
schema:
  - name: customer_value
    properties:
      - {name: customer_id, logicalType: string, physicalType: text, required: true, unique: true, description: The number}
      - {name: revenue, logicalType: number, physicalType: "numeric(18,2)", logicalTypeOptions: {minimum: 0}}
roles:
  - {role: regress_marketing, access: read}
$$);
RESET ROLE;
-- a caller's own search_path is of no account to us; it finds pgtap only
SET search_path = public, pg_catalog;

SELECT plan(25);

-- before the first publish
SELECT hasnt_relation('regress_sales', 'customer_value', 'a draft has no port');
SELECT is((SELECT status FROM datamesh.products WHERE product = 'regress_sales.customer_value'), 'draft',
          'the product is a draft');

-- the publish that is refused
SET ROLE regress_tap_sales;
INSERT INTO regress_sales_internal.customer_value VALUES (NULL, 1), ('c1', -5);
SELECT throws_ok($$CALL datamesh.publish('regress_sales.customer_value')$$, 'MD201', NULL,
                 'bad data is refused');
SELECT throws_like($$CALL datamesh.publish('regress_sales.customer_value')$$, '%customer_value%',
                   'the refusal names the product');
RESET ROLE;
SELECT hasnt_relation('regress_sales', 'customer_value', 'a refused publish makes no port');

-- the mended publish
SET ROLE regress_tap_sales;
DELETE FROM regress_sales_internal.customer_value WHERE customer_id IS NULL OR revenue < 0;
SELECT lives_ok($$CALL datamesh.publish('regress_sales.customer_value')$$, 'good data is published');
RESET ROLE;
SELECT has_view('regress_sales', 'customer_value', 'the port of the current major');
SELECT has_view('regress_sales', 'customer_value_v1', 'the port of major version 1');
SELECT columns_are('regress_sales', 'customer_value', ARRAY['customer_id', 'revenue'],
                   'the port has the columns of the contract and no other');
SELECT col_type_is('regress_sales', 'customer_value', 'revenue', 'numeric(18,2)', 'types are kept');
SELECT is((SELECT status FROM datamesh.products WHERE product = 'regress_sales.customer_value'), 'published',
          'the product is published');

-- the consumer
SET ROLE regress_tap_marketing;
SELECT results_eq('SELECT count(*), sum(revenue) FROM regress_sales.customer_value',
                  $$VALUES (10::bigint, 55.00::numeric)$$, 'a named consumer reads the release');
SELECT results_eq('SELECT count(*) FROM regress_sales.customer_value_v1', 'VALUES (10::bigint)',
                  'by its major version too');
SELECT throws_ok('SELECT * FROM regress_sales_internal.customer_value', '42501', NULL,
                 'but not the internal table');
SELECT throws_ok('DELETE FROM regress_sales.customer_value', '42501', NULL, 'and changes nothing');
SELECT throws_ok($$CALL datamesh.publish('regress_sales.customer_value')$$, '42501', NULL,
                 'and does not publish for another domain');
RESET ROLE;

-- the stranger
SET ROLE regress_tap_stranger;
SELECT throws_ok('SELECT * FROM regress_sales.customer_value', '42501', NULL, 'a stranger reads nothing');
SELECT throws_ok('SELECT * FROM regress_sales_internal.customer_value', '42501', NULL,
                 'nor the internal table');
SELECT throws_ok('SELECT document FROM datamesh.contract', '42501', NULL, 'nor the catalog''s own tables');
RESET ROLE;

-- what the domain does to its source is not seen until it is published
SET ROLE regress_tap_sales;
UPDATE regress_sales_internal.customer_value SET revenue = revenue * 2;
SELECT results_eq('SELECT sum(revenue) FROM regress_sales.customer_value', 'VALUES (55.00::numeric)',
                  'a change of the source is not seen before it is published');
INSERT INTO regress_sales_internal.customer_value VALUES ('c1', 1);
SELECT throws_ok($$CALL datamesh.publish('regress_sales.customer_value')$$, 'MD201', NULL,
                 'a duplicate is refused');
SELECT results_eq('SELECT sum(revenue) FROM regress_sales.customer_value', 'VALUES (55.00::numeric)',
                  'and the good release stays');
DELETE FROM regress_sales_internal.customer_value WHERE revenue = 1;
SELECT lives_ok($$CALL datamesh.publish('regress_sales.customer_value')$$, 'the second release');
SELECT results_eq('SELECT sum(revenue) FROM regress_sales.customer_value', 'VALUES (110.00::numeric)',
                  'is seen at once');
RESET ROLE;
SELECT ok((SELECT count(*) FROM datamesh.releases WHERE product = 'regress_sales.customer_value') = 2,
          'both releases are listed');

SELECT * FROM finish();

DROP OWNED BY regress_tap_stranger;
