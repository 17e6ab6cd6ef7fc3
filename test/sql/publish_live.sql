-- publish_live: a product whose port reads its source, with the gates at the publish.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_live;
CREATE ROLE regress_viewer;
CALL datamesh.create_domain('rlive', owner => 'regress_live');
CALL datamesh.create_domain('rviewer', owner => 'regress_viewer');
SET ROLE regress_live;
CREATE TABLE rlive_internal.t (id integer PRIMARY KEY, name text, hidden text);
CREATE FUNCTION rlive_internal.load(version text, more text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rlive-t
name: t
domain: rlive
version: %s
status: active
schema: [{name: t, physicalName: t, properties: [{name: id, required: true}, {name: label, physicalName: name, required: true}]}]
roles: [{role: rviewer, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rlive_internal}]
customProperties: [{property: datamesh.mode, value: live}%s]
$doc$, version, more));
END $$;
SELECT rlive_internal.load('1.0.0', ', {property: datamesh.indexes, value: [[id]]}');
-- the gates are the same
CALL datamesh.publish('rlive.t');
INSERT INTO rlive_internal.t VALUES (1, 'one', 'x'), (2, 'two', 'y');
CALL datamesh.publish('rlive.t');
SELECT rlive_internal.load('1.0.0');
CALL datamesh.publish('rlive.t');
SELECT product, mode, rows FROM datamesh.ports WHERE product = 'rlive.t';
SELECT regexp_replace(replace(pg_get_viewdef('rlive.t'::regclass), ' t.', ' '), 'may_read\(\d+\)', 'may_read(...)') AS definition;

-- readers see the source as it is now, and only what the contract names
SET ROLE regress_viewer;
SELECT * FROM rlive.t ORDER BY id;
SELECT * FROM rlive_internal.t;
SET ROLE regress_live;
INSERT INTO rlive_internal.t VALUES (3, 'three', 'z');
SET ROLE regress_viewer;
SELECT * FROM rlive.t_v1 ORDER BY id;
SELECT * FROM datamesh.as_of(NULL::rlive.t, now());

-- published again: a release more, the same port
SET ROLE regress_live;
CALL datamesh.publish('rlive.t');
SELECT count(*) AS releases FROM datamesh.releases WHERE product = 'rlive.t';
SELECT release FROM datamesh.releases WHERE product = 'rlive.t' AND NOT is_current \gset
CALL datamesh.rollback('rlive.t', :release);
INSERT INTO rlive_internal.t VALUES (4, NULL, NULL);
CALL datamesh.publish('rlive.t');
DELETE FROM rlive_internal.t WHERE id = 4;

-- nobody who reads a live port runs what belongs to the domain: such a source is refused, however deep the code stands
CREATE FUNCTION rlive_internal.own(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION rlive_internal.own_rows() RETURNS SETOF integer STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN NEXT 1; END $$;
CREATE AGGREGATE rlive_internal.own_max(integer) (SFUNC = pg_catalog.int4larger, STYPE = integer);
CREATE OPERATOR rlive_internal.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = pg_catalog.int4eq);
CREATE DOMAIN rlive_internal.checked AS text CHECK (rlive_internal.own(VALUE) IS NOT NULL);
CREATE TYPE rlive_internal.pair AS (id integer, name rlive_internal.checked);
CREATE TYPE rlive_internal.mood AS ENUM ('one', 'two', 'three');
CREATE TABLE rlive_internal.guarded (id integer, name text);
INSERT INTO rlive_internal.guarded VALUES (1, 'one');
CREATE VIEW rlive_internal.beneath AS SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t;
CREATE FUNCTION rlive_internal.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
    more text;
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW rlive_internal.v AS ' || query;
    CALL datamesh.publish('rlive.v', dry_run => true);
    RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, more = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', sqlstate, said, split_part(more, ';', 1));
