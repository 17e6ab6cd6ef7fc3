-- governance_function: policies of one's own, which are functions. They run as their owner, never as a
-- superuser, can read what that owner can and write nothing; what goes wrong in them is a violation.
-- Then dry runs for the council: what a policy would find before it is set.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_fn;
CREATE ROLE regress_fn_other;
CREATE ROLE regress_fn_council;
CALL datamesh.create_domain('rfn', owner => 'regress_fn');
CALL datamesh.create_domain('rfn_other', owner => 'regress_fn_other');
INSERT INTO datamesh.council_member (role_name, role_oid, domain_name)
VALUES ('regress_fn_council', 'regress_fn_council'::regrole, 'rfn_other');
CREATE SCHEMA regress_council AUTHORIZATION regress_fn_council;
SET ROLE regress_fn;
CREATE TABLE rfn_internal.t (id integer PRIMARY KEY, code text, made_at timestamptz);
INSERT INTO rfn_internal.t SELECT i, CASE WHEN i % 2 = 0 THEN 'c' END, now() FROM generate_series(1, 10) AS i;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rfn
name: t
domain: rfn
version: 1.0.0
status: active
schema:
  - name: t
    physicalName: t
    properties: [{name: id, logicalType: integer, primaryKey: true}, {name: made_at, logicalType: timestamp}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rfn_internal}]
slaProperties: [{property: freshness, value: 4, unit: h}]
$$);
CALL datamesh.load_contract(replace(replace(datamesh.contract_yaml('rfn.t'), 'name: t', 'name: u'), 'physicalName: u', 'physicalName: t'));

