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
