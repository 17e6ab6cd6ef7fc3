-- governance_waiver: policies that are waived for a while, contracts that other domains read, wider numbers.
\set VERBOSITY default
SET timezone = 'UTC';
CREATE ROLE regress_team;
CREATE ROLE regress_other;
CREATE ROLE regress_m1;
CREATE ROLE regress_m2;
CREATE ROLE regress_m3;
CREATE ROLE regress_outsider;
CALL datamesh.create_domain('rwteam', owner => 'regress_team');
CALL datamesh.create_domain('rwother', owner => 'regress_other');
CALL datamesh.create_consumer('rwboard', role => 'regress_outsider');
CALL datamesh.add_council_member('regress_m1', 'rwteam');
CALL datamesh.add_council_member('regress_m2', 'rwother');
CALL datamesh.add_council_member('regress_m3');
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 8001;

SET ROLE regress_team;
CREATE TABLE rwteam_internal.t (id integer PRIMARY KEY, n bigint);
INSERT INTO rwteam_internal.t VALUES (1, 10), (2, 20);
CREATE FUNCTION rwteam_internal.load(version text, columns text, roles text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rwteam-t
name: t
domain: rwteam
version: %s
status: active
schema: [{name: t, physicalName: t, properties: %s}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rwteam_internal}]
roles: %s
$doc$, version, columns, roles));
END $$;
SELECT rwteam_internal.load('1.0.0', '[{name: id, physicalType: integer, primaryKey: true}]', '[{role: rwother}, {role: rwboard}]');

-- ---- contracts that other domains read ----
RESET ROLE;
CALL datamesh.set_policy('contracts.shared', severity => 'CRITICAL');
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
SELECT request, from_version, version, level, why, changes, consumers, concerned FROM datamesh.pending_approvals;
SET ROLE regress_m2;
CALL datamesh.approve(8001, 'we read it');
SET ROLE regress_m3;
CALL datamesh.approve(8001);
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
-- as a warning it is noted and holds nothing up
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.set_policy('contracts.shared', severity => 'WARNING');
RESET datamesh.break_glass;
SET ROLE regress_team;
SELECT rwteam_internal.load('1.0.1', '[{name: id, physicalType: integer, primaryKey: true, description: Which}]', '[{role: rwother}, {role: rwboard}]');
CALL datamesh.publish('rwteam.t');
SELECT v ->> 'rule' AS rule, v ->> 'severity' AS severity, v ->> 'message' AS message
FROM jsonb_array_elements(datamesh.governance_report('rwteam.t') -> 'violations') AS v WHERE v ->> 'rule' = 'contracts.shared';
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.drop_policy('contracts.shared');
RESET datamesh.break_glass;

-- ---- wider numbers ----
SET ROLE regress_team;
SELECT rwteam_internal.load('1.1.0', '[{name: id, physicalType: integer, primaryKey: true, description: Which}, {name: n, physicalType: integer}]', '[{role: rwother}, {role: rwboard}]');
RESET ROLE;
UPDATE datamesh.contract SET status = 'published' WHERE version = '1.1.0' AND source_schema = 'rwteam_internal';
SET ROLE regress_team;
SELECT rwteam_internal.load('1.2.0', '[{name: id, physicalType: integer, primaryKey: true, description: Which}, {name: n, physicalType: bigint}]', '[{role: rwother}, {role: rwboard}]');
SELECT version, level FROM datamesh.suggest_version('rwteam.t');
CALL datamesh.publish('rwteam.t');
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.set_policy('quality.schema_evolution', parameters => '{"widening": true}');
RESET datamesh.break_glass;
SELECT version, level FROM datamesh.suggest_version('rwteam.t');
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t', '1.2.0');
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.drop_policy('quality.schema_evolution');
RESET datamesh.break_glass;

