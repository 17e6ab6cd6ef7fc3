-- A plan that was made for one reader is never executed for another: prepared statements, cursors, functions,
-- SET ROLE, and changes of access, with masks and filters that differ by reader.
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE ROLE regress_team;
CREATE ROLE regress_finance;
CREATE ROLE regress_marketing;
CALL datamesh.create_domain('rfold', owner => 'regress_team');
CALL datamesh.create_consumer('rfold_finance', role => 'regress_finance');
CALL datamesh.create_consumer('rfold_marketing', role => 'regress_marketing');
SET ROLE regress_team;
CREATE TABLE rfold_internal.t AS
SELECT i AS id, 'Name ' || i AS name, CASE WHEN i % 3 = 0 THEN 'US' ELSE 'EU' END AS region FROM generate_series(1, 9) i;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: t
name: t
domain: rfold
version: 1.0.0
status: active
schema:
- name: t
  physicalName: t
  customProperties: [{property: datamesh.rowFilter, value: {rfold_marketing: "region = 'EU'", default: true}}]
  properties:
  - name: id
  - name: name
    classification: pii
    customProperties: [{property: datamesh.mask, value: {function: partial, prefix: 1, suffix: 1, consumers: {rfold_finance: none}}}]
  - name: region
roles: [{role: rfold_finance, access: read}, {role: rfold_marketing, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: rfold_internal}]
$$);
CALL datamesh.publish('rfold.t');
RESET ROLE;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF, VERBOSE) ' || query LOOP
        RETURN NEXT regexp_replace(line, '_r\d+', '_rN', 'g');
    END LOOP;
END $$;

-- the plan of each reader has what that reader gets, and nothing else
SET ROLE regress_finance;
SELECT pg_temp.plan('SELECT name FROM rfold.t WHERE id > 7');
SELECT * FROM rfold.t WHERE id > 7 ORDER BY id;
SET ROLE regress_marketing;
SELECT pg_temp.plan('SELECT name FROM rfold.t WHERE id > 7');
SELECT * FROM rfold.t WHERE id > 7 ORDER BY id;
-- a filter that leaks sees no row that the reader does not
CREATE FUNCTION pg_temp.leak(id integer, name text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE WARNING '% %', id, name;
    RETURN true;
END $$;
SELECT count(*) FROM rfold.t WHERE pg_temp.leak(id, name) AND id < 5;

-- one prepared statement, three readers, one plan in the cache
RESET ROLE;
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT * FROM rfold.t WHERE id > 6 ORDER BY id;
SET ROLE regress_team;
EXECUTE q;
SET ROLE regress_marketing;
EXECUTE q;
SET ROLE regress_finance;
EXECUTE q;
SET ROLE regress_marketing;
EXECUTE q;
RESET ROLE;
EXECUTE q;
DEALLOCATE q;
-- and the same in functions, which keep their plans, of the rights of their caller or their owner
CREATE FUNCTION pg_temp.names() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT string_agg(name, ', ' ORDER BY id) FROM rfold.t WHERE id > 6);
END $$;
CREATE FUNCTION rfold_internal.names() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (SELECT string_agg(name, ', ' ORDER BY id) FROM rfold.t WHERE id > 6);
END $$;
ALTER FUNCTION rfold_internal.names() OWNER TO regress_finance;
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA rfold_internal TO regress_marketing, regress_finance;
RESET datamesh.break_glass;
SET ROLE regress_finance;
SELECT pg_temp.names(), rfold_internal.names() AS as_owner;
SET ROLE regress_marketing;
SELECT pg_temp.names(), rfold_internal.names() AS as_owner;
SET ROLE regress_finance;
SELECT pg_temp.names(), rfold_internal.names() AS as_owner;
RESET plan_cache_mode;

-- a cursor goes on for a reader who sees as much, or more, and for nobody who sees less
BEGIN;
DECLARE raw CURSOR FOR SELECT id, name FROM rfold.t ORDER BY id;
FETCH 1 FROM raw;
SET LOCAL ROLE regress_team;
FETCH 1 FROM raw;
SAVEPOINT s;
SET LOCAL ROLE regress_marketing;
FETCH 1 FROM raw;
ROLLBACK TO s;
FETCH 1 FROM raw;
COMMIT;
BEGIN;
SET LOCAL ROLE regress_marketing;
DECLARE masked CURSOR FOR SELECT id, name FROM rfold.t ORDER BY id;
FETCH 1 FROM masked;
SET LOCAL ROLE regress_finance;
FETCH 2 FROM masked;
COMMIT;
-- a cursor that has not begun yet, and one that is kept beyond its transaction
BEGIN;
DECLARE raw CURSOR FOR SELECT id, name FROM rfold.t ORDER BY id;
SET LOCAL ROLE regress_marketing;
FETCH 1 FROM raw;
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_finance;
DECLARE held CURSOR WITH HOLD FOR SELECT id, name FROM rfold.t ORDER BY id;
SET LOCAL ROLE regress_marketing;
COMMIT;
RESET ROLE;

