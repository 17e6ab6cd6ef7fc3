-- catalog_restore: rows of the catalog may come back in any order (src/catalog/restore.c). After all
-- tables are there, because it concerns each that has a foreign key.

CREATE FUNCTION datamesh.restore_rows() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_restore_rows';
REVOKE ALL ON FUNCTION datamesh.restore_rows() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.restore_rows() IS
'Lifts the foreign keys for one statement that restores rows from a dump, since pg_restore --jobs copies tables in any order. Trigger before and after INSERT on each table of the catalog that has any.';

DO $$
DECLARE
    t regclass;
BEGIN
    FOR t IN SELECT DISTINCT c.conrelid::regclass FROM pg_constraint AS c
             WHERE c.contype = 'f' AND c.connamespace = 'datamesh'::regnamespace LOOP
        EXECUTE format('CREATE TRIGGER restore_begins BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION datamesh.restore_rows()', t);
        EXECUTE format('CREATE TRIGGER restore_ends AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION datamesh.restore_rows()', t);
        EXECUTE format('ALTER TABLE %1$s ENABLE ALWAYS TRIGGER restore_begins, ENABLE ALWAYS TRIGGER restore_ends', t);
    END LOOP;
END $$;

CREATE FUNCTION datamesh.verify_catalog(OUT relation text, OUT reference text, OUT missing bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    k record;
BEGIN
    FOR k IN
        SELECT c.conrelid::regclass AS child, c.confrelid::regclass AS parent, c.conname,
               string_agg(format('p.%I = f.%I', pa.attname, fa.attname), ' AND ') AS same,
               string_agg(format('f.%I IS NOT NULL', fa.attname), ' AND ') AS given
        FROM pg_constraint AS c
        CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS u(child_key, parent_key)
        JOIN pg_attribute AS fa ON fa.attrelid = c.conrelid AND fa.attnum = u.child_key
        JOIN pg_attribute AS pa ON pa.attrelid = c.confrelid AND pa.attnum = u.parent_key
        WHERE c.contype = 'f' AND c.connamespace = 'datamesh'::regnamespace
        GROUP BY c.oid, c.conrelid, c.confrelid, c.conname
        ORDER BY c.conrelid::regclass::text, c.conname
    LOOP
        relation := k.child::text;
        reference := k.conname;
        EXECUTE format('SELECT count(*) FROM %s AS f WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
                       k.child, k.given, k.parent, k.same)
        INTO missing;
        IF missing > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION datamesh.verify_catalog() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.verify_catalog() IS
'The foreign keys of the catalog that do not hold, with the number of rows that refer to nothing; no row if all is well. For a look after a restore that reported errors, because a restore is taken as it comes. Reads all of the catalog. For the owner of the extension.';
