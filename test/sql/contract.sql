-- contract: YAML and JSON become one document, by YAML 1.2's core schema and nothing older; what
-- the standard allows is accepted, oddities with a notice.

-- YAML and JSON of the same contract are the same document
SELECT datamesh.parse_contract($$
apiVersion: v3.1.0
kind: DataContract
id: orders-1
version: 1.0.0
status: draft
schema:
  - name: orders
    properties:
      - name: id
        logicalType: integer
        primaryKey: true
$$) = datamesh.parse_contract($$
{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders-1", "version": "1.0.0",
 "status": "draft",
 "schema": [{"name": "orders", "properties":
   [{"name": "id", "logicalType": "integer", "primaryKey": true}]}]}
$$) AS same;

-- what scalars are: only YAML 1.2's null, booleans and numbers are not text
CREATE FUNCTION pg_temp.scalar(yaml text) RETURNS jsonb LANGUAGE sql AS
$f$
SELECT datamesh.parse_contract(
    E'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\nother: ' || yaml)
    -> 'other'
$f$;
SELECT yaml, pg_temp.scalar(yaml), jsonb_typeof(pg_temp.scalar(yaml))
FROM unnest(ARRAY['', '~', 'null', 'Null', 'NULL', 'nULL', 'true', 'True', 'TRUE', 'tRUE', 'yes', 'no',
    'on', 'off', 'y', 'n', '0', '-0', '+12', '12', '1.10', '-.5', '1.', '1e3', '1E-3', '0o17', '0x1F',
    '0b11', '1_000', '12:30:45', '2024-01-31', '2024-01-31T10:00:00Z', '1.2.3', '.', '-x', '+', 'e3',
    '"12"', '''true''', '!!str 12', '!!int 12', '!!float 12', '!!bool true', '!!null ""', '! 12',
    '123456789012345678901234567890.123456789', '0xFFFFFFFFFFFFFFFF', '[]', '{}', '[a, {b: c}]']) AS yaml;
-- needless zeros are read as YAML 1.2 says, but not in silence
SELECT pg_temp.scalar('012'), pg_temp.scalar('-007.5');

-- text: folded, literal, escaped, multi-byte
SELECT pg_temp.scalar(E'|\n  one\n  two\n'), pg_temp.scalar(E'|-\n  one\n   two\n'),
       pg_temp.scalar(E'>\n  one\n  two\n'), pg_temp.scalar(E'"a\\tb\\u00e9\\U0001F600"'),
       pg_temp.scalar(E'"größe 数"');

-- anchors are written out
SELECT pg_temp.scalar(E'[&a {x: 1}, *a, *a]');
-- a key that looks like nothing else is a key; "<<" in quotes is one too
SELECT pg_temp.scalar(E'{on: 1, no: 2, "1": 3, "<<": 4, "null": 5}');
