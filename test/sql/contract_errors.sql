-- contract_errors: whatever is wrong with a document is told, all of it at once, by its place and
-- by what was expected; nothing crashes and nothing is taken for something else.

-- the problems of one document are one error
SELECT datamesh.parse_contract($$
version: 1.10
kind: DataContrct
id: ""
status: actve
name: 5
domain: [sales]
tags: payments
schema:
  - name: t
    properties:
      - name: a
        logicalType: strng
        required: yes
        primaryKeyPosition: 1.5
      - name: a
        name: b
        logicalType: integer
        logicalTypeOptions: {minimum: 5, maximum: 3, minLength: 2, format: i3, multipleOf: 0}
      - name: z
        logicalType: string
        logicalTypeOptions: {pattern: "([", minLength: -1, maxLength: 1.5}
        items: {}
        properties: []
        relationships: [{from: t.z, to: nowhere}, {}, {type: join, to: []}]
        quality:
          - metric: nullValues
          - {metric: nullValues, mustBe: 0, mustBeLessThan: 3}
          - {metric: nullCount, mustBe: 0, severity: high, unit: percents}
          - {mustBe: 0}
          - {type: sql, mustBeBetween: [3, 1]}
          - {type: sql, query: SELECT 1, mustBeBetween: [1, 2, 3]}
          - {metric: rowCount, mustBeBetween: [1e999999, 1]}
          - {metric: rowCount, mustBeBetween: [a, 1]}
          - {type: custom}
          - {type: regex}
          - {metric: invalidValues, mustBe: none, arguments: {missingValues: [.nan]}}
          - {type: text, dimension: taste}
          - nothing
        customProperties:
          - {property: datamesh.mode, value: live}
          - {property: datamesh.msk, value: 1}
          - {property: datamesh.mask}
      - logicalType: string
      - name: ctid
      - name: ""
      - name: a_name_that_is_far_too_long_for_any_column_of_any_relation_in_postgresql
    relationships: [{to: o.x}, {from: [t.a], to: o.x}, {from: [t.a, t.z], to: [o.x]}]
  - {name: t}
  - physicalName: x
slaProperties: [{value: 3}, {property: latency}, {property: latency, value: [1]}]
servers: [{server: s, type: postgres, host: h, port: "5432"}, {server: x, type: postgrs}, {type: s3}]
roles: [{access: read}]
support: {channel: x}
price: {priceAmount: cheap}
team: {members: [{name: x}]}
customProperties:
  - {property: datamesh.retention, value: 0}
  - {property: datamesh.retention, value: many}
  - {property: datamesh.indexes, value: [a, [], [b, 1], [""]]}
  - {property: datamesh.mode, value: fast}
  - {property: datamesh.dependencies, value: sales.orders}
  - {property: datamesh.mask, value: x}
  - {value: x}
  - {property: datamesh.rowFilter, value: a = 1}
  - {property: datamesh.rowFilter, value: a = 2}
$$);

-- versions
SELECT v, (SELECT true FROM datamesh.parse_contract(
    '{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "draft", "version": "' || v || '"}')) AS accepted
FROM unnest(ARRAY['0.0.0', '1.2.3', '10.20.30-alpha.1+build-5', '1.0.0-0A.is.legal', '1.0.0+001']) v;
CREATE FUNCTION pg_temp.detail_of(document text) RETURNS text LANGUAGE plpgsql AS
$f$
DECLARE
    message text;
    detail text;
BEGIN
    PERFORM datamesh.parse_contract(document);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || E'\n' || detail;
END
$f$;
SELECT split_part(pg_temp.detail_of(
    '{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "draft", "version": "' || v || '"}'), E'\n', 2) AS problem
FROM unnest(ARRAY['', '1', '1.0', '1.0.0.0', 'v1.0.0', '01.0.0', '1.0.0-', '1.0.0-01', '1.0.0+', '1.0.0 ',
    '99999999999.0.0', '2147483648.0.0', '1.0.0-ä', 'latest']) v;
