-- governance_gate: what each default policy lets pass and what it finds, at the gate of a publish; the
-- dependencies of a product; what a waiver does; what other checks of the gate are not weakened by.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gate;
CREATE ROLE regress_gate_reader;
CALL datamesh.create_domain('rgate', owner => 'regress_gate');
CALL datamesh.create_domain('rgate_up', owner => 'regress_gate');
CALL datamesh.create_consumer('rgate_reader', role => 'regress_gate_reader');
SET ROLE regress_gate;
CREATE TABLE rgate_internal.t (
    id integer, customer_id integer, code text, name text, email text, amount numeric(18,2), small numeric(5,1), wide numeric(20,2),
    fine numeric(18,4), bare numeric, created_at timestamptz, created_on date, last_modified timestamptz, paid_at text, seen_timestamp bigint,
    day_at date, plain_time timestamp, "Odd" integer, "two words" integer, half integer);
INSERT INTO rgate_internal.t
SELECT i, i, 'c' || i, 'n', 'e', 1, 1, 1, 1, 1, now(), now(), now(), 'x', 1, now(), now(), 1, 1, CASE WHEN i % 2 = 0 THEN i END
FROM generate_series(1, 200) AS i;

-- what one policy finds in a product of these columns, by a dry run
CREATE FUNCTION rgate_internal.find(policy text, columns text, more text DEFAULT '', product text DEFAULT 'fact_t', domain text DEFAULT 'rgate', version text DEFAULT '1.0.0')
RETURNS TABLE (severity text, "column" text, message text, figures jsonb) LANGUAGE plpgsql SET client_min_messages = error AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rgate
name: %s
domain: %s
version: %s
status: active
schema:
  - name: %s
    physicalName: t
    properties: [%s]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: %s_internal}]
%s
$doc$, product, domain, version, product, columns, domain, more));
    CALL datamesh.publish(format('%I.%I', domain, product), dry_run => true);
    RETURN QUERY
    SELECT v ->> 'severity', v ->> 'column', v ->> 'message', nullif(v - '{severity,column,message,product,rule}'::text[], '{}')
    FROM jsonb_array_elements(datamesh.governance_report(format('%I.%I', domain, product)) -> 'violations') WITH ORDINALITY AS x(v, n)
    WHERE v ->> 'rule' = policy ORDER BY n;
END $$;
\pset tuples_only on
\pset format unaligned

\echo -- naming_conventions
SELECT * FROM rgate_internal.find('naming_conventions', '{name: id}, {name: customer_id}');
SELECT * FROM rgate_internal.find('naming_conventions', '{name: id}, {name: Odd}, {name: "two words"}', product => 'Fact-T');
RESET ROLE;
CALL datamesh.set_policy('naming_conventions', parameters => '{"prefixes": ["dim_", "fact_", "agg_"]}');
SET ROLE regress_gate;
SELECT * FROM rgate_internal.find('naming_conventions', '{name: id}');
SELECT * FROM rgate_internal.find('naming_conventions', '{name: id}', product => 'orders');
RESET ROLE;
CALL datamesh.set_policy('naming_conventions', severity => 'CRITICAL', parameters => '{"prefixes": [], "column_names": "any"}');
SET ROLE regress_gate;
SELECT * FROM rgate_internal.find('naming_conventions', '{name: id}, {name: Odd}', product => 'Orders');
RESET ROLE;
CALL datamesh.drop_policy('naming_conventions');
SET ROLE regress_gate;

\echo -- quality: see governance_lesson for the empty product
RESET ROLE;
CALL datamesh.set_policy('quality', parameters => '{"minimum_rows": 201}');
SET ROLE regress_gate;
SELECT * FROM rgate_internal.find('quality', '{name: id}');
RESET ROLE;
CALL datamesh.drop_policy('quality');
SET ROLE regress_gate;
SELECT * FROM rgate_internal.find('quality', '{name: id}');

\echo -- quality.completeness: every column, under the name that consumers see; what a domain tightened
SELECT * FROM rgate_internal.find('quality.completeness', '{name: id}, {name: other_half, physicalName: half}');
UPDATE rgate_internal.t SET code = NULL WHERE id <= 2;
SELECT * FROM rgate_internal.find('quality.completeness', '{name: id}, {name: code}');
CALL datamesh.set_policy('quality.completeness', parameters => '{"minimum_completeness": 0.991}', domain => 'rgate');
SELECT * FROM rgate_internal.find('quality.completeness', '{name: id}, {name: code}');
CALL datamesh.drop_policy('quality.completeness', domain => 'rgate');
UPDATE rgate_internal.t SET code = 'c' || id;
-- a rule of the contract's own cannot stand in for it
SELECT * FROM rgate_internal.find('quality.completeness', '{name: id}, {name: half, quality: [{type: custom, engine: datamesh, implementation: {check: null_values, where: "half IS NOT NULL", rule: quality.completeness}}]}');

