-- governance_pii: personal data that nobody declared does not get out, whatever the column is called or tagged, wherever in
-- a value it hides, and whenever it came (attacks 14 and 15: a new PII column after certification, PII inside jsonb, a tag
-- that lies).
\set VERBOSITY default
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE ROLE regress_p_team;
CREATE ROLE regress_p_council;
CALL datamesh.create_domain('rpii', owner => 'regress_p_team');
CALL datamesh.add_council_member('regress_p_council');
SELECT policy, parameter, direction FROM datamesh.policy_parameters WHERE policy IN ('security.pii_undeclared', 'security.lineage') ORDER BY 1, 2;

SET ROLE regress_p_team;
CREATE FUNCTION rpii_internal.load(product text, version text, source text, columns text, extra text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rpii-%1$s
name: %1$s
domain: rpii
version: %2$s
status: active
schema: [{name: %1$s, physicalName: %3$s, properties: %4$s}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rpii_internal}]
%5$s
$doc$, product, version, source, columns, extra));
END $$;
CREATE FUNCTION rpii_internal.found(product text) RETURNS TABLE (severity text, "column" text, detector text, confidence text, mask text, classification text) LANGUAGE sql AS $$
SELECT v ->> 'severity', v ->> 'column', v ->> 'detector', v ->> 'confidence', v ->> 'suggested_mask', v ->> 'classification'
FROM datamesh.governance_report(product) AS r, jsonb_array_elements(r -> 'violations') AS v WHERE v ->> 'rule' = 'security.pii_undeclared' $$;

-- ---- by values, by names, inside of what has an inside ----
CREATE TYPE rpii_internal.person AS (label text, reach text);
CREATE TABLE rpii_internal.t (
    id integer PRIMARY KEY, contact text, remark varchar(80), customer_name text, born date, payload jsonb, history json, tags text[],
    packed rpii_internal.person, docs jsonb[], price numeric(10,2), sku text, made_at timestamptz);
INSERT INTO rpii_internal.t
SELECT i, 'user' || i || '@example.com', CASE i WHEN 7 THEN 'paid from DE89370400440532013000.' ELSE 'nothing ' || i END, 'N' || i, date '1990-01-01' + i,
       jsonb_build_object('a', i, 'deep', jsonb_build_array(jsonb_build_object('x', 'user' || i || '@example.com'))), '{"k": [{"iban": "GB82 WEST 1234 5698 7654 32"}]}',
       ARRAY['red', 'user' || i || '@example.com'], ROW('a', 'user' || i || '@example.com')::rpii_internal.person, ARRAY['{"m": "user1@example.com"}', '{}']::jsonb[], i, 'SKU-' || i, now()
FROM generate_series(1, 40) i;
SELECT rpii_internal.load('t', '1.0.0', 't', '[{name: id, primaryKey: true}, {name: info, physicalName: contact}, {name: remark}, {name: customer_name}, {name: born},
    {name: payload}, {name: history}, {name: tags}, {name: packed}, {name: docs}, {name: price}, {name: sku}, {name: made_at}]');
CALL datamesh.publish('rpii.t');
SELECT * FROM rpii_internal.found('rpii.t');
SELECT count(*) AS ports FROM datamesh.ports WHERE product = 'rpii.t';
-- the report shows no value
SELECT datamesh.governance_report('rpii.t')::text ~ 'user[0-9]|DE89|GB82' AS shows_a_value;

-- ---- a tag that lies; what is declared is left alone, however it is declared ----
SELECT rpii_internal.load('t', '1.0.0', 't', '[{name: id, primaryKey: true}, {name: info, physicalName: contact, classification: Public}, {name: remark, classification: internal},
    {name: tags}, {name: payload, classification: PII}]', 'customProperties: [{property: pii_columns, value: [tags]}]');
CALL datamesh.publish('rpii.t');
SELECT rpii_internal.load('t', '1.0.0', 't', '[{name: id, primaryKey: true}, {name: info, physicalName: contact, classification: pii}, {name: remark, classification: pii},
    {name: born, classification: pii}, {name: payload, classification: pii}, {name: sku}]');
