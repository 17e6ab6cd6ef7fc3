-- publish_gates: what publish refuses before or beside the quality of the data, and in which words;
-- what may change from version to version, and what happens to the ports.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gates;
CREATE ROLE regress_reader;
CREATE ROLE regress_other;
CALL datamesh.create_domain('rgates', owner => 'regress_gates');
CALL datamesh.create_domain('rother', owner => 'regress_other');
CALL datamesh.create_consumer('rreader', role => 'regress_reader');

SET ROLE regress_gates;
CREATE TABLE rgates_internal.t (id integer, name text, amount numeric(10,2), noted text);
INSERT INTO rgates_internal.t VALUES (1, 'one', 1.00, 'x'), (2, 'two', 2.00, 'y');

-- load a contract of product p, in few words
CREATE FUNCTION rgates_internal.load(version text, columns text, more text DEFAULT '', product text DEFAULT 'p',
    source text DEFAULT 't', object text DEFAULT '') RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rgates-p
name: %s
domain: rgates
version: %s
status: active
schema:
  - name: %s
    physicalName: %s
    properties: %s
    %s
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rgates_internal}]
%s
$doc$, product, version, product, source, columns, object, more));
END $$;

-- what is not said of retention is three releases
SELECT rgates_internal.load('1.0.0', '[{name: id}]');
SELECT retention FROM datamesh.contracts WHERE product = 'rgates.p';

-- ---- what cannot be enforced is never published without it, wherever it is written (more in publish_mask_refused)
SELECT rgates_internal.load('1.0.0', '[{name: id, customProperties: [{property: datamesh.mask, value: {function: mask_email}}]}]');
CALL datamesh.publish('rgates.p');
SELECT rgates_internal.load('1.0.0', '[{name: id}]', object => 'customProperties: [{property: datamesh.rowFilter, value: "amount = 1"}]');
CALL datamesh.publish('rgates.p');
SELECT rgates_internal.load('1.0.0', '[{name: id}]', 'customProperties: [{property: DataMesh.Masks, value: []}]');
SELECT rgates_internal.load('1.0.0', '[{name: id}]', 'rowFilter: id = 1');
CALL datamesh.publish('rgates.p', dry_run => true);
SELECT to_regclass('rgates.p') AS port;

-- ---- readers must exist
SELECT rgates_internal.load('1.0.0', '[{name: id}]', 'roles: [{role: rreader, access: read}, {role: nobody, access: read}, {role: "no \"one\"", access: read}]');
CALL datamesh.publish('rgates.p');

-- ---- the source: there, in the domain, and readable
CREATE TABLE rgates_internal.gone (id integer);
SELECT rgates_internal.load('1.0.0', '[{name: id}]', source => 'gone', product => 'of_gone');
DROP TABLE rgates_internal.gone;
CALL datamesh.publish('rgates.of_gone');
CREATE SEQUENCE rgates_internal.gone;
CALL datamesh.publish('rgates.of_gone');
RESET ROLE;
CREATE TABLE rgates_internal.foreigners (id integer);
SET ROLE regress_gates;
SELECT rgates_internal.load('1.0.0', '[{name: id}]', source => 'foreigners', product => 'of_foreigners');
CALL datamesh.publish('rgates.of_foreigners');
RESET ROLE;
INSERT INTO rgates_internal.foreigners VALUES (1);
GRANT SELECT ON rgates_internal.foreigners TO regress_gates;
SET ROLE regress_gates;
CALL datamesh.publish('rgates.of_foreigners');
SELECT * FROM rgates.of_foreigners;

-- ---- the schema gate: every difference is a failed check, and all other checks still run
SELECT rgates_internal.load('1.0.0', '[{name: id, physicalType: bigint}, {name: name, logicalType: date},
    {name: amount, physicalType: "numeric(12,2)"}, {name: missing, logicalType: string, required: true},
    {name: noted, physicalType: "no such type"}]');
CALL datamesh.publish('rgates.p');
-- physical types by any of their names; undeclared columns stay at home; columns are renamed
SELECT rgates_internal.load('1.0.0', '[{name: id, physicalType: INT4}, {name: label, physicalName: name, logicalType: string, physicalType: TEXT},
    {name: amount, physicalType: "decimal(10, 2)"}]', 'roles: [{role: rreader, access: read}, {role: rother}]');
