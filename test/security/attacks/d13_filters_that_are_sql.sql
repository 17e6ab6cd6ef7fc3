-- Row filters and masks that are more than they should be.
-- as: sales_team
-- control: no, success would be a published product
-- says: MD20
-- says: published: 0
CREATE TABLE sales_internal.small (id integer PRIMARY KEY, label text, region text);
INSERT INTO sales_internal.small VALUES (1, 'label', 'EU');
CREATE FUNCTION sales_internal.tell(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN RAISE NOTICE 'told %', $1; RETURN true; END $$;
CREATE FUNCTION sales_internal.eq(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT sales_internal.tell($1) $$;
CREATE OPERATOR sales_internal.=== (FUNCTION = sales_internal.eq, LEFTARG = text, RIGHTARG = text);
CREATE DOMAIN sales_internal.odd AS text CHECK (sales_internal.tell(VALUE));
CREATE FUNCTION sales_internal.load(number integer, filter text, mask text) RETURNS void LANGUAGE plpgsql AS $f$
BEGIN
    CALL datamesh.load_contract(jsonb_build_object(
        'apiVersion', 'v3.1.0', 'kind', 'DataContract', 'id', 'sales-x' || number, 'name', 'x' || number, 'domain', 'sales', 'version', '1.0.0', 'status', 'active',
        'roles', jsonb_build_array(jsonb_build_object('role', 'marketing', 'access', 'read')),
        'servers', '[{"server": "s", "type": "postgres", "host": "h", "port": 5432, "database": "d", "schema": "sales_internal"}]'::jsonb,
        'customProperties', jsonb_build_array(jsonb_build_object('property', 'datamesh.rowFilter', 'value', filter)),
        'schema', jsonb_build_array(jsonb_build_object('name', 'x' || number, 'physicalName', 'small', 'properties', jsonb_build_array(
            '{"name": "id", "required": true}'::jsonb, jsonb_build_object('name', 'label', 'customProperties', jsonb_build_array(jsonb_build_object('property', 'datamesh.mask', 'value', mask))),
            '{"name": "region"}'::jsonb))))::text);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '% refused when loaded: % %', number, sqlstate, sqlerrm;
END $f$;
CREATE TABLE sales_internal.tries (number serial, filter text, mask text);
INSERT INTO sales_internal.tries (filter, mask) VALUES
('true) OR (true', 'redact'), ('true; DROP TABLE sales_internal.people', 'redact'), ('region = ''EU'' UNION SELECT true', 'redact'),
('EXISTS (SELECT FROM sales_internal.people)', 'redact'), ('(SELECT max(name) FROM sales_internal.people) IS NOT NULL', 'redact'),
('sales_internal.tell(label)', 'redact'), ('region OPERATOR(sales_internal.===) ''EU''', 'redact'), ('region::sales_internal.odd = ''EU''', 'redact'),
('pg_read_file(''PG_VERSION'') IS NOT NULL', 'redact'), ('query_to_xml(''SELECT 1'', true, true, '''') IS NOT NULL', 'redact'), ('set_config(''a.b'', label, false) IS NOT NULL', 'redact'),
('pg_sleep(10) IS NULL', 'redact'), ('current_setting(''app.role'') = ''sales''', 'redact'), ('random() < 0.5', 'redact'), ('count(*) > 0', 'redact'), ('nothing = 1', 'redact'),
('$1', 'redact'), ('region = ''EU''', 'redact)'), ('region = ''EU''', 'sales_internal.tell'), ('region = ''EU''', 'partial(1, ''x''), version()'), ('region = ''EU''', 'upper'), ('region = ''EU''', 'constant(1); DROP TABLE x'), ('region = ''EU''', 'partial(-1, ***, 1)'),
('region = ''EU''', 'hash(my own key)'), ('region = ''EU''', 'email'' || label || ''');
SELECT sales_internal.load(number, filter, mask) FROM sales_internal.tries;
SELECT format('CALL datamesh.publish(%L)', 'sales.x' || number) FROM sales_internal.tries \gexec
SELECT 'published: ' || count(*) FROM datamesh.ports WHERE product ~ '^sales.x';
