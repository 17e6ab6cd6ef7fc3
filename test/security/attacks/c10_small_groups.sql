-- Who stands alone in a group can be told apart without a name: no release with so small a group is let out.
-- as: sales_team
-- control: no, what is tried is to publish
-- says: MD201
-- says: datamesh\.kAnonymity
-- says: MD203.*"sales\.wages_live" asks for protection that cannot be given
-- says: smallest group: 5
-- says: alone: 0
CREATE TABLE sales_internal.wages (id integer PRIMARY KEY, city text NOT NULL, decade integer NOT NULL, wage integer NOT NULL);
INSERT INTO sales_internal.wages SELECT i, 'City ' || i % 2, 1950 + 10 * (i % 4 / 2), 100 + i FROM generate_series(1, 20) AS i;
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: wages, name: wages, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 customProperties: [{property: datamesh.kAnonymity, value: {k: 5, columns: [city, decade]}}],
 schema: [{name: wages, physicalName: wages, properties: [{name: id, primaryKey: true}, {name: city}, {name: decade}, {name: wage}]}]}$y$);
CALL datamesh.publish('sales.wages');
-- one alone; one whose group is small because another moved; one without a city
INSERT INTO sales_internal.wages VALUES (21, 'Atlantis', 1950, 987654);
CALL datamesh.publish('sales.wages');
UPDATE sales_internal.wages SET city = 'City 1', decade = 1960, wage = 122 WHERE id = 21;
UPDATE sales_internal.wages SET decade = 1990, wage = 876543 WHERE id = 2;
CALL datamesh.publish('sales.wages');
-- one alone, because all others have gone
DELETE FROM sales_internal.wages WHERE id <> 2;
CALL datamesh.publish('sales.wages');
-- a live product, to which somebody comes who is alone
SELECT $y$---
{apiVersion: v3.1.0, kind: DataContract, id: wages-live, name: wages_live, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 customProperties: [{property: datamesh.mode, value: live}, {property: datamesh.kAnonymity, value: {k: 1, columns: [city, decade]}}],
 schema: [{name: wages_live, physicalName: wages, properties: [{name: id, primaryKey: true}, {name: city}, {name: decade}, {name: wage}]}]}$y$ AS live \gset
CALL datamesh.load_contract(:'live');
CALL datamesh.publish('sales.wages_live');
\connect - marketing_team
SELECT * FROM sales.wages_live WHERE wage > 500;
SELECT 'smallest group: ' || datamesh.k_anonymity('sales.wages', '{city,decade}');
SELECT 'alone: ' || count(*) FROM (SELECT FROM sales.wages GROUP BY city, decade HAVING count(*) < 5) AS g;
SELECT * FROM sales.wages WHERE wage > 500;
SELECT datamesh.governance_report('sales.wages');
SELECT * FROM datamesh.reports WHERE product = 'sales.wages';
