-- The report of a publish is for everybody, and does not quote the value on which a check failed.
-- as: mallory
-- control: no, in the domain's report the error stands in full
-- says: could not be measured
-- says: whether there is personal data
\connect - sales_team
\set VERBOSITY sqlstate
CREATE TABLE sales_internal.mixed AS SELECT i AS id, CASE WHEN i = 1 THEN 'Quillfeather' ELSE i::text END AS n FROM generate_series(1, 20) AS i;
CREATE VIEW sales_internal.numbers AS SELECT id, n::integer AS n FROM sales_internal.mixed;
CALL datamesh.load_contract($yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-numbers
name: numbers
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.mode, value: live}]
schema:
- name: numbers
  physicalName: numbers
  properties: [{name: id, required: true}, {name: n, required: true}]
$yaml$);
\set QUIET on
DO $$ BEGIN CALL datamesh.publish('sales.numbers', dry_run => true); EXCEPTION WHEN OTHERS THEN END $$;
\connect - mallory
SELECT jsonb_pretty(datamesh.governance_report('sales.numbers'));
SELECT report FROM datamesh.reports WHERE product = 'sales.numbers';
SELECT * FROM datamesh.events WHERE product = 'sales.numbers';
SELECT * FROM datamesh.compliance;
