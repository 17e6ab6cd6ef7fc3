-- security: row security on what a published product is made from (src/publish/protect.c).
--
-- A table that a product is published from carries policies of ours, known by their names:
--
--   datamesh_domain_read   permissive, SELECT, for the domain's owner and port role
--   datamesh_insert, datamesh_update, datamesh_delete
--                          permissive, for everybody who holds the privilege: loading goes on
--   datamesh_domain_only   restrictive, SELECT, for everybody: none but the domain reads
--
-- The first four stand where row security was off before us: that they are there says that we turned it on.
-- The last stands where the table has row security, or policies that open it to others, of its own.

CREATE FUNCTION datamesh.in_domain_support(internal) RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_in_domain_support';
REVOKE ALL ON FUNCTION datamesh.in_domain_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.in_domain_support(internal) IS
'Planner support of datamesh.in_domain: answers it for the role that a relation is read as, so that nothing is left to ask for each row.';

CREATE FUNCTION datamesh.in_domain(domain name, relation oid) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 SUPPORT datamesh.in_domain_support
AS 'MODULE_PATHNAME', 'dm_in_domain';
COMMENT ON FUNCTION datamesh.in_domain(name, oid) IS
'Whether whoever reads has the privileges of the domain''s owner or of its port role. In a row security policy, with tableoid as relation, that is the role that the table is read as: the owner of a view where the table is read through one. Elsewhere it is the current user. False where there is no such domain.';

CREATE FUNCTION datamesh.internal_relations(relations oid[])
RETURNS TABLE (relation oid, relkind "char", domain name, owner oid)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT c.oid, c.relkind, s.domain_name, i.nspowner
FROM unnest(internal_relations.relations) AS x(oid)
JOIN pg_class AS c ON c.oid = x.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN datamesh.domain_schema AS s ON s.schema_name = n.nspname AND s.purpose = 'internal'
JOIN pg_namespace AS i ON i.nspname = (s.domain_name || '_internal')::name
WHERE pg_has_role(c.relowner, i.nspowner, 'USAGE');
END;
REVOKE ALL ON FUNCTION datamesh.internal_relations(oid[]) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.internal_relations(oid[]) IS
'Those of these relations that are a domain''s own: in one of its internal schemas, owned by its owner or a member of that role.';

