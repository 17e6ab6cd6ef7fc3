-- publish_mask_refused: protection that cannot be given exactly as it is written is refused, with its place in
-- the contract and what could be given there; nothing is published without it.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_mr_owner;
CREATE ROLE regress_mr_reader;
CALL datamesh.create_domain('rmref', owner => 'regress_mr_owner');
CALL datamesh.create_consumer('rmreader', role => 'regress_mr_reader');
CALL datamesh.rotate_key(only_if_none => true);
SET ROLE regress_mr_owner;
CREATE TYPE rmref_internal.mood AS ENUM ('sad', 'happy');
CREATE DOMAIN rmref_internal.label AS text CHECK (VALUE <> '');
CREATE TYPE rmref_internal.pair AS (a integer, b text);
CREATE TABLE rmref_internal.t (id integer PRIMARY KEY, name text, short varchar(5), amount numeric(10,2), born date, at timestamptz, ok boolean, doc jsonb, mood rmref_internal.mood, tags text[], label rmref_internal.label, pair rmref_internal.pair, f float8, num integer);
INSERT INTO rmref_internal.t VALUES (1, 'Jane', 'J', 1, '2000-01-01', '2000-01-01', true, '{}', 'sad', '{}', 'x', '(1,2)', 1, 1);
CREATE FUNCTION rmref_internal.say(message text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '%', message; END $$;
-- what load says, or publish, in one line for each place
CREATE FUNCTION rmref_internal.try(properties text, more text DEFAULT '', object text DEFAULT '[]', roles text DEFAULT '[{role: rmreader}]', mode text DEFAULT 'snapshot') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE state text; message text; detail text;
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: p
name: p
domain: rmref
version: 1.0.0
status: active
schema: [{name: t, physicalName: t, customProperties: %s, properties: [{name: id, primaryKey: true}, %s]}]
roles: %s
servers: [{server: here, type: postgres, host: h, port: 5432, database: d, schema: rmref_internal}]
%s
$doc$, object, properties, roles, more));
    CALL datamesh.publish('rmref.p');
    RETURN NEXT 'published';
    RAISE EXCEPTION 'undone';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    IF message <> 'undone' THEN
        RETURN NEXT state || CASE WHEN state IN ('MD001', 'MD203') THEN ': ' || detail ELSE ': ' || message END;
    END IF;
