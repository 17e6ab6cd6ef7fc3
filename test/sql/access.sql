-- access: what a reader sees is decided when it is read: for the stricter of the current and the outer
-- user, by what their roles are to the product, and never more than the rules say.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_acc_owner;
CREATE ROLE regress_acc_steward;
CREATE ROLE regress_acc_marketing;
CREATE ROLE regress_acc_finance;
CREATE ROLE regress_acc_super SUPERUSER;
CREATE ROLE regress_acc_none;
CREATE ROLE regress_acc_team IN ROLE regress_acc_owner;
CREATE ROLE regress_acc_analyst IN ROLE regress_acc_marketing;
CREATE ROLE regress_acc_both IN ROLE regress_acc_owner, regress_acc_marketing;
CREATE ROLE regress_acc_two IN ROLE regress_acc_finance, regress_acc_marketing;
CREATE ROLE regress_acc_noinherit NOINHERIT IN ROLE regress_acc_owner;
CREATE ROLE regress_acc_creator CREATEROLE IN ROLE regress_acc_marketing;
CALL datamesh.create_domain('racc', owner => 'regress_acc_owner');
CALL datamesh.create_domain('racc_finance', owner => 'regress_acc_finance');
CALL datamesh.create_consumer('racc_marketing', role => 'regress_acc_marketing');
CREATE TABLE racc_internal.t (id integer, name text, email text, revenue numeric(10,2));
INSERT INTO racc_internal.t VALUES (1, 'Ann', 'ann@example.com', 10), (2, 'Bob', 'bob@example.com', 20);
ALTER TABLE racc_internal.t OWNER TO regress_acc_owner;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: racc-p
name: p
domain: racc
version: 1.0.0
status: active
schema: [{name: p, physicalName: t, properties: [{name: id}, {name: name}, {name: email}, {name: revenue}]}]
roles: [{role: racc_marketing, access: read}, {role: racc_finance, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: racc_internal}]
$$);
-- its columns are not declared, as if the policy had been made later
CALL datamesh.set_policy('security.pii_undeclared', severity => 'OFF');
CALL datamesh.publish('racc.p');
-- name: marketing a part, finance raw; email: marketing a hash, finance a pseudonym;
-- revenue: hidden but for finance. Rows: marketing the first, finance all, others none.
INSERT INTO datamesh.port_policy (policy_id, port_id, rules)
SELECT 70001, o.port_id, jsonb_build_object(
    'stewards', jsonb_build_array(jsonb_build_object('role', 'regress_acc_steward', 'oid', 'regress_acc_steward'::regrole::oid::bigint,
                                  'cluster', (pg_control_system()).system_identifier)))
    || '{"columns": [
      {"name": "name", "masks": [{"mask": "partial(1, ***, 0)", "strength": 1}, {"mask": "redact", "strength": 4}],
       "default": 2, "consumers": {"racc_marketing": 1, "racc_finance": 0}},
      {"name": "email", "masks": [{"mask": "hash", "strength": 2}, {"mask": "pseudonym", "strength": 3}, {"mask": "email", "strength": 1}, {"mask": "first(3)", "strength": 1}],
       "default": -1, "consumers": {"racc_marketing": 1, "racc_finance": 2}},
      {"name": "revenue", "masks": [{"mask": "a", "strength": 1}, {"mask": "b", "strength": 1}],
       "default": -1, "consumers": {"racc_marketing": 1, "racc_finance": 2}}],
     "filters": ["id = 1", "id < 100"],
     "rows": {"default": null, "consumers": {"racc_marketing": [1], "racc_finance": [2]}}}'
FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id AND p.product = 'racc.p';

CREATE FUNCTION public.racc_decision(OUT name integer, OUT email integer, OUT revenue integer, OUT f1 integer, OUT f2 integer, OUT pseudonym text)
LANGUAGE sql STABLE AS $$ SELECT datamesh.mask_choice(70001, 1), datamesh.mask_choice(70001, 2), datamesh.mask_choice(70001, 3),
    datamesh.filter_choice(70001, 1), datamesh.filter_choice(70001, 2), datamesh.reader_name(70001) $$;
