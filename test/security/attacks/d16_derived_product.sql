-- A domain that may read a column raw publishes a product made from it, for those who may not: under another name, in an
-- expression, through a view on a view, in JSON. It waits for the council, and nobody reads it.
-- as: finance_team
-- control: no, the raw column is the attacker's own to read
-- says: waits for an approval
-- says: column 'who' is made from column 'name' of data product "sales.people"
-- says: column 'packed' is made from column 'name' of data product "sales.people"
-- says: published: 0
-- says: asked for: 1
CREATE VIEW finance_internal.first AS SELECT id, lower(name) AS n FROM sales.people WHERE id < 10;
CREATE VIEW finance_internal.leak AS
WITH a AS (SELECT id, n FROM finance_internal.first UNION ALL SELECT -1, 'nobody')
SELECT id, n AS who, jsonb_build_object('x', to_jsonb(a)) AS packed FROM a;
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: leak, name: leak, domain: finance, version: 1.0.0, status: active,
 roles: [{role: executive, access: read}, {role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: finance_internal}],
 schema: [{name: leak, physicalName: leak, properties: [{name: id, required: true, unique: true}, {name: who}, {name: packed}]}]}$y$);
CALL datamesh.publish('finance.leak');
SELECT 'published: ' || count(*) FROM datamesh.ports WHERE product = 'finance.leak';
SELECT 'asked for: ' || count(*) FROM datamesh.pending_approvals WHERE product = 'finance.leak';
\connect - executives
SELECT * FROM finance.leak;
SELECT * FROM finance_internal.leak;
\connect - marketing_team
SELECT * FROM finance.leak_v1;
