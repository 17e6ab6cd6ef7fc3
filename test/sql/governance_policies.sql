-- governance_policies: policies as rows. Who may set which, what a domain may tighten and what it may
-- not loosen (one case for each kind of parameter, with both values named), what is kept of changes.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gov;
CREATE ROLE regress_gov_member IN ROLE regress_gov;
CREATE ROLE regress_gov_other;
CREATE ROLE regress_gov_council;
CREATE ROLE regress_gov_delegate IN ROLE regress_gov_council;
SELECT coalesce(max(event_id), 0) AS before, clock_timestamp() AS start FROM datamesh.events \gset
CALL datamesh.create_domain('rgov', owner => 'regress_gov');
CALL datamesh.create_domain('rgov_other', owner => 'regress_gov_other');

-- ---- the default set
SELECT policy, severity, parameters FROM datamesh.policies WHERE set_by IS NULL ORDER BY position;
SELECT count(*) AS without_description FROM datamesh.policies WHERE description IS NULL OR may_change <> 'members of the council';
-- what a parameter means is told for every one of them
SELECT p.policy, k AS parameter
FROM datamesh.policies AS p, jsonb_object_keys(p.parameters) AS k
WHERE NOT EXISTS (SELECT FROM datamesh.policy_parameters AS m WHERE m.policy = p.policy AND m.parameter = k);

-- ---- who: global ones are the council's, a domain's its members'
SET ROLE regress_gov_member;
SELECT datamesh.is_council_member();
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL');
CALL datamesh.drop_policy('quality.freshness');
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL', domain => 'rgov_other');
CALL datamesh.set_policy('quality.freshness', severity => 'CRITICAL', domain => 'nowhere');
CALL datamesh.set_policy('quality.freshness', severity => 'critical', domain => 'rgov', why => 'our readers act within hours');
SELECT policy, domain, owner, severity, parameters, set_by = session_user AS set_by_me, why, may_change
FROM datamesh.policies WHERE domain = 'rgov';
SELECT policy, owner, severity, parameters, why FROM datamesh.domain_policies('rgov') WHERE policy = 'quality.freshness';
SELECT policy, owner, severity, parameters, why FROM datamesh.domain_policies('rgov_other') WHERE policy = 'quality.freshness';
-- the tables themselves are nobody's
SELECT count(*) FROM datamesh.policy;
UPDATE datamesh.policy SET severity = 'OFF';
INSERT INTO datamesh.council_member (role_name, role_oid) VALUES ('regress_gov', 0);
SELECT datamesh.store_policy('quality', 'OFF', '{}', NULL, NULL, NULL, NULL);
RESET ROLE;
-- a member of the council, and whoever is a member of a member, may set global ones
INSERT INTO datamesh.council_member (role_name, role_oid, domain_name)
VALUES ('regress_gov_council', 'regress_gov_council'::regrole, 'rgov_other');
SET ROLE regress_gov_delegate;
SELECT datamesh.is_council_member();
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 12}', why => 'decided on Monday');
SELECT severity, parameters, why FROM datamesh.policies WHERE policy = 'quality.freshness' AND domain IS NULL;
-- but nothing of a domain that is not theirs
CALL datamesh.set_policy('quality.freshness', severity => 'WARNING', domain => 'rgov');
RESET ROLE;
UPDATE datamesh.council_member SET until = now() WHERE role_name = 'regress_gov_council';
SET ROLE regress_gov_delegate;
SELECT datamesh.is_council_member();
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 48}');
RESET ROLE;

-- ---- a role that is made again under a member's name is no member
UPDATE datamesh.council_member SET until = NULL;
DROP ROLE regress_gov_delegate, regress_gov_council;
CREATE ROLE regress_gov_council;
SET ROLE regress_gov_council;
SELECT datamesh.is_council_member();
RESET ROLE;
DELETE FROM datamesh.council_member;

