-- Functions in the source of a live product would run as whoever reads the port: publish refuses them, the guard refuses those that come later, and the scan tells those that came all the same.
-- as: sales_team
-- control: no, it is about what publish and the scan say
-- says: MD203|live data product "sales\.spied" would run function sales_internal\.spy\(integer\) as whoever reads it
-- says: ^ refused: 0$
-- says: port\.code \| CRITICAL \| view sales\.spied_v1 \| whoever reads it runs function sales_internal\.spy\(integer\) in sales_internal\.inner_view, which belongs to sales_team
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
SELECT 'refused: ' || count(*) FROM datamesh.ports WHERE product = 'sales.spied';
CREATE OR REPLACE VIEW sales_internal.inner_view AS SELECT id, city FROM sales_internal.people;
CALL datamesh.publish('sales.spied');
CREATE OR REPLACE VIEW sales_internal.inner_view AS SELECT sales_internal.spy(id) AS id, city FROM sales_internal.people;
\connect - postgres
SET datamesh.break_glass = on;
CREATE OR REPLACE VIEW sales_internal.inner_view AS SELECT sales_internal.spy(id) AS id, city FROM sales_internal.people;
SELECT concat_ws(' | ', s.finding, s.severity, s.object, s.what) FROM datamesh.security_scan() AS s WHERE s.finding LIKE 'port.%';
