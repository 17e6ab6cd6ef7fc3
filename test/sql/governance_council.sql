-- governance_council: versions that are too low or wait for the council, and how the council decides.
\set VERBOSITY default
SET timezone = 'UTC';
CREATE ROLE regress_sales;
CREATE ROLE regress_mkt;
CREATE ROLE regress_c_sales;
CREATE ROLE regress_c_mkt;
CREATE ROLE regress_c_fin;
CREATE ROLE regress_outsider;
CALL datamesh.create_domain('rcsales', owner => 'regress_sales');
CALL datamesh.create_domain('rcmkt', owner => 'regress_mkt');
CALL datamesh.create_domain('rcfin', owner => 'regress_mkt');
-- numbers that do not depend on what ran before
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 7001;

SET ROLE regress_sales;
CREATE TABLE rcsales_internal.clv (id integer PRIMARY KEY, score numeric(10,2), note text);
INSERT INTO rcsales_internal.clv VALUES (1, 10, 'a'), (2, 20, 'b');
CREATE FUNCTION rcsales_internal.load(version text, columns text, extra text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rcsales-clv
name: clv
domain: rcsales
version: %s
status: active
schema: [{name: clv, physicalName: clv, properties: %s}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rcsales_internal}]
%s
$doc$, version, columns, extra));
END $$;

