-- Personal data that comes into a column, or into a new one, after the contract was approved and published clean.
-- as: sales_team
-- control: no, who publishes reads the source anyway
-- says: clean: 1
-- says: security.pii_undeclared \(note\)
-- says: security.pii_undeclared \(extra\)
-- says: still clean: 0
CREATE TABLE sales_internal.notes (id integer PRIMARY KEY, note text NOT NULL, extra jsonb NOT NULL);
INSERT INTO sales_internal.notes SELECT i, 'nothing ' || i, '{}' FROM generate_series(1, 30) AS i;
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: notes, name: notes, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 schema: [{name: notes, physicalName: notes, properties: [{name: id, primaryKey: true}, {name: note, classification: public}, {name: extra}]}]}$y$);
CALL datamesh.publish('sales.notes');
SELECT 'clean: ' || count(*) FROM datamesh.ports WHERE product = 'sales.notes';
UPDATE sales_internal.notes AS n SET note = p.email, extra = jsonb_build_object('a', jsonb_build_array(jsonb_build_object('b', p.email)))
FROM sales_internal.people AS p WHERE p.id = CASE WHEN n.id <= 4 THEN n.id ELSE n.id + 100 END;
CALL datamesh.publish('sales.notes');
\connect - marketing_team
SELECT 'still clean: ' || count(*) FROM sales.notes WHERE note LIKE '%@%';
SELECT note, extra FROM sales.notes ORDER BY id LIMIT 5;
