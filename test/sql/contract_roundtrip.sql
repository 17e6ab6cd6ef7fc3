-- contract_roundtrip: what is written as YAML is read back as the same document, whatever is in it,
-- and stays pleasant to read.

-- keys, values and order; strings that could be taken for something else are quoted
SELECT datamesh.contract_to_yaml($${
 "zebra": "first", "apple": 1.10, "n": null, "t": true, "e": "", "empty": {}, "none": [],
 "version": "1.2.0", "yes": ["yes", "No", "on", "y", "null", "~", "true", "12", "1.5", "1e3", "0x1f", "0o17", "012",
   "1_000", "12:30", "2024-01-31", "2024-01-31T10:00:00Z", ".inf", "=", "<<", "1.2", "1.2.3"],
 "plain": ["a b", "a:b", "a#b", "x-y", "größe", "a, b", "f(x)", "50 %", "http://example.com/#x", "v3.1.0"],
 "quoted": ["a: b", "a #b", " a", "a ", "- a", "-a", "? a", "[a", "{a}", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "#a", "'a", "\"a\"", "a:", "a\\b",
   "C:\\x \"y\"", "tab\there", "bell\u0007", "nel\u0085", "nbsp\u00a0", "ls\u2028", "bom\ufeff", "\ud83d\ude00"],
 "lines": ["one\ntwo\n", "one\ntwo", "one\n\n\n", "one\n  two\n", "  one\ntwo\n", "\none\n", "\n", "one \n two", "a\tb\nc", "\ta\nb", "one\ntwo\u0007", "a\r\nb"],
 "nested": [[1, [2, [], {"a": [{"b": {"c": "d\ne"}}]}]], {"x": {"y": 1}, "z": [1]}],
 "a key: with # and \"quotes\"": {"": 0, " ": 1, "1": 2, "null": 3, "- x": 4, "multi\nline": 5}
}$$::json);
-- numbers are kept as they are written
SELECT datamesh.contract_to_yaml('[1.10, 1E5, 1e-5, -0.0, 123456789012345678901234567890.10]'::json);
-- a single value is a document too
SELECT datamesh.contract_to_yaml('"a\nb"'::json), datamesh.contract_to_yaml('3'::json), datamesh.contract_to_yaml('{}'::json), datamesh.contract_to_yaml('[]'::json);
-- jsonb, which has no order of its own, comes in the standard's
SELECT datamesh.contract_to_yaml('{"zz": 1, "version": "1.0.0", "schema": [{"properties": [{"required": true, "name": "a",
  "logicalTypeOptions": {"maximum": 2, "minimum": 1}, "quality": [{"mustBe": 0, "metric": "nullValues", "type": "library"}]}], "name": "t"}],
  "team": {"members": [{"role": "r", "username": "u"}], "name": "n"}, "kind": "DataContract", "apiVersion": "v3.1.0"}'::jsonb);
-- keys that are too long for YAML's short form
SELECT datamesh.parse_contract(datamesh.contract_to_yaml(document::json)) = document AS same
FROM (SELECT jsonb_build_object('apiVersion', 'v3.1.0', 'kind', 'DataContract', 'id', 'x', 'version', '1.0.0', 'status', 'draft',
    repeat('long ', 400), 1, 'b', jsonb_build_array(jsonb_build_object(repeat('n: ', 900), jsonb_build_object(repeat('m', 1100), '[]'::jsonb)))) document) d;
-- too deep is too deep here too
SELECT datamesh.contract_to_yaml(('[' || repeat('[', 100) || repeat(']', 101))::json);

-- random documents, of every kind of value and of characters that YAML has plans for
CREATE FUNCTION pg_temp.random_text() RETURNS text LANGUAGE sql VOLATILE AS
$f$
SELECT coalesce(string_agg((ARRAY['a', 'Z', '0', '1', '9', '.', '-', '+', 'e', ':', ' ', '  ', E'\n', E'\n\n', E'\t', '#', '''', '"', '\', '{', '}', '[', ']',
    ',', '&', '*', '!', '|', '>', '%', '@', '`', '?', '~', '=', '<<', 'null', 'true', 'no', 'é', '数', '😀', U&'\0085', U&'\2028', U&'\2029', U&'\FEFF',
    E'\r', E'\x01', E'\x7f', E'\x1b', U&'\FFFE', U&'\00A0', '---', '...', '- ', '? ', ': ', '_', '/', '0x', '0o', 'inf'])[1 + floor(random() * 62)::integer], ''), '')
FROM generate_series(1, floor(random() * random() * 15)::integer)
$f$;
CREATE FUNCTION pg_temp.random_value(depth integer) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS
$f$
DECLARE
    result jsonb;
    choice double precision := random();
BEGIN
    IF depth > 5 OR choice < 0.5 THEN
        RETURN to_jsonb(pg_temp.random_text());
    ELSIF choice < 0.6 THEN
        RETURN ('[null, true, false, 0, -1.50, 1e30, 12345678901234567890.123]'::jsonb) -> floor(random() * 7)::integer;
    ELSIF choice < 0.8 THEN
        SELECT coalesce(jsonb_agg(pg_temp.random_value(depth + 1)), '[]') INTO result FROM generate_series(1, floor(random() * 4)::integer);
    ELSE
        SELECT coalesce(jsonb_object_agg(pg_temp.random_text(), pg_temp.random_value(depth + 1)), '{}') INTO result
        FROM generate_series(1, floor(random() * 4)::integer);
    END IF;
    RETURN result;
END
$f$;
SELECT setseed(0.7);
CREATE TEMP TABLE documents AS
SELECT jsonb_build_object('apiVersion', 'v3.1.0', 'kind', 'DataContract', 'id', 'x', 'version', '1.0.0', 'status', 'draft',
    'zz', pg_temp.random_value(0)) AS document
FROM generate_series(1, 3000);
SELECT count(*) AS documents, count(*) FILTER (WHERE length(document::text) > 200) > 100 AS some_large FROM documents;
SELECT document FROM documents WHERE datamesh.parse_contract(datamesh.contract_to_yaml(document::json)) <> document;
SELECT document FROM documents WHERE datamesh.parse_contract(document::text) <> document;
-- written twice, it is the same text
SELECT document FROM documents
WHERE datamesh.contract_to_yaml(datamesh.parse_contract(datamesh.contract_to_yaml(document))) <> datamesh.contract_to_yaml(document);

-- the standard's own examples, where they are at hand: they are accepted and come back the same
\set examples `for f in "${DATAMESH_ODCS_EXAMPLES:-../shared/schemas/odcs}"/*.odcs.yaml; do [ ! -f "$f" ] || { base64 -w0 "$f"; echo; }; done`
CREATE TEMP TABLE examples AS
SELECT convert_from(decode(line, 'base64'), 'UTF8') AS document
FROM string_to_table(:'examples', E'\n') line WHERE line <> '';
SELECT document FROM examples
WHERE datamesh.parse_contract(datamesh.contract_to_yaml(datamesh.parse_contract(document)::json)) <> datamesh.parse_contract(document);
