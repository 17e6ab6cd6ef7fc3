-- publish_mask_keyed: hashes and pseudonyms of a port cannot be enumerated by those who read it: the reference that
-- makes a keyed mask work stands in the view for all to see, and nobody can make one, borrow it, or have one made.
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset null NULL
SET client_min_messages = warning;
CREATE ROLE regress_mk_owner;
CREATE ROLE regress_mk_a;
CREATE ROLE regress_mk_b;
CREATE ROLE regress_mk_ab IN ROLE regress_mk_a, regress_mk_b;
CALL datamesh.create_domain('rmkey', owner => 'regress_mk_owner');
CALL datamesh.create_domain('rmevil', owner => 'regress_mk_a');
CALL datamesh.create_consumer('b', role => 'regress_mk_b');
CALL datamesh.rotate_key(only_if_none => true);
SET ROLE regress_mk_owner;
CREATE TABLE rmkey_internal.p (id integer PRIMARY KEY, name text, alias text);
INSERT INTO rmkey_internal.p VALUES (1, 'ann', 'ann'), (2, 'bob', 'bob'), (3, 'ann', 'ann');
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: p
name: p
domain: rmkey
version: 1.0.0
status: active
schema: [{name: p, physicalName: p, properties: [{name: id, primaryKey: true}, {name: name, customProperties: [{property: datamesh.mask, value: hash}]}, {name: alias, customProperties: [{property: datamesh.mask, value: pseudonym}]}]}]
roles: [{role: rmevil}, {role: b}]
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: rmkey_internal}]
$$);
CALL datamesh.publish('rmkey.p');
-- equal values have equal masks; a pseudonym is another one for each consumer, and none for who is two of them
SET ROLE regress_mk_a;
SELECT count(DISTINCT name) AS names, count(DISTINCT alias) AS aliases, bool_and(name <> alias) AS apart FROM rmkey.p;
SELECT name AS hash_a, alias AS alias_a FROM rmkey.p WHERE id = 1 \gset
SET ROLE regress_mk_b;
SELECT name = :'hash_a' AS same_hash, alias = :'alias_a' AS same_alias, alias IS NOT NULL AS has_one FROM rmkey.p WHERE id = 1;
SET ROLE regress_mk_ab;
SELECT name = :'hash_a' AS same_hash, alias FROM rmkey.p WHERE id = 1;

