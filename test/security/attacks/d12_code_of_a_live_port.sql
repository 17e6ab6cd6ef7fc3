-- Functions in the source of a live product run as whoever reads the port. That is how PostgreSQL's views are; the scan says which.
-- as: sales_team
-- control: no, it is about what the scan says
-- says: port\.code \| CRITICAL \| view sales\.spied_v1 \| whoever reads it runs function sales_internal\.spy\(integer\), which belongs to sales_team
-- silent: view sales\.people.* runs function
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN i; END $$;
CREATE VIEW sales_internal.inner_view AS SELECT sales_internal.spy(id) AS id, city FROM sales_internal.people;
CREATE VIEW sales_internal.spied AS SELECT id, city FROM sales_internal.inner_view;
CALL datamesh.load_contract($yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-spied
name: spied
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.mode, value: live}]
schema:
- name: spied
  physicalName: spied
  properties: [{name: id}, {name: city}]
$yaml$);
CALL datamesh.publish('sales.spied');
\connect - postgres
SELECT concat_ws(' | ', s.finding, s.severity, s.object, s.what) FROM datamesh.security_scan() AS s WHERE s.finding LIKE 'port.%';