-- ---- tighter and looser, for each kind of parameter
SET ROLE regress_gov;
CALL datamesh.set_policy('quality.freshness', severity => 'WARNING', domain => 'rgov');
CALL datamesh.set_policy('quality.freshness', severity => 'OFF', domain => 'rgov');
-- lower
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 4}', domain => 'rgov');
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 13}', domain => 'rgov');
-- higher
CALL datamesh.set_policy('quality.completeness', parameters => '{"minimum_completeness": 0.999}', domain => 'rgov');
CALL datamesh.set_policy('quality.completeness', parameters => '{"minimum_completeness": 0.9}', domain => 'rgov');
CALL datamesh.set_policy('quality.completeness', severity => 'WARNING', domain => 'rgov');
-- true
CALL datamesh.set_policy('interoperability.dates', parameters => '{"required": true}', domain => 'rgov');
CALL datamesh.set_policy('quality.uniqueness', parameters => '{"uniqueness_required": false}', domain => 'rgov');
-- more names
CALL datamesh.set_policy('security.pii', parameters => '{"classifications": ["pii", "restricted"]}', domain => 'rgov');
CALL datamesh.set_policy('security.pii', parameters => '{"classifications": ["restricted"]}', domain => 'rgov');
-- fewer names
CALL datamesh.set_policy('interoperability.id', parameters => '{"standard_id_columns": ["_id"]}', domain => 'rgov');
CALL datamesh.set_policy('interoperability.id', parameters => '{"standard_id_columns": ["_id", "_key"]}', domain => 'rgov');
CALL datamesh.set_policy('security.encryption', parameters => '{"attested_tablespaces": ["pg_default"]}', domain => 'rgov');
-- fewer names, where none means any
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": ["dim_", "fact_"]}', domain => 'rgov');
RESET ROLE;
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": ["fact_", "agg_"]}');
SET ROLE regress_gov;
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": ["dim_"]}', domain => 'rgov');
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": []}', domain => 'rgov');
-- what has no order
CALL datamesh.set_policy('interoperability.timezone', parameters => '{"timestamp_timezone": "Europe/Paris"}', domain => 'rgov');
CALL datamesh.set_policy('interoperability.timezone', parameters => '{"timestamp_timezone": "UTC"}', domain => 'rgov');
-- what a domain set holds only while it is the stricter: of both the stricter value is in force
SELECT policy, severity, parameters FROM datamesh.domain_policies('rgov')
WHERE policy IN ('naming_conventions', 'quality.freshness', 'quality.completeness', 'security.pii', 'interoperability.id');
RESET ROLE;
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 2}');
CALL datamesh.set_policy('quality.completeness', severity => 'OFF');
SELECT policy, severity, parameters FROM datamesh.domain_policies('rgov') WHERE policy IN ('quality.freshness', 'quality.completeness');
SELECT policy, severity, parameters FROM datamesh.domain_policies('rgov_other') WHERE policy IN ('quality.freshness', 'quality.completeness');

-- ---- nonsense is refused in words
CALL datamesh.set_policy(NULL, severity => 'WARNING');
CALL datamesh.set_policy('Quality', severity => 'WARNING');
CALL datamesh.set_policy('no.such', severity => 'WARNING');
CALL datamesh.set_policy('no.such', domain => 'rgov');
CALL datamesh.drop_policy('no.such');
CALL datamesh.set_policy('quality', severity => 'ERROR');
CALL datamesh.set_policy('quality', parameters => '[]');
CALL datamesh.set_policy('quality', parameters => '{"minimum": 1}');
CALL datamesh.set_policy('dependencies.sla', parameters => '{"minimum": 1}');
CALL datamesh.set_policy('quality.completeness', parameters => '{"minimum_completeness": "0.9"}');
CALL datamesh.set_policy('quality.completeness', parameters => '{"minimum_completeness": 99}');
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": "dim_"}');
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": [1]}');

-- ---- set twice is set once; dropped is as it was; history is kept
CALL datamesh.set_policy('quality.freshness', parameters => '{"freshness_sla_hours": 2}', why => 'again');
CALL datamesh.drop_policy('quality.freshness');
CALL datamesh.drop_policy('quality.freshness');
SELECT severity, parameters, why FROM datamesh.policies WHERE policy = 'quality.freshness' AND domain IS NULL;
SELECT policy, domain, severity, parameters, why, until IS NULL AS in_force
FROM datamesh.policy_changes WHERE policy = 'quality.freshness' AND since > :'start' ORDER BY domain NULLS FIRST, since;
SELECT kind, details FROM datamesh.events WHERE kind LIKE 'policy%' AND details ->> 'policy' = 'quality.freshness' AND event_id > :before ORDER BY event_id;

-- ---- nothing in a read-only transaction; undone with its transaction
BEGIN READ ONLY;
CALL datamesh.set_policy('quality', severity => 'WARNING');
ROLLBACK;
BEGIN;
CALL datamesh.set_policy('quality', severity => 'WARNING');
ROLLBACK;
SELECT severity FROM datamesh.policies WHERE policy = 'quality';

-- ---- a search_path of the caller's does not matter
RESET ROLE;
GRANT CREATE ON DATABASE :DBNAME TO regress_gov;
SET ROLE regress_gov;
CREATE SCHEMA regress_gov_trap;
CREATE FUNCTION regress_gov_trap.upper(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped as %', current_user; END$$;
CREATE FUNCTION regress_gov_trap.coalesce_trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'trapped as %', current_user; END$$;
CREATE OPERATOR regress_gov_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_gov_trap.coalesce_trap);
RESET ROLE;
SET search_path = regress_gov_trap, pg_catalog;
CALL datamesh.set_policy('quality', severity => 'critical', parameters => '{"minimum_rows": 2}');
RESET search_path;
SELECT parameters FROM datamesh.policies WHERE policy = 'quality';
CALL datamesh.drop_policy('quality');
DROP SCHEMA regress_gov_trap CASCADE;
REVOKE CREATE ON DATABASE :DBNAME FROM regress_gov;

CALL datamesh.drop_policy('naming_conventions');
CALL datamesh.drop_policy('quality.completeness');
CALL datamesh.drop_domain('rgov');
CALL datamesh.drop_domain('rgov_other');
-- a domain's policies go with it
SELECT policy, domain FROM datamesh.policies WHERE set_by IS NOT NULL;
DROP SCHEMA rgov_internal, rgov_other_internal;
DROP ROLE regress_gov, regress_gov_member, regress_gov_other, regress_gov_council;
