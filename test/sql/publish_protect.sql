-- publish_protect: what is internal to a published product is read by its domain alone, whatever is granted.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_pp_team;
CREATE ROLE regress_pp_member IN ROLE regress_pp_team;
CREATE ROLE regress_pp_reader;
CREATE ROLE regress_pp_out;
CREATE ROLE regress_pp_loader;
CALL datamesh.create_domain('rprot', owner => 'regress_pp_team');
CALL datamesh.create_consumer('rpreader', role => 'regress_pp_reader');
CREATE FUNCTION pg_temp.document(product text, version text, mode text, source text) RETURNS text LANGUAGE sql AS $$
SELECT format('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "%1$s", "name": "%1$s", "domain": "rprot",
  "version": "%2$s", "status": "active",
  "schema": [{"name": "%1$s", "physicalName": %4$s, "properties": [{"name": "id", "logicalType": "integer"}]}],
  "roles": [{"role": "rpreader", "access": "read"}],
  "customProperties": [{"property": "datamesh.mode", "value": "%3$s"}],
  "servers": [{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "rprot_internal"}]}',
  product, version, mode, to_json(source)) $$;
CREATE VIEW pg_temp.protected AS
SELECT c.oid::regclass::text COLLATE "C" AS relation, c.relrowsecurity AS row_security,
       array_agg(p.polname || ' ' || p.polcmd::text || CASE WHEN p.polpermissive THEN '' ELSE ' restrictive' END || ' ' || p.polroles::regrole[]::text
                 ORDER BY p.polname) FILTER (WHERE p.polname IS NOT NULL) AS policies
FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
WHERE c.relnamespace = 'rprot_internal'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid;
GRANT SELECT ON pg_temp.protected TO PUBLIC;
-- rows that a role reads, by any road; an error where it may not
CREATE FUNCTION pg_temp.reads(role name, relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE format('SELECT count(*) FROM %s', relation) INTO n;
    RESET ROLE;
    RETURN n;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;

SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.orders (id integer PRIMARY KEY, secret text);
INSERT INTO rprot_internal.orders SELECT g, 's' || g FROM generate_series(1, 5) AS g;
CALL datamesh.load_contract(pg_temp.document('orders', '1.0.0', 'snapshot', 'orders'));

-- a dry run, and a publish that is refused, protect nothing
CALL datamesh.publish('rprot.orders', dry_run => true);
SELECT * FROM pg_temp.protected;

-- somebody was careless before; who loses something is told
RESET ROLE;
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA rprot_internal, rprot_releases TO regress_pp_out, regress_pp_loader;
GRANT SELECT ON rprot_internal.orders TO regress_pp_out;
GRANT SELECT (id), INSERT, UPDATE, DELETE ON rprot_internal.orders TO regress_pp_loader;
RESET datamesh.break_glass;
SELECT pg_temp.reads('regress_pp_out', 'rprot_internal.orders');
SET ROLE regress_pp_team;
CALL datamesh.publish('rprot.orders');
RESET ROLE;
SELECT * FROM pg_temp.protected;
SELECT r, pg_temp.reads(r, 'rprot_internal.orders') AS source, pg_temp.reads(r, 'rprot.orders') AS port
FROM unnest(ARRAY['regress_pp_team', 'regress_pp_member', 'regress_pp_reader', 'regress_pp_out', 'rprot_port']) AS r;

-- nor does it help to be allowed to read everything
GRANT pg_read_all_data TO regress_pp_out;
SELECT regexp_replace(relation, '_r\d+', '_rN') AS relation, pg_temp.reads('regress_pp_out', relation)
FROM (SELECT 'rprot_internal.orders' AS relation UNION ALL SELECT 'rprot_releases.orders_v1'
      UNION ALL SELECT format('rprot_releases.%I', relname) FROM pg_class WHERE relnamespace = 'rprot_releases'::regnamespace AND relispartition AND relkind = 'r') AS r;
REVOKE pg_read_all_data FROM regress_pp_out;
SELECT relkind, relrowsecurity, relforcerowsecurity, count(*) FROM pg_class
WHERE relnamespace = 'rprot_releases'::regnamespace AND relkind IN ('r', 'p') GROUP BY 1, 2, 3 ORDER BY 1;

-- a port reads as the owner of its releases: nothing is added to the query, and it stays parallel
CREATE TEMP TABLE plans (with_row_security boolean, query integer, line text);
GRANT ALL ON plans TO PUBLIC;
CREATE FUNCTION pg_temp.explain(with_row_security boolean) RETURNS void LANGUAGE plpgsql
SET cpu_tuple_cost = 100 SET min_parallel_table_scan_size = 0 SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 AS $$
DECLARE line text; query integer := 0; sql text;
BEGIN
    SET LOCAL ROLE regress_pp_reader;
    FOREACH sql IN ARRAY ARRAY['SELECT count(*) FROM rprot.orders', 'SELECT * FROM rprot.orders WHERE id < 3', 'SELECT id FROM rprot.orders JOIN rprot.orders_v1 USING (id)'] LOOP
        query := query + 1;
        FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || sql LOOP
            INSERT INTO plans VALUES (with_row_security, query, line);
        END LOOP;
    END LOOP;
    RESET ROLE;
END $$;
SELECT pg_temp.explain(true);
BEGIN;
SET LOCAL datamesh.break_glass = on;
SET LOCAL client_min_messages = error;
DO $$
DECLARE r regclass;
BEGIN
    FOR r IN SELECT oid FROM pg_class WHERE relnamespace = 'rprot_releases'::regnamespace AND relrowsecurity LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', r);
    END LOOP;
END $$;
SELECT pg_temp.explain(false);
SELECT query, count(*) FILTER (WHERE with_row_security) = count(*) FILTER (WHERE NOT with_row_security) AS as_long,
       array_agg(line) FILTER (WHERE with_row_security) = array_agg(line) FILTER (WHERE NOT with_row_security) AS equal, bool_or(line ~ 'Parallel') AS parallel
FROM plans GROUP BY query ORDER BY query;
ROLLBACK;

-- a routine publish touches nothing
CREATE TEMP TABLE before AS SELECT oid, xmin AS changed FROM pg_policy UNION ALL
SELECT oid, xmin FROM pg_class WHERE relname IN ('orders', 'orders_v1') AND relkind IN ('r', 'p');
CALL datamesh.publish('rprot.orders');
SELECT count(*) AS changed FROM before AS b
WHERE NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.oid = b.oid AND p.xmin = b.changed)
  AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = b.oid AND c.xmin = b.changed);
DROP TABLE before;

-- loading goes on: the domain as before, others with what needs no reading
SET ROLE regress_pp_member;
INSERT INTO rprot_internal.orders VALUES (6, 's6') RETURNING id;
UPDATE rprot_internal.orders SET secret = 'new' WHERE id = 6 RETURNING secret;
COPY rprot_internal.orders FROM stdin;
7	s7
\.
COPY (SELECT count(*) FROM rprot_internal.orders) TO stdout;
INSERT INTO rprot_internal.orders VALUES (7, 'again') ON CONFLICT (id) DO UPDATE SET secret = excluded.secret;
DELETE FROM rprot_internal.orders WHERE id = 7;
SET ROLE regress_pp_loader;
INSERT INTO rprot_internal.orders VALUES (8, 's8');
INSERT INTO rprot_internal.orders VALUES (9, 's9') RETURNING id;
UPDATE rprot_internal.orders SET secret = 'taken' WHERE id = 8;
UPDATE rprot_internal.orders SET secret = 'all';
\copy rprot_internal.orders FROM '/dev/null'
COPY rprot_internal.orders (id) TO stdout;
RESET ROLE;
SELECT count(*), min(secret) FROM rprot_internal.orders;
-- foreign keys are checked as the owner
SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.lines (id integer, order_id integer REFERENCES rprot_internal.orders ON DELETE CASCADE);
INSERT INTO rprot_internal.lines VALUES (1, 1), (2, 8);
INSERT INTO rprot_internal.lines VALUES (3, 100);
RESET ROLE;

