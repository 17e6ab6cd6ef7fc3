-- access_request: who asks for access, who decides, what is granted and revoked, and that a publish keeps it.
\set VERBOSITY default
SET timezone = 'UTC';
CREATE ROLE regress_rq_sales;
CREATE ROLE regress_rq_mkt;
CREATE ROLE regress_rq_fin;
CREATE ROLE regress_rq_analyst;
CREATE ROLE "regress rq ""odd""";
CREATE ROLE regress_rq_dana IN ROLE regress_rq_sales, regress_rq_analyst;
CREATE ROLE regress_rq_lead;
CREATE ROLE regress_rq_steward;
CREATE ROLE regress_rq_outsider;
CALL datamesh.create_domain('rqsales', owner => 'regress_rq_sales');
CALL datamesh.create_domain('rqmkt', owner => 'regress_rq_mkt');
CALL datamesh.create_consumer('rqfin', role => 'regress_rq_fin');
-- numbers that do not depend on what ran before
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 8001;
ALTER SEQUENCE datamesh.access_grant_grant_id_seq RESTART WITH 901;

SET ROLE regress_rq_sales;
CREATE TABLE rqsales_internal.clv (id integer PRIMARY KEY, score integer);
INSERT INTO rqsales_internal.clv VALUES (1, 10), (2, 20);
CREATE FUNCTION rqsales_internal.load(version text, columns text, extra text DEFAULT '', name text DEFAULT 'clv') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rq-clv
name: %4$s
domain: rqsales
version: %1$s
status: active
schema: [{name: clv, physicalName: clv, properties: %2$s}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rqsales_internal}]
%3$s
$doc$, version, columns, extra, name));
END $$;
SELECT rqsales_internal.load('1.0.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: integer}]', $$
roles: [{role: rqmkt}, {role: rqfin, access: request, firstLevelApprovers: regress_rq_lead, secondLevelApprovers: rqmkt}]
team: {members: [{username: regress_rq_steward, role: Data Steward}, {username: nobody_here, role: steward}, {username: regress_rq_lead, role: steward, dateOut: '2020-01-01'}]}$$);

-- ---- asking ----
SET ROLE regress_rq_analyst;
-- there is nothing to read yet
CALL datamesh.request_access('rqsales.clv', purpose => 'churn model');
SET ROLE regress_rq_sales;
CALL datamesh.publish('rqsales.clv');
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv');
CALL datamesh.request_access('rqsales.clv', purpose => NULL);
CALL datamesh.request_access('rqsales.clv', purpose => E' \n');
CALL datamesh.request_access('rqsales.clv', purpose => repeat('x', 2001));
CALL datamesh.request_access('rqsales.nothing', purpose => 'churn model');
CALL datamesh.request_access('clv', purpose => 'churn model');
CALL datamesh.request_access('rqsales.clv', 'churn model', until => '2020-01-01');
CALL datamesh.request_access('rqsales.clv', 'churn model', until => 'infinity');
CALL datamesh.request_access('rqsales.clv', 'churn model', role => 'regress_rq_mkt');
CALL datamesh.request_access('rqsales.clv', 'churn model', role => 'regress_no_such_role');
SELECT * FROM rqsales.clv;
CALL datamesh.request_access('rqsales.clv', purpose => 'churn model');
CALL datamesh.request_access('rqsales.clv', purpose => 'churn model');
SELECT * FROM rqsales.clv;
-- whoever has access already asks for nothing
SET ROLE regress_rq_mkt;
CALL datamesh.request_access('rqsales.clv', purpose => 'campaigns');
SET ROLE regress_rq_sales;
CALL datamesh.request_access('rqsales.clv', purpose => 'our own');
SET ROLE regress_rq_steward;
CALL datamesh.request_access('rqsales.clv', purpose => 'looking after it');
SELECT count(*) FROM rqsales.clv;
SET ROLE regress_rq_dana;
CALL datamesh.request_access('rqsales.clv', purpose => 'for me');
RESET ROLE;
CALL datamesh.request_access('rqsales.clv', purpose => 'I can anyway');
CALL datamesh.request_access('rqsales.clv', purpose => 'as the port role', role => 'rqsales_port');
-- code of a domain asks for nobody
SET ROLE regress_rq_sales;
CREATE FUNCTION rqsales_internal.ask() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN CALL datamesh.request_access('rqsales.clv', 'sneaky'); RETURN 1; END $$;
SELECT message FROM datamesh.check_table('rqsales_internal.clv', '[{"type": "sql", "query": "SELECT rqsales_internal.ask()", "mustBe": 0}]');
BEGIN READ ONLY;
CALL datamesh.request_access('rqsales.clv', 'reading');
ROLLBACK;