-- a function with the rights of somebody who sees more opens a cursor, and its caller fetches
CREATE FUNCTION rfold_internal.opened() RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    c refcursor := 'c';
BEGIN
    OPEN c FOR SELECT id, name FROM rfold.t ORDER BY id;
    RETURN c;
END $$;
ALTER FUNCTION rfold_internal.opened() OWNER TO regress_finance;
BEGIN;
SET LOCAL ROLE regress_marketing;
SELECT rfold_internal.opened();
FETCH 2 FROM c;
ROLLBACK;

-- membership changes: at the next execution, prepared or not
CREATE ROLE regress_both;
GRANT regress_finance TO regress_both;
PREPARE q AS SELECT * FROM rfold.t WHERE id = 3;
SET plan_cache_mode = force_generic_plan;
SET ROLE regress_both;
EXECUTE q;
RESET ROLE;
GRANT regress_marketing TO regress_both;
SET ROLE regress_both;
EXECUTE q;
RESET ROLE;
REVOKE regress_finance, regress_marketing FROM regress_both;
SET ROLE regress_both;
\set VERBOSITY sqlstate
EXECUTE q;
\set VERBOSITY terse
RESET ROLE;
DEALLOCATE q;
RESET plan_cache_mode;

-- folded or not, every reader sees the same
CREATE TABLE seen (reader text, folded boolean, answer text);
GRANT INSERT ON seen TO PUBLIC;
DO $$
DECLARE
    reader text;
    folded boolean;
    query text;
BEGIN
    FOREACH reader IN ARRAY ARRAY['regress_team', 'regress_finance', 'regress_marketing'] LOOP
        FOREACH folded IN ARRAY ARRAY[false, true] LOOP
            PERFORM set_config('role', reader, true), set_config('datamesh.port_folding', folded::text, true);
            FOREACH query IN ARRAY ARRAY[
                'string_agg(t::text, '' '' ORDER BY id) FROM rfold.t',
                'string_agg(row_to_json(t)::text, '' '' ORDER BY id) FROM rfold.t WHERE name LIKE ''%9'' OR name LIKE ''N*%''',
                'string_agg(a.name || b.region, '' '' ORDER BY a.id) FROM rfold.t a JOIN rfold.t b ON a.name = b.name'] LOOP
                EXECUTE 'INSERT INTO seen SELECT $1, $2, ' || query USING reader, folded;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
SELECT reader, count(DISTINCT answer) FROM seen GROUP BY reader HAVING count(DISTINCT answer) <> 3;
SELECT count(*), count(DISTINCT answer) FROM seen;
DROP TABLE seen;

-- in a plan the table stands in for the port: privileges are those on the port nevertheless, of each execution
SET client_min_messages = error;
SET datamesh.break_glass = on;
CREATE ROLE regress_columns;
GRANT USAGE ON SCHEMA rfold, datamesh TO regress_columns;
GRANT SELECT (id, region) ON rfold.t TO regress_columns;
SET plan_cache_mode = force_generic_plan;
PREPARE ids AS SELECT id FROM rfold.t WHERE id = 1;
SET ROLE regress_columns;
SELECT id, region FROM rfold.t WHERE id = 1;
SELECT name FROM rfold.t WHERE id = 1;
SELECT id FROM rfold.t WHERE name = 'Name 1';
SELECT t FROM rfold.t WHERE id = 1;
EXECUTE ids;
RESET ROLE;
REVOKE SELECT (id) ON rfold.t FROM regress_columns;
SET ROLE regress_columns;
EXECUTE ids;
SELECT id FROM rfold.t;
SELECT region FROM rfold.t WHERE region = 'US';
RESET ROLE;
DEALLOCATE ids;
RESET plan_cache_mode;
REVOKE USAGE ON SCHEMA rfold FROM regress_columns;
DROP OWNED BY regress_columns;
DROP ROLE regress_columns;
RESET datamesh.break_glass;
SET client_min_messages = warning;

DROP FUNCTION pg_temp.names();
CALL datamesh.deprecate('rfold.t', '1.0.0', current_date);
CALL datamesh.retire('rfold.t');
DROP SCHEMA rfold_internal CASCADE;
SET datamesh.break_glass = on;
DELETE FROM datamesh.product WHERE domain_name = 'rfold';
CALL datamesh.drop_domain('rfold');
DELETE FROM datamesh.consumer WHERE consumer_name LIKE 'rfold%';
DROP OWNED BY regress_team, regress_finance, regress_marketing, regress_both;
DROP ROLE regress_team, regress_finance, regress_marketing, regress_both;
RESET datamesh.break_glass;
