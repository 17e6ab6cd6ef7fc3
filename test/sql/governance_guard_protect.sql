-- governance_guard_protect: row security on what a product is made from stays, and whatever joins it gets it.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gp_team;
CREATE ROLE regress_gp_member IN ROLE regress_gp_team;
CREATE ROLE regress_gp_out;
CALL datamesh.create_domain('rgprot', owner => 'regress_gp_team');
CREATE FUNCTION pg_temp.document(product text, version text, source text) RETURNS text LANGUAGE sql AS $$
SELECT format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "%1$s", "name": "%1$s", "domain": "rgprot",
  "version": "%2$s", "status": "active",
  "schema": [{"name": "%1$s", "physicalName": %3$s, "properties": [{"name": "id", "logicalType": "integer"}]}],
  "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rgprot_internal"}]}',
  product, version, to_json(source)) $$;
CREATE VIEW pg_temp.protected AS
SELECT c.oid::regclass::text COLLATE "C" AS relation, c.relrowsecurity AS row_security,
       array_agg(p.polname ORDER BY p.polname) FILTER (WHERE p.polname IS NOT NULL) AS policies
FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
WHERE c.relnamespace = 'rgprot_internal'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid;
GRANT SELECT ON pg_temp.protected TO PUBLIC;
SET ROLE regress_gp_team;
CREATE TABLE rgprot_internal.t (id integer);
INSERT INTO rgprot_internal.t VALUES (1);
CREATE TABLE rgprot_internal.parts (id integer) PARTITION BY RANGE (id);
CREATE TABLE rgprot_internal.parts_1 PARTITION OF rgprot_internal.parts FOR VALUES FROM (0) TO (10);
INSERT INTO rgprot_internal.parts VALUES (1);
CREATE VIEW rgprot_internal.v AS SELECT id FROM rgprot_internal.parts;
CREATE TABLE rgprot_internal.other (id integer);
CALL datamesh.load_contract(pg_temp.document('t', '1.0.0', 't'));
CALL datamesh.load_contract(pg_temp.document('p', '1.0.0', 'v'));
CALL datamesh.publish('rgprot.t');
CALL datamesh.publish('rgprot.p');
SELECT * FROM pg_temp.protected ORDER BY 1;

-- what would open it
ALTER TABLE rgprot_internal.t DISABLE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.parts_1 ADD COLUMN x integer, DISABLE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.parts DISABLE ROW LEVEL SECURITY;
DROP POLICY datamesh_domain_read ON rgprot_internal.t;
DROP POLICY IF EXISTS datamesh_insert ON rgprot_internal.t;
ALTER POLICY datamesh_domain_read ON rgprot_internal.t TO PUBLIC;
ALTER POLICY datamesh_domain_read ON rgprot_internal.t RENAME TO mine;
ALTER POLICY datamesh_update ON rgprot_internal.t USING (false);
CREATE POLICY open ON rgprot_internal.t USING (true);
CREATE POLICY open ON rgprot_internal.t FOR SELECT TO regress_gp_out USING (id = 1);
DO $$ BEGIN EXECUTE 'CREATE POLICY open ON rgprot_internal.parts FOR ALL TO PUBLIC USING (true)'; END $$;
SET ROLE regress_gp_member;
ALTER TABLE rgprot_internal.t DISABLE ROW LEVEL SECURITY;
SET ROLE regress_gp_out;
ALTER TABLE rgprot_internal.t DISABLE ROW LEVEL SECURITY;
DROP POLICY datamesh_domain_read ON rgprot_internal.t;
SET ROLE regress_gp_team;
SET session_replication_role = replica;
RESET ROLE;
SET session_replication_role = replica;
ALTER TABLE rgprot_internal.t DISABLE ROW LEVEL SECURITY;
RESET session_replication_role;
DROP OWNED BY rgprot_port;
SET ROLE regress_gp_team;
-- what does not
CREATE POLICY ours ON rgprot_internal.t FOR SELECT TO regress_gp_team, regress_gp_member USING (id > 0);
CREATE POLICY narrow ON rgprot_internal.t AS RESTRICTIVE USING (id > 0);
CREATE POLICY writing ON rgprot_internal.t FOR INSERT TO regress_gp_out WITH CHECK (true);
ALTER POLICY ours ON rgprot_internal.t RENAME TO own;
-- until it does
ALTER POLICY own ON rgprot_internal.t TO PUBLIC;
DROP POLICY own ON rgprot_internal.t;
DROP POLICY narrow ON rgprot_internal.t;
DROP POLICY writing ON rgprot_internal.t;
ALTER TABLE rgprot_internal.t ENABLE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.t FORCE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.t NO FORCE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.t ADD COLUMN more text;
CREATE POLICY free ON rgprot_internal.other USING (true);
ALTER TABLE rgprot_internal.other ENABLE ROW LEVEL SECURITY;
ALTER TABLE rgprot_internal.other DISABLE ROW LEVEL SECURITY;
DROP POLICY free ON rgprot_internal.other;

