-- masking: what each mask that needs no key gives, on ordinary, short, empty, multibyte and huge
-- values, with silly parameters too; k_anonymity; and that nothing minds a planted search_path.
\pset null NULL
-- whole characters, and nothing of what is too short (psql of 17 knows other widths)
\pset format unaligned
SELECT v, datamesh.mask_partial(v) AS standard, datamesh.mask_partial(v, 2, '…', 2) AS two_and_two,
       datamesh.mask_partial(v, 0, '', 0) AS nothing_shown
FROM (VALUES ('Jane Smith'), ('Ann'), ('ab'), ('a'), (''), (NULL), ('日本語テキスト'), ('né'), ('👩‍🚀🚀')) x(v);
\pset format aligned
SELECT datamesh.mask_partial('abcdefgh', 1, 'xxxx', 3), datamesh.partial_mask('Ann'),
       datamesh.partial_mask('Jane Smith', 1, '***', 0), datamesh.mask_partial('12345', 2, '*', 2),
       datamesh.mask_partial('1234', 2, '*', 2);
SELECT datamesh.mask_partial('abc', 2147483647, '#', 2147483647), datamesh.mask_partial('abc', 2147483647, '#', 0),
       datamesh.mask_partial('abc', 0, '#', 2147483647), datamesh.mask_partial('abc', NULL, '#', 1);
SELECT datamesh.mask_partial('secret', -1, '*', 1);
SELECT datamesh.mask_partial('secret', 1, '*', -2147483648);
SELECT v, datamesh.mask_email(v) FROM (VALUES ('jane.doe@example.com'), ('j@example.org'), ('é@example.org'),
    ('ünal@example.co.uk'), ('nobody'), ('@example.org'), ('jane@'), (''), (NULL), ('a@b@c.de'), ('jane@192.0.2.1'),
    ('jane@localhost'), ('jane@.com')) x(v);
SELECT datamesh.mask_first('123456', 4), datamesh.mask_first('日本語', 2, '●'), datamesh.mask_first('ab', 2147483647),
       datamesh.mask_first('', 1), datamesh.mask_last('123456', 4), datamesh.mask_last('日本語', 2, '●'),
       datamesh.mask_last('ab', 2147483647, 'é'), datamesh.mask_last(NULL, 1);
SELECT datamesh.mask_first('secret', 0);
SELECT datamesh.mask_last('secret', -2147483648);
SELECT datamesh.mask_last('secret', 1, 'xx');
SELECT datamesh.mask_first('secret', 1, '');
-- the type that went in comes out, domains included
CREATE DOMAIN regress_mask_code AS integer CHECK (VALUE >= 0);
CREATE DOMAIN regress_mask_strict AS integer CHECK (VALUE > 0);
SELECT pg_typeof(datamesh.mask_partial('abc'::varchar)), pg_typeof(datamesh.mask_email('abc'::varchar)),
       pg_typeof(datamesh.mask_first('abc'::varchar, 1)), pg_typeof(datamesh.mask_redact('abc'::varchar)),
       pg_typeof(datamesh.mask_redact(5::regress_mask_code)), pg_typeof(datamesh.mask_null(1.5)),
       pg_typeof(datamesh.mask_constant(date '2024-02-29', '2000-01-01'));
SELECT datamesh.mask_redact('x'), datamesh.mask_redact(5), datamesh.mask_redact(5.5), datamesh.mask_redact(true),
       datamesh.mask_redact(date '2024-02-29'), datamesh.mask_redact(timestamp '2024-02-29 12:00'), datamesh.mask_redact(interval '1 day'),
       datamesh.mask_redact(ARRAY[1, 2]), datamesh.mask_redact('{"a": 1}'::jsonb), datamesh.mask_redact('\x01'::bytea),
       datamesh.mask_redact(inet '192.0.2.1'), datamesh.mask_redact(5::regress_mask_code), datamesh.mask_redact(NULL::integer);
SELECT datamesh.mask_redact(5::regress_mask_strict);
SELECT datamesh.mask_null('x'), datamesh.mask_null(1), datamesh.mask_constant('x', 'y'), datamesh.mask_constant(NULL, 'y'),
       datamesh.mask_constant(5, 7), datamesh.mask_constant(5, NULL);
DROP DOMAIN regress_mask_code, regress_mask_strict;
-- dates: edges of the type, units in any case, no way round it by TimeZone
SELECT unit, datamesh.mask_date_trunc(date '2024-05-17', unit), datamesh.mask_date_trunc(date '0044-03-15 BC', unit) AS bc,
       datamesh.mask_date_trunc(date '5874897-12-31', unit) AS last, datamesh.mask_date_trunc(date '4714-11-24 BC', unit) AS first
FROM unnest('{week,month,quarter,YEAR,decade,century,millennium}'::text[]) unit;
SELECT datamesh.mask_date_trunc(date 'infinity', 'year'), datamesh.mask_date_trunc(timestamp '-infinity', 'year'),
       datamesh.mask_date_trunc(timestamp '2024-05-17 12:34:56', 'hour');
