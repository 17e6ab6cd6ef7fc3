-- masking_detect: what detect_pii finds by name and by value, what it leaves alone, and what it shows.
-- Numbers are examples of those who issue them, or published test numbers; each block says whose.
CREATE FUNCTION pg_temp.found(value text, column_name text DEFAULT 'c', type text DEFAULT 'text') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('CREATE TEMP TABLE regress_one (%I %s)', column_name, type);
    EXECUTE format('INSERT INTO regress_one VALUES (%L)', value);
    SELECT string_agg(detector || ' ' || confidence, ', ') INTO result FROM datamesh.detect_pii('regress_one');
    DROP TABLE regress_one;
    RETURN coalesce(result, '-');
END $$;
\pset format unaligned
\pset tuples_only on
-- cards: test numbers of Visa, Mastercard, American Express; one digit wrong; no issuer
SELECT v, pg_temp.found(v) FROM unnest('{4111 1111 1111 1111,5555-5555-5555-4444,2223003122003222,378282246310005,4111 1111 1111 1112,1234567890123452,0000000000000000}'::text[]) v;
-- IBAN: SWIFT's registry; a digit wrong; Germany's with a digit too many; no such country
SELECT v, pg_temp.found(v) FROM unnest('{DE89 3704 0044 0532 0130 00,GB29NWBK60161331926819,FR1420041010050500013M02606,NO9386011117947,MT84MALT011000012345MTLCAST001S,DE88370400440532013000,DE893704004405320130000,XX89370400440532013000,gb29nwbk60161331926819}'::text[]) v;
-- SSN: SSA; refused: areas 000, 666, 9xx, group 00, serial 0000, the numbers of the wallets
SELECT v, pg_temp.found(v) FROM unnest('{536-22-1234,000-12-3456,666-12-3456,900-12-3456,123-00-4567,123-45-0000,078-05-1120,219-09-9999,536221234}'::text[]) v;
SELECT pg_temp.found('536221234', 'ssn'), pg_temp.found('000123456', 'ssn');
-- NHS number: NHS Data Dictionary; NINO: HMRC (QQ is its example of none)
SELECT v, pg_temp.found(v) FROM unnest('{943 476 5919,943 476 5918,AB123456C,AB 12 34 56 C,QQ123456C,GB123456A,AB123456E,AO123456A}'::text[]) v;
-- NIF and NIE (Spain), tax ID (Germany), PESEL (Poland), Aadhaar (UIDAI's test number)
SELECT v, pg_temp.found(v) FROM unnest('{12345678Z,X1234567L,12345678A,86095742719,47036892816,86095742710,44051401359,02070803628,44051401358,44991401359,9999 4105 7058,9999 4105 7059,0999 4105 7058}'::text[]) v;
-- Bitcoin: block 0's address, BIP 173, BIP 350; Ethereum: EIP-55; each with a slip
SELECT v, pg_temp.found(v) FROM unnest('{1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb,BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4,bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5,bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD,0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed}'::text[]) v;
-- networks: RFC 5737, RFC 3849, RFC 7042; times and versions are none
SELECT v, pg_temp.found(v) FROM unnest('{192.0.2.1,192.0.2.256,192.0.02.1,1.2.3,2001:db8::1,2001:db8::1::2,::ffff:192.0.2.128,12:34:56,00:00:5E:00:53:AF,00-00-5e-00-53-af,0000.5e00.53af,00:00:00:00:00:00,00:00-5E:00:53:AF}'::text[]) v;
SELECT pg_temp.found('192.0.2.1', 'c', 'inet'), pg_temp.found('192.0.2.1', 'last_ip', 'inet'), pg_temp.found('00:00:5e:00:53:af', 'c', 'macaddr');
-- e-mail, URLs with a password, telephone, addresses; also in the middle of a text
SELECT v, pg_temp.found(v) FROM unnest(ARRAY['ann@example.com', 'ann@example', 'ann..b@example.com', '@example.com', 'bücher@bücher.example',
    'write to <ann@example.com>, please.', 'mailto:ann@example.com', 'https://ann:secret@example.com/x', 'https://ann@example.com/x', 'https://example.com/a:b@c',
    'see postgres://u:p@db/x', '+49 30 901820', '(202) 555-0143', '030/901820-17', '2024-01-05', '05.01.2024', '555-0143', '10 Downing Street, London',
    'Hauptstraße 5', '12 rue de Rivoli', 'Calle Mayor 3', 'Via Roma 12', 'ul. Nowa 7', 'the street', '1234', 'hello', '']) v;
-- names, in eight languages and any spelling
SELECT n, pg_temp.found('x', n) FROM unnest(ARRAY['customer_email', 'emailAddress', 'E-Mail', 'adresse_mail', 'correo', 'posta_elettronica', 'telefonnummer', 'PhoneNumber', 'teléfono',
    'numer_telefonu', 'Geburtsdatum', 'date_naissance', 'fecha_nacimiento', 'data_nascita', 'geboortedatum', 'data_urodzenia', 'Straße', 'código_postal', 'indirizzo', 'endereço', 'ulica',
    'vorname', 'prénom', 'apellido', 'cognome', 'achternaam', 'sobrenome', 'imię', 'steuer_id', 'PESEL', 'iban', 'kontonummer', 'order_total', 'emailed', 'product_name', 'shipping', 'capital']) n;
\pset tuples_only off
\pset format aligned
-- bare digits: never by chance, but by their name or when half of the sample fits
CREATE TABLE regress_digits AS SELECT i AS id, 40000000000 + i AS number, (CASE WHEN i % 3 = 0 THEN '44051401359' ELSE '44051401350' END) AS third,
    '44051401359'::text AS pesel, 44051401359 AS n FROM generate_series(1, 300) i;
SELECT * FROM datamesh.detect_pii('regress_digits');
DROP TABLE regress_digits;
-- JSON: keys and values, nested and escaped; a key that is an address; and no value in any answer
CREATE TABLE regress_json (id int, a jsonb, b json, c text[]);
INSERT INTO regress_json VALUES
  (1, '{"contact": {"Email": "ann@example.com"}, "people": [{"firstName": "Ann"}]}', '{"x": "ann\u0040example.com", "card": 4111111111111111}', '{DE89370400440532013000}'),
  (2, '{"bob@example.com": 1}', '[1, "hello", null]', NULL),
  (3, NULL, '{"id": 86095742719}', NULL);
SELECT * FROM datamesh.detect_pii('regress_json');
SELECT count(*) AS values_shown FROM datamesh.detect_pii('regress_json') d WHERE d::text ~ '(ann|bob)@|4111|DE89|Ann';
DROP TABLE regress_json;
-- views, partitioned and empty tables, odd names, dropped and generated columns, types without a text
CREATE TABLE regress_parts ("e ""mail" text, gone int, full_text text GENERATED ALWAYS AS (lower("e ""mail")) STORED, b bytea, d date, birthday date, flag_email boolean) PARTITION BY LIST ("e ""mail");
CREATE TABLE regress_part PARTITION OF regress_parts DEFAULT;
ALTER TABLE regress_parts DROP gone;
SELECT "column", detector, confidence, why FROM datamesh.detect_pii('regress_parts');
INSERT INTO regress_parts ("e ""mail", b, d, birthday, flag_email) VALUES ('ann@example.com', '\x01', '2000-01-01', '2000-01-01', true);
CREATE VIEW regress_view AS SELECT * FROM regress_parts;
SELECT "column", detector, confidence, why FROM datamesh.detect_pii('regress_view');
DROP VIEW regress_view;
DROP TABLE regress_parts;
CREATE TABLE regress_nothing ();
SELECT * FROM datamesh.detect_pii('regress_nothing');
DROP TABLE regress_nothing;
-- a large table is sampled, the same each time
CREATE TABLE regress_large AS SELECT 'user' || i || '@example.com' AS c, repeat('x', 400) AS filler FROM generate_series(1, 20000) i;
SELECT a.why = b.why AS same, a.why ~ '^(\d+) of \1 ' AS of_all_looked_at, split_part(a.why, ' ', 1)::int BETWEEN 50 AND 1000 AS bounded
FROM datamesh.detect_pii('regress_large') a, datamesh.detect_pii('regress_large') b;
SELECT why FROM datamesh.detect_pii('regress_large', 1);
SELECT * FROM datamesh.detect_pii('regress_large', 0);
SELECT * FROM datamesh.detect_pii('regress_large', 2147483647);
SELECT * FROM datamesh.detect_pii(0);
CREATE INDEX regress_index ON regress_large (c);
\set VERBOSITY sqlstate
SELECT * FROM datamesh.detect_pii('regress_index');
\set VERBOSITY default
DROP TABLE regress_large;
-- the caller's rights and row security
CREATE ROLE regress_reader;
CREATE TABLE regress_rows (who text, c text);
INSERT INTO regress_rows VALUES ('regress_reader', 'hello'), ('postgres', 'ann@example.com');
SET ROLE regress_reader;
SELECT * FROM datamesh.detect_pii('regress_rows');
RESET ROLE;
GRANT SELECT ON regress_rows TO regress_reader;
ALTER TABLE regress_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON regress_rows USING (who = current_user);
SET ROLE regress_reader;
SELECT count(*) FROM datamesh.detect_pii('regress_rows');
RESET ROLE;
SELECT detector FROM datamesh.detect_pii('regress_rows');
DROP TABLE regress_rows;
-- what a view calls runs with the rights of the view's owner, not of the superuser who looks
CREATE SCHEMA regress_trap AUTHORIZATION regress_reader;
SET ROLE regress_reader;
CREATE FUNCTION regress_trap.who() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN current_user || '@example.com'; END $$;
CREATE VIEW regress_trap.v AS SELECT CASE WHEN regress_trap.who() = 'regress_reader@example.com' THEN 'as-owner@example.com' ELSE 'no' END AS c;
CREATE TABLE regress_trap.pg_class (c text);
CREATE FUNCTION regress_trap.count_trap(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
RESET ROLE;
SET search_path = regress_trap, pg_catalog;
SELECT detector FROM datamesh.detect_pii('regress_trap.v');
SELECT datamesh.k_anonymity('v', '{c}');
RESET search_path;
DROP SCHEMA regress_trap CASCADE;
DROP ROLE regress_reader;