\echo -- quality.freshness
SELECT * FROM rgate_internal.find('quality.freshness', '{name: id}');
SELECT * FROM rgate_internal.find('quality.freshness', '{name: id}', 'slaProperties: [{property: freshness, value: 2, unit: d}]');
SELECT * FROM rgate_internal.find('quality.freshness', '{name: id}', 'slaProperties: [{property: ly, value: 24, unit: h}]');

\echo -- quality.uniqueness
SELECT * FROM rgate_internal.find('quality.uniqueness', '{name: id}');
SELECT * FROM rgate_internal.find('quality.uniqueness', '{name: id, unique: true}');
SELECT * FROM rgate_internal.find('quality.uniqueness', '{name: id, primaryKey: true}');
SELECT * FROM rgate_internal.find('quality.uniqueness', '{name: id, quality: [{type: library, metric: duplicateValues, mustBe: 0}]}');

\echo -- schema.undeclared
CREATE TABLE rgate_up_internal.t AS SELECT id, code FROM rgate_internal.t;
SELECT * FROM rgate_internal.find('schema.undeclared', '{name: key, physicalName: id}', domain => 'rgate_up');
SELECT * FROM rgate_internal.find('schema.undeclared', '{name: key, physicalName: id}, {name: code}', domain => 'rgate_up');

\echo -- security.pii: by classification, and by pii_columns in its three places
SELECT * FROM rgate_internal.find('security.pii', '{name: id}, {name: email, classification: PII}');
SELECT * FROM rgate_internal.find('security.pii', '{name: id}, {name: phone, classification: pii}');
SELECT * FROM rgate_internal.find('security.pii', '{name: id}', 'customProperties: [{property: pii_columns, value: [email]}]');
SELECT * FROM rgate_internal.find('security.pii', '{name: id}, {name: email}', 'customProperties: [{property: pii_columns, value: [email]}]');
SELECT * FROM rgate_internal.find('security.pii', '{name: id}', 'customProperties: [{property: access_policy, value: {pii_columns: [name, email]}}]');

\echo -- security.encryption: it says what it looked at
SELECT * FROM rgate_internal.find('security.encryption', '{name: id}, {name: email}');
SELECT * FROM rgate_internal.find('security.encryption', '{name: id}, {name: email, classification: pii}');
SELECT * FROM rgate_internal.find('security.encryption', '{name: id}, {name: email, classification: pii, encryptedName: email_enc}');
RESET ROLE;
CALL datamesh.set_policy('security.encryption', parameters => '{"attested_tablespaces": ["pg_default"]}');
SET ROLE regress_gate;
SELECT * FROM rgate_internal.find('security.encryption', '{name: id}, {name: email, classification: pii}');
RESET ROLE;
CALL datamesh.drop_policy('security.encryption');
SET ROLE regress_gate;

\echo -- security.masking and security.row_level
SELECT * FROM rgate_internal.find('security.masking', '{name: id}, {name: email, classification: pii, customProperties: [{property: datamesh.mask, value: none}]}');
-- what is declared and has no mask named is redacted
SELECT * FROM rgate_internal.find('security.masking', '{name: id}, {name: email, classification: pii}');
SELECT * FROM rgate_internal.find('security.masking', '{name: id}, {name: email}', 'customProperties: [{property: pii_columns, value: [email]}]');
SELECT * FROM rgate_internal.find('security.masking', '{name: id}, {name: email, classification: pii, customProperties: [{property: datamesh.mask, value: {consumers: {}}}]}');
SELECT * FROM rgate_internal.find('security.masking', '{name: id}, {name: email, classification: pii}', 'customProperties: [{property: masking_rules, value: {email: partial_mask}}]');
SELECT * FROM rgate_internal.find('security.row_level', '{name: id}, {name: email, classification: pii}');
SELECT * FROM rgate_internal.find('security.row_level', '{name: id}, {name: email, classification: pii}', 'roles: [{role: rgate_reader, access: read}]');
SELECT * FROM rgate_internal.find('security.row_level', '{name: id}', 'roles: [{role: rgate_reader, access: read}]');