END $$;
-- the mask of one column
CREATE FUNCTION rmref_internal.mask(name text, mask text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT name || ' ' || mask || ' -> ' || t FROM rmref_internal.try(format('{name: %s, customProperties: [{property: datamesh.mask, value: %s}]}, {name: f}, {name: label}', name, mask)) AS t $$;
\pset format unaligned
\pset tuples_only on
-- ---- masks that are none, or not whole: said when the contract is loaded
SELECT rmref_internal.mask('name', m) FROM (VALUES ('encrypt'), ('"partial("'), ('"partial(1, ***, 1) x"'), ('"partial(1,, 1)"'), ('"partial(''a)"'), ('"partial(1 2"'), ('partial(x)'), ('partial(-1)'), ('partial(1.5)'), ('partial(99999999999)'), ('"partial(1, *, 1, 1)"'),
    ('first'), ('first(0)'), ('"first(1, **)"'), ('"first(1, '''')"'), ('date_trunc'), ('noise'), ('noise(0)'), ('noise(-1)'), ('noise(many)'), ('constant'), ('"email(x)"'), ('"hash(key)"'), ('none(1)'), ('"null(0)"'), ('true'), ('17'), ('[hash]'), ('""'), ('" "'), ('redact; drop'),
    ('{}'), ('{prefix: 1}'), ('{function: partial, prefx: 1}'), ('{function: partial, prefix: "1"}'), ('{function: partial, mask: hash}'), ('{function: [partial]}'), ('{function: partial(1)}'), ('{function: first, n: 2, pad: ab}'), ('{function: constant, value: null}'), ('{function: noise, ratio: 1, days: 2}'),
    ('{function: noise, ratio: 0.1, key: []}'), ('{function: hash, consumers: [rmreader]}'), ('{function: hash, consumers: {rmreader: maybe}}'), ('{function: hash, consumers: {rmreader: {function: hash, consumers: {}}}}'), ('{consumers: {rmreader: none}, prefix: 1}')) AS v(m);
-- ---- masks that do not fit the column's type: said by publish
SELECT rmref_internal.mask(n, m) FROM (VALUES ('num', 'partial'), ('amount', 'email'), ('born', 'first(1)'), ('name', 'date_trunc(month)'), ('name', 'noise(0.1)'), ('name', 'generalize'), ('num', 'generalize(10)'), ('ok', 'noise(1)'), ('at', 'noise(1)'), ('num', 'hash'), ('num', 'pseudonym'), ('short', 'hash'), ('short', 'pseudonym'), ('amount', 'pseudonym'), ('doc', 'last(1)'),
    ('born', 'date_trunc(hour)'), ('at', 'date_trunc(second)'), ('at', 'date_trunc(fortnight)'), ('born', 'noise(0.5)'), ('born', 'noise(10000000)'), ('amount', 'noise(2)'), ('amount', 'noise(1e-400)'), ('amount', '"noise(0.1, nothing)"'), ('amount', '"noise(0.1, f)"'), ('amount', '"noise(0.1, id, label)"'),
    ('short', 'constant(too long)'), ('amount', 'constant(much)'), ('amount', 'constant(1234567890)'), ('born', 'constant(someday)'), ('ok', 'constant(maybe)'), ('doc', '"constant({)"'), ('mood', 'constant(angry)'), ('pair', '"constant(''(1,2)'')"'), ('mood', 'partial'), ('tags', 'partial'), ('pair', 'hash')) AS v(n, m);
-- several at once, and the alternatives that do fit
SELECT rmref_internal.try('{name: amount, customProperties: [{property: datamesh.mask, value: {function: hash, consumers: {rmreader: email, other: redact}}}]}, {name: born, customProperties: [{property: datamesh.mask, value: date_trunc(day)}]}');
SELECT rmref_internal.try('{name: short, customProperties: [{property: datamesh.mask, value: "partial(1, *, 0)"}]}, {name: mood, customProperties: [{property: datamesh.mask, value: constant(happy)}]}, {name: pair, customProperties: [{property: datamesh.mask, value: redact}]}, {name: label, customProperties: [{property: datamesh.mask, value: redact}]}');
-- ---- names that mean nothing
SELECT rmref_internal.try('{name: name, customProperties: [{property: datamesh.mask, value: {consumers: {rmreader: hash}}}]}');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: datamesh.masking_rules, value: {nmae: partial}}, {property: datamesh.pii_columns, value: [name]}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: masking_rules, value: {name: encrypt}}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: masking_rules, value: [name]}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: access_policy, value: {pii_columns: name, masking_rules: {name: 1}}}]');
SELECT rmref_internal.try('{name: name, customProperties: [{property: datamesh.mask, value: hash}]}', 'customProperties: [{property: masking_rules, value: {name: none}}]');
SELECT rmref_internal.try('{name: name}', roles => '[{role: rmreader, customProperties: [{property: datamesh.columns, value: [id, nmae]}]}]');
SELECT rmref_internal.try('{name: name}', roles => '[{role: rmreader, customProperties: [{property: datamesh.columns, value: []}]}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: datamesh.columns, value: [id]}]');
-- personal data that is no column is the gate's to find, or ours where the gate is told not to
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: datamesh.pii_columns, value: [nmae]}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: pii_columns, value: [nmae]}]');
RESET ROLE;
CALL datamesh.set_policy('security.pii', 'WARNING', why => 'a test');
SET ROLE regress_mr_owner;
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: pii_columns, value: [nmae]}]');
SELECT rmref_internal.try('{name: name}', 'customProperties: [{property: datamesh.pii_columns, value: [nmae]}]');
RESET ROLE;
CALL datamesh.drop_policy('security.pii');
SET ROLE regress_mr_owner;
-- ---- wishes that nobody would fulfil: nearly the name, or the right name in the wrong place
SELECT w || ' -> ' || t FROM (VALUES ('rowFilter: id = 1'), ('mask: {name: hash}'), ('access_policy: {masking_rules: {}}'), ('pii: [name]'), ('datamesh.mask: hash'), ('"datamesh:mask": hash'), ('customProperties: [{property: rowFilter, value: id = 1}]'), ('customProperties: [{property: Masking-Rules, value: {}}]'),
    ('customProperties: [{property: row_level_security, value: true}]'), ('customProperties: [{property: datamesh.rowfilter, value: id = 1}]'), ('customProperties: [{property: mask, value: hash}]'), ('customProperties: [{property: access_policy, value: {row_filter: x, owner_domain: y}}]'), ('description: {masking: partial}'), ('team: {name: x, customProperties: [{property: datamesh.mask, value: hash}]}'),
    ('customProperties: [{property: vendor.ui, value: {mask: "##", rowFilter: any}}]'), ('tags: [mask, pii]')) AS v(w), LATERAL rmref_internal.try('{name: name}', w) AS t;
SELECT w || ' -> ' || t FROM (VALUES ('{name: name, mask: hash}'), ('{name: name, masking_rule: hash}'), ('{name: name, customProperties: [{property: mask, value: hash}]}'), ('{name: name, customProperties: [{property: masking_rules, value: {name: hash}}]}'), ('{name: name, customProperties: [{property: datamesh.rowFilter, value: x}]}'),
    ('{name: doc, logicalType: object, properties: [{name: a, customProperties: [{property: datamesh.mask, value: hash}]}]}'), ('{name: tags, logicalType: array, items: {name: x, customProperties: [{property: datamesh.mask, value: hash}]}}'), ('{name: name, quality: [{type: text, description: x, customProperties: [{property: datamesh.mask, value: hash}]}]}')) AS v(w), LATERAL rmref_internal.try(w) AS t;
SELECT rmref_internal.try('{name: name}', roles => '[{role: rmreader, columns: [id]}]');
SELECT rmref_internal.try('{name: name}', roles => '[{role: rmreader, customProperties: [{property: allowed_columns, value: [id]}]}]');
SELECT rmref_internal.try('{name: name}', roles => '[{role: rmreader, customProperties: [{property: datamesh.rowFilter, value: id = 1}]}]');
-- ---- row filters
CREATE FUNCTION rmref_internal.filter(filter text, mode text DEFAULT 'snapshot') RETURNS SETOF text LANGUAGE sql AS $$
SELECT filter || ' -> ' || t FROM rmref_internal.try('{name: name}, {name: amount}, {name: born}, {name: at}, {name: mood}, {name: label}, {name: doc}, {name: tags}', format('customProperties: [{property: datamesh.rowFilter, value: %s}, {property: datamesh.mode, value: %s}]', to_json(filter), mode)) AS t $$;
SELECT rmref_internal.filter(f) FROM (VALUES ('id ='), ('id = 1; DROP TABLE t'), ('true) OR (true'), ('id = 1 -- x'), ('id'), ('count(*) > 1'), ('id IN (SELECT 1)'), ('EXISTS (SELECT FROM pg_class)'), ('id = generate_series(1, 2)'), ('id = $1'), ('row_number() OVER () = 1'), ('nothing = 1'), ('short = ''x'''), ('t.id = 1 AND t IS NOT NULL'),
    ('ctid IS NOT NULL'), ('tableoid = 1'), ('datamesh_release > 0'), ('rmref_internal.say(name) IS NULL'), ('random() < 0.5'), ('name = current_user'), ('current_setting(''x'') = name'), ('pg_catalog.set_config(''a'', name, false) IS NOT NULL'), ('at::date = current_date'), ('at > current_date'), ('to_char(born, ''YYYY'') = ''2000'''), ('born > ''yesterday'''), ('at < '' NOW''::timestamptz'), ('name = ''now'''),
    ('name::integer = 1'), ('name::rmref_internal.label = ''x'''), ('''x''::rmref_internal.label = name'), ('mood = ''sad'''), ('mood::text = ''angry'''), ('born::text = ''2000-01-01'''), ('''(1,2)''::rmref_internal.pair IS NULL'), ('name = ''x''::datamesh.mask_policy::text'), ('datamesh.mask_hash(name, NULL) = ''x'''), ('pg_catalog.query_to_xml(name, true, true, '''') IS NULL'),
    ('ROW(id, name) = ROW(1, ''x'')'), ('xmlelement(name x) IS NULL'), ('id = 1 AND name = ANY (ARRAY[''Jane'']) OR amount BETWEEN 1 AND 2 AND coalesce(born, current_date) <= current_date AND at > now() - interval ''1 day'''),
    ('label = ''x'' AND mood::text IN (''sad'', ''happy'') AND doc ->> ''a'' IS NULL AND tags[1] IS NULL AND lower(name) LIKE ''j%'' AND greatest(id, 2) = 2 AND CASE WHEN id > 0 THEN true ELSE false END')) AS v(f);
SELECT rmref_internal.filter(f, 'live') FROM (VALUES ('short = ''J'''), ('name = ''Jane''')) AS v(f);
SELECT w || ' -> ' || t FROM (VALUES ('17'), ('[a = 1]'), ('{}'), ('{rmreader: 1}'), ('{rmreadr: id = 1}'), ('{default: {}}'), ('""'), ('{rmreader: " "}'), ('{rmreader: "id = 1", default: "nothing = 1"}')) AS v(w), LATERAL rmref_internal.try('{name: name}', object => format('[{property: datamesh.rowFilter, value: %s}]', w)) AS t;
-- ---- one column of the source twice, once masked
SELECT rmref_internal.try('{name: name, customProperties: [{property: datamesh.mask, value: redact}]}, {name: label, physicalName: name}');
SELECT rmref_internal.try('{name: name, classification: pii}, {name: label, physicalName: name, customProperties: [{property: datamesh.mask, value: none}]}');
SELECT rmref_internal.try('{name: name, customProperties: [{property: datamesh.mask, value: redact}]}, {name: label, physicalName: name, customProperties: [{property: datamesh.mask, value: "first(1)"}]}');
-- ---- small groups
SELECT w || ' -> ' || t FROM (VALUES ('5'), ('{k: 5}'), ('{k: 0, columns: [name]}'), ('{k: 2.5, columns: [name]}'), ('{k: 5, columns: []}'), ('{k: 5, columns: [nmae]}'), ('{k: 5, columns: [name], l: 3}'), ('{k: 9999999999, columns: [name]}'), ('{k: 1, columns: [name]}')) AS v(w), LATERAL rmref_internal.try('{name: name}', object => format('[{property: datamesh.kAnonymity, value: %s}]', w)) AS t;
SELECT rmref_internal.try('{name: pair}', object => '[{property: datamesh.kAnonymity, value: {k: 1, columns: [pair]}}]');
SELECT rmref_internal.try('{name: name}', more => 'customProperties: [{property: datamesh.mode, value: live}, {property: datamesh.kAnonymity, value: {k: 1, columns: [name]}}]');
-- nothing of all that was published
SELECT count(*) AS ports FROM datamesh.ports WHERE product = 'rmref.p';
RESET ROLE;
CALL datamesh.drop_domain('rmref');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rmreader';
SET client_min_messages = error;
DROP SCHEMA rmref_internal CASCADE;
DROP OWNED BY regress_mr_reader;
DROP ROLE regress_mr_owner, regress_mr_reader;