-- ---- a reader with the view's text before him
SET ROLE regress_mk_a;
SELECT substring(pg_get_viewdef('rmkey.p') FROM '''[^'']*''::datamesh.mask_policy') AS reference;
SELECT datamesh.mask_hash('ann', 'rmkey.p.name'::datamesh.mask_policy);
SELECT datamesh.mask_hash('ann', policy => 'rmkey.p.name');
PREPARE try(datamesh.mask_policy) AS SELECT datamesh.mask_hash('ann', $1) AS found;
EXECUTE try('rmkey.p.name');
EXECUTE try('rmkey.p' || '.name');
EXECUTE try(NULL);
SELECT datamesh.mask_hash('ann', (SELECT 'rmkey.p.name' UNION ALL SELECT NULL::datamesh.mask_policy LIMIT 1));
SELECT datamesh.mask_hash('ann', coalesce(NULL::datamesh.mask_policy, 'rmkey.p.name'));
SELECT datamesh.mask_hash('ann', v) FROM (VALUES (NULL::datamesh.mask_policy), ('rmkey.p.name')) AS t(v);
SELECT datamesh.mask_hash('ann', (ARRAY['rmkey.p.name'])[1]::datamesh.mask_policy);
SELECT datamesh.mask_hash('ann', p) FROM jsonb_to_recordset('[{"p": "rmkey.p.name"}]') AS x(p datamesh.mask_policy);
SELECT datamesh.mask_hash('ann', p) FROM xmltable('/r' PASSING '<r>rmkey.p.name</r>' COLUMNS p datamesh.mask_policy PATH '.') AS x;
SELECT datamesh.mask_hash('ann', unnest('{rmkey.p.name}'::datamesh.mask_policy[]));
SELECT datamesh.mask_hash('ann', lag(NULL::datamesh.mask_policy, 1, 'rmkey.p.name') OVER ());
WITH borrowed AS MATERIALIZED (SELECT p FROM rmkey.p AS p) SELECT datamesh.mask_hash('ann', (borrowed.p).policy) FROM borrowed;
SELECT datamesh.mask_hash('ann', mask_policy) FROM rmkey.p;
SELECT x FROM rmkey.p, LATERAL (SELECT datamesh.mask_hash('ann', p.name::datamesh.mask_policy)) AS x;
CREATE TEMP TABLE kept (p datamesh.mask_policy);
CREATE TEMP TABLE kept AS SELECT NULL::datamesh.mask_policy AS p;
CREATE FUNCTION pg_temp.make(text) RETURNS datamesh.mask_policy LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE FUNCTION pg_temp.use(datamesh.mask_policy) RETURNS text LANGUAGE sql AS $$ SELECT datamesh.mask_hash('ann', $1) $$;
CREATE FUNCTION pg_temp.any(anyelement, text) RETURNS anyelement LANGUAGE plpgsql AS 'BEGIN RETURN $2; END';
SELECT datamesh.mask_hash('ann', pg_temp.any(NULL::datamesh.mask_policy, 'rmkey.p.name'));
CREATE FUNCTION pg_temp.same(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$ DECLARE r $1%TYPE; BEGIN EXECUTE 'SELECT ''rmkey.p.name''' INTO r; RETURN r; END $$;
SELECT datamesh.mask_hash('ann', pg_temp.same(NULL::datamesh.mask_policy));
CREATE FUNCTION pg_temp.into_record() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT NULL::datamesh.mask_policy AS p INTO r; r.p := 'rmkey.p.name'; RETURN datamesh.mask_hash('ann', r.p); END $$;
SELECT pg_temp.into_record();
CREATE AGGREGATE pg_temp.first_policy(text) (sfunc = textcat, stype = datamesh.mask_policy, initcond = 'rmkey.p.name');
CREATE OPERATOR pg_temp.|| (leftarg = datamesh.mask_policy, rightarg = text, function = datamesh.mask_policy_out);
CREATE TYPE pg_temp.pair AS (p datamesh.mask_policy);
CREATE CAST (text AS datamesh.mask_policy) WITHOUT FUNCTION;
ALTER TYPE datamesh.mask_policy OWNER TO regress_mk_a;
CREATE OR REPLACE VIEW rmkey.p AS SELECT 1 AS id, 'x' AS name, 'y' AS alias;
CREATE RULE peek AS ON UPDATE TO rmkey.p DO INSTEAD SELECT datamesh.mask_hash('ann', 'rmkey.p.name');
-- nothing of all that gave the hash of a name that he chose
SELECT count(*) AS hashes_of_others FROM rmkey.p WHERE name = datamesh.mask_hash('ann', NULL::datamesh.mask_policy);

-- ---- a reader who has a domain of his own and publishes the telephone book, hashed
CREATE TABLE rmevil_internal.book (id integer PRIMARY KEY, name text);
INSERT INTO rmevil_internal.book VALUES (1, 'ann'), (2, 'bob');
CREATE FUNCTION rmevil_internal.load(product text, col text, more text DEFAULT '[]', quality text DEFAULT '[]') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "name": %s, "domain": "rmevil", "version": "1.0.0", "status": "active",
        "schema": [{"name": "book", "physicalName": "book", "customProperties": %s, "quality": %s, "properties": [{"name": "id", "primaryKey": true},
            {"name": %s, "physicalName": "name", "customProperties": [{"property": "datamesh.mask", "value": "hash"}]}]}],
        "roles": [{"role": "b"}], "servers": [{"server": "here", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rmevil_internal"}]}', to_json(product), more, quality, to_json(col)));
END $$;
SELECT rmevil_internal.load('p', 'name');
CALL datamesh.publish('rmevil.p');
SELECT rmevil_internal.load('x''::text, ''rmkey.p.name', 'name');
CALL datamesh.publish('rmevil."x''::text, ''rmkey.p.name"');
SET ROLE regress_mk_b;
SELECT count(*) AS found FROM rmkey.p JOIN rmevil.p AS book USING (name);
SELECT count(*) AS found FROM rmkey.p JOIN rmevil."x'::text, 'rmkey.p.name" AS book USING (name);
-- nor have his checks, filters and views a reference
SET ROLE regress_mk_a;
SELECT rmevil_internal.load('q', 'name', '[{"property": "datamesh.rowFilter", "value": "datamesh.mask_hash(name, ''rmkey.p.name'') = ''x''"}]');
CALL datamesh.publish('rmevil.q');
SELECT rmevil_internal.load('q', 'name', quality => '[{"type": "sql", "query": "SELECT count(*) FROM {object} WHERE datamesh.mask_hash(name, ''rmkey.p.name'') IS NULL", "mustBe": 0}]');
CALL datamesh.publish('rmevil.q');
CREATE VIEW rmevil_internal.tried AS SELECT id, datamesh.mask_hash(name, 'rmkey.p.name') AS name FROM rmevil_internal.book;

SET client_min_messages = error;
CALL datamesh.drop_draft('rmevil.q', '1.0.0');
DO $$
DECLARE p text;
BEGIN
    FOR p IN SELECT product FROM datamesh.ports WHERE product LIKE 'rmevil.%' LOOP
        CALL datamesh.deprecate(p, '1.0.0', current_date);
        CALL datamesh.retire(p);
    END LOOP;
END $$;
SET ROLE regress_mk_owner;
CALL datamesh.deprecate('rmkey.p', '1.0.0', current_date);
CALL datamesh.retire('rmkey.p');
RESET ROLE;
CALL datamesh.drop_domain('rmkey');
CALL datamesh.drop_domain('rmevil');
DELETE FROM datamesh.consumer WHERE consumer_name = 'b';
DEALLOCATE try;
DROP SCHEMA rmkey_internal, rmevil_internal CASCADE;
DROP OWNED BY regress_mk_a, regress_mk_b;
DROP ROLE regress_mk_owner, regress_mk_a, regress_mk_b, regress_mk_ab;