-- who sees what is asked
SELECT request, product, role, purpose, until, status, waits_for, requested_by, to_approve, to_deny FROM datamesh.access_requests;
SET ROLE regress_rq_analyst;
SELECT request, role, purpose FROM datamesh.access_requests;
SET ROLE regress_rq_outsider;
SELECT request FROM datamesh.access_requests;
-- it is nothing for the council, and no business of anybody
SELECT count(*) FROM datamesh.pending_approvals WHERE kind = 'access';
SELECT count(*) FROM datamesh.approvals WHERE kind = 'access';

-- ---- deciding ----
CALL datamesh.approve(8001);
CALL datamesh.deny(8001, 'no');
SET ROLE regress_rq_mkt;
CALL datamesh.approve(8001);
SET ROLE regress_rq_analyst;
CALL datamesh.approve(8001);
RESET ROLE;
-- a superuser has every privilege, and no word
CALL datamesh.approve(8001);
SET ROLE regress_rq_sales;
CALL datamesh.approve(8002);
CALL datamesh.deny(8001, ' ');
CALL datamesh.approve(8001, 'for the model only');
CALL datamesh.approve(8001);
CALL datamesh.deny(8001, 'too late');
SET ROLE regress_rq_analyst;
SELECT * FROM rqsales.clv ORDER BY id;
SELECT * FROM rqsales.clv_v1 ORDER BY id;
SELECT * FROM rqsales_internal.clv;
CALL datamesh.request_access('rqsales.clv', purpose => 'churn model');
CALL datamesh.request_access('rqsales.clv', purpose => 'churn model', until => '2100-01-01');
SELECT product, role, basis, purpose, until, granted_by, request, ports FROM datamesh.access;
SELECT decisions -> 0 ->> 'comment' AS comment, status, waits_for FROM datamesh.access_requests;
SET ROLE regress_rq_sales;
SELECT product, role, consumer, basis, purpose, since IS NOT NULL AS since, until, granted_by = session_user AS by_us, request, ports
FROM datamesh.access ORDER BY role;
SET ROLE regress_rq_outsider;
SELECT * FROM datamesh.access;

-- nobody approves what they asked for themselves
SET ROLE regress_rq_analyst;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_analyst', 'no longer needed');
SELECT * FROM rqsales.clv;
SET ROLE regress_rq_dana;
CALL datamesh.request_access('rqsales.clv', 'for my team', role => 'regress_rq_analyst');
CALL datamesh.approve(8002);
-- nor do they in another role of the same session
SET SESSION AUTHORIZATION regress_rq_dana;
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv', 'in disguise');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8003);
CALL datamesh.deny(8003, 'withdrawn by myself');
RESET SESSION AUTHORIZATION;
SET ROLE regress_rq_sales;
CALL datamesh.approve(8002);
SET ROLE regress_rq_analyst;
SELECT count(*) FROM rqsales.clv;

-- withdrawing
SET ROLE "regress rq ""odd""";
CALL datamesh.request_access('rqsales.clv', 'a quoted name', until => '2100-01-01');
SET ROLE regress_rq_outsider;
CALL datamesh.withdraw_request(8004);
SET ROLE "regress rq ""odd""";
CALL datamesh.withdraw_request(8004);
CALL datamesh.withdraw_request(8004);
CALL datamesh.withdraw_request(8001);
CALL datamesh.withdraw_request(8002);
CALL datamesh.withdraw_request(99999);
SET ROLE regress_rq_sales;
CALL datamesh.approve(8004);
SET ROLE "regress rq ""odd""";
CALL datamesh.request_access('rqsales.clv', 'a quoted name', until => '2100-01-01');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8005);
SET ROLE "regress rq ""odd""";
SELECT count(*) FROM rqsales.clv;