-- a source with row security forced upon its owner
SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.forced (id integer);
INSERT INTO rprot_internal.forced SELECT generate_series(1, 3);
ALTER TABLE rprot_internal.forced FORCE ROW LEVEL SECURITY;
CALL datamesh.load_contract(pg_temp.document('forced', '1.0.0', 'snapshot', 'forced'));
CALL datamesh.publish('rprot.forced');
CALL datamesh.publish('rprot.forced');
SELECT count(*) FROM rprot.forced;
INSERT INTO rprot_internal.forced VALUES (4) RETURNING id;
RESET ROLE;

-- row security of the domain's own: its policies stay what they are, and others read nothing
SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.own (id integer, who name DEFAULT current_user);
INSERT INTO rprot_internal.own SELECT generate_series(1, 5);
ALTER TABLE rprot_internal.own ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON rprot_internal.own USING (id < 4);
CREATE TABLE rprot_internal.dormant (id integer);
INSERT INTO rprot_internal.dormant VALUES (1), (2);
CREATE POLICY sleeping ON rprot_internal.dormant FOR SELECT USING (true);
CALL datamesh.load_contract(pg_temp.document('own', '1.0.0', 'live', 'own'));
CALL datamesh.load_contract(pg_temp.document('dormant', '1.0.0', 'snapshot', 'dormant'));
RESET ROLE;
SET datamesh.break_glass = on;
GRANT SELECT ON rprot_internal.own, rprot_internal.dormant TO regress_pp_out, regress_pp_reader;
GRANT USAGE ON SCHEMA rprot_internal TO regress_pp_reader;
RESET datamesh.break_glass;
SELECT pg_temp.reads('regress_pp_out', 'rprot_internal.own');
SET client_min_messages = error;
CALL datamesh.publish('rprot.own');
CALL datamesh.publish('rprot.dormant');
RESET client_min_messages;
SELECT * FROM pg_temp.protected WHERE relation ~ 'own|dormant';
SELECT r, pg_temp.reads(r, 'rprot_internal.own') AS own, pg_temp.reads(r, 'rprot.own') AS port, pg_temp.reads(r, 'rprot_internal.dormant') AS dormant
FROM unnest(ARRAY['regress_pp_team', 'regress_pp_reader', 'regress_pp_out', 'rprot_port']) AS r;
-- the role that the table is read as decides, when the query is planned
SET ROLE regress_pp_reader;
EXPLAIN (COSTS OFF) SELECT * FROM rprot.own;
SELECT count(*) FROM rprot.own AS port JOIN rprot_internal.own AS source USING (id);
PREPARE direct AS SELECT count(*) FROM rprot_internal.own;
EXECUTE direct;
SET ROLE regress_pp_member;
EXECUTE direct;
SET ROLE regress_pp_out;
EXECUTE direct;
RESET ROLE;
DEALLOCATE direct;
-- asked outside of a query it tells of the current user
SET ROLE regress_pp_member;
SELECT datamesh.in_domain('rprot', 0), datamesh.in_domain('rnone', 0), datamesh.in_domain(NULL, 0);
SET ROLE regress_pp_out;
SELECT datamesh.in_domain('rprot', 0);
RESET ROLE;