-- Look-ups in indexes of the catalog, a few for each relation: the planner, which expects much more of a
-- recursion, would read the whole of pg_depend for them.
CREATE FUNCTION datamesh.relations_beneath(sources oid[]) RETURNS TABLE (source oid, relation oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
BEGIN ATOMIC
WITH RECURSIVE down AS (
    SELECT r.relation AS source, r.relation, r.relkind, r.domain
    FROM datamesh.internal_relations(relations_beneath.sources) AS r
    UNION
    SELECT w.source, c.relation, c.relkind, w.domain
    FROM down AS w
    CROSS JOIN LATERAL (
        SELECT d.refobjid AS oid
        FROM pg_rewrite AS r
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
             AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
        WHERE r.ev_class = w.relation AND r.ev_type = '1' AND w.relkind IN ('v', 'm')
        UNION
        SELECT i.inhrelid FROM pg_inherits AS i WHERE i.inhparent = w.relation) AS b
    CROSS JOIN LATERAL datamesh.internal_relations(ARRAY[b.oid]) AS c
    WHERE c.domain = w.domain
),
up AS (
    SELECT w.source, w.relation, w.relkind, w.domain FROM down AS w
    UNION
    SELECT w.source, c.relation, c.relkind, w.domain
    FROM up AS w JOIN pg_inherits AS i ON i.inhrelid = w.relation
    CROSS JOIN LATERAL datamesh.internal_relations(ARRAY[i.inhparent]) AS c
    WHERE c.domain = w.domain
)
SELECT u.source, u.relation FROM up AS u WHERE u.relkind IN ('r', 'p');
END;
REVOKE ALL ON FUNCTION datamesh.relations_beneath(oid[]) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.relations_beneath(oid[]) IS
'The tables that each source is made from and that are its domain''s own: the source itself, its partitions and children, what the queries of views and materialized views read, and whatever these are partitions or children of. What functions read is not seen.';

CREATE FUNCTION datamesh.protection_gaps(relations oid[])
RETURNS TABLE (relation oid, statement text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH had AS (
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS label, c.relrowsecurity, x.domain, w.owner, w.port,
           EXISTS (SELECT FROM pg_policy AS p
                   WHERE p.polrelid = c.oid AND p.polname = 'datamesh_domain_read') AS has_read,
           EXISTS (SELECT FROM pg_policy AS p
                   WHERE p.polrelid = c.oid AND p.polname = 'datamesh_domain_only') AS has_only,
           EXISTS (SELECT FROM pg_policy AS p, unnest(p.polroles) AS r(role)
                   WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                     AND p.polname <> 'datamesh_domain_read'
                     AND (r.role = 0 OR NOT (r.role = w.port OR pg_has_role(r.role, w.owner, 'MEMBER')))) AS opens
    FROM datamesh.internal_relations(protection_gaps.relations) AS x
    JOIN pg_class AS c ON c.oid = x.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_namespace AS p ON p.nspname = x.domain
    CROSS JOIN LATERAL (SELECT x.owner, p.nspowner AS port) AS w
    WHERE c.relkind IN ('r', 'p')
),
wanted AS (
    SELECT h.*, h.has_read OR (NOT h.relrowsecurity AND NOT h.has_only) AS wants_read
    FROM had AS h
),
policy AS (
    SELECT w.oid, w.label, v.*
    FROM wanted AS w CROSS JOIN LATERAL (VALUES
        ('datamesh_domain_read'::name, true, 'r'::"char", ARRAY[least(w.owner, w.port), greatest(w.owner, w.port)],
         'true', NULL,
         format('FOR SELECT TO %I, %I USING (true)', pg_get_userbyid(w.owner), pg_get_userbyid(w.port))),
        ('datamesh_insert', true, 'a', ARRAY[0::oid], NULL, 'true', 'FOR INSERT WITH CHECK (true)'),
        ('datamesh_update', true, 'w', ARRAY[0::oid], 'true', NULL, 'FOR UPDATE USING (true)'),
        ('datamesh_delete', true, 'd', ARRAY[0::oid], 'true', NULL, 'FOR DELETE USING (true)'),
        ('datamesh_domain_only', false, 'r', ARRAY[0::oid],
         format('datamesh.in_domain(%L::name, tableoid)', w.domain), NULL,
         format('AS RESTRICTIVE FOR SELECT USING (datamesh.in_domain(%L, tableoid))', w.domain))
    ) AS v(name, permissive, cmd, roles, qual, check_qual, text)
    WHERE CASE v.name WHEN 'datamesh_domain_only' THEN w.opens OR NOT w.wants_read ELSE w.wants_read END
),
faulty AS (
    SELECT y.oid, y.label, y.name, y.text, p.oid IS NOT NULL AS is_there
    FROM policy AS y LEFT JOIN pg_policy AS p ON p.polrelid = y.oid AND p.polname = y.name
    WHERE p.oid IS NULL OR p.polpermissive <> y.permissive OR p.polcmd <> y.cmd
       OR ARRAY(SELECT r.role FROM unnest(p.polroles) AS r(role) ORDER BY 1) <> y.roles
       OR pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM y.qual
       OR pg_get_expr(p.polwithcheck, p.polrelid) IS DISTINCT FROM y.check_qual
)
SELECT t.oid, t.statement
FROM (SELECT f.oid, f.label, f.name::text AS name, 1 AS step, format('DROP POLICY %I ON %s', f.name, f.label) AS statement
      FROM faulty AS f WHERE f.is_there
      UNION ALL
      SELECT f.oid, f.label, f.name, 2, format('CREATE POLICY %I ON %s %s', f.name, f.label, f.text) FROM faulty AS f
      UNION ALL
      SELECT w.oid, w.label, '', 3, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', w.label)
      FROM wanted AS w WHERE NOT w.relrowsecurity) AS t
ORDER BY t.label, t.step, t.name;
END;
REVOKE ALL ON FUNCTION datamesh.protection_gaps(oid[]) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.protection_gaps(oid[]) IS
'What is missing for these tables to be readable by nobody but the domain: statements, in the order in which they are to be run. No row: nothing is missing.';

CREATE FUNCTION datamesh.protection_remains(relations oid[])
RETURNS TABLE (relation oid, statement text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH ours AS (
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS label, p.polname, c.relrowsecurity
    FROM unnest(protection_remains.relations) AS x(oid)
    JOIN pg_class AS c ON c.oid = x.oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_policy AS p ON p.polrelid = c.oid
    WHERE p.polname IN ('datamesh_domain_read', 'datamesh_domain_only', 'datamesh_insert',
                        'datamesh_update', 'datamesh_delete')
)
SELECT t.oid, t.statement
FROM (SELECT o.oid, o.label, 1 AS step, o.polname, format('DROP POLICY %I ON %s', o.polname, o.label) AS statement
      FROM ours AS o
      UNION ALL
      SELECT o.oid, o.label, 2, o.polname, format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', o.label)
      FROM ours AS o
      WHERE o.polname = 'datamesh_domain_read' AND o.relrowsecurity
        AND NOT EXISTS (SELECT FROM pg_policy AS p
                        WHERE p.polrelid = o.oid AND p.polname NOT IN (SELECT m.polname FROM ours AS m))) AS t
ORDER BY t.label, t.step, t.polname;
END;
REVOKE ALL ON FUNCTION datamesh.protection_remains(oid[]) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.protection_remains(oid[]) IS
'Statements that take our protection of these tables away again: the policies, and row security itself where we turned it on and the table has no other policy.';

CREATE FUNCTION datamesh.protected_relations(domain name)
RETURNS TABLE (relation oid, product text, domain_name name)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH sources AS MATERIALIZED (
    SELECT r.oid, p.product, p.domain_name
    FROM datamesh.port AS o
    JOIN datamesh.product AS p ON p.product_id = o.product_id
    JOIN datamesh.contract AS c ON c.contract_id = o.contract_id
    JOIN pg_namespace AS n ON n.nspname = c.source_schema
    JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = c.source_name
    WHERE (protected_relations.domain IS NULL OR p.domain_name = protected_relations.domain) AND o.current_release IS NOT NULL
)
SELECT DISTINCT b.relation, s.product, s.domain_name
FROM datamesh.relations_beneath(ARRAY(SELECT s.oid FROM sources AS s)) AS b JOIN sources AS s ON s.oid = b.source;
END;
REVOKE ALL ON FUNCTION datamesh.protected_relations(name) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.protected_relations(name) IS
'The tables beneath everything that a domain (null: any) has published, and the products that are made from them.';
