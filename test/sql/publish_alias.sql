-- publish_alias: a column that is renamed may keep its old name (datamesh.aliases): readers of either go on, in a minor
-- version, with the same mask; earlier releases show what they have under the name that they had.
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE ROLE regress_al_owner;
CREATE ROLE regress_al_reader;
CALL datamesh.create_domain('ralias', owner => 'regress_al_owner');
CALL datamesh.create_consumer('ralreader', role => 'regress_al_reader');
SET ROLE regress_al_owner;
CREATE TABLE ralias_internal.t (id integer PRIMARY KEY, name text, city text);
INSERT INTO ralias_internal.t VALUES (1, 'Jane', 'Rome');
CREATE FUNCTION ralias_internal.load(version text, properties text, roles text DEFAULT '[{role: ralreader}]', more text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: t
name: t
domain: ralias
version: %s
status: active
schema: [{name: t, physicalName: t, properties: [{name: id, primaryKey: true}, %s]}]
roles: %s
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: ralias_internal}]
%s
$doc$, version, properties, roles, more));
END $$;
SELECT ralias_internal.load('1.0.0', '{id: n, name: name, customProperties: [{property: datamesh.mask, value: partial}]}, {name: city}');
CALL datamesh.publish('ralias.t');
-- renamed; the source's column stays what it was
SELECT ralias_internal.load('1.1.0', '{id: n, name: full_name, physicalName: name, customProperties: [{property: datamesh.mask, value: partial}, {property: datamesh.aliases, value: [name, "the \"name\""]}]}, {name: city}');
SELECT level, change FROM datamesh.compare_contracts('ralias.t', '1.0.0', '1.1.0');
CALL datamesh.publish('ralias.t');
SELECT * FROM ralias.t;
SET ROLE regress_al_reader;
SELECT * FROM ralias.t;
SELECT id, name, full_name FROM datamesh.releases AS r, datamesh.at_release(NULL::ralias.t, r.release) WHERE product = 'ralias.t' ORDER BY r.release;
-- a list of columns that has the column has its other names
SET ROLE regress_al_owner;
SELECT ralias_internal.load('2.0.0', '{name: full_name, physicalName: name, customProperties: [{property: datamesh.mask, value: partial}, {property: datamesh.aliases, value: [name]}]}, {name: city, customProperties: [{property: datamesh.aliases, value: [town]}]}',
    '[{role: ralreader, customProperties: [{property: datamesh.columns, value: [id, full_name]}]}]');
CALL datamesh.publish('ralias.t');
SET ROLE regress_al_reader;
SELECT * FROM ralias.t;
SET ROLE regress_al_owner;
-- names that are taken, or none
SELECT ralias_internal.load('2.1.0', '{name: full_name, physicalName: name, customProperties: [{property: datamesh.mask, value: partial}, {property: datamesh.aliases, value: [name, city]}]}, {name: city, customProperties: [{property: datamesh.aliases, value: [town]}]}',
    '[{role: ralreader, customProperties: [{property: datamesh.columns, value: [id, full_name]}]}]');
CALL datamesh.publish('ralias.t', dry_run => true);
SELECT ralias_internal.load('3.0.0', '{name: name, customProperties: [{property: datamesh.aliases, value: name}]}');
SELECT ralias_internal.load('3.0.0', '{name: name}', more => 'customProperties: [{property: datamesh.enforcement, value: false}]');
SELECT ralias_internal.load('3.0.0', '{name: name}', more => 'customProperties: [{property: datamesh.enforcement, value: true}]');
CALL datamesh.publish('ralias.t', dry_run => true);

SET client_min_messages = error;
CALL datamesh.deprecate('ralias.t', '1.1.0', current_date);
CALL datamesh.deprecate('ralias.t', '2.0.0', current_date);
CALL datamesh.retire('ralias.t');
RESET ROLE;
CALL datamesh.drop_domain('ralias');
DELETE FROM datamesh.consumer WHERE consumer_name = 'ralreader';
DROP SCHEMA ralias_internal CASCADE;
DROP OWNED BY regress_al_reader;
DROP ROLE regress_al_owner, regress_al_reader;
