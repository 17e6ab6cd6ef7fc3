-- catalog_contract: what load_contract stores, what it refuses (all of it in one error, nothing
-- stored), what is read back, and how a document becomes rows.
CREATE ROLE regress_team;
CREATE ROLE regress_other;
CALL datamesh.create_domain('regress_sales', 'regress_team');
CALL datamesh.create_domain('regress_ops', 'regress_other');

-- a contract of one column, with what the test says about it
CREATE FUNCTION pg_temp.doc(product text, version text DEFAULT '1.0.0', source text DEFAULT 'orders',
                            domain text DEFAULT 'regress_sales', more text DEFAULT '',
                            columns text DEFAULT '[{name: id, logicalType: integer}]') RETURNS text
LANGUAGE sql AS $$
SELECT format($f$
apiVersion: v3.1.0
kind: DataContract
id: regress
status: active
version: %s
domain: %s
dataProduct: %s
%s
schema:
- name: a table
  physicalName: %s
  properties: %s
$f$, to_json(version), to_json(domain), to_json(product), more, to_json(source), columns) $$;

SET ROLE regress_team;
CREATE TABLE regress_sales_internal.orders (id int, "Weird ""name" text);
CREATE VIEW regress_sales_internal.a_view AS SELECT * FROM regress_sales_internal.orders;
CREATE MATERIALIZED VIEW regress_sales_internal.a_matview AS SELECT * FROM regress_sales_internal.orders;
CREATE TABLE regress_sales_internal.parts (id int) PARTITION BY RANGE (id);
CREATE TABLE regress_sales_internal."Odd. Table" (id int);
CREATE SEQUENCE regress_sales_internal.a_sequence;

-- the whole of a contract
CALL datamesh.load_contract($$
# a comment, which no document keeps
apiVersion: v3.1.0
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
name: the contract
version: 1.2.0
status: active
domain: regress_sales
dataProduct: customer_lifetime_value
unknownKey: {kept: [1, 2.50, true, null]}
description: {purpose: What a customer is worth.}
slaDefaultElement: a.computed_at
slaProperties:
- {property: LY, value: 4, unit: h, element: a.other}
- {property: freshness, value: 4, unit: h}
- {property: GeneralAvailability, value: "2026-01-01T00:00:00Z"}
- {property: houseRule, value: x}
roles:
- {role: marketing, access: read}
- {role: loaders, access: write}
- {role: finance}
customProperties:
- {property: datamesh.retention, value: 9}
- {property: datamesh.mode, value: live}
- {property: somebody.elses, value: 1}
- {property: datamesh.dependencies, value: [sales.orders_raw, sales.customers_master, sales.orders_raw]}
schema:
- name: customer_lifetime_value
  physicalName: regress_sales_internal.orders
  description: One row for each customer.
  properties:
  - name: customer_id
    physicalName: id
    physicalType: integer
    logicalType: integer
    required: true
    primaryKey: true
    primaryKeyPosition: 2
    classification: internal
    description: Who.
  - name: region
    primaryKey: true
    primaryKeyPosition: 1
    unique: true
    transformSourceObjects: [sales.customers_master, regions]
  - name: 'Weird "name'
$$);
SELECT product, domain, name, status, owner, current_version, newest_version, mode, description,
       current_release, row_count, last_published
FROM datamesh.products;
SELECT product, version, status, mode, retention, source, description, loaded_by = session_user AS by_us
FROM datamesh.contracts;
SELECT position, column_name, source_column, physical_type, logical_type, is_required, is_unique,
       primary_key_position, classification, description
FROM datamesh.contract_columns ORDER BY position;
SELECT datamesh.contract('regress_sales.customer_lifetime_value') -> 'unknownKey';
SELECT datamesh.contract_yaml('regress_sales.customer_lifetime_value');
-- what was stored reads back as the same document
CALL datamesh.load_contract(datamesh.contract_yaml('regress_sales.customer_lifetime_value'));
RESET ROLE;
SELECT position, property, value, unit, element FROM datamesh.contract_sla ORDER BY 1;
SELECT position, role, access FROM datamesh.contract_role ORDER BY 1;
SELECT position, upstream FROM datamesh.contract_dependency ORDER BY 1;
SELECT kind, product, version, details - 'document_sha256' AS details,
       details ->> 'document_sha256' = encode(sha256(convert_to(
           datamesh.contract_document('regress_sales.customer_lifetime_value')::text, 'UTF8')), 'hex') AS fits
