-- Queries on ports are planned for the release of the moment: the plan is that of a query on the release's
-- own table, and what is shown is the same as without, by every path to a port.
SET client_min_messages = warning;
SET jit = off;
CREATE ROLE regress_team;
CREATE ROLE regress_reader;
CALL datamesh.create_domain('rfold', owner => 'regress_team');
CALL datamesh.create_consumer('rfold_readers', role => 'regress_reader');
SET ROLE regress_team;
CREATE TABLE rfold_internal.t AS
SELECT i AS id, 'n' || i AS name, (i % 7)::numeric(18,2) AS amount, date '2026-01-01' + i AS day,
       md5(i::text)::uuid AS code, timestamptz '2026-01-01 00:00+00' + i * interval '1 hour' AS at, 'first' AS stage
FROM generate_series(1, 600) i;
CREATE TABLE rfold_internal.u AS SELECT id * 2 AS id, stage FROM rfold_internal.t;
CREATE FUNCTION rfold_internal.load(product text, columns text[], indexes text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format(E'apiVersion: v3.1.0\nkind: DataContract\nid: %1$s\nname: %1$s\ndomain: rfold\nversion: 1.0.0\nstatus: active\n'
      'schema:\n- name: %1$s\n  physicalName: %1$s\n  properties:\n  - name: %2$s\n'
      'roles: [{role: rfold_readers, access: read}]\n'
      'customProperties:\n- property: datamesh.retention\n  value: 3\n- property: datamesh.indexes\n  value: %3$s\n'
      'servers:\n- server: here\n  type: postgres\n  host: h\n  port: 5432\n  database: d\n  schema: rfold_internal\n',
      product, array_to_string(columns, E'\n  - name: '), indexes));
END $$;
SELECT rfold_internal.load('t', ARRAY['id', 'name', 'amount', 'day', 'code', 'at', 'stage'],
                           '[[id], [name], [amount], [day], [code], [at]]');
SELECT rfold_internal.load('u', ARRAY['id', 'stage'], '[[id]]');
CALL datamesh.publish('rfold.t');
CALL datamesh.publish('rfold.u');
UPDATE rfold_internal.t SET stage = 'second', amount = amount + 100;
CALL datamesh.publish('rfold.t');
RESET ROLE;
SELECT min(release) AS first, max(release) AS second FROM datamesh.releases WHERE product = 'rfold.t' \gset
ANALYZE rfold_releases.t_v1, rfold_releases.u_v1;

-- the plan of a query, with the numbers of releases left out
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        CONTINUE WHEN line ~ '^ *Disabled: true$'; -- 18 says so of what enable_seqscan does not want
        RETURN NEXT regexp_replace(regexp_replace(line, '_r\d+', '_rN', 'g'), 'current_release\(\d+\)', 'current_release(P)', 'g');
    END LOOP;
END $$;

-- a reader reads the table of the release, as if there were no view, no other releases and no filter
SET ROLE regress_reader;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT pg_temp.plan('SELECT * FROM rfold.t');
SELECT pg_temp.plan('SELECT count(*) FROM rfold.t WHERE stage = ''second''');
-- every filter finds the index: leakproof ones (integer, text, date, uuid, timestamptz) ...
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE id = 7');
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE name = ''n7''');
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE day = ''2026-02-01''');
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE code = ''8f14e45f-ceea-167a-5a36-dedd4bea2543''');
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE at = ''2026-02-01 00:00+00''');
-- ... and others, since the view keeps nothing from anybody who may see all rows
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE amount = 103');
SELECT pg_temp.plan('SELECT u.* FROM rfold.u JOIN rfold.t USING (id) WHERE t.name = ''n8''');
-- without, only leakproof ones do
SET datamesh.port_folding = off;
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE id = 7');
SELECT pg_temp.plan('SELECT * FROM rfold.t WHERE amount = 103');
RESET datamesh.port_folding;
RESET enable_seqscan;
RESET enable_bitmapscan;
RESET ROLE;