-- denied, and asked again
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.clv', 'just looking');
SET ROLE regress_rq_sales;
CALL datamesh.deny(8006, 'looking is no purpose');
CALL datamesh.deny(8006, 'looking is no purpose');
CALL datamesh.approve(8006);
SET ROLE regress_rq_outsider;
SELECT status, decisions -> 0 ->> 'comment' AS comment FROM datamesh.access_requests;
SELECT count(*) FROM rqsales.clv;

-- approvers whom the contract names, level after level, and not the owner
SET ROLE regress_rq_fin;
CALL datamesh.request_access('rqsales.clv', 'the annual report', until => '2100-01-01');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8007);
SET ROLE regress_rq_mkt;
CALL datamesh.approve(8007);
SET ROLE regress_rq_lead;
SELECT request, role, waits_for FROM datamesh.access_requests;
CALL datamesh.approve(8007);
CALL datamesh.approve(8007);
SET ROLE regress_rq_fin;
SELECT count(*) FROM rqsales.clv;
SET ROLE regress_rq_mkt;
SELECT request, role, waits_for FROM datamesh.access_requests;
CALL datamesh.approve(8007, 'fine');
SET ROLE regress_rq_fin;
SELECT count(*) FROM rqsales.clv;
SELECT d ->> 'stage' AS stage, d ->> 'for' AS for FROM datamesh.access_requests, jsonb_array_elements(decisions) AS d;

-- ---- a publish keeps what was granted, and takes what was given by hand ----
RESET ROLE;
SET datamesh.break_glass = on;
GRANT SELECT ON rqsales.clv_v1 TO regress_rq_outsider;
GRANT SELECT (id) ON rqsales.clv TO regress_rq_lead;
RESET datamesh.break_glass;
CREATE FUNCTION pg_temp.readers() RETURNS TABLE (port text, readers text) LANGUAGE sql AS $$
SELECT c.relname::text, string_agg(pg_get_userbyid(a.grantee), ', ' ORDER BY pg_get_userbyid(a.grantee) COLLATE "C")
FROM pg_class AS c LEFT JOIN aclexplode(c.relacl) AS a ON a.grantee <> c.relowner
WHERE c.relnamespace = 'rqsales'::regnamespace GROUP BY 1 ORDER BY 1
$$;
SELECT * FROM pg_temp.readers();
SET ROLE regress_rq_sales;
CALL datamesh.publish('rqsales.clv');
RESET ROLE;
SELECT * FROM pg_temp.readers();
SELECT count(*) FROM pg_attribute WHERE attrelid = 'rqsales.clv'::regclass AND attacl IS NOT NULL;
-- the guard lets by hand only what was granted
GRANT SELECT ON rqsales.clv TO regress_rq_outsider;
GRANT SELECT ON rqsales.clv TO regress_rq_analyst;
GRANT SELECT ON rqsales.clv TO regress_rq_steward;
GRANT INSERT ON rqsales.clv TO regress_rq_analyst;
-- a new major version is granted too
SET ROLE regress_rq_sales;
SELECT rqsales_internal.load('2.0.0', '[{name: id, physicalType: integer, primaryKey: true}]', 'roles: [{role: rqmkt}]');
CALL datamesh.publish('rqsales.clv');
RESET ROLE;
SELECT * FROM pg_temp.readers();
SELECT role, basis, ports FROM datamesh.access WHERE product = 'rqsales.clv' ORDER BY 1, 2;