\echo -- interoperability
SELECT * FROM rgate_internal.find('interoperability.dates', '{name: id}, {name: created_at}, {name: day_at}');
SELECT * FROM rgate_internal.find('interoperability.dates', '{name: id}, {name: created_on}, {name: last_modified}');
CALL datamesh.set_policy('interoperability.dates', parameters => '{"required": true}', domain => 'rgate');
SELECT * FROM rgate_internal.find('interoperability.dates', '{name: id}, {name: created_at}');
CALL datamesh.drop_policy('interoperability.dates', domain => 'rgate');
SELECT * FROM rgate_internal.find('interoperability.id', '{name: id, primaryKey: true}');
SELECT * FROM rgate_internal.find('interoperability.id', '{name: customer_id, primaryKey: true}');
SELECT * FROM rgate_internal.find('interoperability.id', '{name: code, primaryKey: true}');
SELECT * FROM rgate_internal.find('interoperability.id', '{name: code, primaryKey: true, primaryKeyPosition: 1}, {name: id, primaryKey: true, primaryKeyPosition: 2}');
SELECT * FROM rgate_internal.find('interoperability.timestamp', '{name: id}, {name: created_at}, {name: day_at}');
SELECT * FROM rgate_internal.find('interoperability.timestamp', '{name: id}, {name: paid_at}, {name: seen_timestamp}');
SELECT * FROM rgate_internal.find('interoperability.timezone', '{name: id}, {name: created_at}');
SELECT * FROM rgate_internal.find('interoperability.timezone', '{name: id}, {name: plain_time}');
SELECT * FROM rgate_internal.find('interoperability.timezone', '{name: id}, {name: plain_time, logicalType: timestamp, logicalTypeOptions: {defaultTimezone: Etc/UTC}}');
SELECT * FROM rgate_internal.find('interoperability.decimal', '{name: id}, {name: amount}, {name: small}');
SELECT * FROM rgate_internal.find('interoperability.decimal', '{name: id}, {name: wide}, {name: fine}, {name: bare}');

\echo -- dependencies: anything that is no product of a domain is fine
SELECT * FROM rgate_internal.find('dependencies.published', '{name: id, transformSourceObjects: [raw.orders, "rgate_internal.t", "a b c", "x@^1"]}',
    'customProperties: [{property: datamesh.dependencies, value: ["public.things", "warehouse", "bad\"quote.x"]}]');
-- a product that does not exist, one that is a draft
SELECT * FROM rgate_internal.find('dependencies.published', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: [rgate_up.nothing, "rgate_up.fact_t@^1"]}]');
CALL datamesh.load_contract(replace(datamesh.contract_yaml('rgate_up.fact_t'), 'name: fact_t', 'name: orders') || E'\nslaProperties: [{property: freshness, value: 4, unit: h}]');
CALL datamesh.publish('rgate_up.orders');
SELECT * FROM rgate_internal.find('dependencies.published', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: [RGATE_UP.orders]}]');
-- its version
SELECT * FROM rgate_internal.find('dependencies.version', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: ["rgate_up.orders@^1.0"]}]');
SELECT * FROM rgate_internal.find('dependencies.version', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: ["rgate_up.orders@>=1.1"]}]');
SELECT * FROM rgate_internal.find('dependencies.version', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: ["rgate_up.orders@newest"]}]');
-- its freshness
SELECT * FROM rgate_internal.find('dependencies.sla', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: [rgate_up.orders]}]');
RESET ROLE;
UPDATE datamesh.release SET source_as_of = now() - interval '30 hours'
WHERE release_id = (SELECT current_release FROM datamesh.port WHERE product_id = datamesh.product_id('rgate_up.orders'));
SET ROLE regress_gate;
SELECT severity, message, figures - 'source_as_of' FROM rgate_internal.find('dependencies.sla', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: ["rgate_up.orders@1"]}]');
-- a publish stops there too
CALL datamesh.publish('rgate.fact_t');
-- made again, it is fresh again; gone, it is not published
CALL datamesh.publish('rgate_up.orders');
CALL datamesh.publish('rgate.fact_t');
SELECT count(*) FROM rgate.fact_t;
CALL datamesh.deprecate('rgate_up.orders', '1.0.0', current_date);
SELECT * FROM rgate_internal.find('dependencies.published', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: [rgate_up.orders]}]', product => 'fact_u');
CALL datamesh.retire('rgate_up.orders');
SELECT * FROM rgate_internal.find('dependencies.published', '{name: id}', 'customProperties: [{property: datamesh.dependencies, value: [rgate_up.orders]}]', product => 'fact_u');

\echo -- version_meets
SELECT r, string_agg(v || ' ' || coalesce(datamesh.version_meets(v, r)::text, '?'), ', ' ORDER BY n)
FROM unnest(ARRAY['0.2.3', '1.0.0-rc.1', '1.0.0', '1.2.0', '1.9.9', '2.0.0-rc.1', '2.0.0', '10.1.0+build']) WITH ORDINALITY AS x(v, n),
     unnest(ARRAY['^1.2', '^1', '^0.2.1', '~1.2', '~1', '1', '1.2', '1.2.0', '=1.2.0', '>=1.0', '> 1', '<2', '<=1.2', '>=1 <2', '>=1.0.0, <1.9', '^0.2 || ^2', '*', '1.x', '1.0.0-rc.1', '^', 'latest', '']) WITH ORDINALITY AS y(r, m)
