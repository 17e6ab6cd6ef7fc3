-- publish: workers measure the source and form its tuples, the leader stores them. What comes out is the same with any number of workers.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE regress_par;
CREATE ROLE regress_par_reader;
CALL datamesh.create_domain('rparallel', 'regress_par');
-- nulls are what is tested here
CALL datamesh.set_policy('quality.completeness', severity => 'WARNING');
CALL datamesh.create_consumer('regress_par_readers', role => 'regress_par_reader');
SET ROLE regress_par;

-- values of every length, in every way they are stored; nulls; a key with one duplicate, which is no error here
CREATE TABLE rparallel_internal.t (id integer, few text, long text, packed text, extern text, f double precision, n numeric, d date, a integer[], j jsonb);
ALTER TABLE rparallel_internal.t ALTER extern SET STORAGE EXTERNAL, ALTER long SET STORAGE PLAIN;
INSERT INTO rparallel_internal.t
SELECT CASE WHEN i = 5000 THEN 4999 ELSE i END, 'few' || i % 7, repeat('l', i % 300), repeat(md5(i::text), CASE WHEN i % 500 = 0 THEN 200 ELSE i % 5 END),
       CASE WHEN i % 1000 = 0 THEN repeat('e', 20000 + i) END, CASE WHEN i % 11 = 0 THEN 'NaN' ELSE i / 3.0 END, CASE WHEN i % 3 > 0 THEN i * 0.01 END,
       date '2020-01-01' + i % 1000, CASE WHEN i % 2 = 0 THEN ARRAY[i, NULL, i + 1] END, jsonb_build_object('i', i)
FROM generate_series(1, 20000) AS i;
-- a row that is longer than a block of them, for which a view makes a value that is nowhere stored
CREATE FUNCTION rparallel_internal.process() RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN pg_backend_pid(); END $$;
CREATE VIEW rparallel_internal.v AS
SELECT id, few, long, packed, extern, f, n, d, a, j, CASE WHEN id % 4000 = 1 THEN repeat('v', 100000 + id) ELSE '' END AS made, rparallel_internal.process() AS process
FROM rparallel_internal.t;
ANALYZE rparallel_internal.t;
DO $do$
BEGIN
    CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: parallel
status: active
version: 1.0.0
domain: rparallel
name: v
schema:
- name: v
  physicalName: v
  properties:
  - {name: id, quality: [{metric: duplicateValues, mustBeLessThan: 5}, {metric: nullValues, mustBe: 0}]}
  - {name: few, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [few0, few1, few2, few3, few4, few5, few6]}}]}
  - {name: long}
  - {name: packed, quality: [{metric: duplicateValues, mustBeGreaterThan: 1, severity: info}]}
  - {name: extern, quality: [{metric: nullValues, mustBeGreaterThan: 1, unit: percent}]}
  - {name: f}
  - {name: n, quality: [{metric: invalidValues, mustBeLessThan: 100000, arguments: {pattern: '^1'}, severity: warning}]}
  - {name: d}
  - {name: a}
  - {name: j}
  - {name: made}
  - {name: process}
  quality:
  - {type: custom, engine: datamesh, implementation: {check: statistic, fn: sum, column: n, mustBeGreaterThan: 0}}
  - {type: custom, engine: datamesh, implementation: {check: statistic, fn: stddev_samp, column: n, mustBeGreaterThan: 0}}
  - {type: custom, engine: datamesh, implementation: {check: row_condition, condition: "id % 5000 <> 77", mustBeLessThan: 100, sample_keys: 3}}
roles: [{role: regress_par_readers, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: rparallel_internal}]
customProperties: [{property: datamesh.retention, value: 20}]
$doc$);
END $do$;
CREATE TEMP TABLE first_report (checks jsonb);
-- every row of the release is one of the source; and the checks say what they said the first time, to the last digit and key
CREATE PROCEDURE rparallel_internal.publish(workers integer, memory text, leader boolean) LANGUAGE plpgsql AS $$
DECLARE
    compared record;
