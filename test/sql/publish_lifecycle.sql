-- publish_lifecycle: draft, published, deprecated, retired; rollback, time travel, retention.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_life;
CREATE ROLE regress_user;
CALL datamesh.create_domain('rlife', owner => 'regress_life');
CALL datamesh.create_domain('ruser', owner => 'regress_user');
SET ROLE regress_life;
CREATE TABLE rlife_internal.t (id integer, stage text);
INSERT INTO rlife_internal.t VALUES (1, 'first');
CREATE FUNCTION rlife_internal.load(version text, columns text, roles text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rlife-t
name: t
domain: rlife
version: %s
status: active
schema: [{name: t, physicalName: t, properties: %s}]
roles: %s
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rlife_internal}]
customProperties: [{property: datamesh.retention, value: 2}]
$doc$, version, columns, roles));
END $$;
SELECT rlife_internal.load('1.0.0', '[{name: id}, {name: stage}]', '[{role: ruser}]');

-- a draft can only be published
CALL datamesh.deprecate('rlife.t', '1.0.0', '2099-12-31');
CALL datamesh.retire('rlife.t');
CALL datamesh.rollback('rlife.t', 1);

CALL datamesh.publish('rlife.t');
SELECT pg_sleep(0.01);
SELECT clock_timestamp() AS after_first \gset
SELECT release AS first FROM datamesh.releases WHERE product = 'rlife.t' AND is_current \gset
SELECT pg_sleep(0.01);
UPDATE rlife_internal.t SET stage = 'second';
CALL datamesh.publish('rlife.t');
SELECT release AS second FROM datamesh.releases WHERE product = 'rlife.t' AND is_current \gset

-- time travel, for the domain and for consumers, by port or by version's port
SELECT * FROM rlife.t;
SELECT * FROM datamesh.as_of(NULL::rlife.t, :'after_first');
SELECT * FROM datamesh.as_of(NULL::rlife.t_v1, clock_timestamp());
SELECT * FROM datamesh.at_release(NULL::rlife.t, :first);
SELECT count(*) FROM datamesh.as_of(NULL::rlife.t, NULL);
-- two times of one port in one query, and the port itself beside them
SELECT a.stage AS was, b.stage AS is, t.stage AS port
FROM datamesh.at_release(NULL::rlife.t, :first) a, datamesh.at_release(NULL::rlife.t, :second) b, rlife.t;
SET ROLE regress_user;
SELECT * FROM datamesh.as_of(NULL::rlife.t, :'after_first');
-- the port is read as the caller: no right to the port, no time travel
RESET ROLE;
CREATE ROLE regress_none;
SET datamesh.break_glass = on; -- the guard of DDL would refuse it
GRANT USAGE ON SCHEMA rlife TO regress_none;
RESET datamesh.break_glass;
SET ROLE regress_none;
SELECT * FROM datamesh.as_of(NULL::rlife.t, :'after_first');
RESET ROLE;
REVOKE USAGE ON SCHEMA rlife FROM regress_none;
DROP ROLE regress_none;
SET ROLE regress_life;
-- an error inside leaves nothing behind: the port shows the current release again
SELECT 1 / (CASE stage WHEN 'first' THEN 0 ELSE 1 END) FROM datamesh.at_release(NULL::rlife.t, :first);
SELECT * FROM rlife.t;
\set VERBOSITY sqlstate
SELECT * FROM datamesh.as_of(NULL::rlife.t, '2000-01-01');
SELECT * FROM datamesh.at_release(NULL::rlife.t, 1000000);
SELECT * FROM datamesh.as_of(NULL::rlife_internal.t, now());
SELECT * FROM datamesh.as_of(NULL::integer, now());
\set VERBOSITY default

-- rollback is a publish of what was there; it can be repeated, and undone
CALL datamesh.rollback('rlife.t', :first);
SELECT * FROM rlife.t;
SET client_min_messages = warning;
CALL datamesh.rollback('rlife.t', :first);
RESET client_min_messages;
CALL datamesh.rollback('rlife.t', :second);
SELECT * FROM rlife.t;
CALL datamesh.rollback('rlife.t', NULL);
\set VERBOSITY sqlstate
CALL datamesh.rollback('rlife.t', 1000000);
\set VERBOSITY default