-- ---- revoking ----
SET ROLE regress_rq_outsider;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_analyst');
SET ROLE regress_rq_analyst;
PREPARE reading AS SELECT count(*) FROM rqsales.clv;
EXECUTE reading;
SET ROLE regress_rq_sales;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_analyst', 'the model is done');
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_analyst', 'the model is done');
SET ROLE regress_rq_analyst;
EXECUTE reading;
SELECT has_schema_privilege('regress_rq_analyst', 'rqsales', 'USAGE') AS enters;
SET ROLE regress_rq_dana;
SELECT count(*) FROM rqsales.clv;
-- what stands in the contract ends with the contract
SET ROLE regress_rq_sales;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_mkt');
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_sales');
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_steward');
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_dana');
CALL datamesh.revoke_access('rqsales.clv', 'regress_no_such_role');
-- what was given by hand is taken
RESET ROLE;
SET datamesh.break_glass = on;
GRANT SELECT ON rqsales.clv TO regress_rq_outsider;
RESET datamesh.break_glass;
SET ROLE regress_rq_sales;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_outsider', 'by hand');
RESET ROLE;
SELECT * FROM pg_temp.readers();
-- undone with the transaction
BEGIN;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_fin');
ROLLBACK;
SET ROLE regress_rq_fin;
SELECT count(*) FROM rqsales.clv;
RESET ROLE;

-- ---- expiry ----
UPDATE datamesh.access_grant SET until = now() - interval '1 hour' WHERE role_name = 'regress_rq_fin' AND revoked_at IS NULL;
SET ROLE regress_rq_fin;
\set VERBOSITY terse
SELECT count(*) FROM rqsales.clv;
\set VERBOSITY default
SELECT count(*) FROM datamesh.access WHERE product = 'rqsales.clv';
SET ROLE regress_rq_outsider;
CALL datamesh.expire_access();
CALL datamesh.expire_access('rqsales.clv');
SET ROLE regress_rq_sales;
CALL datamesh.expire_access();
CALL datamesh.expire_access();
CALL datamesh.expire_access('rqsales.clv');
RESET ROLE;
SELECT has_table_privilege('regress_rq_fin', 'rqsales.clv', 'SELECT') AS reads;
-- renewed, and a publish finds the end by itself
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.clv', 'an audit', until => '2100-01-01');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8008);
RESET ROLE;
UPDATE datamesh.access_grant SET until = now() - interval '1 hour' WHERE role_name = 'regress_rq_outsider' AND revoked_at IS NULL;
SET ROLE regress_rq_sales;
CALL datamesh.publish('rqsales.clv');
RESET ROLE;
SELECT has_table_privilege('regress_rq_outsider', 'rqsales.clv_v1', 'SELECT') AS reads_v1,
       has_table_privilege('regress_rq_outsider', 'rqsales.clv', 'SELECT') AS reads;
SELECT role_name, why FROM datamesh.access_grant ORDER BY grant_id;
-- a request whose end has come
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.clv', 'a short look', until => '2100-01-01');
RESET ROLE;
UPDATE datamesh.approval_request SET subject = jsonb_set(subject, '{until}', to_jsonb(timestamptz '2020-01-01 00:00+00')) WHERE request_id = 8009;
SET ROLE regress_rq_sales;
SELECT status FROM datamesh.access_requests WHERE request = 8009;
CALL datamesh.approve(8009);

-- ---- a role made again under the same name ----
SET ROLE "regress rq ""odd""";
SELECT count(*) FROM rqsales.clv;
RESET ROLE;
DROP ROLE "regress rq ""odd""";
CREATE ROLE regress_rq_again;
SET ROLE regress_rq_again;
CALL datamesh.request_access('rqsales.clv', 'before it is dropped');
RESET ROLE;
DROP OWNED BY "regress rq ""odd""";
DROP ROLE "regress rq ""odd""", regress_rq_again;
CREATE ROLE "regress rq ""odd""";
CREATE ROLE regress_rq_again;
SET ROLE regress_rq_sales;
CALL datamesh.approve(8010);
CALL datamesh.publish('rqsales.clv');
SET ROLE "regress rq ""odd""";
SELECT count(*) FROM rqsales.clv;
SELECT count(*) FROM datamesh.access;
SET ROLE regress_rq_again;
SELECT count(*) FROM datamesh.access_requests;
CALL datamesh.withdraw_request(8010);
SET ROLE regress_rq_sales;
CALL datamesh.deny(8010, 'it is gone');