BEGIN
    PERFORM set_config('max_parallel_workers_per_gather', workers::text, false), set_config('work_mem', memory, false),
            set_config('parallel_leader_participation', leader::text, false);
    CALL datamesh.publish('rparallel.v');
    INSERT INTO first_report SELECT datamesh.governance_report('rparallel.v') -> 'checks' WHERE NOT EXISTS (SELECT FROM first_report);
    SELECT
        (SELECT count(*) FROM (SELECT id, few, long, packed, extern, f, n, d, a, j, made FROM rparallel_internal.v
                               EXCEPT ALL SELECT id, few, long, packed, extern, f, n, d, a, j, made FROM rparallel.v) AS e) AS missing,
        (SELECT count(*) FROM (SELECT id, few, long, packed, extern, f, n, d, a, j, made FROM rparallel.v
                               EXCEPT ALL SELECT id, few, long, packed, extern, f, n, d, a, j, made FROM rparallel_internal.v) AS e) AS others,
        (SELECT count(*) FROM first_report AS f, jsonb_array_elements(f.checks) AS c
         WHERE NOT (datamesh.governance_report('rparallel.v') -> 'checks') @> jsonb_build_array(c - 'evidence')) AS checks_differ INTO compared;
    RAISE WARNING '% workers with %: % %', workers, memory, row_to_json(compared),
        CASE WHEN NOT leader THEN 'rows by workers: ' || (SELECT bool_and(process <> pg_backend_pid())::text FROM rparallel.v) END;
END $$;
SET parallel_setup_cost = 0;
SET min_parallel_table_scan_size = 0;
CALL rparallel_internal.publish(0, '64MB', true);
SELECT jsonb_array_length(checks) AS checks, sum((c ->> 'failing_rows')::integer) AS failing FROM first_report, jsonb_array_elements(checks) AS c GROUP BY 1;
CALL rparallel_internal.publish(0, '64kB', true);
CALL rparallel_internal.publish(1, '64MB', true);
CALL rparallel_internal.publish(2, '64kB', true);
CALL rparallel_internal.publish(4, '64MB', true);
CALL rparallel_internal.publish(2, '64MB', false);
CALL rparallel_internal.publish(4, '64kB', false);
-- no worker, where a function must not be run by one
ALTER FUNCTION rparallel_internal.process() PARALLEL UNSAFE;
CALL rparallel_internal.publish(2, '64MB', false);
ALTER FUNCTION rparallel_internal.process() PARALLEL SAFE;

-- who asks for its order gets it
SET max_parallel_workers_per_gather = 2;
CREATE TABLE rparallel_internal.plain AS SELECT id, d FROM rparallel_internal.t ORDER BY id % 7, id;
CREATE VIEW rparallel_internal.ordered AS SELECT id, d FROM rparallel_internal.plain ORDER BY id DESC;
DO $do$
BEGIN
    CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: ordered
status: active
version: 1.0.0
domain: rparallel
name: ordered
schema: [{name: ordered, physicalName: ordered, properties: [{name: id, required: true}, {name: d}]}]
roles: [{role: regress_par_readers, access: read}]
servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: rparallel_internal}]
$doc$);
END $do$;
CALL datamesh.publish('rparallel.ordered');
SELECT count(*) FILTER (WHERE id > before) AS out_of_order, count(*) AS rows FROM (SELECT id, lag(id) OVER () AS before FROM rparallel.ordered) AS o;

-- an error in a worker is the publish's, and nothing is left of it
CREATE FUNCTION rparallel_internal.fails(i integer) RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN IF i = 17000 THEN RAISE EXCEPTION 'row %', i; END IF; RETURN i; END $$;
CREATE OR REPLACE VIEW rparallel_internal.ordered AS SELECT rparallel_internal.fails(id) AS id, d FROM rparallel_internal.plain;
SET parallel_leader_participation = off;
CALL datamesh.publish('rparallel.ordered');
SELECT outcome, count(*) FROM datamesh.reports WHERE product = 'rparallel.ordered' GROUP BY 1 ORDER BY 1;
SELECT count(*) AS rows FROM rparallel.ordered;
-- and so is a cancel while workers are at work
CREATE OR REPLACE FUNCTION rparallel_internal.fails(i integer) RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN IF i = 17000 THEN PERFORM pg_sleep(600); END IF; RETURN i; END $$;
SET statement_timeout = '2s';
CALL datamesh.publish('rparallel.ordered');
RESET statement_timeout;
CREATE OR REPLACE VIEW rparallel_internal.ordered AS SELECT id, d FROM rparallel_internal.plain;
CALL datamesh.publish('rparallel.ordered');
SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM rparallel.ordered;

RESET ROLE;
SET max_parallel_workers_per_gather = 0;
DO $$
BEGIN
    CALL datamesh.deprecate('rparallel.v', '1.0.0', current_date);
    CALL datamesh.retire('rparallel.v');
    CALL datamesh.deprecate('rparallel.ordered', '1.0.0', current_date);
    CALL datamesh.retire('rparallel.ordered');
END $$;
CALL datamesh.drop_policy('quality.completeness');
CALL datamesh.drop_domain('rparallel');
DELETE FROM datamesh.consumer WHERE consumer_name = 'regress_par_readers';
DROP TABLE first_report;
DROP SCHEMA rparallel_internal CASCADE;
DROP OWNED BY regress_par_reader;
DROP ROLE regress_par, regress_par_reader;
