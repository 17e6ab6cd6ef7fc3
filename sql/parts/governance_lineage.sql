-- governance: what follows from lineage. A column inherits the classification of what it is made from, and showing what
-- another product's contract masks needs the council's approval.

CREATE FUNCTION datamesh.source_objects(definition jsonb)
RETURNS TABLE (domain_name name, product_name name, column_name name)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
SELECT i.parts[1]::name, i.parts[2]::name, i.parts[3]::name
FROM jsonb_array_elements_text(CASE jsonb_typeof(definition -> 'transformSourceObjects')
                               WHEN 'array' THEN definition -> 'transformSourceObjects' ELSE '[]' END) AS o(object)
-- parse_ident would end in an error for what is no name
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.object ~ '^(?:"(?:[^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)(?:\.(?:"(?:[^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)){1,2}$'
                THEN parse_ident(o.object) END) AS i(parts)
WHERE i.parts IS NOT NULL;
END;
COMMENT ON FUNCTION datamesh.source_objects(jsonb) IS
'What a property of a contract says it is made from (transformSourceObjects), as far as it may be products (domain.product) or columns of them (domain.product.column).';

CREATE FUNCTION datamesh.column_edges(contract integer)
RETURNS TABLE (column_name name, upstream_product_id integer, upstream_contract integer, upstream_column name, via text)
LANGUAGE sql STABLE ROWS 20
BEGIN ATOMIC
WITH this AS (
    SELECT c.contract_id, c.product_id, r.oid AS source
    FROM datamesh.contract AS c
    JOIN pg_namespace AS n ON n.nspname = c.source_schema
    JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = c.source_name
    WHERE c.contract_id = column_edges.contract
), traced AS MATERIALIZED (
    SELECT t."column", t.origin, t.origin_column FROM this CROSS JOIN LATERAL datamesh.trace_columns(this.source) AS t
), origin AS MATERIALIZED (
    SELECT o.origin, r.product_id, r.contract_id, r.holds
    FROM (SELECT DISTINCT t.origin FROM traced AS t) AS o
    CROSS JOIN LATERAL datamesh.relation_products(o.origin) AS r
    WHERE r.product_id <> (SELECT this.product_id FROM this)
), own AS (
    SELECT c.column_name, c.source_column, c.definition
    FROM datamesh.contract_column AS c WHERE c.contract_id = column_edges.contract
), shown AS (
    SELECT DISTINCT ON (o.product_id) p.domain_name, p.product_name, p.product_id, o.contract_id
    FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id
    WHERE p.product_id IN (SELECT u.product_id FROM datamesh.upstreams(contract) AS u)
       OR (p.domain_name, p.product_name) IN (SELECT s.domain_name, s.product_name
                                              FROM own CROSS JOIN LATERAL datamesh.source_objects(own.definition) AS s)
    ORDER BY o.product_id, o.major DESC
), edge AS (
    SELECT own.column_name, o.product_id, o.contract_id, u.column_name AS upstream_column, 'definition' AS via, 1 AS rank
    FROM own
    JOIN traced AS t ON t."column" = own.source_column::text
    JOIN origin AS o ON o.origin = t.origin
    JOIN datamesh.contract_column AS u
      ON u.contract_id = o.contract_id
     AND t.origin_column = CASE o.holds WHEN 'source' THEN u.source_column ELSE u.column_name END::text
    UNION ALL
    -- columns that the contract names
    SELECT own.column_name, s.product_id, s.contract_id, u.column_name, 'contract', 2
    FROM own
    CROSS JOIN LATERAL datamesh.source_objects(own.definition) AS n
    JOIN shown AS s ON s.domain_name = n.domain_name AND s.product_name = n.product_name
    JOIN datamesh.contract_column AS u
      ON u.contract_id = s.contract_id AND u.column_name = coalesce(n.column_name, own.column_name)
    UNION ALL
    -- products that the contract names, and that no definition shows: by what their columns are called
    SELECT own.column_name, s.product_id, s.contract_id, u.column_name, 'contract', 3
    FROM datamesh.upstreams(contract) AS d
    JOIN shown AS s ON s.product_id = d.product_id
    JOIN datamesh.contract_column AS u ON u.contract_id = s.contract_id
    JOIN own ON u.column_name IN (own.column_name, own.source_column)
    WHERE NOT EXISTS (SELECT FROM origin AS o WHERE o.product_id = s.product_id)
)
SELECT DISTINCT ON (e.column_name, e.product_id, e.upstream_column)
       e.column_name, e.product_id, e.contract_id, e.upstream_column, e.via
FROM edge AS e
WHERE e.product_id <> (SELECT c.product_id FROM datamesh.contract AS c WHERE c.contract_id = column_edges.contract)
ORDER BY e.column_name, e.product_id, e.upstream_column, e.rank, e.contract_id DESC;
END;
REVOKE ALL ON FUNCTION datamesh.column_edges(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.column_edges(integer) IS
'Which columns of other published products a contract''s columns are made from, now: by the definition of its source (datamesh.trace_columns), by transformSourceObjects of its properties, and, of products that it names as dependencies and that the definition does not show (a table has none), by columns of the same name.';

-- Most products are made from none: this is all that they pay for.
CREATE FUNCTION datamesh.has_upstreams(contract integer) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM datamesh.contract_dependency AS d WHERE d.contract_id = contract)
        OR EXISTS (SELECT FROM datamesh.contract_column AS c WHERE c.contract_id = contract AND c.definition ? 'transformSourceObjects')
        OR EXISTS (SELECT FROM datamesh.contract AS c
                   JOIN pg_namespace AS n ON n.nspname = c.source_schema
                   JOIN pg_class AS r ON r.relnamespace = n.oid AND r.relname = c.source_name
                   CROSS JOIN LATERAL datamesh.trace_columns(r.oid) AS t
                   CROSS JOIN LATERAL datamesh.relation_products(t.origin) AS p
                   WHERE c.contract_id = contract AND p.product_id <> c.product_id);