CALL datamesh.publish('rgates.p');
SELECT * FROM rgates.p ORDER BY id;
SET ROLE regress_reader;
SELECT label FROM rgates.p_v1 ORDER BY id;

-- ---- a minor version adds a column: the same port shows it, earlier releases have nulls there
SET ROLE regress_gates;
SELECT rgates_internal.load('1.1.0', '[{name: noted}, {name: id, physicalType: integer}, {name: label, physicalName: name, logicalType: string, physicalType: TEXT},
    {name: amount, physicalType: "numeric(10,2)"}]', 'roles: [{role: rreader}, {role: rother}]');
CALL datamesh.publish('rgates.p');
SELECT * FROM rgates.p ORDER BY id;
SELECT version, mode FROM datamesh.ports WHERE product = 'rgates.p';
SET ROLE regress_reader;
SELECT count(*) FROM rgates.p_v1;
SET ROLE regress_other;
SELECT count(*) FROM rgates.p;
SET ROLE regress_gates;
SELECT count(*) AS rows, count(noted) AS noted
FROM datamesh.releases r, LATERAL datamesh.at_release(NULL::rgates.p, r.release)
WHERE r.product = 'rgates.p' AND r.version = '1.0.0';

-- ---- within a major version columns stay, and keep their types; versions do not go back
SELECT rgates_internal.load('1.2.0', '[{name: id}, {name: label, physicalName: name}]');
CALL datamesh.publish('rgates.p');
CALL datamesh.publish('rgates.p', '1.0.0');
SELECT rgates_internal.load('1.2.0', '[{name: noted}, {name: id}, {name: label, physicalName: name, logicalType: string, physicalType: TEXT}, {name: amount, physicalType: "numeric(10,2)"}]',
    'roles: [{role: rreader}, {role: rother}]');
CALL datamesh.state_level('rgates.p', '1.2.0', 'minor', 'the type goes without saying');
ALTER TABLE rgates_internal.t ALTER COLUMN id TYPE bigint;
CALL datamesh.publish('rgates.p');
SELECT rgates_internal.load('1.2.0', '[{name: noted}, {name: id}, {name: label, physicalName: name}, {name: amount}]',
    'customProperties: [{property: datamesh.mode, value: live}]');
CALL datamesh.publish('rgates.p');
SELECT rgates_internal.load('0.9.0', '[{name: id}]');
CALL datamesh.publish('rgates.p', '0.9.0');

-- ---- a new major version has its own port, and the old one stays; the plain name shows the new
SELECT rgates_internal.load('2.0.0', '[{name: id, physicalType: bigint}, {name: amount}]', 'roles: [{role: rreader}]');
CREATE VIEW rgates_internal.built_on AS SELECT label FROM rgates.p;
CALL datamesh.publish('rgates.p', '2.0.0');
SELECT count(*) AS major_2 FROM datamesh.ports WHERE product = 'rgates.p' AND major = 2;
DROP VIEW rgates_internal.built_on;
CREATE VIEW rgates_internal.built_on AS SELECT label FROM rgates.p_v1;
CALL datamesh.publish('rgates.p', '2.0.0');
SELECT * FROM rgates.p ORDER BY id;
SELECT * FROM rgates.p_v1 ORDER BY id;
SELECT port, version, status FROM datamesh.ports WHERE product = 'rgates.p' ORDER BY major;
SET ROLE regress_other;
SELECT count(*) FROM rgates.p_v1;
SELECT count(*) FROM rgates.p;
SET ROLE regress_gates;
-- the old major version can still be refreshed with what it promised
ALTER TABLE rgates_internal.t ALTER COLUMN id TYPE integer;
UPDATE rgates_internal.t SET noted = 'refreshed';
CALL datamesh.publish('rgates.p', '1.1.0');
SELECT DISTINCT noted FROM rgates.p_v1;
SELECT column_name FROM information_schema.columns WHERE table_schema = 'rgates' AND table_name = 'p' ORDER BY ordinal_position;

