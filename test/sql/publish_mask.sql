-- publish_mask: one port read by each kind of reader. What the contract says of masks, columns and rows is
-- what each of them sees, however it is asked for; what a mask hides cannot be found by predicates.
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE ROLE regress_m_owner;
CREATE ROLE regress_m_marketing;
CREATE ROLE regress_m_finance;
CREATE ROLE regress_m_audit;
CREATE ROLE regress_m_steward;
CREATE ROLE regress_m_both IN ROLE regress_m_owner, regress_m_marketing;
CREATE ROLE regress_m_stranger;
CREATE ROLE regress_m_super SUPERUSER;
CALL datamesh.create_domain('rmask', owner => 'regress_m_owner');
CALL datamesh.create_consumer('marketing', role => 'regress_m_marketing');
CALL datamesh.create_consumer('finance', role => 'regress_m_finance');
CALL datamesh.create_consumer('audit', role => 'regress_m_audit');
CALL datamesh.rotate_key(only_if_none => true);

SET ROLE regress_m_owner;
CREATE TABLE rmask_internal.clv (id integer PRIMARY KEY, name varchar(40), email text, region text, revenue numeric(10,2), born date, card char(8), note text);
INSERT INTO rmask_internal.clv VALUES
    (1, 'Jane Smith', 'jane@example.com', 'EU', 100.50, '1980-05-17', '11112222', 'likes tea'),
    (2, 'Al', 'al@example.org', 'US', 20000, '1990-01-02', '33334444', 'moved'),
    (3, 'Zoë Łukasz', 'zoe@example.pl', 'EU', 9.99, '2001-12-31', '55556666', 'call back');
CREATE FUNCTION rmask_internal.contract(version text, properties text, customs text DEFAULT '[]', roles text DEFAULT '[{role: marketing}, {role: finance}, {role: audit}]',
    team text DEFAULT '{name: sales, members: [{username: regress_m_steward, role: Data Steward}]}', product text DEFAULT 'clv') RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: clv
name: %s
domain: rmask
version: %s
status: active
team: %s
schema: [{name: clv, physicalName: clv, customProperties: %s, properties: [%s]}]
roles: %s
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: rmask_internal}]
$doc$, product, version, team, customs, properties, roles));
END $$;
SELECT rmask_internal.contract('1.0.0', $$
    {name: id, primaryKey: true},
    {name: name, classification: pii, customProperties: [{property: datamesh.mask, value: {function: partial, prefix: 1, suffix: 1, consumers: {finance: none, audit: hash}}}]},
    {name: email, classification: PII},
    {name: region},
    {name: revenue, customProperties: [{property: datamesh.mask, value: {function: none, consumers: {marketing: noise(0.1)}}}]},
    {name: born, customProperties: [{property: datamesh.mask, value: date_trunc(year)}]},
    {name: card, customProperties: [{property: datamesh.mask, value: "first(4, #)"}]},
    {name: note}$$,
    $$[{property: datamesh.rowFilter, value: {marketing: "region = 'EU'", default: true}}, {property: datamesh.pii_columns, value: [name]}]$$,
    $$[{role: marketing, customProperties: [{property: datamesh.columns, value: [id, name, email, region, revenue, born, card]}]}, {role: finance, access: read}, {role: audit}]$$);
CALL datamesh.publish('rmask.clv');
-- what it was compiled to
RESET ROLE;
SELECT jsonb_pretty(rules - 'stewards') AS rules, jsonb_path_query_array(rules, '$.stewards[*].role') AS stewards
FROM datamesh.port_policy WHERE port_id = (SELECT port_id FROM datamesh.port p JOIN datamesh.product USING (product_id) WHERE product = 'rmask.clv');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'rmask.clv'::regclass AND attnum > 0 ORDER BY attnum;

-- ---- the owner reads raw; the others as they are told, superusers as everybody else, and nobody more than that
SET ROLE regress_m_owner;
SELECT * FROM rmask.clv ORDER BY id;
SET ROLE regress_m_marketing;
SELECT id, name, email, region, born, card, note, revenue <> 100.50 AND abs(revenue - 100.50) <= 10.05 AS noisy FROM rmask.clv WHERE id = 1;
SELECT count(*) FROM rmask.clv;
SET ROLE regress_m_finance;
SELECT * FROM rmask.clv ORDER BY id;
SET ROLE regress_m_audit;
SELECT id, name ~ '^[0-9a-f]{40}$' AS hashed, count(*) OVER (PARTITION BY name) AS alike, revenue FROM rmask.clv ORDER BY id;
SET ROLE regress_m_super;
SELECT id, name, email FROM rmask.clv ORDER BY id;
RESET ROLE;
SELECT id, name, email FROM rmask.clv ORDER BY id;
-- a member of both sees the stricter, until it says as whom it reads
SET ROLE regress_m_both;
SELECT id, name, email, note FROM rmask.clv ORDER BY id;
SET ROLE regress_m_owner;
SELECT id, name, email, note FROM rmask.clv ORDER BY id;
SET ROLE regress_m_stranger;
SELECT * FROM rmask.clv;

-- ---- masked is masked in predicates, joins, sorts and groups too
SET ROLE regress_m_marketing;
SELECT count(*) FILTER (WHERE name = 'Jane Smith') AS by_name, count(*) FILTER (WHERE name >= 'Jane' AND name < 'Janf') AS by_range,
       count(*) FILTER (WHERE email LIKE '%example%') AS by_pattern, count(*) FILTER (WHERE born = '1980-05-17') AS by_date,
       count(*) FILTER (WHERE note IS NOT NULL) AS hidden FROM rmask.clv;
