-- access_grant: access that was granted ends by itself, at its time, without anybody doing anything; and
-- what one may see of a product, and why, is told by datamesh.my_access().
\set SHOW_CONTEXT never
CREATE ROLE regress_grt_owner;
CREATE ROLE regress_grt_marketing;
CREATE ROLE regress_grt_ann;
CREATE ROLE regress_grt_group;
CREATE ROLE regress_grt_member IN ROLE regress_grt_group;
CREATE ROLE regress_grt_dana;
CREATE ROLE regress_grt_super SUPERUSER IN ROLE regress_grt_group;
CREATE ROLE regress_grt_reader IN ROLE regress_grt_group, pg_read_all_data;
CALL datamesh.create_domain('rgrt', owner => 'regress_grt_owner');
CALL datamesh.create_consumer('rgrt_marketing', role => 'regress_grt_marketing');
CREATE TABLE rgrt_internal.t (id integer, name text, "e mail" text);
INSERT INTO rgrt_internal.t VALUES (1, 'Ann', 'ann@example.com');
ALTER TABLE rgrt_internal.t OWNER TO regress_grt_owner;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rgrt-p
name: p
domain: rgrt
version: 1.0.0
status: active
schema: [{name: p, physicalName: t, properties: [{name: id}, {name: name}, {name: e mail}]}]
roles: [{role: rgrt_marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rgrt_internal}]
$$);
-- its columns are not declared, as if the policy had been made later
CALL datamesh.set_policy('security.pii_undeclared', severity => 'OFF');
CALL datamesh.publish('rgrt.p');
SELECT product_id FROM datamesh.product WHERE product = 'rgrt.p' \gset
SELECT port_id FROM datamesh.port WHERE product_id = :product_id \gset
CREATE FUNCTION public.rgrt_may(who text, port integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text; state text;
BEGIN
    EXECUTE format('SET ROLE %I', 'regress_grt_' || who);
    PERFORM datamesh.may_read(port);
    RESET ROLE;
    RETURN 'reads';
EXCEPTION WHEN insufficient_privilege THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
    RETURN state || ' ' || sqlerrm || E'\n' || detail || E'\n' || coalesce(hint, '');
END $$;
SET timezone = 'UTC';

-- nobody has had a grant: the privileges on the port are the only gate
SELECT who, public.rgrt_may(who, :port_id) FROM unnest(ARRAY['owner', 'marketing', 'ann', 'member', 'super', 'reader']) AS who;
-- a grant to ann that was, one to the group that was revoked
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, since, until, granted_by) VALUES
    (:product_id, 'regress_grt_ann', 'regress_grt_ann'::regrole, '2020-01-01', '2020-02-01', 'regress_grt_dana');
INSERT INTO datamesh.access_grant (product_id, role_name, role_oid, since, granted_by, revoked_at, revoked_by, why) VALUES
    (:product_id, 'regress_grt_group', 'regress_grt_group'::regrole, '2020-01-01', 'regress_grt_dana', '2020-03-01', 'regress_grt_owner', 'not needed');
SELECT who, public.rgrt_may(who, :port_id) FROM unnest(ARRAY['owner', 'marketing', 'ann', 'member', 'group', 'dana', 'super', 'reader']) AS who;
-- another basis: a consumer's role, the owner's, a grant that is in force
GRANT regress_grt_marketing TO regress_grt_ann;
SELECT public.rgrt_may('ann', :port_id);
REVOKE regress_grt_marketing FROM regress_grt_ann;
GRANT regress_grt_owner TO regress_grt_ann;
SELECT public.rgrt_may('ann', :port_id);
REVOKE regress_grt_owner FROM regress_grt_ann;
GRANT regress_grt_group TO regress_grt_ann;
SELECT public.rgrt_may('ann', :port_id);
UPDATE datamesh.access_grant SET revoked_at = NULL, revoked_by = NULL WHERE role_name = 'regress_grt_group';
SELECT public.rgrt_may('ann', :port_id), public.rgrt_may('member', :port_id);
-- not yet
UPDATE datamesh.access_grant SET since = '2999-01-01' WHERE role_name = 'regress_grt_group';
SELECT public.rgrt_may('member', :port_id);
-- both users are asked: a function does not read with access that its caller has lost
UPDATE datamesh.access_grant SET since = '2020-01-01', until = NULL WHERE role_name = 'regress_grt_group';
REVOKE regress_grt_group FROM regress_grt_ann;
SET ROLE regress_grt_member;
CREATE FUNCTION pg_temp.peer(port integer) RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT datamesh.may_read(port)';
SELECT pg_temp.peer(:port_id);
SET ROLE regress_grt_ann;
SELECT pg_temp.peer(:port_id);
RESET ROLE;
-- a port that is none
SELECT datamesh.may_read(-1);
SELECT datamesh.may_read(NULL);
-- a role that was dropped and made again has had nothing
BEGIN;
DROP ROLE regress_grt_ann;
CREATE ROLE regress_grt_ann;
SELECT public.rgrt_may('ann', :port_id);
ROLLBACK;