-- ---- indexes that cannot be made
SELECT rgates_internal.load('1.0.0', '[{name: id}]', 'customProperties: [{property: datamesh.indexes, value: [[nope]]}]', 'indexed');
CALL datamesh.publish('rgates.indexed');
SELECT rgates_internal.load('1.0.0', '[{name: id}]', 'customProperties: [{property: datamesh.indexes, value: [id]}]', 'indexed');
CALL datamesh.publish('rgates.indexed');

-- ---- names that hurt: quotes and capitals everywhere
RESET ROLE;
CREATE ROLE "regress_O'Brien";
CALL datamesh.create_domain('r"Odd', owner => 'regress_O''Brien');
SET ROLE "regress_O'Brien";
CREATE TABLE "r""Odd_internal"."so ""urce" ("i'd" integer, "na""me" text, "select" text);
INSERT INTO "r""Odd_internal"."so ""urce" VALUES (1, 'x', 'y');
CALL datamesh.load_contract($$
{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "odd", "name": "Pro\"duct; DROP TABLE x", "domain": "r\"Odd",
 "version": "1.0.0", "status": "active",
 "schema": [{"name": "s", "physicalName": "so \"urce",
   "properties": [{"name": "i'd", "required": true, "unique": true, "description": "it's"}, {"name": "na\"me"}, {"name": "sel ect", "physicalName": "select"}]}],
 "customProperties": [{"property": "datamesh.indexes", "value": [["na\"me", "i'd"]]}],
 "servers": [{"server": "here", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "r\"Odd_internal"}]}
$$);
CALL datamesh.publish('"r""Odd"."Pro""duct; DROP TABLE x"');
SELECT * FROM "r""Odd"."Pro""duct; DROP TABLE x";
SELECT product, port FROM datamesh.ports WHERE product LIKE '%Odd%';
CALL datamesh.deprecate('"r""Odd"."Pro""duct; DROP TABLE x"', '1.0.0', current_date);
CALL datamesh.retire('"r""Odd"."Pro""duct; DROP TABLE x"');
RESET ROLE;
CALL datamesh.drop_domain('r"Odd');
DROP SCHEMA "r""Odd_internal" CASCADE;
DROP ROLE "regress_O'Brien";

-- ---- a name too long for its ports is refused in words when it is loaded; the longest that has ports can be
-- published, however many digits the number of the release has
SET ROLE regress_gates;
SELECT rgates_internal.load('1.0.0', '[{name: id}]', product => 'a_product_whose_name_has_nearly_all_the_bytes_that_a_name_has');
SELECT rgates_internal.load('1.0.0', '[{name: id}]', product => repeat('long', 15));
DO $$ BEGIN FOR i IN 1..2 LOOP CALL datamesh.publish('rgates.' || repeat('long', 15)); END LOOP; END $$;
SELECT regexp_replace(port, '(long)+', 'long...') AS port, rows > 0 AS has_rows FROM datamesh.ports WHERE product LIKE 'rgates.long%';
SELECT count(*), max(octet_length(relname::text)) AS bytes FROM pg_class
WHERE relnamespace = 'rgates_releases'::regnamespace AND relkind = 'r' AND relname ~ '^(long)+.*_r[0-9]+$';
DO $$ BEGIN CALL datamesh.deprecate('rgates.' || repeat('long', 15), '1.0.0', current_date); CALL datamesh.retire('rgates.' || repeat('long', 15)); END $$;

RESET ROLE;
DROP VIEW rgates_internal.built_on;
CALL datamesh.deprecate('rgates.p', '1.1.0', current_date);
CALL datamesh.deprecate('rgates.p', '2.0.0', current_date);
CALL datamesh.retire('rgates.p');
CALL datamesh.deprecate('rgates.of_foreigners', '1.0.0', current_date);
CALL datamesh.retire('rgates.of_foreigners');
SET client_min_messages = warning;
CALL datamesh.drop_domain('rgates');
CALL datamesh.drop_domain('rother');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rreader';
DROP SCHEMA rgates_internal, rother_internal CASCADE;
DROP OWNED BY regress_reader;
DROP ROLE regress_gates, regress_reader, regress_other;