-- ---- the council too, where a policy says so ----
RESET ROLE;
CREATE ROLE regress_rq_c1;
CREATE ROLE regress_rq_c2;
CALL datamesh.add_council_member('regress_rq_c1', 'rqsales');
CALL datamesh.add_council_member('regress_rq_c2');
CALL datamesh.set_policy('access.approval', severity => 'CRITICAL', why => 'personal data is for the council');
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv', 'no personal data in it');
CALL datamesh.withdraw_request(8011);
SET ROLE regress_rq_sales;
SELECT rqsales_internal.load('1.0.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: integer}]',
  'customProperties: [{property: pii_columns, value: [score]}]', 'people');
CALL datamesh.publish('rqsales.people');
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.people', 'a survey');
SET ROLE regress_rq_c2;
CALL datamesh.approve(8012);
SET ROLE regress_rq_sales;
CALL datamesh.approve(8012);
CALL datamesh.approve(8012);
SELECT waits_for, status FROM datamesh.access_requests WHERE request = 8012;
SET ROLE regress_rq_c1;
SELECT request, product, purpose, waits_for FROM datamesh.access_requests;
CALL datamesh.approve(8012);
SET ROLE regress_rq_analyst;
SELECT count(*) FROM rqsales.people;
SET ROLE regress_rq_c2;
CALL datamesh.approve(8012, 'fine');
SET ROLE regress_rq_analyst;
SELECT count(*) FROM rqsales.people;
SELECT d ->> 'stage' AS stage, d ->> 'by' AS by FROM datamesh.access_requests, jsonb_array_elements(decisions) AS d WHERE request = 8012;
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.people', 'gossip');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8013);
SET ROLE regress_rq_c1;
CALL datamesh.deny(8013, 'no');
SET ROLE regress_rq_outsider;
SELECT status FROM datamesh.access_requests WHERE request = 8013;
-- nor does the council approve what its members asked for themselves
SET ROLE regress_rq_c2;
CALL datamesh.request_access('rqsales.people', 'curious');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8014);
SET ROLE regress_rq_c2;
CALL datamesh.approve(8014);
CALL datamesh.withdraw_request(8014);
RESET ROLE;
-- only a warning
SET datamesh.break_glass = on;
CALL datamesh.set_policy('access.approval', severity => 'WARNING', why => 'trust');
RESET datamesh.break_glass;
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.people', 'a poll');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8015);
RESET ROLE;

-- ---- the end of a product ----
SET ROLE regress_rq_outsider;
CALL datamesh.request_access('rqsales.people', 'another poll', role => 'regress_rq_outsider', until => '2100-01-01');
SET ROLE regress_rq_lead;
CALL datamesh.request_access('rqsales.people', 'too late');
SET ROLE regress_rq_sales;
CALL datamesh.deprecate('rqsales.people', '1.0.0', (current_date + 1));
CALL datamesh.retire('rqsales.people');
CALL datamesh.deprecate('rqsales.people', '1.0.0', current_date);
CALL datamesh.retire('rqsales.people');
SELECT request, status FROM datamesh.access_requests WHERE product = 'rqsales.people' ORDER BY 1;
SELECT count(*) FROM datamesh.access WHERE product = 'rqsales.people';
CALL datamesh.approve(8016);
SET ROLE regress_rq_lead;
CALL datamesh.request_access('rqsales.people', 'too late');
RESET ROLE;
SELECT has_schema_privilege('regress_rq_outsider', 'rqsales', 'USAGE') AS enters;

-- ---- longer ----
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv', 'for a while', until => '2100-01-01');
SET ROLE regress_rq_sales;
CALL datamesh.approve(8017);
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv', 'for a while', until => '2099-01-01');
CALL datamesh.request_access('rqsales.clv', 'for longer', until => '2101-01-01');
CALL datamesh.request_access('rqsales.clv', 'for good');
CALL datamesh.withdraw_request(8019);
SET ROLE regress_rq_sales;
CALL datamesh.approve(8018);
SELECT purpose, until FROM datamesh.access WHERE role = 'regress_rq_analyst' ORDER BY until;
CALL datamesh.revoke_access('rqsales.clv', 'regress_rq_analyst');
SELECT count(*) FROM datamesh.access WHERE role = 'regress_rq_analyst';
RESET ROLE;