-- ---- a policy of a domain's own
CREATE FUNCTION rfn_internal.has_team(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql STABLE AS $$
    SELECT NULL, NULL, NULL, 'the contract of ' || product || ' names no team', NULL, jsonb_build_object('id', contract ->> 'id')
    WHERE NOT contract ? 'team'
$$;
SET search_path = rfn_internal;
CALL datamesh.set_policy('rfn.team', check_function => 'has_team', domain => 'rfn', why => 'we want to know whom to ask');
RESET search_path;
SELECT policy, owner, severity, check_function, may_change, why FROM datamesh.policies WHERE policy = 'rfn.team';
SELECT policy, owner FROM datamesh.effective_policies('rfn.t') WHERE owner <> 'council';
CALL datamesh.publish('rfn.t');
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.team';
CALL datamesh.set_policy('rfn.team', severity => 'CRITICAL', domain => 'rfn');
CALL datamesh.publish('rfn.t');
-- another domain's products are not its business
SELECT count(*) FROM datamesh.domain_policies('rfn_other') WHERE policy = 'rfn.team';

-- ---- what the function says of itself is kept to its own name and to the policy's severity
CREATE OR REPLACE FUNCTION rfn_internal.has_team(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql STABLE AS $$
    VALUES ('other.product', 'rfn.team.missing', 'WARNING', 'less bad', 'id', '{"rule": "quality", "product": "x", "severity": "CRITICAL", "n": 1}'::jsonb),
           (NULL, 'quality', 'nonsense', NULL, NULL, '[1]'),
           (NULL, NULL, NULL, NULL, NULL, NULL)
$$;
CALL datamesh.publish('rfn.t', dry_run => true);
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' LIKE 'rfn%';

-- ---- what is no check, or not theirs to lend
CALL datamesh.set_policy('rfn.x', check_function => 'rfn_internal.nothing', domain => 'rfn');
CREATE FUNCTION rfn_internal.wrong(text, jsonb) RETURNS text LANGUAGE sql AS 'SELECT 1::text';
CALL datamesh.set_policy('rfn.x', check_function => 'rfn_internal.wrong', domain => 'rfn');
CREATE FUNCTION pg_temp.check_it(text, jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql AS 'SELECT NULL::datamesh.violation WHERE false';
CALL datamesh.set_policy('rfn.x', check_function => 'pg_temp.check_it', domain => 'rfn');
DROP FUNCTION pg_temp.check_it(text, jsonb);
RESET ROLE;
CREATE FUNCTION rfn_internal.of_root(text, jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql AS 'SELECT NULL::datamesh.violation WHERE false';
CALL datamesh.set_policy('global.root', check_function => 'rfn_internal.of_root');
SET ROLE regress_fn_other;
CALL datamesh.set_policy('stolen', check_function => 'rfn_internal.has_team', domain => 'rfn_other');
SET ROLE regress_fn;
CALL datamesh.set_policy('rfn.x', check_function => 'rfn_internal.of_root', domain => 'rfn');
CALL datamesh.set_policy('quality', check_function => 'rfn_internal.has_team', domain => 'rfn');
-- given to a superuser afterwards, it does not run any more
RESET ROLE;
ALTER FUNCTION rfn_internal.has_team(text, jsonb) OWNER TO CURRENT_USER;
SET ROLE regress_fn;
CALL datamesh.publish('rfn.t');
RESET ROLE;
ALTER FUNCTION rfn_internal.has_team(text, jsonb) OWNER TO regress_fn;

-- ---- the attack: each line must fail, as a violation that says why; a superuser publishes
SET ROLE regress_fn;
CREATE TABLE rfn_internal.loot (line text);
CREATE FUNCTION rfn_internal.attack(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOREACH line IN ARRAY ARRAY[
        'ALTER ROLE regress_fn SUPERUSER', 'SET ROLE NONE', 'RESET ROLE', 'SET SESSION AUTHORIZATION DEFAULT',
        'UPDATE datamesh.policy SET severity = ''OFF''', 'INSERT INTO datamesh.policy_default SELECT',
        'INSERT INTO datamesh.waiver (policy_name, product_id, until, why) VALUES (''rfn.attack'', 1, ''infinity'', ''me'')',
        'CALL datamesh.set_policy(''rfn.attack'', severity => ''WARNING'', domain => ''rfn'')',
        'CALL datamesh.drop_policy(''rfn.attack'', domain => ''rfn'')',
        'CALL datamesh.publish(''rfn.u'')', 'SELECT datamesh.store_policy(''quality'', ''OFF'', ''{}'', NULL, NULL, NULL, NULL)',
        'INSERT INTO rfn_internal.loot VALUES (current_user)', 'SET TRANSACTION READ WRITE', 'SET LOCAL transaction_read_only = off',
        'CREATE TABLE rfn_internal.made ()', 'CREATE TEMP TABLE made ()', 'LISTEN datamesh', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1',
        'COPY (SELECT 1) TO PROGRAM ''true''', 'SELECT pg_read_file(''PG_VERSION'')', 'COMMIT'] LOOP
        BEGIN
            EXECUTE line;
            RETURN QUERY SELECT NULL, NULL, NULL, format('%s: done as %s', line, current_user), NULL, NULL::jsonb;
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT NULL, NULL, NULL, format('%s: %s', line, CASE WHEN line LIKE 'COPY%' THEN SQLSTATE ELSE SQLERRM END), NULL, NULL::jsonb;
        END;
    END LOOP;
    RETURN QUERY SELECT NULL, NULL, NULL, format('%s, %s', current_user, current_setting('search_path')), NULL, NULL::jsonb;
END $$;
CALL datamesh.set_policy('rfn.team', severity => 'OFF', domain => 'rfn');
CALL datamesh.set_policy('rfn.attack', severity => 'CRITICAL', check_function => 'rfn_internal.attack', domain => 'rfn');
RESET ROLE;
\set VERBOSITY terse
CALL datamesh.publish('rfn.t');
\set VERBOSITY default
SELECT v ->> 'message' AS attempt FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.attack';
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_fn';
SELECT count(*) AS loot FROM rfn_internal.loot;
SELECT policy, severity FROM datamesh.policies WHERE policy LIKE 'rfn%' ORDER BY 1;

-- ---- a search_path of the caller's, and temporary objects, change nothing for it
CREATE FUNCTION pg_temp.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE TEMP TABLE loot (line text);
SET ROLE regress_fn;
CREATE OR REPLACE FUNCTION rfn_internal.attack(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT NULL, NULL, 'WARNING', format('%s runs with %s', current_user, current_setting('search_path')), NULL, NULL::jsonb;
END $$;
RESET ROLE;
SET search_path = rfn_internal, public;
CALL datamesh.publish('rfn.t');
RESET search_path;
SELECT v ->> 'message' AS message FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.attack';
DROP TABLE pg_temp.loot;
DROP FUNCTION pg_temp.format(text, VARIADIC "any");

-- ---- what goes wrong is a violation of the severity set; what the error says is for the domain only
SET ROLE regress_fn;
CREATE OR REPLACE FUNCTION rfn_internal.attack(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'secret row of %', product;
END $$;
CALL datamesh.publish('rfn.t');
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.attack';
SET ROLE regress_fn_other;
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.attack';
SET ROLE regress_fn;
CALL datamesh.set_policy('rfn.attack', severity => 'WARNING', domain => 'rfn');
CALL datamesh.publish('rfn.t');
DROP FUNCTION rfn_internal.attack(text, jsonb);
CALL datamesh.publish('rfn.t');
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' = 'rfn.attack';
-- a function without end stops where it must
CREATE FUNCTION rfn_internal.attack(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql AS $$
    SELECT NULL, NULL, NULL, 'number ' || i, NULL, NULL::jsonb FROM generate_series(1, 5000) AS i
$$;
CALL datamesh.publish('rfn.t');
SELECT r -> 'warnings' AS warnings FROM datamesh.governance_report('rfn.t') AS r;
CREATE OR REPLACE FUNCTION rfn_internal.attack(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(600);
END $$;
SET statement_timeout = '200ms';
CALL datamesh.publish('rfn.t');
RESET statement_timeout;
CALL datamesh.drop_policy('rfn.attack', domain => 'rfn');
CALL datamesh.drop_policy('rfn.team', domain => 'rfn');

-- ---- a global one, of the council's: it runs as its owner, whoever publishes
SET ROLE regress_fn_council;
CREATE FUNCTION regress_council.live_or_not(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql STABLE AS $$
    SELECT NULL, NULL, NULL, product || ' looked at by ' || current_user, NULL, NULL::jsonb
$$;
CALL datamesh.set_policy('global.look', check_function => 'regress_council.live_or_not');
SET ROLE regress_fn;
CALL datamesh.publish('rfn.t');
SELECT v FROM jsonb_array_elements(datamesh.governance_report('rfn.t') -> 'violations') AS v WHERE v ->> 'rule' LIKE 'global%';
-- a domain can raise it, and not lower it, nor give it another function
CALL datamesh.set_policy('global.look', severity => 'CRITICAL', domain => 'rfn');
CALL datamesh.publish('rfn.t', dry_run => true);
CALL datamesh.set_policy('global.look', severity => 'OFF', domain => 'rfn');
CALL datamesh.set_policy('global.look', check_function => 'rfn_internal.has_team', domain => 'rfn');
CALL datamesh.drop_policy('global.look', domain => 'rfn');
-- names are taken once
CALL datamesh.set_policy('mine', check_function => 'rfn_internal.has_team', domain => 'rfn');
SET ROLE regress_fn_council;
CALL datamesh.set_policy('mine', check_function => 'regress_council.live_or_not');
CALL datamesh.drop_policy('global.look');
CALL datamesh.set_policy('global.look', severity => 'CRITICAL');

-- ---- dry runs for the council
SELECT product, version, rule, severity, message, "column", figures, waived, basis
FROM datamesh.simulate_policy('{"name": "schema.undeclared", "severity": "CRITICAL"}');
SELECT product, severity, message, basis FROM datamesh.simulate_policy('{"name": "quality", "parameters": {"minimum_rows": 11}}');
SELECT product, severity, message, basis FROM datamesh.simulate_policy('{"name": "quality", "parameters": {"minimum_rows": 10}}');
SELECT product, severity, message, basis FROM datamesh.simulate_policy('{"name": "quality.freshness", "severity": "CRITICAL", "parameters": {"freshness_sla_hours": 2}}');
SELECT product, message, basis FROM datamesh.simulate_policy('{"name": "quality.freshness", "severity": "OFF", "parameters": {"freshness_sla_hours": 2}}');
SELECT product, message, basis FROM datamesh.simulate_policy('{"name": "global.look", "check_function": "regress_council.live_or_not"}');
-- a product published while completeness was off, with a column half empty: what consumers read is measured
RESET ROLE;
CALL datamesh.set_policy('quality.completeness', severity => 'OFF');
SET ROLE regress_fn;
CALL datamesh.load_contract(replace(replace(datamesh.contract_yaml('rfn.t'), 'version: 1.0.0', 'version: 1.1.0'), '      - name: made_at', E'      - name: code\n      - name: made_at'));
CALL datamesh.publish('rfn.t');
SET ROLE regress_fn_council;
SELECT product, version, severity, message, "column", figures, basis FROM datamesh.simulate_policy('{"name": "quality.completeness", "severity": "CRITICAL"}');
SELECT count(*) AS found FROM datamesh.simulate_policy('{"name": "quality.completeness", "severity": "CRITICAL", "parameters": {"minimum_completeness": 0.5}}');
-- switched on again and published, the report has the figures
CALL datamesh.set_policy('quality.completeness', severity => 'WARNING');
SET ROLE regress_fn;
CALL datamesh.publish('rfn.t');
SET ROLE regress_fn_council;
BEGIN READ ONLY;
SELECT product, severity, message, basis FROM datamesh.simulate_policy('{"name": "quality.completeness", "severity": "CRITICAL"}');
COMMIT;
-- simulated is not set, and tells what a publish then finds
SELECT severity FROM datamesh.policies WHERE policy = 'quality.completeness';
SELECT count(*) FROM datamesh.policy_changes WHERE policy = 'global.look' AND until IS NULL;
-- for the council, and for a domain in its own products
SET ROLE regress_fn;
SELECT * FROM datamesh.simulate_policy('{"name": "quality"}');
SELECT product, severity, message, basis FROM datamesh.simulate_policy('{"name": "quality", "domain": "rfn", "parameters": {"minimum_rows": 100}}');
SELECT * FROM datamesh.simulate_policy('{"name": "quality", "domain": "rfn_other"}');
SELECT * FROM datamesh.simulate_policy('{"name": "quality", "domain": "rfn", "parameters": {"minimum_rows": 0}}');
SET ROLE regress_fn_council;
SELECT * FROM datamesh.simulate_policy('{"name": "quality", "severity": "LOUD"}');
SELECT * FROM datamesh.simulate_policy('{"name": "no.such"}');
SELECT * FROM datamesh.simulate_policy('{"nam": "quality"}');
SELECT * FROM datamesh.simulate_policy('{}');
SELECT * FROM datamesh.simulate_policy('[]');
SELECT * FROM datamesh.simulate_policy('{"name": 1}');
CALL datamesh.drop_policy('quality.completeness');

RESET ROLE;
CALL datamesh.deprecate('rfn.t', '1.1.0', current_date);
CALL datamesh.retire('rfn.t');
SET client_min_messages = warning;
DELETE FROM datamesh.council_member;
CALL datamesh.drop_domain('rfn');
CALL datamesh.drop_domain('rfn_other');
SELECT policy FROM datamesh.policies WHERE set_by IS NOT NULL;
DROP SCHEMA rfn_internal, rfn_other_internal, regress_council CASCADE;
DROP OWNED BY regress_fn_council;
DROP ROLE regress_fn, regress_fn_other, regress_fn_council;
