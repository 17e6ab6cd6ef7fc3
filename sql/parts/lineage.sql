-- lineage: which columns of which products a product's columns are made from.
--
-- Edges between columns are found at publish, from the definitions of views (src/lineage/trace.c) and from what
-- the contract says it is made from, and kept by name. What follows from them is governance's matter.

CREATE TABLE datamesh.column_lineage (
    contract_id          integer NOT NULL REFERENCES datamesh.contract ON DELETE CASCADE,
    column_name          name NOT NULL,
    upstream_product_id  integer NOT NULL REFERENCES datamesh.product ON DELETE CASCADE,
    upstream_version     text NOT NULL,
    upstream_column      name NOT NULL,
    via                  text NOT NULL CHECK (via IN ('definition', 'contract')),
    classification       text,
    traced_at            timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contract_id, column_name, upstream_product_id, upstream_column)
);
CREATE INDEX column_lineage_upstream_idx ON datamesh.column_lineage (upstream_product_id, upstream_column);
COMMENT ON TABLE datamesh.column_lineage IS
'What the columns of a published contract are made from, as its last publish found it: a column of another product, at the version that was read then. via: the source''s definition says so, or the contract does. classification: what the column inherits. Read datamesh.lineage(product) instead.';

CREATE FUNCTION datamesh.relation_products(relation oid)
RETURNS TABLE (product_id integer, contract_id integer, holds text)
LANGUAGE sql STABLE STRICT ROWS 1
BEGIN ATOMIC
WITH this AS (
    SELECT n.nspname AS schema, c.relname AS name, s.purpose, s.domain_name,
           regexp_replace(c.relname, '_v[0-9]+(_r[0-9]+)?$', '')::name AS stem
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN datamesh.domain_schema AS s ON s.schema_name = n.nspname
    WHERE c.oid = relation
)
SELECT p.product_id, o.contract_id, 'port'
FROM this AS t
JOIN datamesh.product AS p ON p.domain_name = t.domain_name AND p.product_name IN (t.name, t.stem)
JOIN datamesh.port AS o ON o.product_id = p.product_id
WHERE t.purpose = 'port'
  AND (t.name::text = p.product_name || '_v' || o.major
       OR t.name = p.product_name
          AND o.major = (SELECT max(m.major) FROM datamesh.port AS m WHERE m.product_id = p.product_id))
UNION ALL
SELECT p.product_id, o.contract_id, 'port'
FROM this AS t
JOIN datamesh.product AS p ON p.domain_name = t.domain_name AND p.product_name = t.stem
JOIN datamesh.port AS o ON o.product_id = p.product_id
WHERE t.purpose = 'release' AND regexp_replace(t.name::text, '_r[0-9]+$', '') = p.product_name || '_v' || o.major
UNION ALL
SELECT c.product_id, c.contract_id, 'source'
FROM this AS t
JOIN datamesh.contract AS c ON c.source_name = t.name AND c.source_schema = t.schema
JOIN datamesh.port AS o ON o.contract_id = c.contract_id
WHERE t.purpose = 'internal';
END;
REVOKE ALL ON FUNCTION datamesh.relation_products(oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.relation_products(oid) IS
'The published products that a relation belongs to: it is a port or a release of one (holds: port; its columns have the contract''s names), or the source of its contract in force (source; its columns have the source''s names).';

CREATE FUNCTION datamesh.trace_columns(relation oid)
RETURNS TABLE ("column" text, origin oid, origin_column text)
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_trace_columns';
REVOKE ALL ON FUNCTION datamesh.trace_columns(oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.trace_columns(oid) IS
'For each column of a relation the columns of relations that it is made from, by the definition of the view or materialized view, and of those beneath it: through joins, subqueries, CTEs, set operations, expressions, aggregates (other than count) and bodies of functions written with BEGIN ATOMIC. It ends at relations of data products and at those that have no definition; of one that has none itself, each column is its own origin.';

CREATE FUNCTION datamesh.lineage(product text)
RETURNS TABLE ("column" text, upstream text, upstream_version text, upstream_column text, via text, classification text,
               depth integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted integer := datamesh.product_id(product);
BEGIN
RETURN QUERY
WITH RECURSIVE newest AS (
    SELECT DISTINCT ON (o.product_id) o.product_id, o.contract_id
    FROM datamesh.port AS o ORDER BY o.product_id, o.major DESC
), edge AS (
    SELECT l.column_name AS "column", l.upstream_product_id, l.upstream_version, l.upstream_column, l.via, l.classification,
           1 AS depth, ARRAY[p.product_id] AS path
    FROM datamesh.product AS p
    JOIN newest AS n ON n.product_id = p.product_id
    JOIN datamesh.column_lineage AS l ON l.contract_id = n.contract_id
    WHERE p.product_id = wanted
    UNION
    SELECT e."column", l.upstream_product_id, l.upstream_version, l.upstream_column, l.via, l.classification, e.depth + 1,
           e.path || e.upstream_product_id
    FROM edge AS e
    JOIN newest AS n ON n.product_id = e.upstream_product_id
    JOIN datamesh.column_lineage AS l ON l.contract_id = n.contract_id AND l.column_name = e.upstream_column
    WHERE NOT e.upstream_product_id = ANY (e.path)
)
SELECT e."column"::text, u.product, e.upstream_version, e.upstream_column::text, e.via, e.classification, min(e.depth)
FROM edge AS e JOIN datamesh.product AS u ON u.product_id = e.upstream_product_id
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 7, 1, 2, 4;
END $$;
COMMENT ON FUNCTION datamesh.lineage(text) IS
'What the columns of a product are made from, as its last publish found it: the columns of other products (depth 1), what those are made from (2), and so on; via: the definition of the source, or the contract; classification: what the column inherits by that edge. Columns that come from no product are not there. Errors: MD101, MD102.';

SELECT pg_catalog.pg_extension_config_dump('datamesh.column_lineage', '');

CREATE FUNCTION datamesh.code_of(source oid, beneath boolean)
RETURNS TABLE (relation oid, place text, what text, owner name, acts boolean)
LANGUAGE c STABLE STRICT ROWS 1 AS 'MODULE_PATHNAME', 'dm_code_of';
REVOKE ALL ON FUNCTION datamesh.code_of(oid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.code_of(oid, boolean) IS
'Code that whoever reads this relation would run with his own rights: what stands in it and in all that it reads (queries of views, policies, indexes, statistics, CHECK constraints, partition keys, casts and types of columns; children too; beneath false: only in itself) and belongs to owner, who is no superuser. acts: it belongs to a superuser, owner has written the call, and it runs what its arguments say or changes something.';