FROM datamesh.events WHERE kind = 'contract_loaded' ORDER BY event_id DESC LIMIT 1;

-- the tables can be thrown away and rebuilt
CREATE TEMP TABLE before AS SELECT * FROM datamesh.contract_column;
CREATE TEMP TABLE before_contract AS SELECT * FROM datamesh.contract;
DELETE FROM datamesh.contract_column;
DELETE FROM datamesh.contract_sla;
DELETE FROM datamesh.contract_role;
DELETE FROM datamesh.contract_dependency;
UPDATE datamesh.contract SET mode = 'snapshot', retention = 1, description = NULL;
CALL datamesh.rebuild_catalog();
CALL datamesh.rebuild_catalog();
SELECT count(*) AS different FROM (TABLE before EXCEPT TABLE datamesh.contract_column) x;
SELECT count(*) AS different
FROM before_contract b JOIN datamesh.contract c USING (contract_id) WHERE b::text <> c::text;
SELECT (SELECT count(*) FROM datamesh.contract_sla) AS slas, (SELECT count(*) FROM datamesh.contract_role) AS roles,
       (SELECT count(*) FROM datamesh.contract_dependency) AS dependencies;
SELECT datamesh.sla_property(s) FROM unnest('{av,TH,errorrate,ga,Es,endOfLife,re,fy,ly,td,TN,tr,freshness,other}'::text[]) s;

-- drafts are replaced, what was published is not
SET ROLE regress_team;
CALL datamesh.load_contract(pg_temp.doc('p'));
CALL datamesh.load_contract(pg_temp.doc('p'));
CALL datamesh.load_contract(pg_temp.doc('p', more => 'tags: [new]'));
SELECT version, status, datamesh.contract(product) -> 'tags' AS tags FROM datamesh.contracts WHERE name = 'p';
RESET ROLE;
UPDATE datamesh.contract SET status = 'published' WHERE version::text = '1.0.0';
SET ROLE regress_team;
CALL datamesh.load_contract(pg_temp.doc('p'));
CALL datamesh.load_contract(pg_temp.doc('p', more => 'tags: [new]'));
CALL datamesh.load_contract(pg_temp.doc('p', '1.10.0'));
CALL datamesh.load_contract(pg_temp.doc('p', '1.9.0'));
CALL datamesh.load_contract(pg_temp.doc('p', '2.0.0-rc.1+build.7'));
SELECT version, status FROM datamesh.contracts WHERE name = 'p' ORDER BY version;
SELECT newest_version FROM datamesh.products WHERE name = 'p';
SELECT datamesh.contract('regress_sales.p') ->> 'version', datamesh.contract('regress_sales.p', '1.9.0') ->> 'version';
CALL datamesh.drop_draft('regress_sales.p', '1.0.0');
CALL datamesh.drop_draft('regress_sales.p', '2.0.0-rc.1');
CALL datamesh.drop_draft('regress_sales.p', '1.10.0');
CALL datamesh.drop_draft('regress_sales.p', '1.10.0');
CALL datamesh.drop_draft('regress_sales.p', '1.9.0');

-- rules that nothing could be measured by, and service levels without a unit, are told now and not by the publish
CALL datamesh.load_contract(pg_temp.doc('', columns => $$[{name: id, quality: [
    {type: custom, engine: datamesh, implementation: {check: nul_values}}, {type: custom, engine: other, implementation: {check: nul_values}},
    {type: custom, engine: datamesh, implementation: {check: freshness, max_age: "5"}}]}]$$,
    more => 'slaProperties: [{property: latency, value: 4}, {property: retention, value: 4}]'));
-- and what is odd is told once
CALL datamesh.load_contract(pg_temp.doc('', columns => '[{name: id, quality: [{metric: invalidValues, pattern: "^1", mustBe: 0}]}]',
    more => 'slaProperties: [{property: latency, value: 4, unit: m}]'));

