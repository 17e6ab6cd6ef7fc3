-- publish: from a contract to a port. What a domain team does at the prompt, what a consumer then
-- sees, and what is kept of a publish that was refused.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_sales;
CREATE ROLE regress_marketing;
CREATE ROLE regress_board;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('rsales', owner => 'regress_sales');
CALL datamesh.create_domain('rmarketing', owner => 'regress_marketing');
CALL datamesh.create_consumer('rboard', role => 'regress_board');

SET ROLE regress_sales;
CREATE TABLE rsales_internal.customer_value (
    customer_id text, segment text, revenue numeric(18,2), orders integer, secret text);
INSERT INTO rsales_internal.customer_value
SELECT 'C' || lpad(i::text, 4, '0'), (ARRAY['gold', 'silver'])[1 + i % 2], i * 10, i, 'not in the contract'
FROM generate_series(1, 1000) AS i;

CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: 5f0c1d1e-0000-4000-8000-000000000001
name: customer_value
domain: rsales
version: 1.0.0
status: active
description:
  purpose: What each customer is worth to us
team:
  name: Sales analytics
schema:
  - name: customer_value
    physicalName: customer_value
    properties:
      - name: customer_id
        logicalType: string
        physicalType: text
        primaryKey: true
        required: true
        unique: true
        description: The customer's number
      - {name: segment, logicalType: string, description: Where the customer stands}
      - {name: revenue, logicalType: number, physicalType: "numeric(18,2)", required: true, logicalTypeOptions: {minimum: 0}}
      - {name: orders, logicalType: integer, physicalType: integer, required: true}
roles:
  - {role: rmarketing, access: read}
  - {role: rboard, access: read}
servers:
  - {server: here, type: postgres, host: localhost, port: 5432, database: regression, schema: rsales_internal}
customProperties:
  - {property: datamesh.indexes, value: [[customer_id], [segment, revenue]]}
  - {property: datamesh.retention, value: 2}
$$);
SELECT product, status FROM datamesh.products WHERE domain = 'rsales';
SELECT datamesh.governance_report('rsales.customer_value') IS NULL AS never_tried;

-- nothing to read before the first publish
SELECT count(*) FROM rsales.customer_value;

-- a dry run says what would happen and leaves nothing behind but its report
CALL datamesh.publish('rsales.customer_value', dry_run => true);
SELECT to_regclass('rsales.customer_value') AS port;
SELECT kind, outcome, release FROM datamesh.reports WHERE product = 'rsales.customer_value';

CALL datamesh.publish('rsales.customer_value');
SELECT product, port, major, version, status, mode, rows FROM datamesh.ports WHERE product = 'rsales.customer_value';
SELECT r - '{checks,release,policies,figures}'::text[] AS report, jsonb_array_length(r -> 'checks') > 4 AS has_checks
FROM datamesh.governance_report('rsales.customer_value') AS r;

