-- publish_row_filter: which rows each reader sees. A filter of the contract, one of the object and a list by
-- consumer hold together; who is not named has the default, and without one no row; small groups stop a publish.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_rf_owner;
CREATE ROLE regress_rf_a;
CREATE ROLE regress_rf_b;
CREATE ROLE regress_rf_c;
CREATE ROLE regress_rf_ab IN ROLE regress_rf_a, regress_rf_b;
CALL datamesh.create_domain('rfilter', owner => 'regress_rf_owner');
CALL datamesh.create_consumer('a', role => 'regress_rf_a');
CALL datamesh.create_consumer('b"c''', role => 'regress_rf_b');
CALL datamesh.create_consumer('c', role => 'regress_rf_c');
SET ROLE regress_rf_owner;
CREATE TYPE rfilter_internal.kind AS ENUM ('retail', 'wholesale');
CREATE TABLE rfilter_internal.t (id integer PRIMARY KEY, region text, tier integer, kind rfilter_internal.kind, since date, secret text);
INSERT INTO rfilter_internal.t VALUES (1, 'EU', 1, 'retail', '2020-01-01', 'x'), (2, 'EU', 2, 'wholesale', '2024-01-01', 'y'), (3, 'US', 1, 'retail', '2999-01-01', 'z'), (4, 'US', 3, 'wholesale', '2021-06-30', 'w'), (5, 'UK', 2, 'retail', '2022-02-02', 'v');
CREATE FUNCTION rfilter_internal.publish(product text, root text DEFAULT '[]', object text DEFAULT '[]', mode text DEFAULT 'snapshot', version text DEFAULT '1.0.0', load_only boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: %1$s
name: %1$s
domain: rfilter
version: %5$s
status: active
schema: [{name: t, physicalName: t, customProperties: %3$s, properties: [{name: key, physicalName: id, primaryKey: true}, {name: region}, {name: tier}, {name: kind}, {name: since},
    {name: secret, customProperties: [{property: datamesh.mask, value: redact}]}]}]
roles: [{role: a}, {role: "b\"c'"}, {role: c}]
customProperties: %2$s
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: rfilter_internal}]
$doc$, product, replace(root, '[]', format('[{property: datamesh.mode, value: %s}]', mode)), object, mode, version));
    IF NOT load_only THEN
        CALL datamesh.publish('rfilter.' || product);
    END IF;