-- ---- waivers ----
CALL datamesh.set_policy('quality', severity => 'CRITICAL', parameters => '{"minimum_rows": 5}');
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
-- who may ask
SET ROLE regress_outsider;
CALL datamesh.waive('quality', 'rwteam.t', now() + interval '30 days', 'few customers yet');
SET ROLE regress_m1;
CALL datamesh.waive('quality', 'rwteam.t', NULL, 'few customers yet');
CALL datamesh.waive('quality', 'rwteam.t', now() + interval '30 days', '');
CALL datamesh.waive('quality', 'rwteam.t', now() - interval '1 minute', 'few customers yet');
CALL datamesh.waive('quality', 'rwteam.t', 'infinity', 'few customers yet');
CALL datamesh.waive('quality', 'rwteam.t', now() + interval '366 days', 'few customers yet');
CALL datamesh.waive('qualities', 'rwteam.t', now() + interval '30 days', 'few customers yet');
CALL datamesh.waive('quality', 'rwteam.u', now() + interval '30 days', 'few customers yet');
-- the domain asks, the council decides
SELECT date_trunc('day', now()) + interval '30 days' AS until \gset
SET ROLE regress_team;
CALL datamesh.waive('quality', 'rwteam.t', :'until', 'few customers yet');
SELECT request, kind, what, why, in_favour, concerned, subject - 'until' AS subject FROM datamesh.pending_approvals;
-- a member who asks for the same votes for it
SET ROLE regress_m1;
CALL datamesh.waive('quality', 'rwteam.t', :'until', 'few customers yet');
SELECT request, in_favour FROM datamesh.pending_approvals;
SET ROLE regress_team;
\set VERBOSITY terse
CALL datamesh.publish('rwteam.t');
\set VERBOSITY default
SET ROLE regress_m2;
CALL datamesh.waive('quality', 'rwteam.t', :'until', 'agreed');
SELECT product, policy, why, status, until = :'until' AS until FROM datamesh.waivers;
CALL datamesh.waive('quality', 'rwteam.t', :'until', 'again');
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
-- it stands in every report, and among the policies
SELECT w ->> 'rule' AS rule, w ->> 'message' AS message, w #>> '{waived,why}' AS why
FROM jsonb_array_elements(datamesh.governance_report('rwteam.t') -> 'waived') AS w;
SELECT policy, severity, waived_until = :'until' AS until, waived_why FROM datamesh.effective_policies('rwteam.t') WHERE waived_until IS NOT NULL;
-- a waiver that is over holds nothing open
RESET ROLE;
UPDATE datamesh.waiver SET until = now() - interval '1 second';
SELECT policy, status FROM datamesh.waivers;
SET ROLE regress_team;
\set VERBOSITY terse
CALL datamesh.publish('rwteam.t');
\set VERBOSITY default
SELECT policy FROM datamesh.effective_policies('rwteam.t') WHERE waived_until IS NOT NULL;
-- and one that is revoked neither: one member is enough for that
RESET ROLE;
UPDATE datamesh.waiver SET until = :'until';
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
SET ROLE regress_outsider;
CALL datamesh.revoke_waiver('quality', 'rwteam.t', 'no');
SET ROLE regress_m3;
CALL datamesh.revoke_waiver('quality', 'rwteam.t', 'enough customers now');
CALL datamesh.revoke_waiver('quality', 'rwteam.t', 'enough customers now');
SELECT policy, status FROM datamesh.waivers;
SET ROLE regress_team;
\set VERBOSITY terse
CALL datamesh.publish('rwteam.t');
\set VERBOSITY default
-- an approval can be waived too: then the version passes, and the report says so
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.drop_policy('quality');
RESET datamesh.break_glass;
CALL datamesh.set_policy('quality.schema_evolution', severity => 'CRITICAL');
CALL datamesh.set_council(longest_waiver_days => 10);
SET ROLE regress_team;
SELECT rwteam_internal.load('2.0.0', '[{name: id, physicalType: integer, primaryKey: true}]', '[{role: rwother}, {role: rwboard}]');
\set VERBOSITY terse
CALL datamesh.publish('rwteam.t');
SET ROLE regress_m2;
CALL datamesh.waive('quality.schema_evolution', 'rwteam.t', now() + interval '11 days', 'moving house');
\set VERBOSITY default
SELECT date_trunc('day', now()) + interval '9 days' AS until \gset
CALL datamesh.waive('quality.schema_evolution', 'rwteam.t', :'until', 'moving house');
SELECT max(request) AS request FROM datamesh.pending_approvals WHERE kind = 'waiver' \gset
SET ROLE regress_m3;
CALL datamesh.approve(:request);
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
SELECT w ->> 'rule' AS rule, w ->> 'message' AS message, w #>> '{waived,why}' AS why
FROM jsonb_array_elements(datamesh.governance_report('rwteam.t') -> 'waived') AS w;
SELECT port, version FROM datamesh.ports WHERE product = 'rwteam.t' ORDER BY 1;
-- more access is a minor change, but somebody has to approve it
RESET ROLE;
UPDATE datamesh.waiver SET revoked_at = now();
CALL datamesh.create_consumer('rwaudit', role => 'regress_m3');
SET ROLE regress_team;
SELECT rwteam_internal.load('2.1.0', '[{name: id, physicalType: integer, primaryKey: true}]', '[{role: rwother}, {role: rwboard}, {role: rwaudit}]');
SELECT version, level, needs_approval FROM datamesh.suggest_version('rwteam.t');
CALL datamesh.publish('rwteam.t');
-- OFF asks nobody
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.set_policy('quality.schema_evolution', severity => 'OFF');
RESET datamesh.break_glass;
SET ROLE regress_team;
CALL datamesh.publish('rwteam.t');
RESET ROLE;