GROUP BY r, m ORDER BY m;
SELECT datamesh.version_meets('no version', '^1'), datamesh.version_meets(NULL, '^1'), datamesh.version_meets('99999999999999999999.0.0', '>=99999999999999999998');

\echo -- a waiver: reported, and blocking nothing until it ends
UPDATE rgate_internal.t SET code = NULL WHERE id <= 20;
SELECT * FROM rgate_internal.find('quality.completeness', '{name: id}, {name: code}', product => 'fact_w');
\pset tuples_only off
\pset format aligned
CALL datamesh.publish('rgate.fact_w');
RESET ROLE;
INSERT INTO datamesh.waiver (policy_name, product_id, until, why, granted_by)
VALUES ('quality.completeness', datamesh.product_id('rgate.fact_w'), '2999-01-01 00:00+00', 'the old shop has no codes', 'regress_gate');
SET ROLE regress_gate;
SELECT policy, severity, waived_until IS NOT NULL AS waived, waived_why FROM datamesh.effective_policies('rgate.fact_w') WHERE policy LIKE 'quality.c%';
CALL datamesh.publish('rgate.fact_w');
SELECT r -> 'passed' AS passed, r -> 'critical' AS critical, jsonb_array_length(r -> 'violations') = (r -> 'total_violations')::integer AS adds_up,
       (r -> 'waived' -> 0) #- '{waived,until}' AS waived, r -> 'policies' -> 'quality.completeness' AS state
FROM datamesh.governance_report('rgate.fact_w') AS r;
RESET ROLE;
UPDATE datamesh.waiver SET until = now();
SET ROLE regress_gate;
CALL datamesh.publish('rgate.fact_w');
RESET ROLE;
UPDATE datamesh.waiver SET until = '2999-01-01', revoked_at = now();
SET ROLE regress_gate;
CALL datamesh.publish('rgate.fact_w', dry_run => true);
-- off is not looked at; the schema gate and the contract's own rules are no policies, and stay
RESET ROLE;
CALL datamesh.set_policy('quality.completeness', severity => 'OFF');
SET ROLE regress_gate;
CALL datamesh.publish('rgate.fact_w');
SELECT r -> 'policies' ? 'quality.completeness' AS looked_at, r -> 'figures' AS figures FROM datamesh.governance_report('rgate.fact_w') AS r;
RESET ROLE;
CALL datamesh.drop_policy('quality.completeness');

\echo -- compliance
UPDATE datamesh.waiver SET revoked_at = NULL;
SET ROLE regress_gate;
CALL datamesh.publish('rgate.fact_w');
SELECT product, policy, severity, status, since <= judged_at AS since_before, waived_until IS NOT NULL AS waived FROM datamesh.compliance
WHERE product = 'rgate.fact_w' AND status <> 'passed' ORDER BY policy;
SELECT outcome, passed, waived, failed, percentage FROM datamesh.compliance_over_time WHERE product = 'rgate.fact_w' ORDER BY at;
SELECT datamesh.compliance_percentage('rgate') AS rgate,
       datamesh.compliance_percentage('rgate', '2000-01-01') AS long_ago;
SELECT datamesh.compliance_percentage('nowhere');
-- since: it has failed (or been waived) from the first of an unbroken run of reports
SELECT c.status, c.since = (SELECT max(created_at) FROM datamesh.reports WHERE product = 'rgate.fact_w' AND kind = 'publish') AS since_the_last
FROM datamesh.compliance AS c WHERE c.product = 'rgate.fact_w' AND c.policy IN ('quality.completeness', 'quality.freshness') ORDER BY c.policy;
-- a waiver that ended is over without another publish
RESET ROLE;
UPDATE datamesh.waiver SET until = now();
SELECT c.status, c.since = w.until AS since_then FROM datamesh.compliance AS c, datamesh.waiver AS w
WHERE c.product = 'rgate.fact_w' AND c.policy = 'quality.completeness';
SET ROLE regress_gate;

CALL datamesh.deprecate('rgate.fact_w', '1.0.0', current_date);
CALL datamesh.retire('rgate.fact_w');
CALL datamesh.deprecate('rgate.fact_t', '1.0.0', current_date);
CALL datamesh.retire('rgate.fact_t');
RESET ROLE;
SET client_min_messages = warning;
DELETE FROM datamesh.waiver;
CALL datamesh.drop_domain('rgate');
CALL datamesh.drop_domain('rgate_up');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rgate_reader';
DROP SCHEMA rgate_internal, rgate_up_internal CASCADE;
DROP OWNED BY regress_gate_reader;
DROP ROLE regress_gate, regress_gate_reader;
SELECT policy FROM datamesh.policies WHERE set_by IS NOT NULL;
