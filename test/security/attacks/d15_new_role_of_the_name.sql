-- A role that is dropped and made again under the same name inherits nothing.
-- as: postgres
-- control: no, it is the same name
-- says: permission denied
-- says: published: 1
CREATE ROLE temp_reader LOGIN;
CALL datamesh.create_consumer('temp', role => 'temp_reader');
-- the same source is published with a mask already
CALL datamesh.set_policy('security.lineage', severity => 'OFF');
\connect - sales_team
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: c, name: c, domain: sales, version: 1.0.0, status: active,
 roles: [{role: temp, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 schema: [{name: c, physicalName: people, properties: [{name: id, required: true}, {name: name, classification: pii, customProperties: [{property: datamesh.mask, value: {function: redact, consumers: {temp: none}}}]}]}]}$y$);
CALL datamesh.publish('sales.c');
\connect - postgres
SET datamesh.break_glass = on;
SELECT 'published: ' || count(*) FROM datamesh.ports WHERE product = 'sales.c';
DROP OWNED BY temp_reader;
DROP ROLE temp_reader;
CREATE ROLE temp_reader LOGIN;
\connect - temp_reader
SELECT * FROM sales.c WHERE id < 10;
\connect - postgres
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA sales TO temp_reader;
GRANT SELECT ON sales.c TO temp_reader;
\connect - temp_reader
SELECT * FROM sales.c WHERE id < 10;
\connect - sales_team
CALL datamesh.publish('sales.c');
\connect - temp_reader
SELECT * FROM sales.c WHERE id < 10;
\connect - postgres
SET datamesh.break_glass = on;
DROP OWNED BY temp_reader;
DROP ROLE temp_reader;