CALL datamesh.publish('rpii.t');
SELECT * FROM rpii_internal.found('rpii.t');
SELECT rpii_internal.load('masks', '1.0.0', 't', '[{name: id, primaryKey: true, customProperties: [{property: datamesh.mask, value: none}]}, {name: contact, customProperties: [{property: datamesh.mask, value: email}]},
    {name: remark, classification: pii, customProperties: [{property: datamesh.mask, value: {function: hash, consumers: {rpii: none}}}]}, {name: sku, classification: pii, customProperties: [{property: datamesh.mask, value: none}]}, {name: price}]',
    'customProperties: [{property: masking_rules, value: {price: redact, contact: "null"}}, {property: pii_columns, value: [price, gone]}]');
RESET ROLE;
SELECT d.* FROM datamesh.contract k, LATERAL datamesh.declared_columns(k.contract_id, '["pii"]') d WHERE k.document ->> 'name' = 'masks' AND k.source_name = 't' ORDER BY 1;
SELECT d.* FROM datamesh.contract k, LATERAL datamesh.personal_columns(k.contract_id, '["pii"]') d WHERE k.document ->> 'name' = 'masks' AND k.source_name = 't' ORDER BY 1;
SET ROLE regress_p_team;

-- ---- what is proposed for a relation is declared by a function ----
CREATE TABLE rpii_internal.proposed (id integer PRIMARY KEY, mail text NOT NULL, born_on date NOT NULL, town text NOT NULL, note jsonb NOT NULL);
INSERT INTO rpii_internal.proposed SELECT i, 'user' || i || '@example.com', date '1990-01-01' + i, 'Rome', '{"e": "a@example.com"}' FROM generate_series(1, 30) i;
SELECT p ->> 'name' AS name, p -> 'classification' AS classification, p -> 'customProperties' AS custom
FROM jsonb_array_elements(datamesh.declare_pii(datamesh.infer_contract('rpii_internal.proposed'), 'rpii_internal.proposed') #> '{schema,0,properties}') AS p;
-- what is said already stays
SELECT datamesh.declare_pii('{"schema": [{"properties": [{"name": "x", "physicalName": "mail", "classification": "secret", "customProperties": [{"property": "datamesh.mask", "value": "hash"}]}, {"name": "town"}]}]}',
                            'rpii_internal.proposed');
SELECT datamesh.declare_pii('{"schema": []}', 'rpii_internal.proposed');
DO $$ BEGIN CALL datamesh.load_contract(datamesh.declare_pii(datamesh.infer_contract('rpii_internal.proposed'), 'rpii_internal.proposed')::text); END $$;
CALL datamesh.publish('rpii.proposed');
SELECT * FROM rpii_internal.found('rpii.proposed');

-- ---- it comes after the certification ----
UPDATE rpii_internal.t SET sku = contact;
CALL datamesh.publish('rpii.t');
SELECT release IS NOT NULL AS still_readable FROM datamesh.ports WHERE product = 'rpii.t';
UPDATE rpii_internal.t SET sku = 'SKU-' || id;
CALL datamesh.publish('rpii.t');

-- ---- live: the source itself is looked at, with the rights of its domain ----
CREATE FUNCTION rpii_internal.whoami() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'superuser: %', (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    RETURN 'x@example.com';
END $$;
-- (code of a live source is refused unless a superuser has it, and has written where it is called)
RESET ROLE;
ALTER FUNCTION rpii_internal.whoami() OWNER TO CURRENT_USER;
CREATE VIEW rpii_internal.who AS SELECT rpii_internal.whoami() AS who;
GRANT SELECT ON rpii_internal.who TO regress_p_team;
SET ROLE regress_p_team;
CREATE TABLE rpii_internal.people AS SELECT id, contact FROM rpii_internal.t;
CREATE VIEW rpii_internal.v AS SELECT id, contact AS hidden FROM rpii_internal.people;
SELECT rpii_internal.load('v', '1.0.0', 'v', '[{name: id}, {name: shown, physicalName: hidden}]', 'customProperties: [{property: datamesh.mode, value: live}]');
CALL datamesh.publish('rpii.v');
SELECT * FROM rpii_internal.found('rpii.v');
CREATE OR REPLACE VIEW rpii_internal.v AS SELECT 1 AS id, who AS hidden FROM rpii_internal.who;
RESET ROLE;
SET client_min_messages = notice;
CALL datamesh.publish('rpii.v', dry_run => true);
RESET client_min_messages;
SET ROLE regress_p_team;
-- what cannot be looked at is said, not passed over
CREATE FUNCTION rpii_internal.once() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('transaction_read_only') = 'on' THEN
        RAISE EXCEPTION 'not again';
    END IF;
    RETURN 1;
END $$;
RESET ROLE;
ALTER FUNCTION rpii_internal.once() OWNER TO CURRENT_USER;
CREATE VIEW rpii_internal.only_once AS SELECT rpii_internal.once() AS id;
GRANT SELECT ON rpii_internal.only_once TO regress_p_team;
SET ROLE regress_p_team;
CREATE OR REPLACE VIEW rpii_internal.v AS SELECT id, 'x'::text AS hidden FROM rpii_internal.only_once;
CALL datamesh.publish('rpii.v');
CALL datamesh.drop_draft('rpii.v', '1.0.0');

-- ---- the policy, set ----
-- a domain may look more closely, and not less
CALL datamesh.set_policy('security.pii_undeclared', parameters => '{"minimum_confidence": 0.99}', domain => 'rpii');
CALL datamesh.set_policy('security.pii_undeclared', parameters => '{"classifications": ["pii", "internal"]}', domain => 'rpii');
CREATE TABLE rpii_internal.names (id integer PRIMARY KEY, customer_name text);
INSERT INTO rpii_internal.names VALUES (1, 'Ann'), (2, 'Bob');
SELECT rpii_internal.load('names', '1.0.0', 'names', '[{name: id, primaryKey: true}, {name: customer_name}]');
CALL datamesh.publish('rpii.names');
SELECT * FROM rpii_internal.found('rpii.names');
CALL datamesh.set_policy('security.pii_undeclared', parameters => '{"minimum_confidence": 0.8}', domain => 'rpii');
CALL datamesh.publish('rpii.names');
RESET ROLE;
SELECT product, severity, "column", basis FROM datamesh.simulate_policy('{"name": "security.pii_undeclared", "parameters": {"minimum_confidence": 0.5}}') WHERE product LIKE 'rpii.%' ORDER BY 1, 3;
-- off: nobody looks
CALL datamesh.drop_policy('security.pii_undeclared', domain => 'rpii');
CALL datamesh.set_policy('security.pii_undeclared', severity => 'OFF');
SET ROLE regress_p_team;
CALL datamesh.publish('rpii.names');
SELECT r -> 'figures' ? 'pii' AS looked FROM datamesh.governance_report('rpii.names') AS r;
RESET ROLE;
-- what was not looked at then is looked at for a simulation
SELECT product, severity, "column", basis FROM datamesh.simulate_policy('{"name": "security.pii_undeclared", "severity": "CRITICAL"}') WHERE product = 'rpii.names';
CALL datamesh.drop_policy('security.pii_undeclared');
-- waived for a while
SET ROLE regress_p_team;
UPDATE rpii_internal.t SET sku = contact;
SET ROLE regress_p_council;
CALL datamesh.waive('security.pii_undeclared', 'rpii.t', now() + interval '1 day', 'test addresses');
SET ROLE regress_p_team;
CALL datamesh.publish('rpii.t');
SELECT w ->> 'column' AS "column", w -> 'waived' ->> 'why' AS why FROM datamesh.governance_report('rpii.t') AS r, jsonb_array_elements(r -> 'waived') AS w;

-- ---- clean up ----
RESET ROLE;
SET client_min_messages = error;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT p.product FROM datamesh.products AS p WHERE p.product LIKE 'rpii.%' AND p.status = 'published' ORDER BY 1 DESC LOOP
        CALL datamesh.deprecate(name, '1.0.0', current_date);
        CALL datamesh.retire(name);
    END LOOP;
END $$;
CALL datamesh.drop_domain('rpii');
DROP SCHEMA rpii_internal CASCADE;
DELETE FROM datamesh.council_member;
DELETE FROM datamesh.policy_history;
DROP OWNED BY regress_p_council;
DROP ROLE regress_p_team, regress_p_council;
