-- A release of before groups had to be of some size is not read by going back to it, neither by the consumer nor by the domain.
-- as: sales_team
-- control: no, the domain sees its own releases
-- says: ERROR: +42501: release \d+ of sales\.wages was published before small groups were kept back
-- says: ERROR: +42501: release \d+ of sales\.wages_v1 was published before small groups were kept back
-- says: ERROR: +MD201: data product "sales\.wages" cannot go back to release \d+: it has small groups
-- says: smallest group: 5
-- says: owner: 1
CREATE TABLE sales_internal.wages (id integer PRIMARY KEY, city text NOT NULL, decade integer NOT NULL, wage integer NOT NULL);
INSERT INTO sales_internal.wages SELECT i, 'City ' || i % 2, 1950 + 10 * (i % 4 / 2), 100 + i FROM generate_series(1, 20) AS i;
INSERT INTO sales_internal.wages VALUES (21, 'Atlantis', 1950, 987654);
SELECT $y$---
{apiVersion: v3.1.0, kind: DataContract, id: wages, name: wages, domain: sales, version: @version, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 customProperties: [@more],
 schema: [{name: wages, physicalName: wages, properties: [{name: id, primaryKey: true}, {name: city}, {name: decade}, {name: wage}]}]}$y$ AS contract \gset
SELECT replace(replace(:'contract', '@version', '1.0.0'), '@more', '') AS first, replace(replace(:'contract', '@version', '1.1.0'), '@more', '{property: datamesh.kAnonymity, value: {k: 5, columns: [city, decade]}}') AS second \gset
CALL datamesh.load_contract(:'first');
CALL datamesh.publish('sales.wages');
DELETE FROM sales_internal.wages WHERE id = 21;
CALL datamesh.load_contract(:'second');
CALL datamesh.publish('sales.wages');
SELECT release FROM datamesh.releases WHERE product = 'sales.wages' AND NOT is_current \gset
SELECT published_at FROM datamesh.releases WHERE product = 'sales.wages' AND NOT is_current \gset
SELECT 'owner: ' || count(*) FROM datamesh.at_release(NULL::sales.wages, :release) WHERE id = 21;
CALL datamesh.rollback('sales.wages', :release);
\connect - marketing_team
SELECT * FROM datamesh.at_release(NULL::sales.wages, :release) WHERE wage > 500;
SELECT * FROM datamesh.at_release(NULL::sales.wages_v1, :release) WHERE wage > 500;
SELECT * FROM datamesh.as_of(NULL::sales.wages, :'published_at'::timestamptz + interval '1 millisecond') WHERE wage > 500;
SELECT * FROM sales.wages WHERE wage > 500;
SELECT 'smallest group: ' || datamesh.k_anonymity('sales.wages', '{city,decade}');
\connect - dana
SELECT count(*) FROM datamesh.at_release(NULL::sales.wages, :release) WHERE id = 21;
