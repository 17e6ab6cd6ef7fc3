-- access_parallel: parallel workers decide as their leader does, for its current user, its outer user and the
-- domain for which datamesh reads.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_par_owner;
CREATE ROLE regress_par_marketing;
CREATE ROLE regress_par_both IN ROLE regress_par_owner, regress_par_marketing;
CREATE ROLE regress_par_expired;
CALL datamesh.create_domain('rpar', owner => 'regress_par_owner');
CALL datamesh.create_domain('rpar_marketing', owner => 'regress_par_marketing');
CREATE TABLE rpar_internal.t (id integer, name text);
INSERT INTO rpar_internal.t SELECT i, 'name' FROM generate_series(1, 20000) AS i;
ALTER TABLE rpar_internal.t OWNER TO regress_par_owner;
ANALYZE rpar_internal.t;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rpar-p
name: p
domain: rpar
version: 1.0.0
status: active
schema: [{name: p, physicalName: t, properties: [{name: id}, {name: name}]}]
roles: [{role: rpar_marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rpar_internal}]
$$);
CALL datamesh.publish('rpar.p');
INSERT INTO datamesh.port_policy (policy_id, port_id, rules)
SELECT 70001, o.port_id, '{"columns": [{"name": "name", "masks": [{"mask": "partial", "strength": 1}, {"mask": "redact", "strength": 4}],
    "default": 2, "consumers": {"rpar_marketing": 1}}], "filters": ["id <= 10000"], "rows": {"default": null, "consumers": {"rpar_marketing": [1]}}}'
FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id AND p.product = 'rpar.p';
SELECT port_id FROM datamesh.port_policy WHERE policy_id = 70001 \gset
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, since, until)
SELECT product_id, 'regress_par_expired', 'regress_par_expired'::regrole, '2020-01-01', '2020-02-01' FROM datamesh.product WHERE product = 'rpar.p';

CREATE VIEW public.rpar_port WITH (security_barrier = true) AS
SELECT id, CASE datamesh.mask_choice(70001, 1) WHEN 0 THEN name WHEN 1 THEN datamesh.mask_partial(name, 1, '***', 0)
                WHEN 2 THEN datamesh.mask_redact(name) END AS name,
       datamesh.reader_name(70001) AS reader
FROM rpar_internal.t
WHERE CASE datamesh.filter_choice(70001, 1) WHEN 0 THEN true WHEN 1 THEN (id <= 10000) ELSE false END;
CREATE VIEW public.rpar_live WITH (security_barrier = true) AS SELECT id FROM rpar_internal.t WHERE datamesh.may_read(:port_id);
GRANT SELECT ON public.rpar_port, public.rpar_live TO PUBLIC;
CREATE FUNCTION public.rpar_workers(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT json) ' || query INTO plan;
    RETURN jsonb_path_query_first(plan::jsonb, 'lax $.**."Workers Launched"');
END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET ROLE regress_par_owner;
SELECT public.rpar_workers('SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2') > 0 AS parallel;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
SET ROLE regress_par_marketing;
SELECT public.rpar_workers('SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2') > 0 AS parallel;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
SET ROLE regress_par_both;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
RESET ROLE;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
SET ROLE regress_par_expired;
SELECT count(*) FROM public.rpar_live;
SET ROLE regress_par_marketing;
SELECT count(*) FROM public.rpar_live;

-- a function of the owner's, called by a consumer
SET ROLE regress_par_owner;
CREATE FUNCTION pg_temp.peer(OUT name text, OUT reader text, OUT count bigint) LANGUAGE plpgsql SECURITY DEFINER
AS 'BEGIN SELECT p.name, p.reader, count(*) INTO name, reader, count FROM public.rpar_port AS p GROUP BY 1, 2; END';
SELECT * FROM pg_temp.peer();
SET ROLE regress_par_marketing;
SELECT * FROM pg_temp.peer();
-- rules of this transaction's own, not committed
RESET ROLE;
BEGIN;
UPDATE datamesh.port_policy SET rules = jsonb_set(rules, '{columns,0,consumers,rpar_marketing}', '0') WHERE policy_id = 70001;
SET LOCAL ROLE regress_par_marketing;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
ROLLBACK;
SET ROLE regress_par_marketing;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
RESET ROLE;

-- what another domain derives is derived with its eyes, in workers too, whoever publishes it
SET ROLE regress_par_marketing;
CREATE VIEW rpar_marketing_internal.v AS SELECT id, name, reader FROM public.rpar_port;
RESET ROLE;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rpar-derived
name: derived
domain: rpar_marketing
version: 1.0.0
status: active
schema: [{name: derived, physicalName: v, properties: [{name: id}, {name: name}, {name: reader}]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rpar_marketing_internal}]
$$);
CALL datamesh.publish('rpar_marketing.derived');
SELECT name, reader, count(*) FROM rpar_marketing.derived GROUP BY 1, 2;
-- when it is over, everybody is himself again
RESET ROLE;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
-- also when it failed
CREATE FUNCTION rpar_marketing_internal.fail(text) RETURNS text LANGUAGE plpgsql PARALLEL SAFE AS $$ BEGIN RAISE EXCEPTION 'seen by %: %', current_user, $1; END $$;
ALTER FUNCTION rpar_marketing_internal.fail OWNER TO regress_par_marketing;
UPDATE rpar_internal.t SET name = 'other';
SET ROLE regress_par_marketing;
CREATE OR REPLACE VIEW rpar_marketing_internal.v AS SELECT id, rpar_marketing_internal.fail(name) AS name, reader FROM public.rpar_port;
RESET ROLE;
CALL datamesh.publish('rpar_marketing.derived');
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
SET ROLE regress_par_owner;
SELECT name, reader, count(*) FROM public.rpar_port GROUP BY 1, 2;
RESET ROLE;

-- everything once more in workers only
SELECT name AS only_in_workers FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SET :only_in_workers = on;
SET ROLE regress_par_marketing;
SELECT datamesh.mask_choice(70001, 1), datamesh.filter_choice(70001, 1), datamesh.reader_name(70001);
SELECT * FROM pg_temp.peer();
SET ROLE regress_par_owner;
SELECT datamesh.mask_choice(70001, 1), datamesh.filter_choice(70001, 1), datamesh.reader_name(70001);
SET ROLE regress_par_expired;
SELECT datamesh.may_read(:port_id);
RESET ROLE;
RESET :only_in_workers;

SET client_min_messages = error;
DROP FUNCTION pg_temp.peer;
DROP VIEW rpar_marketing_internal.v;
DROP VIEW public.rpar_port, public.rpar_live;
DROP FUNCTION public.rpar_workers;
CALL datamesh.deprecate('rpar.p', '1.0.0', current_date);
CALL datamesh.deprecate('rpar_marketing.derived', '1.0.0', current_date);
CALL datamesh.retire('rpar.p');
CALL datamesh.retire('rpar_marketing.derived');
CALL datamesh.drop_domain('rpar');
CALL datamesh.drop_domain('rpar_marketing');
DROP SCHEMA rpar_internal, rpar_marketing_internal CASCADE;
DROP ROLE regress_par_owner, regress_par_marketing, regress_par_both, regress_par_expired;