END $$;
REVOKE ALL ON FUNCTION datamesh.has_upstreams(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.has_upstreams(integer) IS
'Whether datamesh.column_edges can find anything.';

CREATE FUNCTION datamesh.inherited_columns(contract integer, classifications jsonb)
RETURNS TABLE (column_name name, upstream_product_id integer, upstream text, upstream_version text, upstream_column name,
               via text, classification text, readers text[])
LANGUAGE sql STABLE ROWS 5
BEGIN ATOMIC
WITH edge AS MATERIALIZED (
    SELECT e.* FROM datamesh.column_edges(contract) AS e
), own AS MATERIALIZED (
    SELECT d.* FROM datamesh.declared_columns(contract, classifications) AS d WHERE EXISTS (SELECT FROM edge)
), theirs AS MATERIALIZED (
    SELECT u.upstream_contract, d.*
    FROM (SELECT DISTINCT e.upstream_contract FROM edge AS e) AS u
    CROSS JOIN LATERAL datamesh.declared_columns(u.upstream_contract, classifications) AS d
)
SELECT e.column_name, e.upstream_product_id, p.product, c.version::text, e.upstream_column, e.via,
       coalesce(t.classification,
                (SELECT min(l.classification) FROM datamesh.column_lineage AS l
                 WHERE l.contract_id = e.upstream_contract AND l.column_name = e.upstream_column)),
       -- for whom less is hidden here than there; everybody who is named nowhere is the empty name
       (SELECT array_agg(r.name ORDER BY r.name)
        FROM (SELECT '' UNION SELECT jsonb_object_keys(o.consumers || t.consumers)) AS r(name)
        WHERE coalesce((o.consumers -> r.name)::integer, o.strength) < coalesce((t.consumers -> r.name)::integer, t.strength))
FROM edge AS e
JOIN own AS o ON o.column_name = e.column_name::text
JOIN theirs AS t ON t.upstream_contract = e.upstream_contract AND t.column_name = e.upstream_column::text
JOIN datamesh.product AS p ON p.product_id = e.upstream_product_id
JOIN datamesh.contract AS c ON c.contract_id = e.upstream_contract;
END;
REVOKE ALL ON FUNCTION datamesh.inherited_columns(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.inherited_columns(integer, jsonb) IS
'The edges of datamesh.column_edges, with the classification that each column inherits, and for whom it is masked less strongly than there (readers: consumers, the empty name for everybody else; null: nobody).';

CREATE FUNCTION datamesh.unmasked_columns(contract integer, classifications jsonb)
RETURNS TABLE (column_name name, upstream text, upstream_column name, via text, readers text[], reason text)
LANGUAGE plpgsql STABLE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT datamesh.has_upstreams(contract) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT i.column_name, i.upstream, i.upstream_column, i.via, i.readers,
           format('column ''%s'' is made from column ''%s'' of data product "%s", and is masked less than there, or not at all%s', i.column_name,
                  i.upstream_column, i.upstream,
                  CASE WHEN i.readers <> ARRAY['']
                       THEN ', for ' || (SELECT string_agg(CASE r WHEN '' THEN 'everybody else' ELSE r END, ', ' ORDER BY r = '', r)
                                         FROM unnest(i.readers) AS r) END)
    FROM datamesh.inherited_columns(contract, classifications) AS i
    WHERE i.readers IS NOT NULL
    ORDER BY i.column_name, i.upstream, i.upstream_column;
END $$;
REVOKE ALL ON FUNCTION datamesh.unmasked_columns(integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.unmasked_columns(integer, jsonb) IS
'The columns of a contract that show more than the columns of other products that they are made from: for whom (readers, as in datamesh.inherited_columns), and in words (reason).';

CREATE FUNCTION datamesh.store_lineage(contract integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM datamesh.column_lineage AS l WHERE l.contract_id = contract;
    IF NOT datamesh.has_upstreams(contract) THEN
        RETURN;
    END IF;
    INSERT INTO datamesh.column_lineage
        (contract_id, column_name, upstream_product_id, upstream_version, upstream_column, via, classification)
    SELECT contract, i.column_name, i.upstream_product_id, i.upstream_version, i.upstream_column, i.via, i.classification
    FROM datamesh.contract AS c
    JOIN datamesh.product AS p ON p.product_id = c.product_id
    CROSS JOIN LATERAL datamesh.inherited_columns(
        c.contract_id, coalesce((SELECT d.parameters -> 'classifications' FROM datamesh.domain_policies(p.domain_name) AS d
                                 WHERE d.policy = 'security.lineage'), '["pii"]')) AS i
    WHERE c.contract_id = contract;
END $$;
REVOKE ALL ON FUNCTION datamesh.store_lineage(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_lineage(integer) IS
'Writes down what a contract''s columns are made from, in the place of what was known of it before.';
