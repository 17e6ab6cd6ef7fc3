-- governance_lesson: Example 3 of the lesson, line for line. Its GovernanceGate over a customer product gives
--
--   validate_schema          naming_conventions WARNING for each column that is not snake_case
--   validate_quality         quality CRITICAL if empty, else quality.completeness CRITICAL for each column below 0.99
--   validate_security        security.pii CRITICAL for each of pii_columns that is not there
--   validate_interoperability interoperability.timestamp WARNING for each *_at or *_timestamp that is none
--
-- and a report of total_violations, critical, warnings, passed and violations; publishing is blocked. What
-- its Python prints for this data stands below as the expected rows, and the report is held against it.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_lesson;
CALL datamesh.create_domain('rlesson', owner => 'regress_lesson');
SET ROLE regress_lesson;

-- customers: 3 rows; "Region" is no snake_case; one name of three is missing; created_at is text; no email
CREATE TABLE rlesson_internal.customers (
    customer_id text, customer_name text, total_revenue numeric(18,2), "Region" text, created_at text,
    updated_at timestamptz, ltv_score double precision, _computed_at timestamptz);
INSERT INTO rlesson_internal.customers VALUES
    ('C1', 'Ada', 100, 'north', '2024-01-01', '2024-01-01 00:00+00', 30, '2024-01-01 00:00+00'),
    ('C2', NULL, 200, 'south', '2024-01-02', '2024-01-01 00:00+00', 60, '2024-01-01 00:00+00'),
    ('C3', 'Bob', 300, 'north', '2024-01-03', '2024-01-01 00:00+00', 90, '2024-01-01 00:00+00');

CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rlesson-customer-lifetime-value
name: customer_lifetime_value
domain: rlesson
version: 1.2.0
status: active
schema:
  - name: customer_lifetime_value
    physicalName: customers
    properties:
      - {name: customer_id, logicalType: string, primaryKey: true, required: true}
      - {name: customer_name, logicalType: string}
      - {name: total_revenue, logicalType: number}
      - {name: Region, logicalType: string}
      - {name: created_at, logicalType: string}
      - {name: updated_at, logicalType: timestamp}
      - {name: ltv_score, logicalType: number}
      - {name: _computed_at, logicalType: timestamp}
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: regression, schema: rlesson_internal}]
slaProperties: [{property: freshness, value: 4, unit: h}]
customProperties:
  - {property: pii_columns, value: [customer_name, email]}
$$);

-- publication is blocked, in the lesson's words
CALL datamesh.publish('rlesson.customer_lifetime_value');
SELECT to_regclass('rlesson.customer_lifetime_value') AS port;

-- the report, as json.dumps prints it
SELECT r -> 'total_violations' AS total_violations, r -> 'critical' AS critical, r -> 'warnings' AS warnings, r -> 'passed' AS passed
FROM datamesh.governance_report('rlesson.customer_lifetime_value') AS r;
SELECT v ->> 'product' AS product, v ->> 'rule' AS rule, v ->> 'severity' AS severity, v ->> 'column' AS "column", v ->> 'message' AS message,
       v - '{product,rule,severity,column,message}'::text[] AS figures
FROM datamesh.governance_report('rlesson.customer_lifetime_value') AS r, jsonb_array_elements(r -> 'violations') WITH ORDINALITY AS x(v, n)
ORDER BY n;

-- everything that Python says of it is there, key by key and value by value
WITH python(violation) AS (VALUES
    ('{"product": "rlesson.customer_lifetime_value", "rule": "naming_conventions", "severity": "WARNING",
       "message": "Column ''Region'' not in snake_case"}'::jsonb),
    ('{"product": "rlesson.customer_lifetime_value", "rule": "quality.completeness", "severity": "CRITICAL",
       "column": "customer_name", "completeness": 0.6666666666666667, "threshold": 0.99}'),
    ('{"product": "rlesson.customer_lifetime_value", "rule": "security.pii", "severity": "CRITICAL",
       "message": "PII column ''email'' not found for masking"}'),
    ('{"product": "rlesson.customer_lifetime_value", "rule": "interoperability.timestamp", "severity": "WARNING",
       "column": "created_at", "actual_type": "text", "expected_type": "timestamp"}'))
SELECT p.violation ->> 'rule' AS rule, count(v) AS found
FROM python AS p
LEFT JOIN LATERAL (SELECT v FROM jsonb_array_elements(datamesh.governance_report('rlesson.customer_lifetime_value') -> 'violations') AS v
                   WHERE v @> p.violation) AS r(v) ON true
GROUP BY 1 ORDER BY 1;
-- and nothing else is, of the rules that its code checks
SELECT v ->> 'rule' AS rule, count(*)
FROM jsonb_array_elements(datamesh.governance_report('rlesson.customer_lifetime_value') -> 'violations') AS v
WHERE v ->> 'rule' IN ('naming_conventions', 'quality', 'quality.completeness', 'security.pii', 'interoperability.timestamp')
GROUP BY 1 ORDER BY 1;

-- its snake_case: every character is a lower case letter, a digit or _ (so _, 1 and a leading digit are)
SELECT n, datamesh.is_snake_case(n) FROM unnest(ARRAY['ltv_score', '_computed_at', 'a1', '1a', '_', '', 'Region', 'aB', 'a-b', 'a b', 'a.b', E'a\nb', 'a$']) AS n;

-- an empty product: one violation, and completeness is not looked at
TRUNCATE rlesson_internal.customers;
CALL datamesh.publish('rlesson.customer_lifetime_value');
SELECT v ->> 'rule' AS rule, v ->> 'severity' AS severity, v ->> 'message' AS message
FROM jsonb_array_elements(datamesh.governance_report('rlesson.customer_lifetime_value') -> 'violations') AS v WHERE v ->> 'rule' LIKE 'quality%';

-- mended, as the error says, it is published: exactly 0.99 is enough
INSERT INTO rlesson_internal.customers
SELECT 'C' || i, CASE WHEN i > 1 THEN 'name' END, i, 'north', '2024-01-01', now(), i * 0.3, now() FROM generate_series(1, 100) AS i;
ALTER TABLE rlesson_internal.customers ADD COLUMN email text DEFAULT 'x@example.com';
CALL datamesh.load_contract(replace(datamesh.contract_yaml('rlesson.customer_lifetime_value'), '      - name: created_at', E'      - name: email\n        logicalType: string\n      - name: created_at'));
CALL datamesh.publish('rlesson.customer_lifetime_value');
SELECT r -> 'critical' AS critical, r -> 'passed' AS passed FROM datamesh.governance_report('rlesson.customer_lifetime_value') AS r;
UPDATE rlesson_internal.customers SET customer_name = NULL WHERE customer_id = 'C2';
CALL datamesh.publish('rlesson.customer_lifetime_value');
SELECT v - 'message' AS violation
FROM jsonb_array_elements(datamesh.governance_report('rlesson.customer_lifetime_value') -> 'violations') AS v WHERE v ->> 'rule' = 'quality.completeness';
-- what consumers see is still the release before
SELECT count(*) AS rows, count(customer_name) AS names FROM rlesson.customer_lifetime_value;

CALL datamesh.deprecate('rlesson.customer_lifetime_value', '1.2.0', current_date);
CALL datamesh.retire('rlesson.customer_lifetime_value');
RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.drop_domain('rlesson');
DROP SCHEMA rlesson_internal CASCADE;
DROP ROLE regress_lesson;