SELECT datamesh.mask_date_trunc(date '2024-05-17', 'day');
SELECT datamesh.mask_date_trunc(timestamp '2024-05-17 12:34:56', 'microseconds');
SET TimeZone = 'Pacific/Kiritimati';
SELECT datamesh.mask_date_trunc(timestamptz '2024-05-17 12:34:56+00', 'day') = timestamptz '2024-05-17 00:00:00+00' AS in_utc;
RESET TimeZone;
-- no timestamp is an error, where date_trunc has errors; it begins with the first one
SELECT unit, datamesh.mask_date_trunc(timestamp '4714-11-24 00:00:00.000001 BC', unit) AS first,
       datamesh.mask_date_trunc(timestamp '294276-12-31 23:59:59.999999', unit) AS last
FROM unnest('{minute,hour,day,week,Month,quarter,year,decade,century,millennium}'::text[]) unit;
SELECT date_trunc('century', timestamp '4714-11-24 00:00:00.000001 BC');
SELECT count(*) FROM (SELECT timestamp '4713-01-01 BC' + n * interval '33 days 7 hours 13 minutes 1.000001 seconds' + n * interval '1700 days' AS t
                      FROM generate_series(1, 50000, 7) n) x, unnest('{minute,hour,day,week,month,quarter,year,decade,century,millennium}'::text[]) unit
WHERE t > '4000-01-01 BC' AND datamesh.mask_date_trunc(t, unit) <> date_trunc(unit, t);
-- date_trunc agrees wherever both have an answer
SELECT count(*) FROM generate_series(date '1890-01-01', '2110-12-31', '13 days') d, unnest('{week,month,quarter,year,decade,century,millennium}'::text[]) unit
WHERE datamesh.mask_date_trunc(d::date, unit) <> date_trunc(unit, d)::date
   OR NOT datamesh.mask_generalize(d::date, unit) @> d::date
   OR lower(datamesh.mask_generalize(d::date, unit)) <> date_trunc(unit, d)::date;
-- ranges
SELECT datamesh.mask_generalize(37, 10), datamesh.mask_generalize(-1, 10), datamesh.mask_generalize(2147483647, 10),
       datamesh.mask_generalize(-2147483648, 10), datamesh.mask_generalize(5, 2147483647), datamesh.mask_generalize(NULL::integer, 10);
SELECT datamesh.mask_generalize(9223372036854775807, 10), datamesh.mask_generalize((-9223372036854775808)::bigint, 10),
       datamesh.mask_generalize(-1::bigint, 9223372036854775807);
SELECT datamesh.mask_generalize(12.340, 2.5), datamesh.mask_generalize(-12.34, 10.0), datamesh.mask_generalize('NaN'::numeric, 1),
       datamesh.mask_generalize('-Infinity'::numeric, 1), datamesh.mask_generalize(1e30, 1e29);
-- where numbers end, the range is open
SELECT upper_inf(r) AS open, lower(r) = 9 * 10::numeric ^ 131071 AS line
FROM (SELECT datamesh.mask_generalize(repeat('9', 131072)::numeric, ('1' || repeat('0', 131071))::numeric) AS r) x;
SELECT lower_inf(r) AS open, upper(r) = -9 * 10::numeric ^ 131071 AS line
FROM (SELECT datamesh.mask_generalize(('-' || repeat('9', 131072))::numeric, ('1' || repeat('0', 131071))::numeric) AS r) x;
SELECT datamesh.mask_generalize(date '2024-05-17', 'month'), datamesh.mask_generalize(date '5874897-12-31', 'year'),
       datamesh.mask_generalize(date 'infinity', 'year');
SELECT datamesh.mask_generalize(37, 0);
SELECT datamesh.mask_generalize(37.5, 'NaN');
SELECT datamesh.mask_generalize(date '2024-05-17', 'hour');
-- toasted and huge values
CREATE TEMP TABLE huge (v text);
ALTER TABLE huge ALTER v SET STORAGE external;
INSERT INTO huge SELECT 'ä' || repeat('x', 20000000) || 'ö';
SELECT datamesh.mask_partial(v), length(datamesh.mask_first(v, 5)), right(datamesh.mask_last(v, 2), 3), datamesh.mask_email(v),
       datamesh.mask_redact(v) FROM huge;
DROP TABLE huge;
-- the smallest group
CREATE TABLE regress_k ("a ""b" text, b int, c int);
SELECT datamesh.k_anonymity('regress_k', '{b}');
INSERT INTO regress_k VALUES ('x', 1, 1), ('x', 1, 2), (NULL, 1, 3), (NULL, 1, 4), (NULL, 1, NULL);
SELECT datamesh.k_anonymity('regress_k', '{"a \"b"}'), datamesh.k_anonymity('regress_k', '{b}'),
       datamesh.k_anonymity('regress_k', '{"a \"b",b,c}');
SELECT datamesh.k_anonymity('regress_k', '{}');
SELECT datamesh.k_anonymity('regress_k', '{{b},{c}}');
SELECT datamesh.k_anonymity('regress_k', '{"b) FROM regress_k; DROP TABLE regress_k; --"}');
DROP TABLE regress_k;
-- what is claimed of them: leakproof is what can neither fail nor tell, and nothing changes with a setting
SELECT p.oid::regprocedure, p.provolatile, p.proparallel, p.proleakproof FROM pg_proc p
WHERE p.pronamespace = 'datamesh'::regnamespace AND (p.proname ~ '^mask_(null|constant|hash|noise|pseudonym)$' OR (p.proleakproof AND p.proname ~ '^mask_' AND p.proname <> 'mask_choice'))
ORDER BY p.oid::regprocedure::text COLLATE "C";
