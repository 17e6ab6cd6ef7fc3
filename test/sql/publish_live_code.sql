-- Nobody who reads a port runs code of its domain: not in the source of a live product nor in anything beneath it, at the
-- publish (publish_live shows queries and policies), by later DDL, or found afterwards by the scan.
SET client_min_messages = error;
CREATE ROLE regress_code;
CREATE ROLE regress_code_other;
CALL datamesh.create_domain('rcode', owner => 'regress_code');
CREATE SCHEMA rcode_elsewhere AUTHORIZATION regress_code_other;
GRANT USAGE ON SCHEMA rcode_elsewhere TO regress_code;
CREATE FOREIGN DATA WRAPPER regress_code_nothing;
CREATE SERVER regress_code_nowhere FOREIGN DATA WRAPPER regress_code_nothing;
GRANT USAGE ON FOREIGN SERVER regress_code_nowhere TO regress_code;
CREATE FUNCTION rcode_internal.of_a_superuser(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION rcode_internal.does(text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN EXECUTE $1; RETURN 1; END $$;

SET ROLE regress_code;
CREATE FUNCTION rcode_internal.own(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION rcode_internal.own_volatile(integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION rcode_internal.own_sql(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 + rcode_internal.own(1)';
CREATE FUNCTION rcode_internal.own_check(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE FUNCTION rcode_internal.abs(bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT $1 + rcode_internal.own(1)';
CREATE FUNCTION rcode_internal.own_difference(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1 - $2; END $$;
CREATE OPERATOR rcode_internal.=== (LEFTARG = integer, RIGHTARG = integer, FUNCTION = pg_catalog.int4eq);
CREATE TYPE rcode_internal.span AS RANGE (subtype = float8, subtype_diff = rcode_internal.own_difference);
CREATE TYPE rcode_internal.plain_span AS RANGE (subtype = float8, subtype_diff = pg_catalog.float8mi);
CREATE DOMAIN rcode_internal.checked AS text CHECK (rcode_internal.own(length(VALUE)) > 0);
CREATE TYPE rcode_internal.mood AS ENUM ('happy', 'sad');
CREATE TYPE rcode_internal.cast_mood AS ENUM ('happy', 'sad');
CREATE TYPE rcode_internal.pair AS (id integer, mood rcode_internal.cast_mood);
CREATE FUNCTION rcode_internal.mood_json(rcode_internal.cast_mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN 'null'; END $$;
CREATE CAST (rcode_internal.cast_mood AS json) WITH FUNCTION rcode_internal.mood_json(rcode_internal.cast_mood);
CREATE FUNCTION rcode_internal.try(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
    more text;
BEGIN
    EXECUTE command;
    RETURN 'fine';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, more = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' | ', sqlstate, said, split_part(more, ';', 1));
END $$;
CREATE FUNCTION rcode_internal.document(name text, source text, columns text, mode text) RETURNS text LANGUAGE sql AS $$
SELECT format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rcode-%1$s
name: %1$s
domain: rcode
version: 1.0.0
status: active
schema: [{name: %1$s, physicalName: %2$s, properties: [%3$s]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rcode_internal}]
customProperties: [{property: datamesh.mode, value: %4$s}]
$doc$, name, source, columns, mode);
$$;

-- ---- at the publish: what stands in tables ----
CREATE FUNCTION rcode_internal.try_source(columns text, VARIADIC made text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    one text;
    said text;
BEGIN
    FOREACH one IN ARRAY made LOOP
        EXECUTE one;
    END LOOP;
    CALL datamesh.load_contract(rcode_internal.document('tried', 'tried', columns, 'live'));
    said := rcode_internal.try('CALL datamesh.publish(''rcode.tried'', dry_run => true)');
    RAISE EXCEPTION USING ERRCODE = 'RC001', MESSAGE = said;
EXCEPTION WHEN SQLSTATE 'RC001' THEN
    RETURN said;
END $$;
\pset format unaligned
\pset tuples_only on
SELECT n || ': ' || rcode_internal.try_source('{name: id}', VARIADIC made) FROM (VALUES
    (1, ARRAY['CREATE TABLE rcode_internal.tried (id integer)']),
    (2, ARRAY['CREATE TABLE rcode_internal.tried (id integer)', 'CREATE INDEX computed ON rcode_internal.tried ((id + rcode_internal.own(1)))']),
    (3, ARRAY['CREATE TABLE rcode_internal.tried (id integer)', 'CREATE INDEX "Part of it" ON rcode_internal.tried (id) WHERE id OPERATOR(rcode_internal.===) 1']),
    (4, ARRAY['CREATE TABLE rcode_internal.tried (id integer, n integer)', 'CREATE STATISTICS rcode_internal.tried_s ON (id + rcode_internal.own(1)), n FROM rcode_internal.tried']),
    (5, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CONSTRAINT positive CHECK (id > rcode_internal.own(0)))']),
    (6, ARRAY['CREATE TABLE rcode_internal.tried (id integer) PARTITION BY LIST ((id + rcode_internal.own(0)))']),
    (7, ARRAY['CREATE TABLE rcode_internal.tried (id integer) PARTITION BY LIST (id)',
              'CREATE TABLE rcode_internal.tried_1 PARTITION OF rcode_internal.tried (CHECK (id > rcode_internal.own(0))) FOR VALUES IN (1)']),
    (8, ARRAY['CREATE TABLE rcode_internal.tried (id integer)', 'CREATE TABLE rcode_internal.tried_child () INHERITS (rcode_internal.tried)',
              'CREATE INDEX ON rcode_internal.tried_child ((id + rcode_internal.own(1)))']),
    (9, ARRAY['CREATE TABLE rcode_internal.tried (id integer, s rcode_internal.span)']),
    (10, ARRAY['CREATE TABLE rcode_internal.tried (id integer, s rcode_internal.plain_span)']),
    (11, ARRAY['CREATE FOREIGN TABLE rcode_internal.tried (id integer, n rcode_internal.checked) SERVER regress_code_nowhere']),
    -- runs when somebody writes
    (12, ARRAY['CREATE TABLE rcode_internal.tried (id integer DEFAULT rcode_internal.own(1), n integer GENERATED ALWAYS AS (rcode_internal.own(id)) STORED)']),
    (13, ARRAY['CREATE TABLE rcode_internal.tried (id integer, m rcode_internal.mood, n rcode_internal.checked)']),
    (14, ARRAY['CREATE TABLE rcode_internal.tried (id integer, m rcode_internal.cast_mood)']),
    (15, ARRAY['CREATE TABLE rcode_internal.tried (id integer, m rcode_internal.pair[])']),
    (16, ARRAY['CREATE VIEW rcode_internal.tried AS SELECT 1 AS id, to_jsonb(''happy''::rcode_internal.cast_mood) AS m']),
    (17, ARRAY['CREATE TABLE rcode_internal.tried_b (id integer, CHECK (id > rcode_internal.own(0)))', 'CREATE VIEW rcode_internal.tried AS SELECT id FROM rcode_internal.tried_b']),
    -- a materialized view has its data, and indexes
    (18, ARRAY['CREATE MATERIALIZED VIEW rcode_internal.tried AS SELECT rcode_internal.own(1) AS id']),
    (19, ARRAY['CREATE MATERIALIZED VIEW rcode_internal.tried AS SELECT rcode_internal.own(1) AS id', 'CREATE INDEX computed ON rcode_internal.tried ((id + rcode_internal.own(1)))']),
    (20, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (id > rcode_internal.of_a_superuser(0)))', 'CREATE INDEX ON rcode_internal.tried (abs(id)) WHERE id > 0']),
    -- what the planner leaves alone
    (21, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (rcode_internal.own(id) > 0))', 'CREATE INDEX ON rcode_internal.tried (rcode_internal.own(id))']),
    (22, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (id > rcode_internal.own_volatile(0)))']),
    (23, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (rcode_internal.own_sql(id) > 0))']),
    (24, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (rcode_internal.own(CASE WHEN true THEN 1 ELSE id END) > 0))']),
    (25, ARRAY['CREATE TABLE rcode_internal.tried (id integer, CHECK (rcode_internal.own(id + NULL) > 0))'])
) AS v(n, made) ORDER BY n;

-- ---- at the publish: functions of a superuser's that run what they are told, or do something ----
SELECT n || ': ' || rcode_internal.try_source('{name: id}', 'CREATE VIEW rcode_internal.tried AS ' || query) FROM (VALUES
    (1, 'SELECT 1 AS id, query_to_xml(''SELECT rcode_internal.own(1)'', true, true, '''') AS x'),
    (2, 'SELECT 1 AS id, table_to_xml(0::regclass, true, true, '''') AS x FROM pg_class'),
    (3, 'SELECT 1 AS id, set_config(''search_path'', ''rcode_internal'', false) AS x'),
    (4, 'SELECT 1 AS id, s.word FROM ts_stat(''SELECT rcode_internal.own(1)'') AS s'),
    (5, 'SELECT 1 AS id, record_in(''(1,happy)'', 0::oid, -1)::text AS x'),
    (6, 'SELECT 1 AS id, (SELECT count(*) FROM datamesh.profile(0::regclass)) AS x'),
    (7, 'SELECT 1 AS id, datamesh.infer_contract(0::regclass) AS x'),
    (8, 'SELECT rcode_internal.does(''SELECT 1'') AS id'),
    (9, 'SELECT 1 AS id, lo_import(''/etc/hosts'') AS x WHERE pg_reload_conf()'),
    -- only values
    (10, 'SELECT rcode_internal.of_a_superuser(1) AS id, clock_timestamp() AS c, random() AS r, gen_random_uuid() AS g, now() AS n, ''{1}''::text::integer[] AS a, to_jsonb(r) AS j, datamesh.mask_first(''x''::text, 1) AS m FROM (VALUES (1)) AS r')
) AS v(n, query) ORDER BY n;
RESET ROLE;
-- what a superuser has written is his own doing
CREATE VIEW rcode_internal.of_a_superuser AS SELECT rcode_internal.does('SELECT 1') AS id;
GRANT SELECT ON rcode_internal.of_a_superuser TO regress_code;
SET ROLE regress_code;
SELECT rcode_internal.try_source('{name: id}', 'CREATE VIEW rcode_internal.tried AS SELECT id FROM rcode_internal.of_a_superuser');

-- ---- later: DDL on what lies beneath ----
CREATE TABLE rcode_internal.base (id integer, n integer);
CREATE TABLE rcode_internal.parts (id integer, n integer) PARTITION BY LIST (id);
CREATE TABLE rcode_internal.parts_1 PARTITION OF rcode_internal.parts FOR VALUES IN (1);
CREATE TABLE rcode_internal.moods (id integer, m rcode_internal.mood);
INSERT INTO rcode_internal.base VALUES (1, 1);
INSERT INTO rcode_internal.parts VALUES (1, 1);
INSERT INTO rcode_internal.moods VALUES (1, 'happy');
RESET ROLE;
SET ROLE regress_code_other;
CREATE FUNCTION rcode_elsewhere.own(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
CREATE TABLE rcode_elsewhere.t (id integer);
INSERT INTO rcode_elsewhere.t VALUES (1);
CREATE VIEW rcode_elsewhere.v AS SELECT id FROM rcode_elsewhere.t;
GRANT SELECT ON rcode_elsewhere.v TO regress_code;
RESET ROLE;
SET ROLE regress_code;
CREATE VIEW rcode_internal.middle AS SELECT id, n FROM rcode_internal.base WHERE id IN (SELECT id FROM rcode_elsewhere.v);
CREATE VIEW rcode_internal.top AS SELECT id, n FROM rcode_internal.middle;
CREATE VIEW rcode_internal.beside AS SELECT id, n FROM rcode_internal.base;
CREATE TABLE rcode_internal.loose (id integer, n integer);
SELECT rcode_internal.try(format('CALL datamesh.load_contract(%L)', rcode_internal.document(name, name, columns, mode)))
FROM (VALUES ('top', '{name: id}, {name: n}', 'live'), ('parts', '{name: id}', 'live'), ('moods', '{name: id}, {name: m}', 'snapshot')) AS v(name, columns, mode);
CALL datamesh.publish('rcode.top');
CALL datamesh.publish('rcode.parts');
CALL datamesh.publish('rcode.moods');
SELECT n || ': ' || rcode_internal.try(command) FROM (VALUES
    (1, 'CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT rcode_internal.own(id) AS id, n FROM rcode_internal.base'),
    (2, 'CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT id, n FROM rcode_internal.base WHERE set_config(''search_path'', '''', false) = '''''),
    (3, 'CREATE INDEX computed ON rcode_internal.base ((id + rcode_internal.own(1)))'),
    (4, 'CREATE INDEX partial ON rcode_internal.base (id) WHERE id > rcode_internal.own(1)'),
    (5, 'CREATE STATISTICS rcode_internal.base_s ON (id + rcode_internal.own(1)), n FROM rcode_internal.base'),
    (6, 'ALTER TABLE rcode_internal.base ADD CONSTRAINT positive CHECK (id > rcode_internal.own(0)) NOT VALID'),
    (7, 'ALTER TABLE rcode_internal.base ADD COLUMN x integer, ADD CHECK (x > rcode_internal.own(0))'),
    (8, 'ALTER TABLE rcode_internal.base ADD EXCLUDE ((id + rcode_internal.own(0)) WITH =)'),
    (9, 'CREATE POLICY own ON rcode_internal.base TO regress_code USING (rcode_internal.own(id) > 0)'),
    (10, 'CREATE POLICY own ON rcode_internal.base TO regress_code USING (id > 0 AND EXISTS (SELECT FROM rcode_internal.loose))'),
    (11, 'CREATE INDEX loose_1 ON rcode_internal.loose ((id + rcode_internal.own(1)))'),
    (12, 'ALTER POLICY own ON rcode_internal.base USING (rcode_internal.own(id) > 0)'),
    (13, 'CREATE TABLE rcode_internal.child (CHECK (id > rcode_internal.own(0))) INHERITS (rcode_internal.base)'),
    (14, 'CREATE TABLE rcode_internal.child (LIKE rcode_internal.base, CHECK (id > rcode_internal.own(0)))'),
    (15, 'ALTER TABLE rcode_internal.child INHERIT rcode_internal.base'),
    (16, 'ALTER TABLE rcode_internal.base ADD COLUMN s rcode_internal.span'),
    (17, 'ALTER TABLE rcode_internal.base ADD COLUMN m rcode_internal.cast_mood'),
    (18, 'ALTER TABLE rcode_internal.base ADD COLUMN m rcode_internal.mood, ADD COLUMN p rcode_internal.plain_span, ADD COLUMN d integer DEFAULT rcode_internal.own(1)'),
    (19, 'CREATE TABLE rcode_internal.parts_2 PARTITION OF rcode_internal.parts (CHECK (id > rcode_internal.own(0))) FOR VALUES IN (2)'),
    (20, 'CREATE TABLE rcode_internal.parts_2 PARTITION OF rcode_internal.parts FOR VALUES IN (2) PARTITION BY LIST ((id + rcode_internal.own(0)))'),
    (21, 'CREATE TABLE rcode_internal.parts_2 PARTITION OF rcode_internal.parts FOR VALUES IN (2)'),
    (22, 'CREATE INDEX ON rcode_internal.parts_2 ((id + rcode_internal.own(1)))'),
    -- what the planner leaves alone, and does not any more
    (23, 'ALTER TABLE rcode_internal.base ADD CHECK (rcode_internal.own_check(id) > 0), ADD CHECK (id > rcode_internal.own_volatile(0))'),
    (24, 'CREATE OR REPLACE FUNCTION rcode_internal.own_check(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS ''BEGIN RETURN 1; END'''),
    (25, 'CREATE OR REPLACE FUNCTION rcode_internal.own_check(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS ''SELECT rcode_internal.own(1)'''),
    (26, 'ALTER FUNCTION rcode_internal.own_volatile(integer) IMMUTABLE'),
    -- a constraint is parsed again for another type, and finds another function
    (27, 'ALTER TABLE rcode_internal.base ADD COLUMN retyped integer CHECK (abs(retyped) >= 0)'),
    (28, 'SET LOCAL search_path = rcode_internal, pg_catalog; ALTER TABLE rcode_internal.base ALTER COLUMN retyped TYPE bigint'),
    -- what changes nothing of that
    (29, 'CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT id, n + 1 AS n FROM rcode_internal.base WHERE id IN (SELECT id FROM rcode_elsewhere.v)'),
    (30, 'CREATE OR REPLACE VIEW rcode_internal.beside AS SELECT rcode_internal.own(id) AS id, n FROM rcode_internal.base'),
    (31, 'CREATE INDEX plain ON rcode_internal.base ((id + 1)) WHERE id > 0'),
    (32, 'CREATE INDEX ON rcode_internal.child ((id + rcode_internal.own(1)))'),
    -- dropped, renamed, retyped
    (33, 'ALTER TABLE rcode_internal.base RENAME COLUMN n TO m2'),
    (34, 'ALTER TABLE rcode_internal.base RENAME TO renamed'),
    (35, 'CREATE INDEX computed ON rcode_internal.renamed ((id + rcode_internal.own(1)))'),
    (36, 'ALTER TABLE rcode_internal.renamed ALTER COLUMN m2 TYPE bigint'),
    (37, 'DROP VIEW rcode_internal.middle CASCADE'),
    (38, 'ALTER TABLE rcode_internal.renamed DROP COLUMN m2 CASCADE'),
    (39, 'ALTER TABLE rcode_internal.renamed RENAME TO base')
) AS v(n, command) ORDER BY n;
-- casts: they work on copies too
CREATE FUNCTION rcode_internal.mood_text(rcode_internal.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN ''; END $$;
CREATE FUNCTION rcode_internal.text_mood(text) RETURNS rcode_internal.mood LANGUAGE plpgsql AS $$ BEGIN RETURN 'sad'; END $$;
SELECT n || ': ' || rcode_internal.try(command) FROM (VALUES
    (1, 'CREATE CAST (rcode_internal.mood AS text) WITH FUNCTION rcode_internal.mood_text(rcode_internal.mood)'),
    (2, 'ALTER TABLE rcode_internal.base DROP COLUMN m'),
    (3, 'CREATE CAST (text AS rcode_internal.mood) WITH FUNCTION rcode_internal.text_mood(text) AS IMPLICIT'),
    (4, 'CREATE CAST (rcode_internal.mood AS bytea) WITHOUT FUNCTION'),
    (5, 'CREATE TYPE rcode_internal.nested AS (id integer); ALTER TABLE rcode_internal.base ADD COLUMN nested rcode_internal.nested[]'),
    (6, 'ALTER TYPE rcode_internal.nested ADD ATTRIBUTE m rcode_internal.cast_mood'),
    (7, 'ALTER TYPE rcode_internal.nested ADD ATTRIBUTE m rcode_internal.mood')
) AS v(n, command) ORDER BY n;
CREATE TABLE rcode_internal.cast_moods (id integer, m rcode_internal.cast_mood);
SELECT rcode_internal.try(format('CALL datamesh.load_contract(%L)', rcode_internal.document('cast_moods', 'cast_moods', '{name: id}, {name: m}', 'snapshot')));
CALL datamesh.publish('rcode.cast_moods', dry_run => true);
RESET ROLE;
-- what lies outside of the mesh, and belongs to somebody else
SET ROLE regress_code_other;
CREATE OR REPLACE VIEW rcode_elsewhere.v AS SELECT rcode_elsewhere.own(id) AS id FROM rcode_elsewhere.t;
CREATE INDEX ON rcode_elsewhere.t ((id + rcode_elsewhere.own(1)));
CREATE OR REPLACE VIEW rcode_elsewhere.v AS SELECT id + 0 AS id FROM rcode_elsewhere.t;
RESET ROLE;
-- a function that was a superuser's
CREATE INDEX by_a_superuser ON rcode_internal.base ((id + rcode_internal.of_a_superuser(1)));
ALTER FUNCTION rcode_internal.of_a_superuser(integer) OWNER TO regress_code;
ALTER FUNCTION rcode_internal.of_a_superuser(integer) COST 10;

-- ---- found afterwards ----
CREATE VIEW rcode_internal.found AS SELECT object, what FROM datamesh.security_scan() WHERE finding = 'port.code' AND object ~ ' rcode\.' AND object ~ '_v1';
SELECT * FROM rcode_internal.found;
SET datamesh.break_glass = on;
ALTER FUNCTION rcode_internal.of_a_superuser(integer) OWNER TO regress_code;
SET ROLE regress_code_other; -- the glass is for superusers
CREATE STATISTICS rcode_elsewhere.s ON (id + rcode_elsewhere.own(1)) FROM rcode_elsewhere.t;
RESET ROLE;
CREATE STATISTICS rcode_elsewhere.s ON (id + rcode_elsewhere.own(1)) FROM rcode_elsewhere.t;
CREATE POLICY own_2 ON rcode_internal.base TO regress_code USING (rcode_internal.own(id) > 0);
ALTER TABLE rcode_internal.parts_1 ADD CONSTRAINT own CHECK (id > rcode_internal.own(0));
CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT id, length(current_setting('search_path')) AS n FROM rcode_internal.base
WHERE id IN (SELECT id FROM rcode_elsewhere.v) AND set_config('x.y', 'z', true) = 'z';
CREATE CAST (rcode_internal.mood AS text) WITH FUNCTION rcode_internal.mood_text(rcode_internal.mood);
RESET datamesh.break_glass;
SELECT * FROM rcode_internal.found ORDER BY object, what;
SELECT count(*) FROM datamesh.event_log WHERE kind = 'break_glass' AND details::text ~ 'rcode';

DROP VIEW rcode_internal.found;
SET datamesh.break_glass = on;
DROP CAST (rcode_internal.mood AS text);
CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT id, 1 AS n FROM rcode_internal.base;
RESET datamesh.break_glass;
SET ROLE regress_code;
CALL datamesh.deprecate('rcode.top', '1.0.0', current_date);
CALL datamesh.retire('rcode.top');
CALL datamesh.deprecate('rcode.parts', '1.0.0', current_date);
CALL datamesh.retire('rcode.parts');
CALL datamesh.deprecate('rcode.moods', '1.0.0', current_date);
CALL datamesh.retire('rcode.moods');
-- when nobody reads it any more, the domain does with it what it likes
CREATE OR REPLACE VIEW rcode_internal.middle AS SELECT rcode_internal.own(id) AS id, 1 AS n FROM rcode_internal.base;
RESET ROLE;
CALL datamesh.drop_domain('rcode');
DROP SCHEMA rcode_internal, rcode_elsewhere CASCADE;
DROP FOREIGN DATA WRAPPER regress_code_nothing CASCADE;
DROP ROLE regress_code, regress_code_other;