-- ---- versions ----
SELECT rcsales_internal.load('1.0.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
-- a column more is a minor change, and a patch is too low for it
SELECT rcsales_internal.load('1.0.1', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
CALL datamesh.publish('rcsales.clv', dry_run => true);
-- nothing that a consumer sees has changed, and the report is kept
SELECT version, release IS NOT NULL AS readable FROM datamesh.ports WHERE product = 'rcsales.clv';
SELECT outcome, report #>> '{error,sqlstate}' AS sqlstate FROM datamesh.reports WHERE product = 'rcsales.clv' ORDER BY report_id DESC LIMIT 1;
SELECT * FROM datamesh.suggest_version('rcsales.clv');
CALL datamesh.drop_draft('rcsales.clv', '1.0.1');
SELECT rcsales_internal.load('1.1.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
-- published again it is the same version, and the same contract as another patch is no change at all
CALL datamesh.publish('rcsales.clv');
SELECT rcsales_internal.load('1.1.1', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
-- what a major change would break is refused within the major version, whatever the rest of the number
SELECT rcsales_internal.load('1.9.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}, {name: note, physicalType: text}]', '');
CALL datamesh.publish('rcsales.clv');
CALL datamesh.drop_draft('rcsales.clv', '1.9.0');

-- ---- held: the publisher says what it means ----
SELECT rcsales_internal.load('1.2.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)", classification: internal}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'huge', 'no idea');
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'minor', ' ');
CALL datamesh.state_level('rcsales.clv', '1.2.0', NULL, 'x');
CALL datamesh.state_level('rcsales.clv', '1.1.1', 'minor', 'x');
SET ROLE regress_outsider;
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'minor', 'x');
SET ROLE regress_sales;
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'major', 'masks may follow');
CALL datamesh.publish('rcsales.clv');
SELECT version, level, why FROM datamesh.suggest_version('rcsales.clv');
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'minor', 'a label, nothing more');
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'minor', 'a label, nothing more');
SELECT version, level FROM datamesh.suggest_version('rcsales.clv');
-- said of another document it says nothing
SELECT rcsales_internal.load('1.2.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)", classification: secret}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
\set VERBOSITY terse
CALL datamesh.publish('rcsales.clv');
\set VERBOSITY default
CALL datamesh.state_level('rcsales.clv', '1.2.0', 'minor', 'a label, nothing more');
CALL datamesh.publish('rcsales.clv');
SELECT version FROM datamesh.ports WHERE product = 'rcsales.clv';

-- a pre-release promises nothing: what follows is held against the release before it
SELECT rcsales_internal.load('1.3.0-rc.1', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)", classification: secret, required: true}, {name: note, physicalType: text}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
SELECT rcsales_internal.load('1.3.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)", classification: secret}, {name: note, physicalType: text, required: true}]', 'roles: [{role: rcmkt}]');
SELECT version, level, why, in_force FROM datamesh.suggest_version('rcsales.clv');
CALL datamesh.publish('rcsales.clv');
SELECT version FROM datamesh.ports WHERE product = 'rcsales.clv';

-- ---- a version that waits: by default it is only noted ----
SELECT rcsales_internal.load('2.0.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv', dry_run => true);
SELECT v ->> 'rule' AS rule, v ->> 'severity' AS severity, v ->> 'message' AS message, v ->> 'level' AS level
FROM jsonb_array_elements(datamesh.governance_report('rcsales.clv') -> 'violations') AS v WHERE v ->> 'rule' = 'quality.schema_evolution';
RESET ROLE;
CALL datamesh.set_policy('quality.schema_evolution', severity => 'CRITICAL', why => 'the council wants to see it');
SET ROLE regress_sales;
-- somebody else's transaction: nothing can be kept, and the hint says what to call
BEGIN;
CALL datamesh.publish('rcsales.clv');
ROLLBACK;
SELECT count(*) FROM datamesh.pending_approvals;
-- a dry run asks nobody
CALL datamesh.publish('rcsales.clv', dry_run => true);
SELECT count(*) FROM datamesh.pending_approvals;
CALL datamesh.publish('rcsales.clv');
CALL datamesh.publish('rcsales.clv');
CALL datamesh.request_approval('rcsales.clv');
\x
SELECT request, kind, product, what, from_version, version, level, why, jsonb_pretty(changes) AS changes, consumers, concerned,
       quorum, members, in_favour, against, votes, to_approve, to_reject
FROM datamesh.pending_approvals;
\x
SELECT outcome, report #>> '{error,message}' AS message FROM datamesh.reports WHERE product = 'rcsales.clv' ORDER BY report_id DESC LIMIT 1;

-- ---- the council ----
CALL datamesh.add_council_member('regress_c_sales', 'rcsales');
RESET ROLE;
SELECT * FROM datamesh.council;
CALL datamesh.add_council_member('regress_nobody', 'rcsales');
CALL datamesh.add_council_member('regress_c_sales', 'rcsale');
CALL datamesh.add_council_member(current_user, 'rcsales');
CALL datamesh.add_council_member('regress_c_sales', 'rcsales');
CALL datamesh.add_council_member('regress_c_sales', 'rcsales');
CALL datamesh.add_council_member('regress_c_sales', 'rcmkt');
CALL datamesh.add_council_member('regress_c_mkt', 'rcmkt');
CALL datamesh.add_council_member('regress_c_fin', 'rcfin');
SELECT role, domain, votes FROM datamesh.council_members ORDER BY 1;
SELECT members, quorum, quorum_is, own_domain, longest_waiver_days FROM datamesh.council;

-- who is no member has no vote: not the domain, not an outsider, not a superuser
CALL datamesh.approve(7001);
SET ROLE regress_outsider;
CALL datamesh.approve(7001);
CALL datamesh.reject(7001, 'because');
SET ROLE regress_sales;
CALL datamesh.approve(7001);
SET ROLE regress_c_sales;
CALL datamesh.approve(4711);
CALL datamesh.approve(NULL);
CALL datamesh.reject(7001, NULL);
CALL datamesh.reject(7001, '');
CALL datamesh.approve(7001, 'we need it');
-- one vote: said again it changes nothing, and it cannot be turned
CALL datamesh.approve(7001);
CALL datamesh.reject(7001, 'on second thoughts');
SELECT in_favour, against, outside, status FROM datamesh.approvals WHERE request = 7001;
SET ROLE regress_sales;
CALL datamesh.publish('rcsales.clv');
-- members of a member speak for it, and have its one vote
RESET ROLE;
GRANT regress_c_mkt TO regress_outsider;
SET ROLE regress_outsider;
CALL datamesh.approve(7001);
SET ROLE regress_c_mkt;
CALL datamesh.approve(7001);
SET ROLE regress_c_fin;
CALL datamesh.reject(7001, 'too late');
RESET ROLE;
REVOKE regress_c_mkt FROM regress_outsider;
SELECT status, in_favour, against FROM datamesh.approvals WHERE request = 7001;
SELECT count(*) FROM datamesh.pending_approvals;
-- an approval is of this document: a changed draft waits again
SET ROLE regress_sales;
SELECT rcsales_internal.load('2.0.0', '[{name: id, physicalType: integer, primaryKey: true}]', 'roles: [{role: rcmkt}]');
CALL datamesh.publish('rcsales.clv');
SELECT rcsales_internal.load('2.0.0', '[{name: id, physicalType: integer, primaryKey: true}, {name: score, physicalType: "numeric(10,2)"}]', 'roles: [{role: rcmkt}]');
-- the request for the other document is void now, and this one is approved already
SELECT request, status FROM datamesh.approvals WHERE product = 'rcsales.clv' ORDER BY 1;
SET ROLE regress_c_mkt;
CALL datamesh.approve(7002);
SET ROLE regress_sales;
CALL datamesh.publish('rcsales.clv');
-- it was approved: the policy finds nothing
SELECT count(*) FROM jsonb_array_elements(datamesh.governance_report('rcsales.clv') -> 'violations') AS v
WHERE v ->> 'rule' = 'quality.schema_evolution';
-- the old major version is there until its end of life
SELECT port, version FROM datamesh.ports WHERE product = 'rcsales.clv' ORDER BY 1;
SET ROLE regress_mkt;
SELECT * FROM rcsales.clv_v1 ORDER BY id;
SELECT * FROM rcsales.clv ORDER BY id;
SET ROLE regress_sales;
CALL datamesh.retire('rcsales.clv', '1.2.0');
CALL datamesh.deprecate('rcsales.clv', '1.2.0', '2099-12-31');
CALL datamesh.retire('rcsales.clv', '1.2.0');
CALL datamesh.request_approval('rcsales.clv', '2.0.0');

-- ---- rejected; own domain; quorum ----
SELECT rcsales_internal.load('3.0.0', '[{name: id, physicalType: integer, primaryKey: true}]', 'roles: [{role: rcmkt}]');
BEGIN;
CALL datamesh.request_approval('rcsales.clv');
COMMIT;
CALL datamesh.request_approval('rcsales.clv', '3.0.0');
SET ROLE regress_c_sales;
CALL datamesh.reject(7003, 'not again');
SET ROLE regress_c_fin;
CALL datamesh.reject(7003, 'readers need the score');
SET ROLE regress_sales;
CALL datamesh.publish('rcsales.clv');
SELECT status, in_favour, against FROM datamesh.approvals WHERE request = 7003;
CALL datamesh.request_approval('rcsales.clv');
RESET ROLE;
CALL datamesh.set_council(quorum => 0);
CALL datamesh.set_council(quorum => 1);
SELECT members, quorum, quorum_is, own_domain FROM datamesh.council;
-- the domain that asked does not approve alone
SET ROLE regress_c_sales;
CALL datamesh.approve(7004);
SET ROLE regress_c_fin;
CALL datamesh.approve(7004);
SET ROLE regress_sales;
CALL datamesh.publish('rcsales.clv', dry_run => true);
-- unless the platform lets it
RESET ROLE;
CALL datamesh.set_council(own_domain => true);
SET ROLE regress_sales;
SELECT rcsales_internal.load('3.0.0', '[{name: id, physicalType: integer, description: Who, primaryKey: true}]', 'roles: [{role: rcmkt}]');
CALL datamesh.request_approval('rcsales.clv');
SET ROLE regress_c_sales;
CALL datamesh.approve(7005);
RESET ROLE;
CALL datamesh.set_council(own_domain => false, majority => true);
SELECT members, quorum, quorum_is, own_domain FROM datamesh.council;

-- a role that is dropped and made again has neither seat nor votes
SET ROLE regress_sales;
SELECT rcsales_internal.load('3.0.0', '[{name: id, physicalType: integer, description: Which, primaryKey: true}]', 'roles: [{role: rcmkt}]');
CALL datamesh.request_approval('rcsales.clv');
SET ROLE regress_c_fin;
CALL datamesh.approve(7006);
RESET ROLE;
DROP OWNED BY regress_c_fin;
DROP ROLE regress_c_fin;
CREATE ROLE regress_c_fin;
SET ROLE regress_c_fin;
CALL datamesh.approve(7006);
RESET ROLE;
SELECT role, domain, votes FROM datamesh.council_members WHERE until IS NULL ORDER BY 1;
SELECT in_favour, quorum, members FROM datamesh.pending_approvals WHERE request = 7006;
CALL datamesh.add_council_member('regress_c_fin', 'rcfin');
SELECT role, domain, votes, until IS NULL AS still FROM datamesh.council_members ORDER BY 1, since;
SET ROLE regress_c_fin;
CALL datamesh.approve(7006);
-- a renamed one keeps both
RESET ROLE;
ALTER ROLE regress_c_fin RENAME TO regress_c_fin2;
SELECT role, votes FROM datamesh.council_members WHERE domain = 'rcfin' AND until IS NULL;
SET ROLE regress_c_fin2;
CALL datamesh.approve(7006);
RESET ROLE;
-- the vote of a member that leaves does not count
CALL datamesh.remove_council_member('regress_c_fin2');
CALL datamesh.remove_council_member('regress_c_fin2');
SELECT in_favour, quorum, members FROM datamesh.pending_approvals WHERE request = 7006;
SET ROLE regress_c_sales;
CALL datamesh.approve(7006);
SET ROLE regress_c_mkt;
CALL datamesh.approve(7006);
-- two seats: one has to say which
RESET ROLE;
GRANT regress_c_mkt, regress_c_sales TO regress_outsider;
SET ROLE regress_outsider;
CALL datamesh.approve(7006);
RESET ROLE;

-- names and search_path of one's own
SET ROLE regress_sales;
CREATE TABLE pg_temp.approval_request (request_id integer);
SET search_path = pg_temp, rcsales_internal, pg_catalog;
CREATE FUNCTION rcsales_internal.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'infinity'::timestamptz $$;
CALL datamesh.publish('rcsales.clv');
RESET search_path;
DROP FUNCTION rcsales_internal.now();
DROP TABLE pg_temp.approval_request;
-- nothing below the procedures is anybody's to call or write
SELECT datamesh.cast_vote(7006, 'regress_c_mkt', now(), true, NULL);
UPDATE datamesh.approval_request SET status = 'approved';
INSERT INTO datamesh.vote SELECT 7006, 'regress_c_mkt', now(), true;
RESET ROLE;

SELECT p.proname, p.proacl IS NULL AS for_everybody
FROM pg_proc AS p
WHERE p.pronamespace = 'datamesh'::regnamespace
  AND p.proname IN ('add_council_member', 'remove_council_member', 'set_council', 'store_member', 'end_member', 'store_council', 'cast_vote',
                    'settle_request', 'store_version_request', 'store_level', 'waiver_decided', 'dispute_decided', 'request_waiver',
                    'end_waiver', 'store_party', 'store_dispute', 'store_comment', 'propose_decision', 'version_verdict', 'version_request')
  AND p.proacl IS NULL;
-- everything is in the event log
SELECT kind, version, details - 'document_sha256' - 'report' - 'release' AS details FROM datamesh.events
WHERE product = 'rcsales.clv' AND kind ~ 'approv|request|vote|level' ORDER BY event_id;
SELECT kind, details FROM datamesh.events WHERE kind ~ 'council' AND event_id > (SELECT max(event_id) FROM datamesh.events WHERE kind = 'domain_created')
ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();

SET datamesh.break_glass = on;
CALL datamesh.drop_policy('quality.schema_evolution');
RESET datamesh.break_glass;
SET client_min_messages = warning;
DELETE FROM datamesh.council_member;
DELETE FROM datamesh.council_rule;
DELETE FROM datamesh.policy_history;
CALL datamesh.deprecate('rcsales.clv', '1.2.0', current_date);
CALL datamesh.deprecate('rcsales.clv', '2.0.0', current_date);
CALL datamesh.deprecate('rcsales.clv', '3.0.0', current_date);
CALL datamesh.retire('rcsales.clv');
CALL datamesh.drop_domain('rcsales');
CALL datamesh.drop_domain('rcmkt');
CALL datamesh.drop_domain('rcfin');
DROP SCHEMA rcsales_internal, rcmkt_internal, rcfin_internal CASCADE;
DROP OWNED BY regress_c_sales, regress_c_mkt, regress_c_fin2, regress_outsider;
DROP ROLE regress_sales, regress_mkt, regress_c_sales, regress_c_mkt, regress_c_fin2, regress_outsider;