-- sources
CALL datamesh.load_contract(pg_temp.doc('s', source => 'a_view'));
CALL datamesh.load_contract(pg_temp.doc('s', source => 'regress_sales_internal.a_matview'));
CALL datamesh.load_contract(pg_temp.doc('s', source => 'REGRESS_SALES_INTERNAL.Parts'));
CALL datamesh.load_contract(pg_temp.doc('s', source => 'Odd. Table'));
CALL datamesh.load_contract(pg_temp.doc('s', source => 'regress_sales_internal."Odd. Table"'));
SELECT source FROM datamesh.contracts WHERE name = 's';
CALL datamesh.load_contract(pg_temp.doc('n', source => 'nowhere'));
CALL datamesh.load_contract(pg_temp.doc('n', source => 'pg_catalog.pg_class'));
CALL datamesh.load_contract(pg_temp.doc('n', source => 'a.b.c'));
CALL datamesh.load_contract(pg_temp.doc('n', source => 'x"; DROP'));
CALL datamesh.load_contract(pg_temp.doc('n', source => 'a_sequence'));
CALL datamesh.load_contract(pg_temp.doc('n', source => repeat('x', 70)));
CREATE TEMP TABLE planted (id int);
CALL datamesh.load_contract(pg_temp.doc('n', source => 'planted'));
DROP TABLE planted;
RESET ROLE;
CREATE SCHEMA regress_raw AUTHORIZATION regress_team;
SET ROLE regress_team;
CREATE TABLE regress_raw.orders (id int);
CREATE TABLE regress_raw.only_here (id int);
CALL datamesh.load_contract(pg_temp.doc('n', source => 'regress_raw.only_here'));
CALL datamesh.add_internal_schema('regress_sales', 'regress_raw');
CALL datamesh.load_contract(pg_temp.doc('s', source => 'only_here'));
CALL datamesh.load_contract(pg_temp.doc('n', source => 'orders'));
CALL datamesh.load_contract(pg_temp.doc('s', source => 'regress_raw.orders'));
SELECT source FROM datamesh.contracts WHERE name = 's';
-- a registered schema that somebody else has made again is not the domain's
RESET ROLE;
ALTER SCHEMA regress_raw OWNER TO regress_other;
SET ROLE regress_team;
CALL datamesh.load_contract(pg_temp.doc('n', source => 'regress_raw.only_here'));
RESET ROLE;
DROP SCHEMA regress_raw CASCADE;
SET ROLE regress_team;

-- documents that cannot be products: every fault in one error
CALL datamesh.load_contract(NULL);
CALL datamesh.load_contract('');
CALL datamesh.load_contract(pg_temp.doc('n', domain => 'regress_nowhere'));
CALL datamesh.load_contract(pg_temp.doc('n', '1.2'));
CALL datamesh.load_contract(pg_temp.doc('n', '01.2.3'));
CALL datamesh.load_contract(pg_temp.doc('n', '1.2.3-'));
CALL datamesh.load_contract(pg_temp.doc('n', '1.2.99999999999999999999'));
CALL datamesh.load_contract(pg_temp.doc(repeat('p', 64)));
CALL datamesh.load_contract(pg_temp.doc(repeat('p', 61)));
CALL datamesh.load_contract(pg_temp.doc('n', 'v1', more => 'customProperties: [{property: datamesh.mode, value: sometimes}, {property: datamesh.retention, value: 0}]',
  columns => '[{name: id}, {name: datamesh_release}, {name: id}, {name: ctid}, {name: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}]'));
CALL datamesh.load_contract(pg_temp.doc('n', columns => '[]'));
SELECT '[' || string_agg(format('{name: c%s}', i), ', ') || ']' AS columns FROM generate_series(1, 1600) i \gset
CALL datamesh.load_contract(pg_temp.doc('n', columns => :'columns'));
SELECT '[' || string_agg(format('{name: c%s}', i), ', ') || ']' AS columns FROM generate_series(1, 1599) i \gset
CALL datamesh.load_contract(pg_temp.doc('n', columns => :'columns', more => 'customProperties: [{property: datamesh.retention, value: 99999999999999}]'));
SELECT retention FROM datamesh.contracts WHERE name = 'n';
SELECT count(*) FROM datamesh.contract_columns WHERE name = 'n';
CALL datamesh.drop_draft('regress_sales.n', '1.0.0');
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: x
status: active
version: 1.0.0
schema: [{name: a, properties: [{name: x}]}, {name: b, properties: [{name: x}]}]
$$);
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "active", "version": "1.0.0", "domain": "regress_sales", "name": "jsonic", "schema": [{"name": "orders", "properties": [{"name": "id"}]}]}');
SELECT product, source FROM datamesh.contracts WHERE name = 'jsonic';

-- port names: p has ports p and p_v1
CALL datamesh.load_contract(pg_temp.doc('p_v1'));
CALL datamesh.load_contract(pg_temp.doc('p_v2'));
CALL datamesh.load_contract(pg_temp.doc('p', '2.0.0'));
CALL datamesh.load_contract(pg_temp.doc('p', '3.0.0'));
CALL datamesh.load_contract(pg_temp.doc('p_v03'));
CALL datamesh.load_contract(pg_temp.doc('A "product"'));
SELECT product FROM datamesh.products ORDER BY 1;
SELECT datamesh.contract('regress_sales."A ""product"""') ->> 'dataProduct';

