-- governance_lineage: what the columns of a product are made from is found in definitions of views, however they hide it;
-- classification travels along, and showing what another product masks waits for the council (attack 16).
\set VERBOSITY default
\set SHOW_CONTEXT never
SET timezone = 'UTC';
CREATE ROLE regress_l_sales;
CREATE ROLE regress_l_mkt;
CREATE ROLE regress_l_fin;
CREATE ROLE regress_l_council;
CALL datamesh.create_domain('rlsales', owner => 'regress_l_sales');
CALL datamesh.create_domain('rlmkt', owner => 'regress_l_mkt');
CALL datamesh.create_domain('rlfin', owner => 'regress_l_fin');
CALL datamesh.add_council_member('regress_l_council');
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 9101;
-- what is looked at here is declared, not found
CALL datamesh.set_policy('security.pii_undeclared', severity => 'OFF');

CREATE FUNCTION public.rl_load(product text, version text, source text, columns text, extra text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: %1$s
name: %2$s
domain: %3$s
version: %4$s
status: active
schema: [{name: %2$s, physicalName: %5$s, properties: %6$s}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: %3$s_internal}]
%7$s
$doc$, replace(product, '.', '-'), split_part(product, '.', 2), split_part(product, '.', 1), version, source, columns, extra));
END $$;
GRANT EXECUTE ON FUNCTION public.rl_load TO PUBLIC;