-- other levels may wait too: a domain that is more careful than the council, and a level that was only stated
RESET ROLE;
SET datamesh.break_glass = on;
CALL datamesh.set_policy('quality.schema_evolution', severity => 'OFF');
RESET datamesh.break_glass;
SET ROLE regress_team;
CALL datamesh.set_policy('quality.schema_evolution', severity => 'CRITICAL', parameters => '{"levels": ["major", "held"]}', domain => 'rwteam');
SELECT rwteam_internal.load('2.1.1', '[{name: id, physicalType: integer, primaryKey: true, classification: public}]', '[{role: rwother}, {role: rwboard}, {role: rwaudit}]');
\set VERBOSITY terse
CALL datamesh.publish('rwteam.t', '2.1.1');
\set VERBOSITY default
CALL datamesh.state_level('rwteam.t', '2.1.1', 'patch', 'a label');
CALL datamesh.publish('rwteam.t', '2.1.1');
SELECT level, subject FROM datamesh.pending_approvals WHERE version = '2.1.1';
CALL datamesh.drop_policy('quality.schema_evolution', domain => 'rwteam');
CALL datamesh.publish('rwteam.t', '2.1.1');
SELECT status FROM datamesh.approvals WHERE version = '2.1.1';
RESET ROLE;
-- names that have to be quoted
CALL datamesh.create_domain('rw "odd"', owner => 'regress_team');
SET ROLE regress_team;
CREATE TABLE "rw ""odd""_internal"."odd 't'" (id integer);
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: odd
name: "odd 't'"
domain: 'rw "odd"'
version: 1.0.0
status: active
schema: [{name: odd, physicalName: "odd 't'", properties: [{name: id}]}]
$doc$);
CALL datamesh.request_approval($$"rw ""odd"""."odd 't'"$$);
SELECT max(request) AS request FROM datamesh.pending_approvals \gset
SET ROLE regress_m2;
CALL datamesh.approve(:request);
SET ROLE regress_m3;
CALL datamesh.approve(:request);
RESET ROLE;
SELECT product, what, status, why FROM datamesh.approvals WHERE request = :request;

SELECT kind, details - 'until' - 'waiver' - 'waivers' AS details FROM datamesh.events WHERE product = 'rwteam.t' AND kind ~ 'waive' ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();
SET datamesh.break_glass = on;
CALL datamesh.drop_policy('quality.schema_evolution');
RESET datamesh.break_glass;
SET client_min_messages = warning;
DELETE FROM datamesh.council_rule;
DELETE FROM datamesh.council_member;
DELETE FROM datamesh.policy_history;
CALL datamesh.deprecate('rwteam.t', '1.0.1', current_date);
CALL datamesh.deprecate('rwteam.t', '2.0.0', current_date);
CALL datamesh.retire('rwteam.t');
CALL datamesh.drop_domain('rwteam');
CALL datamesh.drop_domain('rwother');
CALL datamesh.drop_domain('rw "odd"');
DELETE FROM datamesh.consumer;
DROP SCHEMA rwteam_internal, rwother_internal, "rw ""odd""_internal" CASCADE;
DROP OWNED BY regress_m1, regress_m2, regress_m3, regress_outsider;
DROP ROLE regress_team, regress_other, regress_m1, regress_m2, regress_m3, regress_outsider;
