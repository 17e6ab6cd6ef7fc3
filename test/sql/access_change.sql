-- access_change: whatever a decision rests on may change, and the next query knows; what was not
-- committed is seen by its own transaction only, and forgotten when it is undone.
\set VERBOSITY terse
\set SHOW_CONTEXT never
CREATE ROLE regress_chg_owner;
CREATE ROLE regress_chg_marketing;
CREATE ROLE regress_chg_ann;
CALL datamesh.create_domain('rchg', owner => 'regress_chg_owner');
CALL datamesh.create_consumer('rchg_marketing', role => 'regress_chg_marketing');
CREATE TABLE rchg_internal.t (id integer, name text);
INSERT INTO rchg_internal.t VALUES (1, 'Ann');
ALTER TABLE rchg_internal.t OWNER TO regress_chg_owner;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rchg-p
name: p
domain: rchg
version: 1.0.0
status: active
schema: [{name: p, physicalName: t, properties: [{name: id}, {name: name}]}]
roles: [{role: rchg_marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rchg_internal}]
$$);
CALL datamesh.publish('rchg.p');
INSERT INTO datamesh.port_policy (policy_id, port_id, rules)
SELECT 70001, o.port_id, '{"columns": [{"name": "name", "masks": [{"mask": "partial", "strength": 1}, {"mask": "redact", "strength": 4}],
    "default": 2, "consumers": {"rchg_marketing": 1}}]}'
FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id AND p.product = 'rchg.p';

-- memberships
SET ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
GRANT regress_chg_marketing TO regress_chg_ann;
SET ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
BEGIN;
GRANT regress_chg_owner TO regress_chg_ann;
REVOKE regress_chg_marketing FROM regress_chg_ann;
SET LOCAL ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1);
ROLLBACK;
SET ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
-- (from 16 on this is a property of each membership, taken over when it is granted)
ALTER ROLE regress_chg_ann NOINHERIT;
REVOKE regress_chg_marketing FROM regress_chg_ann;
GRANT regress_chg_marketing TO regress_chg_ann;
SET ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
ALTER ROLE regress_chg_ann INHERIT;
REVOKE regress_chg_marketing FROM regress_chg_ann;
GRANT regress_chg_marketing TO regress_chg_ann;

-- rows of ours, and what was undone of them
BEGIN;
UPDATE datamesh.port_policy SET rules = jsonb_set(rules, '{columns,0,consumers,rchg_marketing}', '0') WHERE policy_id = 70001;
SET LOCAL ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
SAVEPOINT s;
UPDATE datamesh.port_policy SET rules = jsonb_set(rules, '{columns,0,consumers,rchg_marketing}', '-1') WHERE policy_id = 70001;
SET LOCAL ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
ROLLBACK TO SAVEPOINT s;
SET LOCAL ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
DELETE FROM datamesh.port_policy WHERE policy_id = 70001;
SET LOCAL ROLE regress_chg_owner;
SELECT datamesh.mask_choice(70001, 1);
ROLLBACK;
SET ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
-- in one block, with an exception
DO $$
BEGIN
    BEGIN
        UPDATE datamesh.port_policy SET rules = '{}' WHERE policy_id = 70001;
        RAISE NOTICE 'within: %', datamesh.mask_choice(70001, 1);
        RAISE EXCEPTION 'undone';
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    RAISE NOTICE 'after: %', datamesh.mask_choice(70001, 1);
END $$;
-- in a transaction whose snapshot is older, with a cursor that is open
CREATE FUNCTION public.rchg_set(choice integer) RETURNS void LANGUAGE sql AS $$
    UPDATE datamesh.port_policy SET rules = jsonb_set(rules, '{columns,0,consumers,rchg_marketing}', to_jsonb(choice)) WHERE policy_id = 70001 $$;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL ROLE regress_chg_marketing;
DECLARE c CURSOR FOR SELECT datamesh.mask_choice(70001, 1) FROM generate_series(1, 3);
FETCH 1 FROM c;
RESET ROLE;
SELECT public.rchg_set(0);
SET LOCAL ROLE regress_chg_marketing;
FETCH 1 FROM c;
SAVEPOINT s;
RESET ROLE;
SELECT public.rchg_set(2);
SET LOCAL ROLE regress_chg_marketing;
FETCH 1 FROM c;
ROLLBACK;