CREATE FUNCTION public.racc_as(who text) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET ROLE %I', who);
    RETURN QUERY SELECT who, d.* FROM public.racc_decision() AS d;
    RESET ROLE;
END $$;

-- each role: raw to the owner and the steward and whoever is of the owner's team; what the contract says to
-- consumers; the strictest of all ways to those who stand in several; nothing by being a superuser
SELECT d.* FROM unnest(ARRAY['owner', 'steward', 'team', 'marketing', 'analyst', 'finance', 'both', 'two', 'noinherit', 'none', 'super']) AS who,
    LATERAL public.racc_as('regress_acc_' || who) AS d (who text, name integer, email integer, revenue integer, f1 integer, f2 integer, pseudonym text);

-- SET ROLE chooses; without it several ways are the strictest of them
SET SESSION AUTHORIZATION regress_acc_both;
SELECT * FROM public.racc_decision();
SET ROLE regress_acc_owner;
SELECT * FROM public.racc_decision();
SET ROLE regress_acc_marketing;
SELECT * FROM public.racc_decision();
RESET SESSION AUTHORIZATION;

-- who may create roles can make himself a member of the owner's (before PostgreSQL 16): he stays what he was
SET SESSION AUTHORIZATION regress_acc_creator;
SELECT name, f1 FROM public.racc_decision();
RESET SESSION AUTHORIZATION;
GRANT regress_acc_owner TO regress_acc_creator;
SET SESSION AUTHORIZATION regress_acc_creator;
SELECT name, f1 FROM public.racc_decision();
RESET SESSION AUTHORIZATION;

-- The view as publish makes it, and what people try.
CREATE VIEW public.racc_port WITH (security_barrier = true) AS
SELECT id,
       CASE datamesh.mask_choice(70001, 1) WHEN 0 THEN name WHEN 1 THEN datamesh.mask_partial(name, 1, '***', 0)
            WHEN 2 THEN datamesh.mask_redact(name) END AS name,
       CASE datamesh.mask_choice(70001, 3) WHEN 0 THEN revenue END AS revenue
FROM racc_internal.t
WHERE CASE datamesh.filter_choice(70001, 1) WHEN 0 THEN true WHEN 1 THEN (id = 1) ELSE false END;
GRANT SELECT ON public.racc_port TO PUBLIC;

SET ROLE regress_acc_marketing;
SELECT * FROM public.racc_port;
SELECT count(*) FROM public.racc_port WHERE name = 'Ann';
SELECT count(*) FROM public.racc_port WHERE name = 'A***';
RESET ROLE;
SELECT * FROM public.racc_port;