-- what stands beneath a view: tables, partitions, other views, and not what is another's
SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.parts (id integer, region text) PARTITION BY LIST (region);
CREATE TABLE rprot_internal.parts_eu PARTITION OF rprot_internal.parts FOR VALUES IN ('eu');
CREATE TABLE rprot_internal.parts_us PARTITION OF rprot_internal.parts FOR VALUES IN ('us');
CREATE TABLE rprot_internal.ancestor (id integer);
CREATE TABLE rprot_internal.child () INHERITS (rprot_internal.ancestor);
CREATE TABLE rprot_internal.sibling () INHERITS (rprot_internal.ancestor);
CREATE TABLE rprot_internal."odd ""name" (id integer);
CREATE TABLE rprot_internal.apart (id integer);
INSERT INTO rprot_internal."odd ""name" VALUES (3);
CREATE MATERIALIZED VIEW rprot_internal.stored AS SELECT id FROM rprot_internal."odd ""name";
CREATE VIEW rprot_internal.inner_view AS SELECT id FROM rprot_internal.parts WHERE EXISTS (SELECT FROM rprot_internal.child);
CREATE VIEW rprot_internal.everything AS SELECT id FROM rprot_internal.inner_view UNION ALL SELECT id FROM rprot_internal.stored;
INSERT INTO rprot_internal.parts VALUES (1, 'eu'), (2, 'us');
INSERT INTO rprot_internal.child VALUES (1);
CALL datamesh.load_contract(pg_temp.document('everything', '1.0.0', 'snapshot', 'everything'));
CALL datamesh.publish('rprot.everything');
SELECT count(*) FROM rprot.everything;
RESET ROLE;
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected ORDER BY 1;
CALL datamesh.publish('rprot.everything');

-- retired: what no other product is made from is as it was before
SET ROLE regress_pp_team;
CREATE VIEW rprot_internal.also AS SELECT id FROM rprot_internal.parts;
CALL datamesh.load_contract(pg_temp.document('also', '1.0.0', 'snapshot', 'also'));
CALL datamesh.publish('rprot.also');
CALL datamesh.deprecate('rprot.everything', '1.0.0', current_date);
CALL datamesh.retire('rprot.everything');
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected ORDER BY 1;
CREATE POLICY later ON rprot_internal.orders AS RESTRICTIVE USING (id > 0);
DO $$
DECLARE p text;
BEGIN
    FOREACH p IN ARRAY ARRAY['also', 'own', 'dormant', 'forced', 'orders'] LOOP
        CALL datamesh.deprecate('rprot.' || p, '1.0.0', current_date);
        CALL datamesh.retire('rprot.' || p);
    END LOOP;
END $$;
SELECT * FROM pg_temp.protected ORDER BY 1;
RESET ROLE;

-- another version may be made from another table
SET ROLE regress_pp_team;
CREATE TABLE rprot_internal.first_source (id integer);
CREATE TABLE rprot_internal.second_source (id integer);
INSERT INTO rprot_internal.first_source VALUES (1);
INSERT INTO rprot_internal.second_source VALUES (1);
CALL datamesh.load_contract(pg_temp.document('moved', '1.0.0', 'snapshot', 'first_source'));
CALL datamesh.publish('rprot.moved');
CALL datamesh.load_contract(pg_temp.document('moved', '1.0.1', 'snapshot', 'second_source'));
CALL datamesh.state_level('rprot.moved', '1.0.1', 'patch', 'built anew');
CALL datamesh.publish('rprot.moved');
SELECT relation, row_security, cardinality(policies) AS policies FROM pg_temp.protected WHERE relation ~ '_source' ORDER BY 1;
RESET ROLE;

CALL datamesh.publish('rprot.moved');
-- releases from before there was any of this are closed by the next publish
SET datamesh.break_glass = on;
SET client_min_messages = error;
ALTER TABLE rprot_releases.moved_v1 DISABLE ROW LEVEL SECURITY;
RESET client_min_messages;
RESET datamesh.break_glass;
CALL datamesh.publish('rprot.moved');
SELECT relkind, bool_and(relrowsecurity) FROM pg_class WHERE relnamespace = 'rprot_releases'::regnamespace AND relkind IN ('r', 'p') GROUP BY 1 ORDER BY 1;

SET client_min_messages = warning;
CALL datamesh.deprecate('rprot.moved', '1.0.1', current_date);
CALL datamesh.retire('rprot.moved');
CALL datamesh.drop_domain('rprot');
DROP SCHEMA rprot_internal CASCADE;
DROP OWNED BY regress_pp_team, regress_pp_reader, regress_pp_out, regress_pp_loader;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rpreader';
DROP ROLE regress_pp_team, regress_pp_member, regress_pp_reader, regress_pp_out, regress_pp_loader;
