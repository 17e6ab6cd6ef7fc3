-- What is beneath the source of a live product is exchanged after the publish: a view, a policy, a child, somebody else's view outside of the mesh.
-- as: mallory
-- control: no, it is about whose rights the code has
-- says: MD203.*live data product "sales\.deep" would run function playground\.spy\(integer\)
-- says: MD203.*live data product "sales\.deep" would run function sales_internal\.spy\(integer\)
-- says: MD203.*live data product "sales\.parted" would run function sales_internal\.spy\(integer\)
-- silent: spied as (postgres|mark|executives)
CREATE FUNCTION playground.spy(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE VIEW playground.numbers AS SELECT g AS id FROM generate_series(1, 10) AS g;
GRANT SELECT ON playground.numbers TO sales_team;
\connect - sales_team
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE TABLE sales_internal.bottom AS SELECT g AS id FROM generate_series(1, 10) AS g;
CREATE VIEW sales_internal.middle AS SELECT id FROM sales_internal.bottom WHERE id IN (SELECT id FROM playground.numbers);
CREATE VIEW sales_internal.deep AS SELECT id FROM sales_internal.middle;
CREATE TABLE sales_internal.parted (id integer) PARTITION BY LIST (id);
CREATE TABLE sales_internal.parted_1 PARTITION OF sales_internal.parted FOR VALUES IN (1);
INSERT INTO sales_internal.parted VALUES (1);
SELECT format($yaml$CALL datamesh.load_contract('
apiVersion: v3.1.0
kind: DataContract
id: sales-%1$s
name: %1$s
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.mode, value: live}]
schema: [{name: %1$s, physicalName: %1$s, properties: [{name: id}]}]
')$yaml$, name) FROM (VALUES ('deep'), ('parted')) AS v(name) \gexec
CALL datamesh.publish('sales.deep');
CALL datamesh.publish('sales.parted');
-- (these are let be: nothing of them is constant, and so only writers run them)
CREATE INDEX ON sales_internal.bottom (sales_internal.spy(id));
ALTER TABLE sales_internal.bottom ADD CHECK (sales_internal.spy(id) > 0);
CREATE OR REPLACE VIEW sales_internal.middle AS SELECT sales_internal.spy(id) AS id FROM sales_internal.bottom;
CREATE POLICY spied ON sales_internal.bottom TO sales_team USING (sales_internal.spy(id) > 0);
ALTER TABLE sales_internal.bottom FORCE ROW LEVEL SECURITY;
CREATE TABLE sales_internal.parted_2 PARTITION OF sales_internal.parted FOR VALUES IN (2) PARTITION BY LIST ((id + sales_internal.spy(0)));
CREATE INDEX ON sales_internal.parted_1 ((id + sales_internal.spy(0)));
\connect - mallory
CREATE OR REPLACE VIEW playground.numbers AS SELECT playground.spy(g) AS id FROM generate_series(1, 10) AS g;
\connect - mark
SET constraint_exclusion = on;
SELECT count(*) FROM sales.deep WHERE id > 5;
SELECT count(*) FROM sales.parted WHERE id > 5;
\connect - postgres
SET constraint_exclusion = on;
SELECT count(*) FROM sales.deep WHERE id > 5;
SELECT count(*) FROM sales.parted WHERE id > 5;
