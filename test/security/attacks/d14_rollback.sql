-- A release of before a consumer was restricted is shown to it as restricted as it is now.
-- as: sales_team
-- control: no, the domain's owner sees everything
-- says: after \| +1 \| +\| +Berlin
CREATE TABLE sales_internal.back AS SELECT 1 AS id, 'Quillfeather'::text AS note, 'Berlin'::text AS city;
SELECT $yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-back
name: back
domain: sales
version: @version
status: active
roles: [{role: marketing, access: read}@more]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
schema:
- name: back
  physicalName: back
  properties: [{name: id, required: true}, {name: note}, {name: city}]
$yaml$ AS contract \gset
SELECT format('CALL datamesh.load_contract(%L)', replace(replace(:'contract', '@version', '1.0.0'), '@more', '')) AS load \gset
:load;
CALL datamesh.publish('sales.back');
SELECT format('CALL datamesh.load_contract(%L)', replace(replace(:'contract', '@version', '1.1.0'), '@more', ', {role: executive, access: read, customProperties: [{property: datamesh.columns, value: [id, city]}]}')) AS load \gset
:load;
CALL datamesh.publish('sales.back');
\connect - executives
SELECT 'before' AS "when", id, note, city FROM sales.back WHERE id = 1;
\connect - sales_team
SELECT release FROM datamesh.releases WHERE product = 'sales.back' AND NOT is_current \gset
CALL datamesh.rollback('sales.back', :release);
\connect - executives
SELECT 'after' AS "when", id, note, city FROM sales.back WHERE id = 1;
SELECT 'after' AS "when", id, note, city FROM sales.back WHERE id = 1;