-- what joins is protected with it: partitions, children, whoever of the domain makes them
CREATE TABLE rgprot_internal.parts_2 PARTITION OF rgprot_internal.parts FOR VALUES FROM (10) TO (20);
SET ROLE regress_gp_member;
SET ROLE regress_gp_team;
GRANT CREATE, USAGE ON SCHEMA rgprot_internal TO regress_gp_member;
SET ROLE regress_gp_member;
CREATE TABLE rgprot_internal.parts_3 PARTITION OF rgprot_internal.parts FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (id);
CREATE TABLE rgprot_internal.parts_3a PARTITION OF rgprot_internal.parts_3 FOR VALUES FROM (20) TO (25);
SET ROLE regress_gp_team;
CREATE TABLE rgprot_internal.parts_4 (id integer);
ALTER TABLE rgprot_internal.parts ATTACH PARTITION rgprot_internal.parts_4 FOR VALUES FROM (30) TO (40);
CREATE TABLE rgprot_internal.child () INHERITS (rgprot_internal.t);
CREATE TABLE rgprot_internal.late (id integer, more text);
ALTER TABLE rgprot_internal.late INHERIT rgprot_internal.t;
-- another road to the same rows
CREATE TABLE rgprot_internal.above (id integer);
ALTER TABLE rgprot_internal.t INHERIT rgprot_internal.above;
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected ORDER BY 1;
INSERT INTO rgprot_internal.late VALUES (2), (3);
CALL datamesh.publish('rgprot.t');
SELECT count(*) FROM rgprot.t;
-- what is not the domain's cannot join
RESET ROLE;
CREATE SCHEMA regress_gp_away AUTHORIZATION regress_gp_team;
SET ROLE regress_gp_team;
CREATE TABLE regress_gp_away.parts_5 PARTITION OF rgprot_internal.parts FOR VALUES FROM (50) TO (60);
CREATE TABLE regress_gp_away.parts_5 (id integer);
ALTER TABLE rgprot_internal.parts ATTACH PARTITION regress_gp_away.parts_5 FOR VALUES FROM (50) TO (60);
ALTER TABLE rgprot_internal.t INHERIT regress_gp_away.parts_5;
CREATE TABLE regress_gp_away.child () INHERITS (rgprot_internal.t);
ALTER TABLE rgprot_internal.late NO INHERIT rgprot_internal.t;
ALTER TABLE rgprot_internal.parts DETACH PARTITION rgprot_internal.parts_4;

-- a source made anew, by the usual roads
CREATE TABLE rgprot_internal.t_new (id integer);
INSERT INTO rgprot_internal.t_new VALUES (1);
ALTER TABLE rgprot_internal.t RENAME TO t_old;
ALTER TABLE rgprot_internal.t_new RENAME TO t;
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected WHERE relation ~ '\.t(_|$)' ORDER BY 1;
SET client_min_messages = error;
DROP TABLE rgprot_internal.t;
RESET client_min_messages;
CREATE TABLE rgprot_internal.t AS SELECT 5 AS id;
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected WHERE relation ~ '\.t$' ORDER BY 1;
-- what no product is made from any more is free
ALTER TABLE rgprot_internal.t_old DISABLE ROW LEVEL SECURITY;
DROP POLICY datamesh_insert ON rgprot_internal.t_old;

-- a superuser who breaks the glass, and the next publish
RESET ROLE;
SET datamesh.break_glass = on;
ALTER TABLE rgprot_internal.t DISABLE ROW LEVEL SECURITY;
DROP POLICY datamesh_delete ON rgprot_internal.t;
CREATE POLICY open ON rgprot_internal.t USING (true);
ALTER TABLE regress_gp_away.parts_5 INHERIT rgprot_internal.t;
ALTER TABLE regress_gp_away.parts_5 NO INHERIT rgprot_internal.t;
RESET datamesh.break_glass;
CALL datamesh.publish('rgprot.t');
SELECT * FROM pg_temp.protected WHERE relation ~ '\.t$' ORDER BY 1;

-- the end: dropping and moving are never in the way
SET ROLE regress_gp_team;
SET client_min_messages = error;
CALL datamesh.deprecate('rgprot.t', '1.0.0', current_date);
CALL datamesh.retire('rgprot.t');
RESET client_min_messages;
SELECT * FROM pg_temp.protected WHERE relation ~ '\.t$' ORDER BY 1;
ALTER TABLE rgprot_internal.parts SET SCHEMA regress_gp_away;
DROP TABLE regress_gp_away.parts;
CALL datamesh.deprecate('rgprot.p', '1.0.0', current_date);
CALL datamesh.retire('rgprot.p');
RESET ROLE;
SET client_min_messages = error;
CALL datamesh.drop_domain('rgprot');
DROP SCHEMA rgprot_internal, regress_gp_away CASCADE;
DROP OWNED BY regress_gp_team, regress_gp_member, regress_gp_out;
DROP ROLE regress_gp_team, regress_gp_member, regress_gp_out;
