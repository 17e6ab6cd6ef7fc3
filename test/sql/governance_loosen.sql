-- governance_loosen: one member tightens a global policy, to loosen it takes the quorum.
\set VERBOSITY default
CREATE ROLE regress_gl_a;
CREATE ROLE regress_gl_b;
CREATE ROLE regress_gl_c;
CREATE ROLE regress_gl_team;
CREATE SCHEMA regress_gl;
GRANT ALL ON SCHEMA regress_gl TO regress_gl_a;
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 8701;
SELECT coalesce(max(event_id), 0) AS before FROM datamesh.events \gset

-- ---- a council of one, or none, is not asked ----
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 48}');
CALL datamesh.drop_policy('quality.freshness');
CALL datamesh.add_council_member('regress_gl_a');
SET ROLE regress_gl_a;
CALL datamesh.set_policy('quality', severity => 'WARNING', why => 'for a start');
CALL datamesh.set_policy('quality', severity => 'CRITICAL');
RESET ROLE;
SELECT policy, severity, why FROM datamesh.policies WHERE policy = 'quality';
CALL datamesh.add_council_member('regress_gl_b');
CALL datamesh.add_council_member('regress_gl_c');

-- ---- what is tighter is done at once ----
SET ROLE regress_gl_a;
CALL datamesh.set_policy('quality', parameters => '{"minimum_rows": 10}');
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL', parameters => '{"freshness_sla_hours": 12}');
CALL datamesh.set_policy('security.pii', parameters => '{"classifications": ["pii", "restricted"]}');
SELECT policy, severity, parameters FROM datamesh.policies WHERE policy IN ('quality', 'quality.freshness', 'security.pii') AND domain IS NULL;

-- ---- what is looser waits: lower severity, every direction of a parameter, the end of what was set ----
CALL datamesh.set_policy('security.pii', severity => 'OFF', why => 'it is in my way');
CALL datamesh.set_policy('security.pii', severity => 'off', why => 'it is in my way');
CALL datamesh.set_policy('quality', severity => 'WARNING');
CALL datamesh.set_policy('quality', parameters => '{"minimum_rows": 9}');
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL', parameters => '{"freshness_sla_hours": 13}');
CALL datamesh.set_policy('security.pii', parameters => '{"classifications": ["restricted"]}');
CALL datamesh.set_policy('quality.uniqueness', parameters => '{"uniqueness_required": false}');
CALL datamesh.set_policy('interoperability.id', parameters => '{"standard_id_columns": ["_id", "id", "key"]}');
CALL datamesh.set_policy('interoperability.timezone', parameters => '{"timestamp_timezone": "Europe/Paris"}');
CALL datamesh.drop_policy('security.pii');
SELECT policy, severity, parameters FROM datamesh.policies
WHERE policy IN ('quality', 'quality.freshness', 'quality.uniqueness', 'security.pii', 'interoperability.id', 'interoperability.timezone') AND domain IS NULL;
SELECT request, kind, what, product, why, subject, quorum, in_favour, requested_by IS NOT NULL AS asked FROM datamesh.pending_approvals ORDER BY 1;
-- and is not for others
SET ROLE regress_gl_team;
CALL datamesh.set_policy('security.pii', severity => 'OFF');
CALL datamesh.approve(8701);

-- ---- the quorum decides ----
SET ROLE regress_gl_b;
CALL datamesh.reject(8701, 'personal data stays where it is');
SET ROLE regress_gl_c;
CALL datamesh.reject(8701, 'indeed');
SELECT severity FROM datamesh.policies WHERE policy = 'security.pii' AND domain IS NULL;
CALL datamesh.set_policy('quality', severity => 'WARNING');
SELECT severity, parameters, why FROM datamesh.policies WHERE policy = 'quality' AND domain IS NULL;
SELECT request, status FROM datamesh.approvals WHERE request = 8702;
SELECT kind, details - '{why}'::text[] AS details FROM datamesh.events
WHERE details -> 'request' = '8702' ORDER BY event_id;
-- dropping
CALL datamesh.drop_policy('security.pii');
SELECT severity, parameters FROM datamesh.policies WHERE policy = 'security.pii' AND domain IS NULL;
-- a request is bound to what the policy said: what was asked of another is void
SELECT request, status FROM datamesh.approvals WHERE request IN (8703, 8705) ORDER BY 1;
CALL datamesh.approve(8703);
-- tightened in between
SET ROLE regress_gl_a;
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 6}');
SET ROLE regress_gl_b;
CALL datamesh.approve(8704);

-- ---- functions ----
SET ROLE regress_gl_a;
CREATE FUNCTION regress_gl.strict(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql
AS $$ SELECT ROW(NULL, NULL, NULL, 'no', NULL, NULL)::datamesh.violation $$;
CREATE FUNCTION regress_gl.lenient(product text, contract jsonb) RETURNS SETOF datamesh.violation LANGUAGE sql
AS $$ SELECT NULL::datamesh.violation LIMIT 0 $$;
CALL datamesh.set_policy('gl.own', severity => 'CRITICAL', check_function => 'regress_gl.strict');
CALL datamesh.set_policy('gl.own', check_function => 'regress_gl.lenient');
CALL datamesh.drop_policy('gl.own');
SELECT severity, check_function FROM datamesh.policies WHERE policy = 'gl.own';

-- ---- a superuser is no member: he asks, or breaks the glass ----
RESET ROLE;
CALL datamesh.set_policy('gl.own', severity => 'OFF');
SELECT severity FROM datamesh.policies WHERE policy = 'gl.own';
SET datamesh.break_glass = on;
CALL datamesh.set_policy('gl.own', severity => 'OFF');
CALL datamesh.drop_policy('quality');
CALL datamesh.drop_policy('quality.freshness');
RESET datamesh.break_glass;
CALL datamesh.drop_policy('gl.own');
SELECT kind, details - '{role}'::text[] AS details FROM datamesh.events WHERE kind = 'break_glass' AND event_id > :before ORDER BY event_id;
SELECT count(*) FROM datamesh.verify_event_log();

CALL datamesh.remove_council_member('regress_gl_a');
CALL datamesh.remove_council_member('regress_gl_b');
CALL datamesh.remove_council_member('regress_gl_c');
DELETE FROM datamesh.approval_request WHERE request_id BETWEEN 8700 AND 8799;
DELETE FROM datamesh.council_member WHERE role_name ~ '^regress_gl_';
DROP SCHEMA regress_gl CASCADE;
DROP OWNED BY regress_gl_a, regress_gl_b, regress_gl_c;
DROP ROLE regress_gl_a, regress_gl_b, regress_gl_c, regress_gl_team;