-- the same by every path: folded and not, at both releases, under settings that change plans
CREATE FUNCTION pg_temp.answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT count(*) || '' rows '' || coalesce(md5(string_agg(q::text, '','' ORDER BY q::text)), '''') FROM (%s) q', query) INTO result;
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.by_loop() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM rfold.t ORDER BY id LOOP
        RETURN NEXT r::text;
    END LOOP;
END $$;
CREATE FUNCTION pg_temp.by_sql(low integer) RETURNS SETOF rfold.t LANGUAGE sql STABLE AS 'SELECT * FROM rfold.t WHERE id > low';
CREATE FUNCTION pg_temp.by_cursor() RETURNS SETOF rfold.t LANGUAGE plpgsql AS $$
DECLARE
    c SCROLL CURSOR FOR SELECT * FROM rfold.t ORDER BY id;
    r rfold.t;
BEGIN
    OPEN c;
    FETCH ABSOLUTE 10 FROM c INTO r; RETURN NEXT r;
    FETCH PRIOR FROM c INTO r; RETURN NEXT r;
    MOVE FORWARD 20 FROM c;
    FETCH LAST FROM c INTO r; RETURN NEXT r;
    CLOSE c;
END $$;
CREATE VIEW pg_temp.over AS SELECT stage, count(*) AS n, sum(amount) AS total FROM rfold.t GROUP BY stage;
CREATE VIEW pg_temp.barred WITH (security_barrier) AS SELECT * FROM rfold.t WHERE amount > 3;
CREATE TEMP TABLE queries (n integer GENERATED ALWAYS AS IDENTITY, query text);
INSERT INTO queries (query) VALUES
    ('SELECT * FROM rfold.t'),
    ('SELECT count(*), sum(amount), max(name) FROM rfold.t'),
    ('SELECT t FROM rfold.t'),
    ('SELECT t, id + 1, t.stage FROM rfold.t WHERE t IS NOT NULL'),
    ('SELECT ctid IS NULL, id FROM (SELECT NULL::tid AS ctid, * FROM rfold.t) s'),
    ('SELECT * FROM rfold.t FULL JOIN (SELECT id, stage FROM rfold.t_v1 WHERE id > 300) v USING (id, stage)'),
    ('SELECT j FROM (rfold.t JOIN rfold.u USING (id)) j'),
    ('SELECT a.id, (SELECT count(*) FROM rfold.u WHERE u.id > a.id AND EXISTS (SELECT FROM rfold.t b WHERE b.id = u.id AND b.amount = a.amount)) FROM rfold.t a WHERE id < 20'),
    ('SELECT a.id, l.n FROM rfold.t a CROSS JOIN LATERAL (SELECT count(*) AS n FROM rfold.t b WHERE b.amount < a.amount AND b.id < a.id) l WHERE a.id < 30'),
    ('SELECT a.id, g FROM rfold.t a, generate_series(a.id, a.id + 1) g ORDER BY a.day, g LIMIT 50'),
    ('WITH c AS (SELECT id FROM rfold.t WHERE amount > 2) SELECT u.id, (SELECT count(*) FROM c WHERE c.id < u.id) FROM rfold.u WHERE u.id < 100'),
    ('SELECT id, lag(stage) OVER w, count(*) FILTER (WHERE amount > 1) OVER w FROM rfold.t WINDOW w AS (PARTITION BY amount ORDER BY day RANGE BETWEEN ''3 days'' PRECEDING AND CURRENT ROW)'),
    ('SELECT id, sum(amount) FROM rfold.t GROUP BY id HAVING max(day) > ''2026-03-01'' ORDER BY min(at)'),
    ('VALUES ((SELECT max(id) FROM rfold.t)), ((SELECT min(id) FROM rfold.u))'),
    ('SELECT row_to_json(t) FROM rfold.t'),
    ('SELECT * FROM rfold.t WHERE id = 5'),
    ('SELECT * FROM rfold.t_v1 WHERE name LIKE ''n1%'' AND amount > 2.5'),
    ('SELECT a.id, a.stage, b.stage FROM rfold.t a JOIN rfold.t_v1 b ON a.id = b.id + 1'),
    ('SELECT * FROM rfold.t JOIN rfold.u USING (id)'),
    ('SELECT * FROM rfold.t LEFT JOIN rfold.u USING (id) WHERE u.id IS NULL'),
    ('SELECT * FROM rfold.u FULL JOIN rfold.t USING (id)'),
    ('SELECT stage FROM rfold.t UNION SELECT stage FROM rfold.u'),
    ('SELECT id, stage FROM rfold.t EXCEPT ALL SELECT id, stage FROM rfold.u'),
    ('SELECT u.id, l.* FROM rfold.u, LATERAL (SELECT name, amount FROM rfold.t WHERE t.id = u.id ORDER BY name LIMIT 1) l'),
    ('WITH c AS MATERIALIZED (SELECT * FROM rfold.t) SELECT count(*) FROM c a JOIN c b USING (id)'),
    ('WITH RECURSIVE r AS (SELECT id FROM rfold.t WHERE id = 1 UNION ALL SELECT t.id FROM rfold.t JOIN r ON t.id = r.id + 1 WHERE t.id < 20) SELECT * FROM r'),
    ('SELECT id, (SELECT max(stage) FROM rfold.t WHERE t.id = u.id) FROM rfold.u'),
    ('SELECT id FROM rfold.u WHERE EXISTS (SELECT FROM rfold.t WHERE t.id = u.id AND amount > 104)'),
    ('SELECT id FROM rfold.u WHERE id NOT IN (SELECT id FROM rfold.t)'),
    ('SELECT DISTINCT ON (stage) * FROM rfold.t ORDER BY stage, id'),
    ('SELECT id, rank() OVER (PARTITION BY amount ORDER BY id) FROM rfold.t'),
    ('SELECT amount, stage, grouping(stage), count(*) FROM rfold.t GROUP BY CUBE (amount, stage)'),
    ('SELECT * FROM pg_temp.over'),
    ('SELECT * FROM pg_temp.barred WHERE id < 100'),
    ('SELECT pg_temp.by_loop()'),
    ('SELECT * FROM pg_temp.by_sql(590)'),
    ('SELECT * FROM pg_temp.by_cursor()'),
    ('SELECT * FROM datamesh.at_release(NULL::rfold.t, ' || :first || ')'),
    ('SELECT * FROM datamesh.at_release(NULL::rfold.t, ' || :second || ') a JOIN rfold.t b USING (id)'),
    ('SELECT * FROM datamesh.as_of(NULL::rfold.t, now() + interval ''1 hour'')');
CREATE TEMP TABLE answers (n integer, setting text, release integer, answer text);
CREATE PROCEDURE pg_temp.ask(setting text, release integer) LANGUAGE sql AS $$
    INSERT INTO answers SELECT n, setting, release, pg_temp.answer(query) FROM queries;
$$;
CREATE PROCEDURE pg_temp.ask_all(release integer) LANGUAGE plpgsql AS $$
DECLARE
    setting text;
    change text;
BEGIN
    SET LOCAL datamesh.port_folding = off;
    CALL pg_temp.ask('off', release);
    SET LOCAL datamesh.port_folding = on;
    CALL pg_temp.ask('on', release);
    FOREACH setting IN ARRAY ARRAY['enable_partition_pruning = off', 'enable_partitionwise_join = on', 'enable_partitionwise_aggregate = on',
                                   'plan_cache_mode = force_generic_plan', 'enable_seqscan = off'] LOOP
        change := split_part(setting, ' ', 1);
        EXECUTE 'SET LOCAL ' || setting;
        CALL pg_temp.ask(setting, release);
        SET LOCAL datamesh.port_folding = off;
        CALL pg_temp.ask(setting || ', off', release);
        SET LOCAL datamesh.port_folding = on;
        EXECUTE format('SET LOCAL %I TO DEFAULT', change);
    END LOOP;
    SET LOCAL parallel_setup_cost = 0;
    SET LOCAL parallel_tuple_cost = 0;
    SET LOCAL min_parallel_table_scan_size = 0;
    SET LOCAL max_parallel_workers_per_gather = 2;
    CALL pg_temp.ask('parallel', release);
    SET LOCAL datamesh.port_folding = off;
    CALL pg_temp.ask('parallel, off', release);
END $$;
CALL pg_temp.ask_all(:second);
CALL datamesh.rollback('rfold.t', :first);
CALL pg_temp.ask_all(:first);
SELECT n, query, count(*) AS asked, count(DISTINCT (release, answer)) AS answers
FROM answers JOIN queries USING (n) GROUP BY n, query HAVING count(DISTINCT (release, answer)) <> 2 OR count(*) <> 28;
-- the two releases do differ
SELECT count(*) > 10 AS differ FROM (SELECT n FROM answers GROUP BY n HAVING count(DISTINCT answer) = 2) d;

-- statements that write what they read
CREATE TEMP TABLE kept AS SELECT id, stage FROM rfold.t WHERE id <= 3;
INSERT INTO kept SELECT id + 10, stage FROM rfold.t WHERE id <= 2;
UPDATE kept SET stage = t.stage || '!' FROM rfold.t WHERE t.id = kept.id AND t.id = 3;
DELETE FROM kept USING rfold.t WHERE kept.id = t.id AND t.id = 1;
MERGE INTO kept USING rfold.t ON t.id = kept.id WHEN MATCHED AND t.id = 2 THEN UPDATE SET stage = 'merged';
SELECT * FROM kept ORDER BY id;
COPY (SELECT id, stage FROM rfold.t WHERE id < 3 ORDER BY id) TO STDOUT;
DO $$
DECLARE
    n integer;
BEGIN
    SELECT count(*) INTO n FROM rfold.t WHERE stage = 'first';
    CREATE TEMP TABLE counted AS SELECT n AS n;
END $$;
TABLE counted;

-- prepared statements, generic and custom: each execution shows what its snapshot sees
PREPARE q(integer) AS SELECT stage, count(*) FROM rfold.t WHERE id > $1 GROUP BY stage;
SET plan_cache_mode = force_generic_plan;
EXECUTE q(10);
CALL datamesh.rollback('rfold.t', :second);
EXECUTE q(10);
SELECT pg_temp.plan('EXECUTE q(10)');
SET plan_cache_mode = force_custom_plan;
EXECUTE q(10);
BEGIN;
CALL datamesh.rollback('rfold.t', :first);
EXECUTE q(10);
SAVEPOINT s;
CALL datamesh.rollback('rfold.t', :second);
EXECUTE q(10);
ROLLBACK TO s;
EXECUTE q(10);
ROLLBACK;
RESET plan_cache_mode;
EXECUTE q(10);
-- a plan that was made before the setting was changed still shows the right release
SET plan_cache_mode = force_generic_plan;
SET datamesh.port_folding = off;
CALL datamesh.rollback('rfold.t', :first);
EXECUTE q(10);
RESET datamesh.port_folding;
CALL datamesh.rollback('rfold.t', :second);
EXECUTE q(10);
DEALLOCATE q;
RESET plan_cache_mode;

-- whoever switches a port by hand makes cached plans anew too, and triggers of ours fire for replicas
PREPARE q AS SELECT DISTINCT stage FROM rfold.t;
SET plan_cache_mode = force_generic_plan;
EXECUTE q;
SET session_replication_role = replica;
UPDATE datamesh.port SET current_release = :first WHERE current_release = :second;
RESET session_replication_role;
EXECUTE q;
SELECT pg_temp.plan('EXECUTE q');
DEALLOCATE q;
RESET plan_cache_mode;

CREATE PROCEDURE pg_temp.run(statement text, release integer) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE regexp_replace(statement, '\yN\y|(?<=_r)N', release::text, 'g');
END $$;
-- a release that was detached by hand: an error, not an empty answer
BEGIN;
SET LOCAL datamesh.break_glass = on;
CALL pg_temp.run('ALTER TABLE rfold_releases.t_v1 DETACH PARTITION rfold_releases.t_v1_rN', :first);
\set VERBOSITY sqlstate
SELECT count(*) FROM rfold.t;
\set VERBOSITY default
ROLLBACK;
-- one with its columns in another order is read through the relation of all releases
BEGIN;
SET LOCAL datamesh.break_glass = on;
CALL pg_temp.run('ALTER TABLE rfold_releases.t_v1 DETACH PARTITION rfold_releases.t_v1_rN', :first);
CALL pg_temp.run('CREATE TABLE rfold_releases.other AS SELECT stage, id, datamesh_release, name, amount, day, code, at FROM rfold_releases.t_v1_rN', :first);
ALTER TABLE rfold_releases.other ALTER datamesh_release SET NOT NULL;
CALL pg_temp.run('ALTER TABLE rfold_releases.t_v1 ATTACH PARTITION rfold_releases.other FOR VALUES IN (N)', :first);
SELECT stage, count(*), sum(id) FROM rfold.t GROUP BY stage;
SELECT pg_temp.plan('SELECT count(*) FROM rfold.t');
ROLLBACK;

-- a session whose first query has loaded the library goes on planning others as ever
CREATE FUNCTION rfold_internal.inlined() RETURNS SETOF rfold.t LANGUAGE sql STABLE AS 'SELECT * FROM rfold.t';
\c -
SET client_min_messages = warning;
SELECT count(*) FROM rfold.t;
SELECT count(*) FROM rfold_internal.inlined() WHERE false;
SELECT count(*) FROM rfold_internal.inlined() WHERE id > 590;
DROP FUNCTION rfold_internal.inlined();

SET datamesh.break_glass = on;
DROP VIEW rfold.t, rfold.t_v1, rfold.u, rfold.u_v1;
DROP TABLE rfold_releases.t_v1, rfold_releases.u_v1;
DELETE FROM datamesh.product WHERE domain_name = 'rfold';
CALL datamesh.drop_domain('rfold');
DROP SCHEMA rfold_internal CASCADE;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rfold_readers';
DROP OWNED BY regress_team, regress_reader;
DROP ROLE regress_team, regress_reader;
RESET datamesh.break_glass;