-- standards
SELECT pg_temp.detail_of('{"kind": "DataContract", "id": "x", "status": "draft", "version": "1.0.0", "apiVersion": "' || v || '"}')
FROM unnest(ARRAY['v2.2.2', 'v3.0.0', 'v3.1.0', '3.1.0', 'v4.0.0', 'v3.x']) v;

-- broken YAML and JSON: where, and what
SELECT document, pg_temp.detail_of(document) FROM unnest(ARRAY[
    '', E' \n\t ', '---', '...', 'a: [', 'a: {b', E'a:\n\tb: 1', 'a: b: c', E'a: 1\n b: 2', E'- a\nb: c', 'a: "b', E'a: ''b',
    'a: *b', 'a: &a [*a]', 'a: & b', '%YAML 9', E'a: 1\n---\nb: 2', E'a: 1\n...\n---\nb: 2', 'a: !<', '"a', '? ', 'a: |x', E'a: >\n b\nc',
    '@a', '`a', 'a: %b', E'a\x07b: c', '&a', '*a', 'hello', '- 1', '12', '~',
    '{', '[', '{]', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{a: 1}', '{1: 2}', '{"a" 1}', '[1,]', '[1 2]', '[01]', '[1.]',
    '[.5]', '[+1]', '[NaN]', '["\u0000"]', '["\ud800"]', '["\x"]', '{"a": 1} x', '{"a": 1}{"b": 2}', E'{"a":\n\n  tru}', E'["a\tb"]',
    '{"a": ''b''}', '[]']) document;

-- keys twice, keys that are no text, tags, NUL, numbers that JSON lacks
SELECT datamesh.parse_contract(E'a: &a {x: 1, x: 2}\nb: {<<: *a}\n1: 2\ntrue: 3\n~: 4\n? [a]\n: 5\nc: !!timestamp 2001-01-01\n'
    'd: "a\\0b"\ne: !!int abc\nf: .inf\ng: -.INF\nh: .NaN\ni: !mine x\nj: !mine [a]\nk: 0x10000000000000000\nl: 1e999999\nm: !!binary aGk=');
SELECT datamesh.parse_contract('{"id": "x", "id": "y", "a": {"b\n": 1, "b\n": 2}, "n": 1e1001}');

-- depth, size, and what a few lines of anchors would become
SELECT pg_temp.detail_of(repeat('[', 101)), pg_temp.detail_of(repeat('{"a":', 100000)),
       pg_temp.detail_of('a: ' || repeat('[', 100)), pg_temp.detail_of(repeat('- ', 100000)), pg_temp.detail_of(repeat('? ', 100000));
-- aliases nest as deep as what they stand for
SELECT pg_temp.detail_of(E'a: &a ' || repeat('[', 60) || repeat(']', 60) || E'\nb: ' || repeat('[', 60) || '*a' || repeat(']', 60));
SELECT datamesh.parse_contract(E'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\na: &a ' || repeat('[', 60) || repeat(']', 60)
    || E'\nb: ' || repeat('[', 39) || '*a' || repeat(']', 39)) ->> 'id' AS id;
SELECT pg_temp.detail_of(repeat('a', 50 * 1024 * 1024));
SELECT pg_temp.detail_of('{"a": "' || repeat('a', 50 * 1024 * 1024) || '"}');
SELECT pg_temp.detail_of(E'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n' || string_agg(
    format('a%s: &a%s [%s]', i, i, repeat(format('*a%s, ', i - 1), 10)), E'\n' ORDER BY i))
FROM generate_series(1, 30) i;
-- the size allowed is a setting of the platform's
SET datamesh.max_contract_size = '1kB';
SELECT pg_temp.detail_of('a: ' || repeat('b', 1022));
RESET datamesh.max_contract_size;
CREATE ROLE regress_contract_user;
SET ROLE regress_contract_user;
SET datamesh.max_contract_size = '100MB';
RESET ROLE;
DROP ROLE regress_contract_user;

