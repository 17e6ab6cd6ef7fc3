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
