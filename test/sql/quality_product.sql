-- quality: check_product runs a contract on the product's source, as the domain's owner and for members of
-- the domain only, under the contract's names for columns; publish finds the same while it copies.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_shop;
CREATE ROLE regress_clerk IN ROLE regress_shop;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('rshop', owner => 'regress_shop');
SET ROLE regress_shop;
CREATE TABLE rshop_internal.customers (id int PRIMARY KEY);
INSERT INTO rshop_internal.customers SELECT generate_series(1, 20);
CREATE TABLE rshop_internal.raw_orders (
    order_no int NOT NULL, cust int, "Amount" numeric(10,2), st text, made timestamptz, unused text, note text);
INSERT INTO rshop_internal.raw_orders
SELECT i, i % 21, i * 10, CASE WHEN i % 9 = 0 THEN 'odd' ELSE 'paid' END, now() - i * interval '1 hour', 'u', 'n' || i % 50 FROM generate_series(1, 100) i;
INSERT INTO rshop_internal.raw_orders VALUES (7, NULL, -1, NULL, now(), 'u', 'n1');
RESET ROLE;
CREATE FUNCTION rshop_internal.contract(version text) RETURNS text LANGUAGE sql AS $$ SELECT format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rshop-orders
name: orders
domain: rshop
version: %s
status: active
slaDefaultElement: orders.made_at
slaProperties:
  - {property: freshness, value: 4, unit: h}
  - {property: retention, value: 3, unit: y}
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rshop_internal}]
schema:
  - name: orders
    physicalName: raw_orders
    properties:
      - {name: order_id, physicalName: order_no, required: true, unique: true}
      - name: customer_id
        physicalName: cust
        required: true
        relationships: [{to: customers.id}, {to: orders.order_id}]
      - name: amount
        physicalName: Amount
        logicalType: number
        logicalTypeOptions: {minimum: 0}
      - name: status
        physicalName: st
        quality:
          - {metric: invalidValues, arguments: {validValues: [paid, sent]}, mustBeLessThan: 20, unit: percent}
          - {metric: missingValues, arguments: {missingValues: [odd]}, mustBe: 0, severity: warning}
      - {name: made_at, physicalName: made}
      - {name: note}
    quality:
      - {type: library, metric: rowCount, mustBeBetween: [100, 200]}
      - {type: library, metric: duplicateValues, arguments: {properties: [status, order_id]}, mustBe: 0, severity: warning}
      - type: sql
        name: renamed columns
        query: SELECT count(*) FROM {object} o WHERE o.amount < 0 AND o.order_id > 0
        mustBe: 1
      - type: sql
        name: runs as
        query: SELECT (current_user = 'regress_shop')::int
        mustBe: 1
      - type: custom
        engine: datamesh
        severity: warning
        implementation: {check: row_condition, name: condition, condition: "amount > 10 OR status = 'paid'", where: "made_at IS NOT NULL"}
      - type: custom
        engine: datamesh
        severity: info
        implementation: {check: statistic, name: mean, fn: mean, column: amount, group_by: [status]}
$doc$, version) $$;
GRANT EXECUTE ON FUNCTION rshop_internal.contract TO PUBLIC;
SET ROLE regress_clerk;
CALL datamesh.load_contract(rshop_internal.contract('1.0.0'));
SELECT product, rule, "check", "column", severity, status, method, metric_value, failing_rows, sample_keys
FROM datamesh.check_product('rshop.orders') WHERE "check" <> 'freshness';
SELECT rule, "column", status, method FROM datamesh.check_product('rshop.orders', '1.0.0') WHERE "check" = 'freshness';
SELECT pass, rule, method FROM datamesh.explain_checks('rshop.orders');
-- publish measures while it copies, and finds the same
CALL datamesh.publish('rshop.orders');
RESET ROLE;
SET client_min_messages = warning;
CREATE TEMP TABLE published AS
SELECT c FROM datamesh.report r, LATERAL jsonb_path_query(r.report, '$.**.checks[*]') c
WHERE r.report_id = (SELECT max(report_id) FROM datamesh.report);
SELECT count(*) AS checks FROM published;
SELECT p.c ->> 'rule' AS rule, p.c ->> 'status' AS at_publish, p.c ->> 'metric_value' AS metric_at_publish, k.status, k.metric_value
FROM published p FULL JOIN datamesh.check_product('rshop.orders') k ON p.c ->> 'rule' = k.rule
WHERE (p.c ->> 'status', p.c ->> 'metric_value', nullif(p.c -> 'failing_rows', 'null'), nullif(p.c -> 'sample_keys', 'null'))
      IS DISTINCT FROM (k.status, k.metric_value, to_jsonb(k.failing_rows), k.sample_keys) ORDER BY 1;
RESET client_min_messages;

-- others may not; what is not there is said
SET ROLE regress_stranger;
SELECT * FROM datamesh.check_product('rshop.orders');
SELECT * FROM datamesh.explain_checks('rshop.orders');
RESET ROLE;
SELECT * FROM datamesh.check_product('rshop.nothing');
SELECT * FROM datamesh.check_product('orders');
SELECT * FROM datamesh.check_product('rshop.orders', '9.0.0');
SELECT * FROM datamesh.check_product(NULL);

-- the domain's code cannot read as a superuser what its owner may not
CREATE TABLE secret_of_regress (x int);
SET ROLE regress_clerk;
CALL datamesh.load_contract(replace(rshop_internal.contract('1.1.0'), 'SELECT (current_user = ''regress_shop'')::int', 'SELECT count(*) FROM public.secret_of_regress'));
RESET ROLE;
SELECT rule, status, message FROM datamesh.check_product('rshop.orders', '1.1.0') WHERE rule = 'runs as';
DROP TABLE secret_of_regress;

-- clean up
\set VERBOSITY terse
SET client_min_messages = warning;
CALL datamesh.drop_draft('rshop.orders', '1.0.0');
CALL datamesh.drop_draft('rshop.orders', '1.1.0');
DROP TABLE published;
DELETE FROM datamesh.product WHERE product_name = 'orders' AND domain_name = 'rshop';
CALL datamesh.drop_domain('rshop');
DROP SCHEMA rshop_internal CASCADE;
DROP ROLE regress_clerk, regress_stranger, regress_shop;