-- The end comes by itself: nothing changes but the time.
SELECT clock_timestamp() + interval '5 seconds' AS its_end \gset
UPDATE datamesh.access_grant SET until = :'its_end' WHERE role_name = 'regress_grt_group';
SET ROLE regress_grt_member;
PREPARE q(integer) AS SELECT datamesh.may_read($1);
EXECUTE q(:port_id);
BEGIN ISOLATION LEVEL REPEATABLE READ;
DECLARE c CURSOR FOR SELECT datamesh.may_read(:port_id) FROM generate_series(1, 3);
FETCH 1 FROM c;
SELECT pg_sleep(greatest(extract(epoch FROM :'its_end' - clock_timestamp()), 0) + 0.1);
\set VERBOSITY sqlstate
SAVEPOINT s;
FETCH 1 FROM c;
ROLLBACK TO SAVEPOINT s;
EXECUTE q(:port_id);
ROLLBACK;
EXECUTE q(:port_id);
\set VERBOSITY default
RESET ROLE;

-- What one sees, and why.
INSERT INTO datamesh.port_policy (port_id, rules)
VALUES (:port_id, jsonb_build_object(
    'stewards', jsonb_build_array(jsonb_build_object('role', 'regress_grt_dana', 'oid', 'regress_grt_dana'::regrole::oid::bigint,
                                  'cluster', (pg_control_system()).system_identifier)))
    || '{"columns": [{"name": "name", "masks": [{"mask": "partial(1, ***, 1)", "strength": 1}, {"mask": "redact", "strength": 4}],
       "default": 2, "consumers": {"rgrt_marketing": 1}}, {"name": "e mail", "masks": [], "default": -1}],
     "filters": ["id > 0", "id < 10"], "rows": {"default": null, "consumers": {"rgrt_marketing": [1, 2]}}}');
UPDATE datamesh.access_grant SET since = '2020-01-01', until = '2999-01-01', request_id = 7 WHERE role_name = 'regress_grt_group';
SET datamesh.break_glass = on;
SET client_min_messages = warning;
GRANT USAGE ON SCHEMA rgrt TO regress_grt_group, regress_grt_dana;
GRANT SELECT ON rgrt.p_v1 TO regress_grt_group, regress_grt_dana;
RESET client_min_messages;
RESET datamesh.break_glass;
UPDATE datamesh.contract SET published_at = '2026-01-01';
CREATE FUNCTION public.rgrt_access(who text) RETURNS SETOF datamesh.column_access LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET ROLE %I', 'regress_grt_' || who);
    RETURN QUERY SELECT * FROM datamesh.my_access('rgrt.p');
    RESET ROLE;
END $$;
SELECT who, a."column", a.access, a.mask, a.row_filter
FROM unnest(ARRAY['owner', 'dana', 'marketing', 'member', 'super', 'ann']) WITH ORDINALITY AS w(who, i), LATERAL public.rgrt_access(who) AS a;
SELECT DISTINCT i, who, a.product, a.port, a.reader, a.basis, a.granted_by, a.since, a.until
FROM unnest(ARRAY['owner', 'dana', 'marketing', 'member', 'super', 'ann']) WITH ORDINALITY AS w(who, i), LATERAL public.rgrt_access(who) AS a ORDER BY i;
-- in several ways, and the strictest holds
GRANT regress_grt_owner, regress_grt_marketing TO regress_grt_member;
SELECT reader, basis, "column", access, mask, row_filter FROM public.rgrt_access('member');
REVOKE regress_grt_owner, regress_grt_marketing FROM regress_grt_member;
-- without a name: only what can be read
SET ROLE regress_grt_ann;
SELECT count(*) FROM datamesh.my_access() WHERE product = 'rgrt.p';
SET ROLE regress_grt_marketing;
SELECT count(*) FROM datamesh.my_access() WHERE product = 'rgrt.p';
SELECT count(*) FROM datamesh.my_access(NULL) WHERE product = 'rgrt.p';
SELECT * FROM datamesh.my_access('rgrt.q');
SELECT * FROM datamesh.my_access('rgrt');
RESET ROLE;

SET client_min_messages = warning;
CALL datamesh.drop_policy('security.pii_undeclared');
CALL datamesh.deprecate('rgrt.p', '1.0.0', current_date);
CALL datamesh.retire('rgrt.p');
CALL datamesh.drop_domain('rgrt');
SELECT count(*) FROM datamesh.access_grant;
SELECT count(*) FROM datamesh.port_policy;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rgrt_marketing';
DROP SCHEMA rgrt_internal CASCADE;
DROP FUNCTION public.rgrt_may, public.rgrt_access, pg_temp.peer;
REVOKE USAGE ON SCHEMA datamesh FROM regress_grt_marketing;
DROP ROLE regress_grt_owner, regress_grt_marketing, regress_grt_ann, regress_grt_group, regress_grt_member, regress_grt_dana, regress_grt_super, regress_grt_reader;