SET ROLE regress_l_sales;
CREATE TABLE rlsales_internal.people (id integer PRIMARY KEY, mail text, phone text, city text);
INSERT INTO rlsales_internal.people VALUES (1, 'x1', 'y1', 'Rome'), (2, 'x2', 'y2', 'Oslo');
SELECT public.rl_load('rlsales.customers', '1.0.0', 'people',
    '[{name: id, primaryKey: true}, {name: email, physicalName: mail, classification: PII}, {name: phone}, {name: city}]',
    'customProperties: [{property: pii_columns, value: [phone]}]
roles: [{role: rlmkt}, {role: rlfin}]');
CALL datamesh.publish('rlsales.customers');

-- ---- where columns come from ----
SET ROLE regress_l_mkt;
CREATE TABLE rlmkt_internal.own (id integer PRIMARY KEY, note text);
INSERT INTO rlmkt_internal.own VALUES (1, 'a'), (2, 'b');
CREATE VIEW rlmkt_internal.renamed AS SELECT id AS key, lower(email) AS contact, city FROM rlsales.customers;
CREATE VIEW rlmkt_internal.view_on_view AS SELECT contact || '!' AS c FROM rlmkt_internal.renamed;
CREATE VIEW rlmkt_internal.cte AS WITH a AS (SELECT email AS e FROM rlsales.customers_v1), b AS (SELECT e AS f FROM a) SELECT f FROM b;
CREATE VIEW rlmkt_internal.recursive AS WITH RECURSIVE r(v, n) AS (SELECT email, 1 FROM rlsales.customers UNION ALL SELECT v || n, n + 1 FROM r WHERE n < 3) SELECT v, n FROM r;
CREATE VIEW rlmkt_internal.set_operations AS
    SELECT note, 1 AS x FROM rlmkt_internal.own UNION SELECT email, id FROM rlsales.customers EXCEPT (SELECT 'a', 2 INTERSECT SELECT city, 3 FROM rlsales.customers);
CREATE VIEW rlmkt_internal.packed AS SELECT jsonb_build_object('k', email) AS one, to_jsonb(c) AS whole, row_to_json(c) #>> '{}' AS text, (c).phone AS field FROM rlsales.customers c;
CREATE VIEW rlmkt_internal.aggregated AS
    SELECT city, count(email) AS n, count(*) FILTER (WHERE email = 'x') AS hits, min(email) AS first, array_agg(phone ORDER BY id) AS phones,
           bool_or(email IS NULL) AS unknown, max(length(phone)) OVER () AS longest
    FROM rlsales.customers GROUP BY city, phone;
CREATE VIEW rlmkt_internal.joined AS
    SELECT o.note, c.*, CASE WHEN c.city = 'Rome' THEN c.email END AS roman FROM rlmkt_internal.own o JOIN rlsales.customers c USING (id);
CREATE VIEW rlmkt_internal.sublinks AS
    SELECT note, (SELECT max(email) FROM rlsales.customers c WHERE c.id = o.id) AS scalar, EXISTS (SELECT email FROM rlsales.customers) AS there,
           ARRAY(SELECT phone FROM rlsales.customers) AS many, note IN (SELECT email FROM rlsales.customers) AS among
    FROM rlmkt_internal.own o WHERE id IN (SELECT id FROM rlsales.customers WHERE email <> '');
CREATE VIEW rlmkt_internal.lateral_rows AS
    SELECT u.letter, v.w, j.value FROM rlsales.customers c, unnest(string_to_array(c.email, '@')) AS u(letter),
    LATERAL (SELECT c.phone || s.x AS w FROM (VALUES ('1'), (c.city)) AS s(x)) v, LATERAL jsonb_each_text(to_jsonb(c)) j;
CREATE FUNCTION rlmkt_internal.first_mail(n integer) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT c.email FROM rlsales.customers AS c WHERE c.id = n; END;
CREATE FUNCTION rlmkt_internal.opaque(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN t; END';
CREATE VIEW rlmkt_internal.functions AS SELECT rlmkt_internal.first_mail(id) AS mail, rlmkt_internal.opaque(note) AS note FROM rlmkt_internal.own;
CREATE MATERIALIZED VIEW rlmkt_internal.kept AS SELECT id, upper(phone) AS p FROM rlsales.customers;
CREATE VIEW rlmkt_internal.on_kept AS SELECT p AS "it's ""p""" FROM rlmkt_internal.kept;
RESET ROLE;
SELECT v.name, t."column", t.origin::regclass, string_agg(t.origin_column, ', ' ORDER BY t.origin_column) AS columns
FROM unnest('{renamed,view_on_view,cte,recursive,set_operations,packed,aggregated,joined,sublinks,lateral_rows,functions,kept,on_kept}'::text[]) WITH ORDINALITY AS v(name, n),
     LATERAL datamesh.trace_columns(('rlmkt_internal.' || v.name)::regclass) AS t
GROUP BY v.n, v.name, t."column", t.origin ORDER BY v.n, t."column" COLLATE "C", t.origin::regclass::text;
-- each of these is given the results of the one before it twice: walked once each
DO $$
DECLARE
    q text := 'SELECT f40.a AS a FROM rlsales.customers c, LATERAL (SELECT c.email AS a, c.phone AS b) f0';
BEGIN
    FOR i IN 1 .. 40 LOOP
        q := q || format(', LATERAL string_to_table(f%1$s.a || f%1$s.b, ''@'') WITH ORDINALITY AS x%2$s(a, n), LATERAL (SELECT x%2$s.a, x%2$s.a || f%1$s.a AS b) f%2$s', i - 1, i);
    END LOOP;
    EXECUTE 'CREATE VIEW rlmkt_internal.chained AS ' || q;
END $$;
SELECT "column", origin_column FROM datamesh.trace_columns('rlmkt_internal.chained'::regclass) ORDER BY 2;
-- of a table each column is its own origin, dropped ones are none
ALTER TABLE rlmkt_internal.own ADD gone text;
ALTER TABLE rlmkt_internal.own DROP gone;
SELECT "column", origin::regclass, origin_column FROM datamesh.trace_columns('rlmkt_internal.own'::regclass);
SELECT * FROM datamesh.trace_columns(NULL);
SET ROLE regress_l_mkt;
SELECT * FROM datamesh.trace_columns('rlmkt_internal.own'::regclass);
SELECT * FROM datamesh.column_lineage;

-- ---- published unmasked, it waits ----
-- a fresh name, an expression, and nobody says that it is personal
SELECT public.rl_load('rlmkt.leads', '1.0.0', 'renamed', '[{name: key, primaryKey: true}, {name: contact}, {name: city}]');
CALL datamesh.publish('rlmkt.leads', dry_run => true);
CALL datamesh.publish('rlmkt.leads');
CALL datamesh.publish('rlmkt.leads');
SELECT request, kind, product, subject -> 'unmasked' AS unmasked FROM datamesh.pending_approvals WHERE product = 'rlmkt.leads';
SELECT count(*) AS ports FROM datamesh.ports WHERE product = 'rlmkt.leads';
-- however it is written
SELECT public.rl_load('rlmkt.' || v, '1.0.0', v, columns) FROM (VALUES ('view_on_view', '[{name: c}]'), ('cte', '[{name: f}]'), ('recursive', '[{name: v}]'), ('set_operations', '[{name: note}]'),
    ('packed', '[{name: whole}]'), ('functions', '[{name: mail}]'), ('on_kept', '[{name: q, physicalName: "it''s \"p\""}]'), ('aggregated', '[{name: n}, {name: city}]')) AS x(v, columns);
DO $$
DECLARE
    product text;
    said text;
BEGIN
    FOREACH product IN ARRAY '{view_on_view,cte,recursive,set_operations,packed,functions,on_kept}'::text[] LOOP
        BEGIN
            CALL datamesh.publish('rlmkt.' || product);
            RAISE NOTICE '% was published', product;
        EXCEPTION WHEN SQLSTATE 'MD207' THEN
            GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
            RAISE NOTICE '%: %', product, said;
        END;
    END LOOP;
END $$;
-- what is only counted is not shown
CALL datamesh.publish('rlmkt.aggregated');
SELECT * FROM datamesh.lineage('rlmkt.aggregated');
-- declared, it is masked by itself, and needs nobody
SELECT public.rl_load('rlmkt.declared', '1.0.0', 'renamed', '[{name: key, primaryKey: true}, {name: contact, classification: pii}, {name: city}]');
CALL datamesh.publish('rlmkt.declared');
SELECT * FROM datamesh.lineage('rlmkt.declared');

-- ---- the council agrees, to this and no more ----
SET ROLE regress_l_council;
CALL datamesh.approve(9101, 'consent was given');
SET ROLE regress_l_mkt;
CALL datamesh.publish('rlmkt.leads');
CALL datamesh.publish('rlmkt.leads');
SELECT * FROM datamesh.lineage('rlmkt.leads');
-- it has inherited what it does not declare
SELECT v ->> 'rule' AS rule, v ->> 'column' AS "column" FROM datamesh.governance_report('rlmkt.leads') AS r, jsonb_array_elements(r -> 'violations') AS v
WHERE v ->> 'rule' ~ '^security' ORDER BY 1, 2;
-- the view is exchanged after the approval: the same contract shows another column now
CREATE OR REPLACE VIEW rlmkt_internal.renamed AS SELECT id AS key, lower(email) AS contact, city || phone AS city FROM rlsales.customers;
CALL datamesh.publish('rlmkt.leads');
-- a new version can be asked for
SELECT public.rl_load('rlmkt.leads', '1.0.1', 'renamed', '[{name: key, primaryKey: true}, {name: contact}, {name: city}]');
CALL datamesh.publish('rlmkt.leads', '1.0.1');
CALL datamesh.drop_draft('rlmkt.leads', '1.0.1');
-- or the policy be waived for a while
SET ROLE regress_l_council;
CALL datamesh.waive('security.lineage', 'rlmkt.leads', now() + interval '1 day', 'until they have mended it');
SET ROLE regress_l_mkt;
CALL datamesh.publish('rlmkt.leads');
SELECT w ->> 'rule' AS rule, w ->> 'column' AS "column", w ->> 'upstream_column' AS upstream_column
FROM datamesh.governance_report('rlmkt.leads') AS r, jsonb_array_elements(r -> 'waived') AS w;

-- ---- further on ----
-- made from what was approved: nothing there is masked any more, but the classification has come along
SET ROLE regress_l_mkt;
CREATE VIEW rlmkt_internal.shared AS SELECT contact FROM rlmkt.leads;
SELECT public.rl_load('rlmkt.shared', '1.0.0', 'shared', '[{name: contact}]', 'roles: [{role: rlfin}]');
CALL datamesh.publish('rlmkt.shared');
SELECT * FROM datamesh.lineage('rlmkt.shared');

-- a table has no definition: what the contract says it is made from counts
SET ROLE regress_l_fin;
CREATE TABLE rlfin_internal.copy AS SELECT id, email, phone AS tel, city FROM rlsales.customers;
SELECT public.rl_load('rlfin.copy', '1.0.0', 'copy', '[{name: id, primaryKey: true}, {name: email}, {name: tel, transformSourceObjects: [rlsales.customers.phone]}, {name: city}]',
    'customProperties: [{property: datamesh.dependencies, value: [rlsales.customers]}]');
CALL datamesh.publish('rlfin.copy');
SELECT public.rl_load('rlfin.copy', '1.0.0', 'copy', '[{name: id, primaryKey: true}, {name: email, classification: pii}, {name: tel, classification: pii, transformSourceObjects: [rlsales.customers.phone]}, {name: city, transformSourceObjects: ["no such thing", ".", "a.b.c.d"]}]',
    'customProperties: [{property: datamesh.dependencies, value: [rlsales.customers]}]');
CALL datamesh.publish('rlfin.copy');
SELECT * FROM datamesh.lineage('rlfin.copy');
-- the same source published twice by its own domain
SET ROLE regress_l_sales;
SELECT public.rl_load('rlsales.raw', '1.0.0', 'people', '[{name: id, primaryKey: true}, {name: mail}]');
CALL datamesh.publish('rlsales.raw');
-- made from its own release before: not an origin
CREATE VIEW rlsales_internal.again AS SELECT * FROM rlsales.customers;
SELECT public.rl_load('rlsales.customers', '1.1.0', 'again', '[{name: id, primaryKey: true}, {name: email, classification: PII}, {name: phone}, {name: city}]',
    'customProperties: [{property: pii_columns, value: [phone]}]
roles: [{role: rlmkt}, {role: rlfin}]');
RESET ROLE;
SELECT count(*) AS of_its_own FROM datamesh.contract c, LATERAL datamesh.column_edges(c.contract_id) WHERE c.source_name = 'again';

-- ---- how strong ----
SELECT m, datamesh.mask_strength(m) FROM unnest(ARRAY['"none"', 'false', '"partial(1, ***, 1)"', '"email"', '"partial_mask"', '"mask_hash"', '"hash"', '{"function": "pseudonym"}',
    '"redact"', '"null"', '{"function": "constant", "value": "x"}', '{"consumers": {"a": "none"}}', 'null', '7', '""']::jsonb[]) AS m;
-- for everybody, and for some: less than there is what waits
SET ROLE regress_l_mkt;
CREATE VIEW rlmkt_internal.strengths AS SELECT email AS a, email AS b, email AS c, email AS d FROM rlsales.customers;
SELECT public.rl_load('rlmkt.strengths', '1.0.0', 'strengths', '[{name: a, customProperties: [{property: datamesh.mask, value: hash}]},
    {name: b, customProperties: [{property: datamesh.mask, value: {function: redact, consumers: {rlfin: none}}}]}, {name: c, customProperties: [{property: datamesh.mask, value: redact}]},
    {name: d, classification: pii, customProperties: [{property: datamesh.mask, value: none}]}]', 'roles: [{role: rlfin}]');
RESET ROLE;
SELECT u.column_name, u.readers, u.reason FROM datamesh.contract c, LATERAL datamesh.unmasked_columns(c.contract_id, '["pii"]') u WHERE c.source_name = 'strengths';

-- ---- clean up ----
SET client_min_messages = error;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT format('%s.%I', c.relnamespace::regnamespace, c.relname) FROM pg_class AS c WHERE c.relnamespace::regnamespace::text ~ '^rl.*_internal$' AND c.relkind = 'v' LOOP
        EXECUTE format('DROP VIEW IF EXISTS %s CASCADE', name);
    END LOOP;
    DROP MATERIALIZED VIEW rlmkt_internal.kept;
    DROP FUNCTION rlmkt_internal.first_mail;
    FOR name IN SELECT p.product FROM datamesh.products AS p WHERE p.product LIKE 'rl%' AND p.status = 'published' ORDER BY 1 DESC LOOP
        CALL datamesh.deprecate(name, '1.0.0', current_date);
        CALL datamesh.retire(name);
    END LOOP;
END $$;
CALL datamesh.drop_policy('security.pii_undeclared');
CALL datamesh.drop_domain('rlfin');
CALL datamesh.drop_domain('rlmkt');
CALL datamesh.drop_domain('rlsales');
DROP SCHEMA rlfin_internal, rlmkt_internal, rlsales_internal CASCADE;
DELETE FROM datamesh.council_member;
DELETE FROM datamesh.policy_history;
DROP OWNED BY regress_l_council;
DROP FUNCTION public.rl_load;
DROP ROLE regress_l_sales, regress_l_mkt, regress_l_fin, regress_l_council;