END $$;
-- who sees which rows of a product
CREATE FUNCTION rfilter_internal.seen(product text) RETURNS TABLE (reader text, keys text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH reader IN ARRAY ARRAY['regress_rf_owner', 'regress_rf_a', 'regress_rf_b', 'regress_rf_c', 'regress_rf_ab', 'postgres'] LOOP
        EXECUTE format('SET LOCAL ROLE %I', CASE reader WHEN 'postgres' THEN session_user ELSE reader END);
        EXECUTE format('SELECT string_agg(key::text, '','' ORDER BY key) FROM rfilter.%I', product) INTO keys;
        reader := CASE reader WHEN 'postgres' THEN 'superuser' ELSE replace(reader, 'regress_rf_', '') END;
        RETURN NEXT;
    END LOOP;
    SET LOCAL ROLE regress_rf_owner;
END $$;
\pset null none
-- one filter for all; for some; for some and the others; for nobody; none at all
SELECT rfilter_internal.publish('one', object => '[{property: datamesh.rowFilter, value: region = ''EU''}]');
SELECT * FROM rfilter_internal.seen('one');
SELECT rfilter_internal.publish('some', object => $$[{property: datamesh.rowFilter, value: {a: "region = 'EU'", "b\"c'": "kind::text = 'retail'"}}]$$);
SELECT * FROM rfilter_internal.seen('some');
SELECT rfilter_internal.publish('most', object => $$[{property: datamesh.rowFilter, value: {a: true, default: tier < 3 AND since <= current_date}}]$$);
SELECT * FROM rfilter_internal.seen('most');
SELECT rfilter_internal.publish('only', object => $$[{property: datamesh.rowFilter, value: {a: true}}]$$);
SELECT * FROM rfilter_internal.seen('only');
SELECT rfilter_internal.publish('nobody', object => $$[{property: datamesh.rowFilter, value: false}]$$);
SELECT * FROM rfilter_internal.seen('nobody');
SELECT rfilter_internal.publish('everybody', object => $$[{property: datamesh.rowFilter, value: "true"}]$$);
SELECT * FROM rfilter_internal.seen('everybody');
-- of the contract and of its object: both
SELECT rfilter_internal.publish('both', $$[{property: datamesh.rowFilter, value: {a: tier = 1, default: tier >= 2}}]$$, $$[{property: datamesh.rowFilter, value: {"b\"c'": "region <> 'US'", default: "region = 'EU'"}}]$$);
SELECT * FROM rfilter_internal.seen('both');
SELECT regexp_replace(replace(pg_get_viewdef('rfilter.both'), 'both_v1.', ''), '(choice|release)\(\d+', '\1(#', 'g') AS definition;
-- a filter sees what a mask hides, and its reader does not
SELECT rfilter_internal.publish('hidden', object => '[{property: datamesh.rowFilter, value: "secret IN (''x'', ''z'')"}]');
SET ROLE regress_rf_a;
SELECT key, secret FROM rfilter.hidden ORDER BY key;
SELECT count(*) FROM rfilter.hidden WHERE secret = 'x';
-- live: the source's own names beneath, today's rows
SET ROLE regress_rf_owner;
SELECT rfilter_internal.publish('live', object => $$[{property: datamesh.rowFilter, value: {a: key <= 2, default: region = 'US'}}]$$, mode => 'live');
SELECT * FROM rfilter_internal.seen('live');
INSERT INTO rfilter_internal.t VALUES (0, 'US', 0, 'retail', '2020-02-02', 'u');
SELECT * FROM rfilter_internal.seen('live');
DELETE FROM rfilter_internal.t WHERE id = 0;
-- a leaky function of the reader's sees no row that the filter keeps back
SET ROLE regress_rf_a;
CREATE FUNCTION pg_temp.leak(integer, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE WARNING 'seen: % %', $1, $2; RETURN true; END $$;
SELECT key FROM rfilter.live WHERE pg_temp.leak(key, secret) ORDER BY key;
SELECT key FROM rfilter.one WHERE pg_temp.leak(key, secret) ORDER BY key;
SELECT key FROM rfilter.one WHERE 1 / (tier - 3) IS NOT NULL ORDER BY key;
SELECT key FROM rfilter.only WHERE pg_temp.leak(key, secret) AND region = 'UK';
SET ROLE regress_rf_c;
SELECT key FROM rfilter.only;
PREPARE what AS SELECT key FROM rfilter.some ORDER BY key;
EXECUTE what;
SET ROLE regress_rf_a;
EXECUTE what;
-- narrower within a minor version: what is prepared sees it at once
SET ROLE regress_rf_owner;
SELECT rfilter_internal.publish('some', object => $$[{property: datamesh.rowFilter, value: {a: "region = 'EU' OR tier = 1", "b\"c'": "kind::text = 'retail'"}}]$$, version => '1.1.0');
SET ROLE regress_rf_a;
EXECUTE what;

-- ---- small groups
SET ROLE regress_rf_owner;
SELECT rfilter_internal.publish('groups', object => '[{property: datamesh.kAnonymity, value: {k: 2, columns: [region]}}]', load_only => true);
CALL datamesh.publish('rfilter.groups');
SELECT jsonb_pretty(v) FROM jsonb_array_elements(datamesh.governance_report('rfilter.groups') -> 'violations') AS v WHERE v ->> 'severity' = 'CRITICAL';
INSERT INTO rfilter_internal.t VALUES (6, 'UK', 1, 'retail', '2020-01-01', 't');
CALL datamesh.publish('rfilter.groups');
SELECT v ->> 'status' AS status, v ->> 'metric_value' AS k, v ->> 'message' AS message FROM jsonb_array_elements(datamesh.governance_report('rfilter.groups') -> 'checks') AS v WHERE v ->> 'check' = 'k_anonymity';
SELECT rfilter_internal.publish('groups', '[{property: datamesh.kAnonymity, value: {k: 3, columns: [kind]}}]', '[{property: datamesh.kAnonymity, value: {k: 2, columns: [region, key]}}]', version => '1.1.0', load_only => true);
CALL datamesh.state_level('rfilter.groups', '1.1.0', 'minor', 'fewer may be published, none is shown that was not');
CALL datamesh.publish('rfilter.groups', dry_run => true);

DO $$
DECLARE p record;
BEGIN
    FOR p IN SELECT product, version::text AS version FROM datamesh.ports WHERE product LIKE 'rfilter.%' LOOP
        CALL datamesh.deprecate(p.product, p.version, current_date);
        CALL datamesh.retire(p.product);
    END LOOP;
END $$;
RESET ROLE;
SET client_min_messages = error;
CALL datamesh.drop_domain('rfilter');
DELETE FROM datamesh.consumer WHERE consumer_name IN ('a', 'b"c''', 'c');
DROP SCHEMA rfilter_internal CASCADE;
DROP OWNED BY regress_rf_a, regress_rf_b, regress_rf_c;
DROP ROLE regress_rf_owner, regress_rf_a, regress_rf_b, regress_rf_c, regress_rf_ab;
