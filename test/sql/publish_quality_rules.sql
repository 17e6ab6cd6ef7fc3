-- publish: the lesson's quality_rules, the short form of rules, in a contract: of the object or of the contract, checked when it is loaded, by check_product and by
-- the publish.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_short;
CALL datamesh.create_domain('rshort', 'regress_short');
SET ROLE regress_short;
CREATE TABLE rshort_internal.clv (id text, score double precision, revenue numeric(18,2), orders integer);
INSERT INTO rshort_internal.clv SELECT 'C' || i, i, i * 10, 1 + i % 5 FROM generate_series(1, 1000) AS i;
CREATE FUNCTION rshort_internal.contract(version text, object text, contract text) RETURNS text LANGUAGE sql AS $$ SELECT format($doc$
apiVersion: v3.1.0
kind: DataContract
id: short
status: active
version: %s
domain: rshort
name: clv
schema:
- name: clv
  physicalName: clv
  properties: [{name: customer_id, physicalName: id}, {name: ltv_score, physicalName: score}, {name: total_revenue, physicalName: revenue}, {name: order_count, physicalName: orders}]
  customProperties: [%s]
customProperties: [%s]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: rshort_internal}]
$doc$, version, object, contract) $$;

-- what is no rule is told when it is loaded, where it stands
SELECT rshort_internal.contract('1.0.0', '{property: quality_rules, value: {customer_id: {not_nul: true}, ltv_score: 3}}',
                                '{property: datamesh.quality_rules, value: {completeness_threshold: 2}}') AS broken \gset
CALL datamesh.load_contract(:'broken');
SELECT rshort_internal.contract('1.0.0', '', '{property: datamesh.quality_rules, value: [1]}') AS broken \gset
CALL datamesh.load_contract(:'broken');
SELECT rshort_internal.contract('1.0.0', '', '{property: quality_rules, value: none}') AS broken \gset
CALL datamesh.load_contract(:'broken');

-- Example 1's, one part of them at the object
SELECT rshort_internal.contract('1.0.0', '{property: datamesh.quality_rules, value: {order_count: {not_null: true, min: 1}}}',
    '{property: quality_rules, value: {customer_id: {not_null: true, unique: true}, ltv_score: {not_null: true, min: 0, max: 1000000},
      total_revenue: {not_null: true, min: 0}, completeness_threshold: 0.99}}') AS contract \gset
CALL datamesh.load_contract(:'contract');
SELECT rule, "check", "column", status, threshold, failing_rows FROM datamesh.check_product('rshort.clv') ORDER BY rule;
CALL datamesh.publish('rshort.clv');
UPDATE rshort_internal.clv SET score = -1 WHERE id = 'C1';
INSERT INTO rshort_internal.clv VALUES ('C2', 1, 1, 1);
SELECT rule, status, failing_rows, sample_keys FROM datamesh.check_product('rshort.clv') WHERE status <> 'pass' ORDER BY rule;
CALL datamesh.publish('rshort.clv');
SELECT count(*) FROM rshort.clv;
-- a column that is gone is one failed check of the schema, and of its rules as well
ALTER TABLE rshort_internal.clv DROP COLUMN orders;
DELETE FROM rshort_internal.clv WHERE score < 2;
CALL datamesh.publish('rshort.clv');
ALTER TABLE rshort_internal.clv ADD COLUMN orders integer NOT NULL DEFAULT 1;
CALL datamesh.publish('rshort.clv');

-- to change them is not in the table of what a change costs: whoever publishes says how much it is
SELECT rshort_internal.contract('1.0.1', '', '{property: quality_rules, value: {customer_id: {not_null: true}}}') AS contract \gset
CALL datamesh.load_contract(:'contract');
SELECT path, change, level FROM datamesh.compare_contracts('rshort.clv', '1.0.0', '1.0.1') ORDER BY path;

RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.deprecate('rshort.clv', '1.0.0', current_date);
CALL datamesh.retire('rshort.clv');
CALL datamesh.drop_domain('rshort');
DROP SCHEMA rshort_internal CASCADE;
DROP ROLE regress_short;
