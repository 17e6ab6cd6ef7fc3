-- contract_compare: what a change of contract costs.
--
-- After catalog.sql: one function reads contracts that are stored. The comparison itself reads
-- nothing but its arguments.

CREATE FUNCTION datamesh.compare_contracts(
    old jsonb, new jsonb, widening boolean DEFAULT false,
    OUT path text, OUT change text, OUT level text, OUT needs_approval boolean, OUT reason text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'dm_compare_contracts';
COMMENT ON FUNCTION datamesh.compare_contracts(jsonb, jsonb, boolean) IS
'What is different between two contract documents (ODCS), one row for each change: path (in the new document, or in the old one for what is gone), the change in words, its level (major, minor, patch; held: the publisher must state it), whether somebody has to approve it, and why. Equal documents give no rows. With widening, integer to bigint and real to double precision are minor. Errors: MD001 if a document is no JSON object.';

CREATE FUNCTION datamesh.required_level(old jsonb, new jsonb, widening boolean DEFAULT false)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dm_required_level';
COMMENT ON FUNCTION datamesh.required_level(jsonb, jsonb, boolean) IS
'The level of version that all changes between two contract documents need together: major if one is major, else held if one is held, else minor, else patch; none if the documents say the same. Errors: MD001 if a document is no JSON object.';

CREATE FUNCTION datamesh.compare_contracts(
    product text, from_version text, to_version text, widening boolean DEFAULT false,
    OUT path text, OUT change text, OUT level text, OUT needs_approval boolean, OUT reason text)
RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 20
BEGIN ATOMIC
SELECT d.path, d.change, d.level, d.needs_approval, d.reason
FROM datamesh.compare_contracts(datamesh.contract(product, from_version),
                                datamesh.contract(product, to_version), widening) AS d;
END;
COMMENT ON FUNCTION datamesh.compare_contracts(text, text, text, boolean) IS
'What is different between two versions of a product''s contract, drafts included: columns as of compare_contracts(jsonb, jsonb). Errors: MD102, MD103.';

-- The version after another: what a change of this level makes of it. A pre-release counts as the
-- version that it leads to. Versions are text here, because the schema of the type is not known when
-- the extension is made.
CREATE FUNCTION datamesh.next_version(version text, level text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT CASE level
           WHEN 'major' THEN format('%s.0.0', p.n[1]::numeric + 1)
           WHEN 'minor' THEN format('%s.%s.0', p.n[1], p.n[2]::numeric + 1)
           WHEN 'patch' THEN format('%s.%s.%s', p.n[1], p.n[2], p.n[3]::numeric + 1)
       END
FROM regexp_match(version, '^([0-9]+)\.([0-9]+)\.([0-9]+)([-+].*)?$') AS p(n)
WHERE p.n IS NOT NULL;
END;
COMMENT ON FUNCTION datamesh.next_version(text, text) IS
'The lowest version after the one given that a change of this level (major, minor, patch) may have; NULL for any other level, and if the version is none.';