-- ---- not too often ----
-- what was withdrawn within a day counts, or the catalog could be filled all the same
SELECT count(*) AS counted FROM datamesh.approval_request
WHERE kind = 'access' AND requested_by = 'regress_rq_analyst' AND status IN ('pending', 'void') \gset
SELECT set_config('datamesh.open_access_requests', (:counted + 2)::text, false) = (:counted + 2)::text AS two_more;
SET ROLE regress_rq_analyst;
SET datamesh.open_access_requests = 1000;
CALL datamesh.request_access('rqsales.clv', 'first');
SELECT max(request) AS first FROM datamesh.access_requests \gset
CALL datamesh.request_access('rqsales.clv', 'second');
CALL datamesh.request_access('rqsales.clv', 'second');
\set VERBOSITY sqlstate
CALL datamesh.request_access('rqsales.clv', 'third');
CALL datamesh.withdraw_request(:first);
CALL datamesh.request_access('rqsales.clv', 'third');
RESET ROLE;
-- what is decided counts no more
SET ROLE regress_rq_sales;
CALL datamesh.deny(:first + 1, 'no');
SET ROLE regress_rq_analyst;
CALL datamesh.request_access('rqsales.clv', 'third');
CALL datamesh.withdraw_request(:first + 2);
RESET ROLE;
SET datamesh.open_access_requests = 0;
SET ROLE regress_rq_outsider;
\set VERBOSITY default
CALL datamesh.request_access('rqsales.clv', 'none at all');
RESET ROLE;
RESET datamesh.open_access_requests;

-- ---- who may do what ----
SELECT p.proname FROM pg_proc AS p
WHERE p.pronamespace = 'datamesh'::regnamespace AND p.proacl IS NULL
  AND p.proname IN ('lock_readers', 'hold_role', 'settle_reader', 'access_needs_council', 'access_stages', 'access_already',
                    'store_access_request', 'access_speaker', 'decide_access', 'access_decided', 'end_request', 'end_access',
                    'end_expired_access', 'end_all_access', 'expire_grants', 'grants_by_hand', 'is_own_request', 'end_namesakes');
SELECT relname FROM pg_class WHERE relnamespace = 'datamesh'::regnamespace
  AND relname IN ('port_reader', 'port_privilege', 'access_decision') AND relacl IS NOT NULL;
-- everything is in the event log, with names and figures, and without the purpose
SELECT kind, product, details - 'purpose_sha256' - 'until' AS details FROM datamesh.events
WHERE kind LIKE 'access%' AND product LIKE 'rqsales.%' ORDER BY event_id;
SELECT count(*) FROM datamesh.events WHERE kind LIKE 'access%' AND details::text LIKE '%churn%';
SELECT bool_and(e.details ->> 'purpose_sha256' = encode(sha256(convert_to(g.purpose, 'UTF8')), 'hex')) AS bound
FROM datamesh.events AS e JOIN datamesh.access_grant AS g ON g.grant_id = (e.details ->> 'grant')::integer WHERE e.kind = 'access_granted';
SELECT * FROM datamesh.verify_event_log();

SET client_min_messages = warning;
SET datamesh.break_glass = on;
CALL datamesh.drop_policy('access.approval');
RESET datamesh.break_glass;
DELETE FROM datamesh.council_member;
DELETE FROM datamesh.policy_history;
CALL datamesh.deprecate('rqsales.clv', '1.0.0', current_date);
CALL datamesh.deprecate('rqsales.clv', '2.0.0', current_date);
CALL datamesh.retire('rqsales.clv');
CALL datamesh.drop_domain('rqsales');
CALL datamesh.drop_domain('rqmkt');
DELETE FROM datamesh.consumer;
DROP SCHEMA rqsales_internal, rqmkt_internal CASCADE;
DROP OWNED BY regress_rq_fin, regress_rq_c1, regress_rq_c2;
-- nobody else is held by anything of the mesh
DROP ROLE regress_rq_sales, regress_rq_mkt, regress_rq_fin, regress_rq_analyst, regress_rq_dana, regress_rq_lead, regress_rq_steward,
    regress_rq_outsider, regress_rq_again, regress_rq_c1, regress_rq_c2, "regress rq ""odd""";