-- the port has the contract's columns, the copy is what counts
SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
FROM pg_attribute a WHERE a.attrelid = 'rsales.customer_value'::regclass AND a.attnum > 0 ORDER BY a.attnum;
-- (since 16 columns stand without their table's name)
SELECT regexp_replace(replace(pg_get_viewdef('rsales.customer_value'::regclass), 'customer_value_v1.', ''), 'current_release\(\d+\)', 'current_release(N)') AS definition;
SELECT count(*), sum(revenue) FROM rsales.customer_value;
SELECT count(*), sum(revenue) FROM rsales.customer_value_v1;
SELECT obj_description('rsales.customer_value'::regclass) AS comment;
SELECT relname, pg_get_userbyid(relowner) AS owner, relkind, reloptions FROM pg_class
WHERE relnamespace = 'rsales'::regnamespace ORDER BY relname;
DELETE FROM rsales_internal.customer_value WHERE orders > 500;
SELECT count(*) FROM rsales.customer_value;
CALL datamesh.publish('rsales.customer_value');
SELECT count(*) FROM rsales.customer_value;

-- readers see one partition, with its indexes, in parallel if they like
RESET ROLE;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(regexp_replace(line, '_r\d+', '_rN', 'g'), 'current_release\(\d+\)', 'current_release(N)');
    END LOOP;
END $$;
SELECT pg_temp.plan('SELECT * FROM rsales.customer_value WHERE customer_id = ''C0007''');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT pg_temp.plan('SELECT count(*) FROM rsales.customer_value');
SELECT count(*) FROM rsales.customer_value;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- consumers read ports, and nothing but ports; strangers nothing
SET ROLE regress_marketing;
SELECT count(*) FROM rsales.customer_value;
SELECT count(*) FROM rsales_internal.customer_value;
SELECT count(*) FROM rsales_releases.customer_value_v1;
DELETE FROM rsales.customer_value;
SET ROLE regress_board;
SELECT count(*) FROM rsales.customer_value_v1;
SET ROLE regress_stranger;
SELECT count(*) FROM rsales.customer_value;
CALL datamesh.publish('rsales.customer_value');
CALL datamesh.rollback('rsales.customer_value', 1);
CALL datamesh.deprecate('rsales.customer_value', '1.0.0', '2099-01-01');
CALL datamesh.retire('rsales.customer_value');
CALL datamesh.clean_up('rsales.customer_value');

-- a closed gate: nothing a consumer sees changes, and the report is kept
SET ROLE regress_sales;
UPDATE rsales_internal.customer_value SET customer_id = 'C0001' WHERE customer_id = 'C0002';
UPDATE rsales_internal.customer_value SET revenue = -1 WHERE customer_id = 'C0003';
CALL datamesh.publish('rsales.customer_value');
SELECT count(*) FILTER (WHERE revenue < 0) AS negative, count(DISTINCT customer_id) FROM rsales.customer_value;
SELECT v ->> 'rule' AS rule, v ->> 'severity' AS severity, v ->> 'column' AS col, v ->> 'message' AS message,
       v -> 'failing_rows' AS failing, v -> 'sample_keys' AS keys
FROM jsonb_array_elements(datamesh.governance_report('rsales.customer_value') -> 'violations') AS v;
SELECT kind, outcome FROM datamesh.reports WHERE product = 'rsales.customer_value' ORDER BY report_id;

-- others see the figures, not the keys of the domain's rows
SET ROLE regress_stranger;
SELECT v ->> 'rule' AS rule, v ? 'sample_keys' AS keys
FROM jsonb_array_elements(datamesh.governance_report('rsales.customer_value') -> 'violations') AS v;
SELECT bool_or(report::text LIKE '%C0003%') AS leaks FROM datamesh.reports;
SET ROLE regress_sales;
SELECT bool_or(report::text LIKE '%C0003%') AS own_keys FROM datamesh.reports;

-- a dry run of the same is no error
CALL datamesh.publish('rsales.customer_value', dry_run => true);

-- from a procedure that may commit the report is kept as from the prompt, and in a loop over a query too
CREATE PROCEDURE rsales_internal.nightly() LANGUAGE plpgsql AS $$
DECLARE
    p text;
BEGIN
    FOR p IN SELECT product FROM datamesh.products WHERE domain = 'rsales' LOOP
        CALL datamesh.publish(p);
    END LOOP;
END $$;
SELECT count(*) AS before FROM datamesh.reports \gset
\set VERBOSITY terse
CALL rsales_internal.nightly();
\set VERBOSITY default
SELECT count(*) - :before AS reports_more FROM datamesh.reports;

-- within a transaction of somebody else the report travels with the error
BEGIN;
SAVEPOINT before;
\set VERBOSITY terse
CALL datamesh.publish('rsales.customer_value');
ROLLBACK TO before;
SELECT count(*) FROM rsales.customer_value;
\set VERBOSITY default
COMMIT;
DO $$
DECLARE
    detail text;
BEGIN
    CALL datamesh.publish('rsales.customer_value');
EXCEPTION WHEN SQLSTATE 'MD201' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE 'critical: %', substring(detail FROM 'Report: (.*)')::jsonb -> 'critical';
END $$;

-- mended, it goes through; in a transaction too, and undone with it
UPDATE rsales_internal.customer_value SET revenue = 30 WHERE customer_id = 'C0003';
DELETE FROM rsales_internal.customer_value WHERE customer_id = 'C0001' AND orders = 2;
BEGIN;
CALL datamesh.publish('rsales.customer_value');
SELECT count(*) FROM rsales.customer_value;
ROLLBACK;
SELECT count(*) FROM rsales.customer_value;
CALL datamesh.publish('rsales.customer_value');
SELECT count(*) FROM rsales.customer_value;

-- an error of the source is an error, with its report
CREATE VIEW rsales_internal.broken AS SELECT customer_id, segment, revenue / (orders - 7) AS revenue, orders
FROM rsales_internal.customer_value;
CALL datamesh.load_contract(replace(replace(datamesh.contract_yaml('rsales.customer_value'), 'physicalName: customer_value', 'physicalName: broken'),
    'numeric(18,2)', 'numeric') || E'\ndataProduct: broken_value');
CALL datamesh.publish('rsales.broken_value');
SELECT product, outcome, report #>> '{error,sqlstate}' AS sqlstate, report #>> '{error,message}' AS message
FROM datamesh.reports WHERE product = 'rsales.broken_value';
SET ROLE regress_stranger;
SELECT product, outcome, report FROM datamesh.reports WHERE product = 'rsales.broken_value';
SET ROLE regress_sales;
SELECT to_regclass('rsales.broken_value') AS port, count(*) AS releases_left FROM pg_class
WHERE relnamespace = 'rsales_releases'::regnamespace AND relname LIKE 'broken%';

-- an empty product is refused
CREATE TABLE rsales_internal.nobody (LIKE rsales_internal.customer_value);
CALL datamesh.load_contract(replace(datamesh.contract_yaml('rsales.customer_value'), 'physicalName: customer_value', 'physicalName: nobody')
    || E'\ndataProduct: nobody');
CALL datamesh.publish('rsales.nobody');

-- retention: two releases are kept, older ones are gone, and known
SELECT count(*) FILTER (WHERE expired_at IS NULL) AS kept, count(*) FILTER (WHERE expired_at IS NOT NULL) AS expired,
       count(*) FILTER (WHERE is_current) AS current
FROM datamesh.releases WHERE product = 'rsales.customer_value';
SELECT count(*) AS partitions FROM pg_inherits WHERE inhparent = 'rsales_releases.customer_value_v1'::regclass;

-- what happened, in order
SELECT kind, version, details - 'report' - 'release' - 'document_sha256' AS details FROM datamesh.events
WHERE product = 'rsales.customer_value' ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();

-- silly calls
CALL datamesh.publish(NULL);
CALL datamesh.publish('customer_value');
CALL datamesh.publish('rsales.customer_valu');
CALL datamesh.publish('rsales.customer_value', '9.9.9');
CALL datamesh.publish('rsales.customer_value', 'newest');

RESET ROLE;
DROP FUNCTION pg_temp.plan;
CALL datamesh.deprecate('rsales.customer_value', '1.0.0', end_of_life => current_date);
CALL datamesh.retire('rsales.customer_value');
SET client_min_messages = warning;
CALL datamesh.drop_domain('rsales');
CALL datamesh.drop_domain('rmarketing');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rboard';
DROP SCHEMA rsales_internal, rmarketing_internal CASCADE;
DROP OWNED BY regress_board;
DROP ROLE regress_sales, regress_marketing, regress_board, regress_stranger;