-- 10,000 columns, and how many problems are shown
SELECT pg_temp.detail_of(E'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\nschema:\n  - name: wide\n    properties:\n'
    || string_agg(format('      - {name: c%s, logicalType: integer, required: true}', i), E'\n' ORDER BY i))
FROM generate_series(1, 10000) i;
SELECT right(d, 200), array_length(string_to_array(d, E'\n'), 1) AS lines
FROM (SELECT pg_temp.detail_of(E'apiVersion: v3.1.0\nkind: DataContract\nid: x\nversion: 1.0.0\nstatus: draft\nschema:\n  - name: wide\n    properties:\n'
    || string_agg('      - {name: c, logicalType: intger, required: maybe}', E'\n')) d
FROM generate_series(1, 1000)) s;

-- long values are cut in messages, at a character
SELECT pg_temp.detail_of('{"apiVersion": "v3.1.0", "kind": "' || repeat('ä', 100) || '", "id": "x", "version": "1.0.0", "status": "draft"}');
-- where the text of the document is no text in the server's encoding there is none
SELECT datamesh.parse_contract(convert_from('\x613a20ff', 'UTF8'));
-- NULL in, NULL out
SELECT datamesh.parse_contract(NULL) IS NULL AS parsed, datamesh.contract_to_yaml(NULL::json) IS NULL AS written;

-- thousands of broken documents: every mutation of a valid one is accepted or refused with one of
-- our errors, and nothing else happens
CREATE FUNCTION pg_temp.mutate(document text) RETURNS text LANGUAGE plpgsql AS
$f$
DECLARE
    pieces text[] := ARRAY['', ' ', E'\n', E'\n  ', ':', ': ', '- ', '[', ']', '{', '}', ',', '"', '''', '#', '&a', '*a', '!', '!!int ',
        '|', '>', '%', '@', '?', '~', '\', '\0', '0x', '1e9', '.nan', 'null', '<<: ', '---', '...', E'\t', U&'\2028', U&'\FEFF', U&'\0085', '😀'];
    at integer;
BEGIN
    FOR i IN 1 .. 1 + floor(random() * 3)::integer LOOP
        at := 1 + floor(random() * length(document))::integer;
        document := overlay(document PLACING pieces[1 + floor(random() * array_length(pieces, 1))::integer]
            FROM at FOR floor(random() * 4)::integer);
    END LOOP;
    RETURN document;
END
$f$;
SET client_min_messages = warning;
DO $do$
DECLARE
    yaml text := $y$apiVersion: v3.1.0
kind: DataContract
id: x
version: 1.0.0
status: draft
team: &people
  name: t
  members: [{username: a}, {username: "b"}]
other: *people
schema:
  - name: orders
    description: |
      several
      lines
    properties:
      - name: id
        logicalType: integer
        logicalTypeOptions: {minimum: 0, maximum: 1e3}
        quality:
          - {metric: nullValues, mustBe: 0}
      - name: 'c'
        logicalType: string
        logicalTypeOptions: {pattern: "^[A-Z]{2}$"}
customProperties:
  - property: datamesh.retention
    value: 3
$y$;
    json text := datamesh.parse_contract(yaml)::text;
    mutated text;
    accepted integer := 0;
    parsed jsonb;
BEGIN
    PERFORM setseed(0.42);
    FOR i IN 1 .. 6000 LOOP
        mutated := pg_temp.mutate(CASE WHEN i % 3 = 0 THEN json ELSE yaml END);
        BEGIN
            parsed := datamesh.parse_contract(mutated);
            accepted := accepted + 1;
            IF datamesh.parse_contract(datamesh.contract_to_yaml(parsed)) <> parsed THEN
                RAISE EXCEPTION 'no round trip: %', mutated;
            END IF;
        EXCEPTION WHEN SQLSTATE 'MD001' THEN
            NULL;
        END;
    END LOOP;
    IF accepted NOT BETWEEN 100 AND 5900 THEN
        RAISE EXCEPTION 'of 6000 mutations % were accepted', accepted;
    END IF;
END
$do$;
RESET client_min_messages;