-- however the session quotes, a product has one name
SET quote_all_identifiers = on;
CALL datamesh.load_contract(pg_temp.doc('p', '3.0.0', more => 'tags: [quoted]'));
CALL datamesh.load_contract(pg_temp.doc('also_quoted'));
RESET quote_all_identifiers;
SELECT product FROM datamesh.products WHERE name = 'also_quoted' AND product = 'regress_sales.also_quoted';
CALL datamesh.drop_draft('regress_sales.also_quoted', '1.0.0');
SELECT product, kind FROM datamesh.events ORDER BY event_id DESC LIMIT 3;

-- names that are no product
SELECT datamesh.contract('regress_sales.customer_lifetime_valu');
SELECT datamesh.contract('regress_sale.p');
SELECT datamesh.contract('p');
SELECT datamesh.contract('');
SELECT datamesh.contract(NULL);
SELECT datamesh.contract('regress_sales.p', 'one');
SELECT datamesh.contract('regress_sales.p', '9.9.9');

-- another domain's team
SET ROLE regress_other;
CALL datamesh.load_contract(pg_temp.doc('p'));
CALL datamesh.drop_draft('regress_sales.p', '3.0.0');
SELECT datamesh.contract('regress_sales.p') ->> 'version';
RESET ROLE;
ALTER ROLE regress_other NOINHERIT;
GRANT regress_team TO regress_other;
SET ROLE regress_other;
CALL datamesh.drop_draft('regress_sales.p', '3.0.0');
RESET ROLE;
REVOKE regress_team FROM regress_other; -- since 16 a membership keeps what the role was when it was granted
ALTER ROLE regress_other INHERIT;
GRANT regress_team TO regress_other;
SET ROLE regress_other;
CALL datamesh.drop_draft('regress_sales.p', '3.0.0');
RESET ROLE;

-- read-only transactions, and a transaction that changes its mind
BEGIN READ ONLY;
CALL datamesh.load_contract(pg_temp.doc('ro'));
ROLLBACK;
BEGIN;
CALL datamesh.load_contract(pg_temp.doc('rolled_back'));
SAVEPOINT a;
CALL datamesh.load_contract(pg_temp.doc('rolled_back', '1.1.0'));
ROLLBACK TO a;
SELECT version FROM datamesh.contracts WHERE name = 'rolled_back';
ROLLBACK;
SELECT version FROM datamesh.contracts WHERE name = 'rolled_back';
SELECT * FROM datamesh.verify_event_log();

-- a domain goes with all that retired products have left behind
BEGIN;
WITH c AS (SELECT contract_id, product_id FROM datamesh.contract WHERE version::text = '1.0.0' LIMIT 1),
o AS (INSERT INTO datamesh.port (product_id, major, mode, contract_id) SELECT product_id, 1, 'snapshot', contract_id FROM c RETURNING *),
r AS (INSERT INTO datamesh.release (port_id, contract_id, published_at, published_by, source_as_of)
      SELECT port_id, contract_id, now(), 'x', now() FROM o RETURNING *),
h AS (INSERT INTO datamesh.port_history SELECT port_id, now(), release_id FROM r)
INSERT INTO datamesh.report (product_id, contract_id, kind, outcome, report) SELECT product_id, contract_id, 'check', 'passed', '{}' FROM c;
UPDATE datamesh.product SET status = 'retired';
CALL datamesh.drop_domain('regress_sales');
SELECT (SELECT count(*) FROM datamesh.port) AS ports, (SELECT count(*) FROM datamesh.release) AS releases,
       (SELECT count(*) FROM datamesh.report) AS reports, (SELECT count(*) FROM datamesh.contract) AS contracts;
ROLLBACK;

-- a domain with a published product stays
UPDATE datamesh.product SET status = 'published' WHERE product_name IN ('p', 'A "product"');
CALL datamesh.drop_domain('regress_sales');
UPDATE datamesh.product SET status = 'retired' WHERE status = 'published';
CALL datamesh.drop_domain('regress_sales');
CALL datamesh.drop_domain('regress_ops');
SELECT count(*) FROM datamesh.contract_columns;
DROP SCHEMA regress_sales_internal CASCADE;
DROP SCHEMA regress_ops_internal;
DROP ROLE regress_team, regress_other;
