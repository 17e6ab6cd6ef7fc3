-- Values that masks were not made for: multibyte, huge and toasted, of domains, composites, arrays and padded types, of a table
-- with dropped and generated columns; and masks with the largest and smallest arguments.
-- as: sales_team
-- control: no, the domain reads its own
-- says: rows: 3
-- says: hidden: 3
CREATE DOMAIN sales_internal.label AS text CHECK (length(VALUE) > 1);
CREATE TYPE sales_internal.pair AS (a text, b text);
CREATE TABLE sales_internal.odd (gone text, id integer PRIMARY KEY, wide text, huge text, tag sales_internal.label, two sales_internal.pair,
    many text[], padded char(40), doc jsonb, note text, made text GENERATED ALWAYS AS ('<' || note || '>') STORED, n integer, day date);
ALTER TABLE sales_internal.odd ALTER huge SET STORAGE EXTERNAL;
ALTER TABLE sales_internal.odd DROP COLUMN gone;
INSERT INTO sales_internal.odd (id, wide, huge, tag, two, many, padded, doc, note, n, day)
SELECT i, 'Ж' || s || 'Ж', repeat(s || ' ', 100000), s, ROW(s, s)::sales_internal.pair, ARRAY[s, s], s, jsonb_build_object('a', jsonb_build_array(s)), s,
       CASE i WHEN 1 THEN 2147483647 WHEN 2 THEN -2147483648 ELSE 73313 END,
       CASE i WHEN 1 THEN 'infinity'::date WHEN 2 THEN '4714-11-24 BC' ELSE '1977-03-19' END
FROM (VALUES (1, 'Quillfeather'), (2, 'Nightingale'), (3, 'zephyrine.quill@secret.example')) AS v(i, s);
CALL datamesh.load_contract($y$---
{apiVersion: v3.1.0, kind: DataContract, id: odd, name: odd, domain: sales, version: 1.0.0, status: active,
 roles: [{role: marketing, access: read}],
 servers: [{server: s, type: postgres, host: h, port: 5432, database: d, schema: sales_internal}],
 customProperties: [{property: datamesh.pii_columns, value: [tag, two, many, doc]}],
 schema: [{name: odd, physicalName: odd, properties: [{name: id, primaryKey: true},
 {name: wide, customProperties: [{property: datamesh.mask, value: 'partial(2, "", 2147483647)'}]},
 {name: huge, customProperties: [{property: datamesh.mask, value: hash}]},
 {name: tag}, {name: two}, {name: many}, {name: doc},
 {name: padded, customProperties: [{property: datamesh.mask, value: first(2147483647)}]},
 {name: note, customProperties: [{property: datamesh.mask, value: last(1000)}]},
 {name: made, customProperties: [{property: datamesh.mask, value: email}]},
 {name: n, customProperties: [{property: datamesh.mask, value: noise(1)}]},
 {name: day, customProperties: [{property: datamesh.mask, value: date_trunc(millennium)}]}]}]}$y$);
CALL datamesh.publish('sales.odd');
\connect - marketing_team
SELECT * FROM sales.odd;
SELECT 'rows: ' || count(*) FROM sales.odd;
SELECT 'hidden: ' || count(*) FROM sales.odd WHERE tag = '[redacted]' AND two IS NULL AND many = '{}' AND doc = 'null' AND length(huge) = 64;
SELECT max(length(wide)), max(length(padded)), max(length(note)) FROM sales.odd;
SELECT datamesh.mask_partial(wide, -2147483648, '', 2147483647) FROM sales.odd;
SELECT datamesh.mask_first(note, 0) FROM sales.odd;
SELECT datamesh.mask_date_trunc(day, note) FROM sales.odd;
SELECT note::integer FROM sales.odd;
SELECT sum(n)::integer FROM sales.odd;
