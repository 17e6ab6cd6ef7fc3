-- The report of a publish is for everybody, and says nothing of what the values are that it measured.
-- as: mallory
-- control: no, in the domain's report these figures belong
-- says: max of id is 1099, less than 100 expected
-- says: the figure is for members of the domain
-- says: "status": "fail"
\connect - sales_team
\set VERBOSITY sqlstate
SELECT $yaml$
apiVersion: v3.1.0
kind: DataContract
id: sales-measured
name: measured
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
schema:
- name: measured
  physicalName: people
  quality: [{type: sql, query: "SELECT max(salary) FROM ${object}", mustBeLessThan: 1000}]
  properties:
  - {name: id, required: true, primaryKey: true, quality: [{type: custom, engine: datamesh, implementation: {check: statistic, fn: max}, mustBeLessThan: 100}]}
  - {name: salary, classification: restricted, customProperties: [{property: datamesh.mask, value: "null"}], quality: [{type: custom, engine: datamesh, implementation: {check: statistic, fn: max}, mustBeLessThan: 1000}]}
  - {name: born, classification: pii, customProperties: [{property: datamesh.mask, value: "null"}], quality: [{type: custom, engine: datamesh, implementation: {check: freshness, max_age: 3 days, timezone: UTC}}]}
$yaml$ AS contract \gset
CALL datamesh.load_contract(:'contract');
DO $$ BEGIN CALL datamesh.publish('sales.measured', dry_run => true); EXCEPTION WHEN OTHERS THEN END $$;
\connect - mallory
SELECT jsonb_pretty(datamesh.governance_report('sales.measured'));
SELECT report FROM datamesh.reports WHERE product = 'sales.measured';
SELECT * FROM datamesh.events WHERE product = 'sales.measured';
SELECT * FROM datamesh.compliance_over_time;
SELECT * FROM datamesh.progress;