-- functions with the rights of who may see more: masks for the caller
SET ROLE regress_acc_owner;
CREATE FUNCTION pg_temp.peer() RETURNS SETOF public.racc_port LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM public.racc_port';
SELECT * FROM pg_temp.peer();
SET ROLE regress_acc_marketing;
SELECT * FROM pg_temp.peer();
-- and with the rights of who may see less: masks for the owner of the function too
CREATE FUNCTION pg_temp.lesser() RETURNS SETOF public.racc_port LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN QUERY SELECT * FROM public.racc_port; END';
SET ROLE regress_acc_owner;
SELECT * FROM pg_temp.lesser();
-- nor does a function of ours that reads with its caller's rights show more than both may see
SET ROLE regress_acc_marketing;
CREATE FUNCTION pg_temp.say(value text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% sees %', current_user, value; RETURN value; END $$;
CREATE TEMP VIEW spy AS SELECT pg_temp.say(name) AS name FROM public.racc_port;
GRANT SELECT ON spy TO PUBLIC;
SET ROLE regress_acc_owner;
CREATE FUNCTION pg_temp.look(relation regclass) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM datamesh.detect_pii(relation)';
SELECT pg_temp.look('spy');
SET ROLE regress_acc_marketing;
SELECT pg_temp.look('spy');
-- pseudonyms: the caller's where the function's owner reads raw, none where both have one
SET ROLE regress_acc_finance;
CREATE FUNCTION pg_temp.name_of_finance() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT datamesh.reader_name(70001)';
SELECT pg_temp.name_of_finance();
SET ROLE regress_acc_marketing;
SELECT pg_temp.name_of_finance();
SET ROLE regress_acc_owner;
SELECT pg_temp.name_of_finance();
RESET ROLE;

-- prepared as one, executed as another; generic plans and custom ones
SET SESSION AUTHORIZATION regress_acc_both;
SET ROLE regress_acc_owner;
PREPARE q(integer) AS SELECT * FROM public.racc_port WHERE id < $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE q(10);
SET ROLE regress_acc_marketing;
EXECUTE q(10);
SET plan_cache_mode = force_custom_plan;
EXECUTE q(10);
SET ROLE regress_acc_owner;
EXECUTE q(10);
RESET plan_cache_mode;
-- a cursor opened before SET ROLE, and one that changes hands in the midst
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM public.racc_port;
FETCH 1 FROM c;
SET ROLE regress_acc_marketing;
FETCH 1 FROM c;
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_acc_owner;
DECLARE c CURSOR FOR SELECT * FROM public.racc_port;
SET LOCAL ROLE regress_acc_marketing;
FETCH ALL FROM c;
ROLLBACK;
-- within one statement
CREATE FUNCTION pg_temp.switching() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    SET ROLE regress_acc_owner;
    FOR r IN SELECT s.i, p.name FROM generate_series(1, 100) AS s(i), LATERAL (SELECT name FROM public.racc_port WHERE id = 1 AND s.i > 0 OFFSET 0) AS p LOOP
        IF r.i IN (1, 100) THEN RETURN NEXT r.name; END IF;
        IF r.i = 1 THEN SET ROLE regress_acc_marketing; END IF;
    END LOOP;
END $$;
SELECT * FROM pg_temp.switching();
RESET SESSION AUTHORIZATION;

-- settings, paths, temporary functions and tables
SET SESSION AUTHORIZATION regress_acc_marketing;
CREATE FUNCTION pg_temp.mask_choice(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
CREATE TEMP TABLE port_policy (policy_id integer, port_id integer, rules jsonb);
CREATE TEMP TABLE domain (domain_name name, owner_name name, owner_oid oid);
SET search_path = pg_temp, datamesh, public;
SET app.domain = 'racc';
SET app.role = 'regress_acc_owner';
SELECT * FROM public.racc_port;
RESET search_path;
SET datamesh.acting_for = '10';
SELECT set_config('datamesh.acting_for', (SELECT oid::text FROM pg_roles WHERE rolname = 'regress_acc_owner'), false);
\set VERBOSITY sqlstate
SHOW datamesh.acting_for;
\set VERBOSITY terse
RESET SESSION AUTHORIZATION;
-- not even for a superuser
SET datamesh.acting_for = '10';
SET datamesh.acting_for = '';
ALTER ROLE regress_acc_none SET datamesh.acting_for = '10';
SELECT count(*) FROM pg_settings WHERE name = 'datamesh.acting_for' AND setting <> '';

-- Whoever datamesh lets read for a domain reads as that domain, whoever asked for it.
SET ROLE regress_acc_finance;
CREATE VIEW racc_finance_internal.v AS SELECT name FROM public.racc_port;
RESET ROLE;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: racc-derived
name: derived
domain: racc_finance
version: 1.0.0
status: active
schema: [{name: derived, physicalName: v, properties: [{name: name}]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: racc_finance_internal}]
$$);
CALL datamesh.publish('racc_finance.derived');
SELECT * FROM racc_finance.derived;
SET ROLE regress_acc_marketing;
SELECT * FROM public.racc_port;
RESET ROLE;

-- What cannot be resolved is hidden, from everybody, and never an error.
SET ROLE regress_acc_owner;
SELECT datamesh.mask_choice(70001, 0), datamesh.mask_choice(70001, 4), datamesh.mask_choice(70001, -1), datamesh.mask_choice(70001, NULL), datamesh.mask_choice(-1, 1),
       datamesh.mask_choice(2147483647, 2147483647), datamesh.filter_choice(70001, 0), datamesh.filter_choice(70001, 3), datamesh.filter_choice(-1, 1), datamesh.reader_name(-1);
RESET ROLE;
CREATE FUNCTION public.racc_with(rules text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE who text; result text;
BEGIN
    UPDATE datamesh.port_policy AS p SET rules = racc_with.rules::jsonb WHERE policy_id = 70001;
    FOREACH who IN ARRAY ARRAY['marketing', 'none', 'owner'] LOOP
        EXECUTE format('SET ROLE %I', 'regress_acc_' || who);
        SELECT format('%s: %s %s', who, datamesh.mask_choice(70001, 1), datamesh.filter_choice(70001, 1)) INTO result;
        RESET ROLE;
        RETURN NEXT result;
    END LOOP;
END $$;
BEGIN;
SELECT i, string_agg(r, ', ') AS decisions
FROM (VALUES (1, 'null'), (2, '[]'), (3, '"columns"'), (4, '{"columns": 1, "filters": 1, "rows": 1}'), (5, '{"columns": [1], "filters": [1], "rows": []}'),
             (6, '{"columns": [{}], "filters": [null], "rows": {}}'),
             (7, '{"columns": [{"masks": [{"strength": 1}], "default": 2}], "filters": ["a"], "rows": {"default": [2]}}'),
             (8, '{"columns": [{"masks": [{"strength": 1}], "default": 1.5}], "filters": ["a"], "rows": {"default": ["1"]}}'),
             (9, '{"columns": [{"masks": [{"strength": 0}], "default": 1}], "filters": ["a"], "rows": {"default": {"1": 1}}}'),
             (10, '{"columns": [{"masks": [{"mask": 7}], "default": 1}], "filters": ["a"], "rows": {"default": [1, null]}}'),
             (11, '{"columns": [{"masks": [{"strength": 1}], "default": "0", "consumers": {"racc_marketing": 99999999999999999999}}], "filters": ["a"], "rows": {"consumers": {"racc_marketing": [0]}}}'),
             (12, '{"columns": [{"masks": [{"strength": 1}], "default": 0, "consumers": ["racc_marketing"]}], "filters": ["a"], "rows": {"default": [], "consumers": []}}'),
             (13, '{"columns": [{"masks": [{"strength": 1}], "default": 0, "consumers": {"racc_marketing": null}}], "filters": ["a"], "rows": {"default": [], "consumers": {"racc_marketing": null}}}'),
             (14, '{"columns": [{"masks": {"strength": 1}, "default": 1}], "filters": {"a": "b"}, "rows": {"default": [1]}}')
     ) AS v(i, rules), LATERAL public.racc_with(rules) AS r
GROUP BY i ORDER BY i;
ROLLBACK;

SET client_min_messages = warning;
CALL datamesh.drop_policy('security.pii_undeclared');
CALL datamesh.deprecate('racc.p', '1.0.0', current_date);
CALL datamesh.deprecate('racc_finance.derived', '1.0.0', current_date);
CALL datamesh.retire('racc.p');
CALL datamesh.retire('racc_finance.derived');
CALL datamesh.drop_domain('racc');
CALL datamesh.drop_domain('racc_finance');
DELETE FROM datamesh.consumer WHERE consumer_name = 'racc_marketing';
DROP SCHEMA racc_internal, racc_finance_internal CASCADE;
DROP FUNCTION public.racc_decision, public.racc_as, public.racc_with;
REVOKE USAGE ON SCHEMA datamesh FROM regress_acc_marketing;
DROP OWNED BY regress_acc_owner, regress_acc_marketing, regress_acc_finance;
DROP ROLE regress_acc_owner, regress_acc_steward, regress_acc_marketing, regress_acc_finance, regress_acc_super, regress_acc_none,
    regress_acc_team, regress_acc_analyst, regress_acc_both, regress_acc_two, regress_acc_noinherit, regress_acc_creator;