END $$;
CREATE VIEW rlive_internal.v AS SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t;
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: rlive-v
name: v
domain: rlive
version: 1.0.0
status: active
schema: [{name: v, physicalName: v, properties: [{name: id}, {name: name}]}]
roles: [{role: rviewer, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rlive_internal}]
customProperties: [{property: datamesh.mode, value: live}]
$doc$);
CALL datamesh.publish('rlive.v');
SELECT n, rlive_internal.try(query) FROM (VALUES
    (1, 'SELECT id, name FROM rlive_internal.beneath'),
    (2, 'SELECT id, (SELECT max(b.name) FROM rlive_internal.beneath AS b) AS name FROM rlive_internal.t'),
    (3, 'WITH w AS (SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t) SELECT id, name FROM w'),
    (4, 'SELECT o AS id, name FROM rlive_internal.t, rlive_internal.own_rows() AS o'),
    (5, 'SELECT rlive_internal.own_max(id) AS id, name FROM rlive_internal.t GROUP BY name'),
    (6, 'SELECT rlive_internal.own_max(id) OVER () AS id, name FROM rlive_internal.t'),
    (7, 'SELECT id, name FROM rlive_internal.t WHERE NOT id OPERATOR(rlive_internal.===) 3'),
    (8, 'SELECT id, name::rlive_internal.checked::text AS name FROM rlive_internal.t'),
    (9, 'SELECT id, (format(''(1,%s)'', name)::rlive_internal.pair).name::text AS name FROM rlive_internal.t'),
    (10, 'SELECT id, (jsonb_populate_record(NULL::rlive_internal.pair, to_jsonb(t))).name::text AS name FROM rlive_internal.t'),
    (11, 'SELECT r.id, r.name::text AS name FROM rlive_internal.t, jsonb_to_record(to_jsonb(t)) AS r(id integer, name rlive_internal.checked)'),
    (12, 'SELECT id, name FROM rlive_internal.t UNION ALL SELECT id, rlive_internal.own(name) FROM rlive_internal.t'),
    (13, 'SELECT id, name::rlive_internal.mood::text AS name FROM rlive_internal.t'),
    (14, 'SELECT id, datamesh.mask_first(upper(name), 2) AS name FROM rlive_internal.t WHERE id IN (SELECT id FROM rlive_internal.guarded)')
) AS v(n, query) ORDER BY n;
-- policies as well
ALTER TABLE rlive_internal.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON rlive_internal.guarded USING (rlive_internal.own(name) <> '');
SELECT rlive_internal.try('SELECT id, name FROM rlive_internal.guarded');
ALTER POLICY mine ON rlive_internal.guarded USING (name <> '');
SELECT rlive_internal.try('SELECT id, name FROM rlive_internal.guarded');
-- what a superuser has made is his own doing
RESET ROLE;
ALTER FUNCTION rlive_internal.own(text) OWNER TO CURRENT_USER;
SET ROLE regress_live;
SELECT rlive_internal.try('SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t');
RESET ROLE;
ALTER FUNCTION rlive_internal.own(text) OWNER TO regress_live;
SET ROLE regress_live;
-- code that comes later is refused by the guard; a superuser who breaks the glass is found out by the scan, and the next publish
CREATE OR REPLACE VIEW rlive_internal.v AS SELECT id, name FROM rlive_internal.beneath;
CREATE OR REPLACE VIEW rlive_internal.beneath AS SELECT id, name FROM rlive_internal.t;
CALL datamesh.publish('rlive.v');
SELECT product, mode FROM datamesh.ports WHERE product LIKE 'rlive.%' ORDER BY product;
CREATE OR REPLACE VIEW rlive_internal.v AS SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t;
CREATE OR REPLACE VIEW rlive_internal.beneath AS SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t;
RESET ROLE;
SELECT object, what FROM datamesh.security_scan() WHERE finding = 'port.code' AND object LIKE '%rlive.%' ORDER BY object, what;
SET datamesh.break_glass = on;
CREATE OR REPLACE VIEW rlive_internal.beneath AS SELECT id, rlive_internal.own(name) AS name FROM rlive_internal.t;
RESET datamesh.break_glass;
SET ROLE regress_live;
CALL datamesh.publish('rlive.v');
RESET ROLE;
SELECT object, what FROM datamesh.security_scan() WHERE finding = 'port.code' AND object LIKE '%rlive.%' ORDER BY object, what;
SET ROLE regress_live;
CALL datamesh.deprecate('rlive.v', '1.0.0', current_date);
CALL datamesh.retire('rlive.v');
DROP VIEW rlive_internal.v, rlive_internal.beneath;

-- the source cannot be taken from under its readers
DROP TABLE rlive_internal.t;

CALL datamesh.deprecate('rlive.t', '1.0.0', current_date);
CALL datamesh.retire('rlive.t');
DROP TABLE rlive_internal.t;
RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.drop_domain('rlive');
CALL datamesh.drop_domain('rviewer');
DROP SCHEMA rlive_internal, rviewer_internal CASCADE;
DROP ROLE regress_live, regress_viewer;
