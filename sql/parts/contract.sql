-- contract: reading, checking and writing ODCS documents.

-- STABLE and not IMMUTABLE: what is too large is a setting (datamesh.max_contract_size).
CREATE FUNCTION datamesh.parse_contract(document text) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dm_parse_contract';
COMMENT ON FUNCTION datamesh.parse_contract(text) IS
'Reads a data contract (Open Data Contract Standard v3.1, YAML or JSON), checks all of it and returns it; stores nothing. Everything that is wrong is one error (MD001) with a line in DETAIL for each place and what was expected there; oddities that are accepted are notices.';

CREATE FUNCTION datamesh.contract_to_yaml(document json) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dm_contract_to_yaml';
COMMENT ON FUNCTION datamesh.contract_to_yaml(json) IS
'A JSON document as YAML 1.2: the same keys, values and order. Reading it back gives the same document. Strings that a reader could take for something else are quoted; text of several lines becomes a literal block.';

-- jsonb has lost the order that its writer chose: the standard's own is the next best.
CREATE FUNCTION datamesh.contract_to_yaml(document jsonb) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'dm_contract_jsonb_to_yaml';
COMMENT ON FUNCTION datamesh.contract_to_yaml(jsonb) IS
'A contract as YAML 1.2, its keys in the order in which the Open Data Contract Standard presents them: SELECT datamesh.contract_to_yaml(datamesh.infer_contract(...)).';

-- Reads with the caller's rights, a superuser with those of the relation's owner: whoever may SELECT from a relation may have a contract
-- proposed for it.
CREATE FUNCTION datamesh.infer_contract(relation regclass) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'dm_infer_contract';
COMMENT ON FUNCTION datamesh.infer_contract(regclass) IS
'Proposes a contract (ODCS v3.1) for a table, view, materialized view, partitioned or foreign table, from its definition and one pass over its rows: types, keys, required columns, ranges, allowed values, patterns, lengths, completeness, freshness, foreign keys and comments. load_contract takes it, and the rows that are there keep it. As YAML: datamesh.contract_to_yaml(datamesh.infer_contract(...)).';