-- roles: renamed they stay what they are; made again under the same name they are nobody
ALTER ROLE regress_chg_marketing RENAME TO regress_chg_renamed;
SET ROLE regress_chg_renamed;
SELECT datamesh.mask_choice(70001, 1), datamesh.reader_name(70001);
RESET ROLE;
ALTER ROLE regress_chg_renamed RENAME TO regress_chg_marketing;
CREATE FUNCTION public.rchg_drop(r text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA rchg FROM %I CASCADE', r);
    EXECUTE format('REVOKE ALL ON SCHEMA rchg, datamesh FROM %I CASCADE', r);
    EXECUTE format('DROP ROLE %I', r);
END $$;
SELECT public.rchg_drop('regress_chg_marketing');
CREATE ROLE regress_chg_marketing;
SET ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1), datamesh.reader_name(70001);
RESET ROLE;
-- until the platform says that it is the consumer
CALL datamesh.create_consumer('rchg_marketing', role => 'regress_chg_marketing');
SET ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1), datamesh.reader_name(70001);
RESET ROLE;
-- in another cluster the name counts, for a role that carries the mark that a dump brings along
UPDATE datamesh.consumer SET cluster = 1, role_oid = 1 WHERE consumer_name = 'rchg_marketing';
SET ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
REVOKE USAGE ON SCHEMA datamesh FROM regress_chg_marketing;
SET ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
GRANT USAGE ON SCHEMA datamesh TO regress_chg_marketing;
UPDATE datamesh.consumer SET cluster = (pg_control_system()).system_identifier, role_oid = 'regress_chg_marketing'::regrole WHERE consumer_name = 'rchg_marketing';

-- whose the domain is
CREATE ROLE regress_chg_new;
SET ROLE regress_chg_new;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;
BEGIN;
-- the schema changed hands, and nobody confirmed it: then it is nobody's
SET LOCAL datamesh.break_glass = on;
ALTER SCHEMA rchg_internal OWNER TO regress_chg_new;
SET LOCAL ROLE regress_chg_new;
SELECT datamesh.mask_choice(70001, 1);
SET LOCAL ROLE regress_chg_owner;
SELECT datamesh.mask_choice(70001, 1);
ROLLBACK;
CALL datamesh.set_domain_owner('rchg', 'regress_chg_new');
SET ROLE regress_chg_new;
SELECT datamesh.mask_choice(70001, 1);
SET ROLE regress_chg_owner;
SELECT datamesh.mask_choice(70001, 1);
RESET ROLE;

-- stewards, too, are roles and not names
SELECT datamesh.mask_choice(70001, 1) AS before;
BEGIN;
UPDATE datamesh.port_policy SET rules = rules || jsonb_build_object('stewards', jsonb_build_array(
    jsonb_build_object('role', 'regress_chg_ann', 'oid', 'regress_chg_ann'::regrole::oid::bigint, 'cluster', (pg_control_system()).system_identifier)));
SET LOCAL ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1) AS steward;
RESET ROLE;
DROP ROLE regress_chg_ann;
CREATE ROLE regress_chg_ann;
SET LOCAL ROLE regress_chg_ann;
SELECT datamesh.mask_choice(70001, 1) AS not_a_steward;
ROLLBACK;

-- the contract's readers: a role that no contract names is no consumer
BEGIN;
DELETE FROM datamesh.contract_role WHERE role = 'rchg_marketing';
SET LOCAL ROLE regress_chg_marketing;
SELECT datamesh.mask_choice(70001, 1);
ROLLBACK;

-- nothing that is remembered grows without end, however many numbers are asked for
SET ROLE regress_chg_marketing;
SELECT sum(datamesh.mask_choice(i, 1)) FROM generate_series(-50000, 50000) AS i WHERE i <> 70001;
RESET ROLE;
SELECT sum(total_bytes) < 4 * 1024 * 1024 AS bounded FROM pg_backend_memory_contexts WHERE name LIKE 'datamesh %';

SET client_min_messages = warning;
CALL datamesh.deprecate('rchg.p', '1.0.0', current_date);
CALL datamesh.retire('rchg.p');
CALL datamesh.drop_domain('rchg');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rchg_marketing';
DROP SCHEMA rchg_internal CASCADE;
DROP FUNCTION public.rchg_set, public.rchg_drop;
REVOKE USAGE ON SCHEMA datamesh FROM regress_chg_marketing;
DROP ROLE regress_chg_owner, regress_chg_marketing, regress_chg_ann, regress_chg_new;