-- two releases are kept, whichever was shown in between
CALL datamesh.rollback('rlife.t', :first);
UPDATE rlife_internal.t SET stage = 'third';
CALL datamesh.publish('rlife.t');
CALL datamesh.rollback('rlife.t', :second);
UPDATE rlife_internal.t SET stage = 'fourth';
CALL datamesh.publish('rlife.t');
SELECT count(*) FILTER (WHERE expired_at IS NULL) AS kept, count(*) AS all FROM datamesh.releases WHERE product = 'rlife.t';
\set VERBOSITY sqlstate
CALL datamesh.rollback('rlife.t', :first);
SELECT * FROM datamesh.at_release(NULL::rlife.t, :first);
SELECT * FROM datamesh.as_of(NULL::rlife.t, :'after_first');
\set VERBOSITY default
CALL datamesh.clean_up('rlife.t');

-- a second major version, then the end of the first
SELECT rlife_internal.load('2.0.0', '[{name: id}]', '[{role: ruser}]');
CALL datamesh.publish('rlife.t');
CALL datamesh.retire('rlife.t', '1.0.0');
CALL datamesh.deprecate('rlife.t', '1.0.0', NULL);
CALL datamesh.deprecate('rlife.t', '1.0.0', '2001-01-01');
CALL datamesh.deprecate('rlife.t', '1.0.0', 'infinity');
CALL datamesh.deprecate('rlife.t', '1.0.0', '2099-12-31');
SELECT status FROM datamesh.products WHERE product = 'rlife.t';
SELECT version, status, end_of_life FROM datamesh.contracts WHERE product = 'rlife.t' ORDER BY version;
SELECT obj_description('rlife.t_v1'::regclass) AS v1, obj_description('rlife.t'::regclass) AS newest;
-- what is deprecated can be refreshed and read, and not retired before its day
CALL datamesh.publish('rlife.t', '1.0.0');
SELECT * FROM rlife.t_v1;
CALL datamesh.retire('rlife.t', '1.0.0');
CALL datamesh.deprecate('rlife.t', '1.0.0', current_date);
-- others' objects on the port keep it; they are named
CREATE VIEW rlife_internal.upon AS SELECT * FROM rlife.t_v1;
CALL datamesh.retire('rlife.t', '1.0.0');
DROP VIEW rlife_internal.upon;
CALL datamesh.retire('rlife.t', '1.0.0');
CALL datamesh.retire('rlife.t', '1.0.0');
SELECT * FROM rlife.t_v1;
SELECT * FROM rlife.t;
CALL datamesh.publish('rlife.t', '1.0.0');

-- the end of the newest leaves nothing to read but history
CALL datamesh.retire('rlife.t');
CALL datamesh.deprecate('rlife.t', '2.0.0', current_date);
SELECT status FROM datamesh.products WHERE product = 'rlife.t';
CALL datamesh.retire('rlife.t');
SELECT status FROM datamesh.products WHERE product = 'rlife.t';
SELECT * FROM rlife.t;
SELECT count(*) AS relations FROM pg_class WHERE relnamespace IN ('rlife'::regnamespace, 'rlife_releases'::regnamespace);
SELECT count(*) > 3 AS releases_known FROM datamesh.releases WHERE product = 'rlife.t';
CALL datamesh.publish('rlife.t', '2.0.0');
SELECT kind, version FROM datamesh.events WHERE product = 'rlife.t' ORDER BY event_id;

-- when the newest major version ends first, the plain name shows the one before
SELECT rlife_internal.load('3.0.0', '[{name: id}, {name: stage}]', '[{role: ruser}]');
CALL datamesh.publish('rlife.t');
SELECT rlife_internal.load('4.0.0', '[{name: id}]', '[{role: ruser}]');
CALL datamesh.publish('rlife.t');
CALL datamesh.deprecate('rlife.t', '4.0.0', current_date);
CALL datamesh.retire('rlife.t', '4.0.0');
SET ROLE regress_user;
SELECT * FROM rlife.t;
SET ROLE regress_life;
CALL datamesh.deprecate('rlife.t', '3.0.0', current_date);
CALL datamesh.retire('rlife.t');

RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.drop_domain('rlife');
CALL datamesh.drop_domain('ruser');
DROP SCHEMA rlife_internal, ruser_internal CASCADE;
DROP ROLE regress_life, regress_user;
