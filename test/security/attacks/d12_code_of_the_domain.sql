-- Whatever code a domain plants, it never runs as the superuser who publishes or reads.
-- as: sales_team
-- control: no, success would be a superuser more
-- says: ^ superusers: 1$
-- says: ^ published: 2$
-- says: as sales_team of postgres:
-- says: permission denied|cannot|must be superuser
CREATE FUNCTION sales_internal.rise(anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE 'ALTER ROLE sales_team SUPERUSER';
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'as % of %: %', current_user, session_user, sqlerrm;
    END;
    BEGIN
        EXECUTE 'RESET ROLE';
        EXECUTE 'ALTER ROLE sales_team SUPERUSER';
    EXCEPTION WHEN OTHERS THEN
        RAISE NOTICE 'as % of %: %', current_user, session_user, sqlerrm;
    END;
    RETURN $1;
END $$;
CREATE FUNCTION sales_internal.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM sales_internal.rise(1); RETURN NEW; END $$;
CREATE DOMAIN sales_internal.checked AS text CHECK (sales_internal.rise(VALUE) IS NOT NULL);
CREATE TABLE sales_internal.base (id integer PRIMARY KEY, label sales_internal.checked DEFAULT sales_internal.rise('x'::text), region text);
INSERT INTO sales_internal.base VALUES (1, 'a', 'EU');
ALTER TABLE sales_internal.base ADD CHECK (sales_internal.rise(id) > 0);
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON sales_internal.base FOR EACH ROW EXECUTE FUNCTION sales_internal.touch();
ALTER TABLE sales_internal.base ENABLE ALWAYS TRIGGER touch;
CREATE VIEW sales_internal.evil AS SELECT sales_internal.rise(id) AS id, label::text AS label, region FROM sales_internal.base;
CREATE FUNCTION sales_internal.load(source text, more text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    CALL datamesh.load_contract(format($y$---
{apiVersion: v3.1.0, kind: DataContract, id: sales-%1$s, name: %1$s, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}], customProperties: [%2$s],
 schema: [{name: %1$s, physicalName: %1$s, quality: [{type: sql, query: "SELECT count(*) FROM ${table} WHERE sales_internal.rise(id) = 0", mustBe: 0}],
           properties: [{name: id, required: true, unique: true}, {name: label}, {name: region, required: true}]}]}
$y$, source, more));
END $f$;
SELECT sales_internal.load('evil', '');
SELECT sales_internal.load('base', '{property: datamesh.mode, value: live}, {property: datamesh.rowFilter, value: "region = ''EU''"}');
\connect - postgres
CALL datamesh.publish('sales.evil');
CALL datamesh.publish('sales.base');
SELECT * FROM datamesh.check_product('sales.evil');
SELECT * FROM datamesh.check_table('sales_internal.evil', '{"id": {"unique": true}}');
SELECT * FROM datamesh.explain_checks('sales_internal.evil'::regclass, '{"id": {"unique": true}}');
SELECT * FROM datamesh.profile('sales_internal.evil');
SELECT * FROM datamesh.detect_pii('sales_internal.evil');
SELECT datamesh.infer_contract('sales_internal.evil');
SELECT datamesh.k_anonymity('sales_internal.evil', '{region}');
SELECT count(*) FROM sales.evil;
SELECT * FROM sales.base;
ANALYZE;
SELECT 'published: ' || count(*) FROM datamesh.ports WHERE product IN ('sales.evil', 'sales.base');
SELECT 'superusers: ' || count(*) FROM pg_roles WHERE rolsuper;