SELECT id FROM rmask.clv WHERE name = 'Jane Smith' OR email = 'jane@example.com' OR note = 'likes tea';
SELECT id FROM rmask.clv WHERE name = 'J***h';
SELECT min(name), max(name), count(DISTINCT email) FROM rmask.clv;
SELECT email, count(*) FROM rmask.clv GROUP BY email;
SELECT count(*) FROM rmask.clv JOIN (VALUES ('Jane Smith'), ('Zoë Łukasz')) AS known(name) USING (name);
SELECT id FROM rmask.clv ORDER BY born DESC, id LIMIT 1;
SELECT row_to_json(c) FROM (SELECT id, name, email, note FROM rmask.clv) c ORDER BY id LIMIT 1;
COPY (SELECT id, name, email FROM rmask.clv ORDER BY id) TO STDOUT;
-- a filter is no secret, and what it hides is not there: not by its number, not by a subquery
SELECT * FROM rmask.clv WHERE id = 2;
SELECT id FROM rmask.clv WHERE region <> 'EU';
-- earlier releases too
SELECT id, name, email, note FROM rmask.clv AS c WHERE id = 1 UNION ALL SELECT id, name, email, note FROM datamesh.as_of(NULL::rmask.clv, now()) WHERE id = 1;
SELECT r.id, r.name, r.note FROM datamesh.releases, datamesh.at_release(NULL::rmask.clv, release) AS r WHERE product = 'rmask.clv' ORDER BY id;
-- nothing beneath the port
SELECT count(*) FROM rmask_releases.clv_v1;
SELECT count(*) FROM rmask_internal.clv;
SELECT count(*) FROM pg_stats WHERE schemaname LIKE 'rmask%';

-- ---- a routine publish: the same rules are the same policy, and the view stays
SET ROLE regress_m_owner;
SELECT definition AS before FROM (SELECT pg_get_viewdef('rmask.clv') AS definition) d \gset
INSERT INTO rmask_internal.clv VALUES (4, 'New', 'new@example.com', 'EU', 1, '2002-02-02', '77778888', 'new');
CALL datamesh.publish('rmask.clv');
RESET ROLE;
SELECT pg_get_viewdef('rmask.clv') = :'before' AS same_view;
SELECT count(*) AS policies FROM datamesh.port_policy JOIN datamesh.port USING (port_id) JOIN datamesh.product USING (product_id) WHERE product = 'rmask.clv';
SET ROLE regress_m_marketing;
PREPARE mine AS SELECT id, name, note FROM rmask.clv ORDER BY id;
EXECUTE mine;

-- ---- a weaker mask is a minor version: the port shows it, prepared statements too
SET ROLE regress_m_owner;
SELECT rmask_internal.contract('1.1.0', $$
    {name: id, primaryKey: true},
    {name: name, classification: pii, customProperties: [{property: datamesh.mask, value: {function: partial, prefix: 2, suffix: 1, consumers: {finance: none, audit: hash}}}]},
    {name: email, classification: PII},
    {name: region},
    {name: revenue, customProperties: [{property: datamesh.mask, value: {function: none, consumers: {marketing: noise(0.1)}}}]},
    {name: born, customProperties: [{property: datamesh.mask, value: date_trunc(year)}]},
    {name: card, customProperties: [{property: datamesh.mask, value: "first(4, #)"}]},
    {name: note}$$,
    $$[{property: datamesh.rowFilter, value: {marketing: "region = 'EU'", default: true}}, {property: datamesh.pii_columns, value: [name]}]$$,
    $$[{role: marketing, customProperties: [{property: datamesh.columns, value: [id, name, email, region, revenue, born, card, note]}]}, {role: finance, access: read}, {role: audit}]$$);
SELECT path, level, needs_approval FROM datamesh.compare_contracts('rmask.clv', '1.0.0', '1.1.0');
CALL datamesh.publish('rmask.clv');
SET ROLE regress_m_marketing;
EXECUTE mine;
-- ---- going back to a release goes not back to a policy
SET ROLE regress_m_owner;
SELECT min(release) AS first FROM datamesh.releases WHERE product = 'rmask.clv' AND expired_at IS NULL \gset
CALL datamesh.rollback('rmask.clv', :first);
SET ROLE regress_m_marketing;
EXECUTE mine;

-- ---- a new major version has rules of its own, and the old port keeps its
SET ROLE regress_m_owner;
SELECT rmask_internal.contract('2.0.0', $$
    {name: id, primaryKey: true}, {name: name, customProperties: [{property: datamesh.mask, value: "null"}]}, {name: region}$$);
CALL datamesh.publish('rmask.clv');
SET ROLE regress_m_marketing;
SELECT * FROM rmask.clv ORDER BY id;
SELECT id, name FROM rmask.clv_v1 ORDER BY id;
SELECT * FROM rmask.clv_v2 ORDER BY id;
-- the newer one goes: the plain name shows the older again, masked as that is
SET ROLE regress_m_owner;
CALL datamesh.deprecate('rmask.clv', '2.0.0', current_date);
CALL datamesh.retire('rmask.clv', '2.0.0');
SET ROLE regress_m_marketing;
SELECT id, name FROM rmask.clv ORDER BY id;

SET ROLE regress_m_owner;
CALL datamesh.deprecate('rmask.clv', '1.1.0', current_date);
CALL datamesh.retire('rmask.clv');
RESET ROLE;
SET client_min_messages = warning;
CALL datamesh.drop_domain('rmask');
DELETE FROM datamesh.consumer WHERE consumer_name IN ('marketing', 'finance', 'audit');
DROP SCHEMA rmask_internal CASCADE;
DROP OWNED BY regress_m_marketing, regress_m_finance, regress_m_audit, regress_m_steward;
DROP ROLE regress_m_owner, regress_m_marketing, regress_m_finance, regress_m_audit, regress_m_steward, regress_m_both, regress_m_stranger, regress_m_super;
