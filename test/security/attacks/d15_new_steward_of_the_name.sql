-- A steward that is dropped and made again under the same name reads what everybody reads, also after a publish.
-- as: postgres
-- control: no, it is the same name
-- says: permission denied
-- says: is not the one that was steward
-- says: reads \[redacted\]
CREATE ROLE temp_steward LOGIN;
\connect - sales_team
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: c, name: c, domain: sales, version: 1.0.0, status: active,
 team: {name: t, members: [{username: temp_steward, role: data steward}]}, roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 schema: [{name: c, physicalName: people, properties: [{name: id, required: true}, {name: name, classification: pii, customProperties: [{property: datamesh.mask, value: redact}]}]}]}$y$);
CALL datamesh.publish('sales.c');
\connect - temp_steward
SELECT count(*) FROM sales.c WHERE name ~ 'Person';
\connect - postgres
SET datamesh.break_glass = on;
DROP OWNED BY temp_steward;
DROP ROLE temp_steward;
CREATE ROLE temp_steward LOGIN;
\connect - temp_steward
SELECT name FROM sales.c WHERE id < 10;
\connect - sales_team
CALL datamesh.publish('sales.c');
\connect - temp_steward
SELECT name FROM sales.c WHERE id < 10;
\connect - postgres
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA sales TO temp_steward;
GRANT SELECT ON sales.c TO temp_steward;
\connect - temp_steward
SELECT 'reads ' || name FROM sales.c WHERE id < 10;
\connect - postgres
SET datamesh.break_glass = on;
DROP OWNED BY temp_steward;
DROP ROLE temp_steward;
