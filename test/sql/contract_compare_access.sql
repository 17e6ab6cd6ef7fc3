-- contract_compare_access: roles, masks, row filters and how a product is kept. Showing less is a
-- break; showing more needs approval; not knowing which is held and needs approval too.
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\getenv here PG_ABS_SRCDIR
\set changes :here '/lib/contract_compare.sql'
\i :changes
CREATE FUNCTION pg_temp.roles(label text, old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.changes(label, jsonb_build_object('roles', old::jsonb), jsonb_build_object('roles', new::jsonb));
$$;
CREATE FUNCTION pg_temp.entry(property text, value jsonb) RETURNS jsonb LANGUAGE sql AS $$
SELECT CASE WHEN value IS NULL THEN '{}' ELSE jsonb_build_object('customProperties',
    jsonb_build_array(jsonb_build_object('property', property, 'value', value))) END;
$$;
-- a custom property of the whole contract: a value that is not given is not there
CREATE FUNCTION pg_temp.custom(property text, old text, new text) RETURNS SETOF text LANGUAGE sql AS $$
SELECT pg_temp.changes(NULL, pg_temp.entry(property, old::jsonb), pg_temp.entry(property, new::jsonb));
$$;
-- the mask of a column: the level there and back, * where it needs approval
CREATE FUNCTION pg_temp.mask(old jsonb, new jsonb) RETURNS text LANGUAGE sql AS $$
SELECT format('%s | %s: %s, back %s', old, new,
    (SELECT level || CASE WHEN needs_approval THEN '*' ELSE '' END FROM datamesh.compare_contracts(a, b)),
    (SELECT level || CASE WHEN needs_approval THEN '*' ELSE '' END FROM datamesh.compare_contracts(b, a)))
FROM (SELECT jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
                 jsonb_build_array('{"name": "c"}' || pg_temp.entry('datamesh.mask', old))))),
             jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties',
                 jsonb_build_array('{"name": "c"}' || pg_temp.entry('datamesh.mask', new)))))) AS d(a, b);
$$;

CREATE FUNCTION pg_temp.column(mask jsonb) RETURNS jsonb LANGUAGE sql AS $$
SELECT jsonb_build_object('schema', jsonb_build_array(jsonb_build_object('name', 't', 'properties', jsonb_build_array('{"name": "c"}' || pg_temp.entry('datamesh.mask', mask))))) $$;

-- roles: granted and revoked, more and less access
SELECT pg_temp.roles(NULL, '[]', '[{"role": "marketing", "access": "read"}]');
SELECT pg_temp.roles(NULL, '[{"role": "marketing", "access": "read"}]', '[{"role": "finance", "access": "read"}]');
SELECT datamesh.required_level('{"roles": [{"role": "m", "access": "read"}]}', '{"roles": [{"role": "m", "access": "write"}]}'),
       datamesh.required_level('{"roles": [{"role": "m", "access": "write"}]}', '{"roles": [{"role": "m", "access": "read"}]}');
-- a role that has to ask reads nothing by itself
SELECT pg_temp.roles('to ask', '[{"role": "m", "access": "read"}]', '[{"role": "m", "access": "request"}]');
SELECT pg_temp.roles('asked', '[{"role": "m", "access": "request"}]', '[{"role": "m", "access": "read"}]');
SELECT pg_temp.roles('new', '[]', '[{"role": "m", "access": "request"}]');
SELECT pg_temp.roles('not said', '[{"role": "m"}]', '[{"role": "m", "access": "READ"}]');
SELECT pg_temp.roles('unknown', '[{"role": "m", "access": "read"}]', '[{"role": "m", "access": "sometimes"}]');
SELECT pg_temp.roles('order', '[{"role": "a"}, {"role": "b"}]', '[{"role": "b"}, {"role": "a"}]');
SELECT pg_temp.roles('words', '[{"role": "m"}]', '[{"role": "m", "description": "who", "firstLevelApprovers": "boss"}]');
SELECT pg_temp.roles('odd', '[1]', '[{"access": "read"}]');
-- a role that may write: rows marked with a dagger are major, whichever document has it
SELECT datamesh.required_level('{"roles": [{"role": "m", "access": "Write"}], "schema": [{"name": "t", "properties": [{"name": "a"}]}]}',
                               '{"roles": [{"role": "m", "access": "Write"}], "schema": [{"name": "t", "properties": [{"name": "a", "required": true}]}]}');

-- masks: one in full
SELECT pg_temp.changes(NULL, '{"schema": [{"name": "t", "properties": [{"name": "c"}]}]}',
    '{"schema": [{"name": "t", "properties": [{"name": "c", "customProperties": [{"property": "datamesh.mask", "value": "mask_email"}]}]}]}');
SELECT pg_temp.changes(NULL, '{"schema": [{"name": "t", "properties": [{"name": "c", "customProperties": [{"property": "datamesh.mask", "value": "mask_hash"}]}]}]}',
    '{"schema": [{"name": "t", "properties": [{"name": "c", "customProperties": [{"property": "datamesh.mask", "value": "mask_email"}]}]}]}');
-- by how much is left; * needs approval
SELECT pg_temp.mask(a, b) FROM (VALUES
    ('"partial"'::jsonb, '"hash"'::jsonb), ('"hash"', '"pseudonym"'), ('"hash"', '"redact"'), ('"null"', '"redact"'), ('"email"', '"null"'),
    ('"mask_partial"', '"partial_mask"'), ('"partial"', '"email"'), ('"none"', '"hash"'), ('false', '"hash"'),
    ('"partial(1, ***, 4)"', '"partial(1,***,2)"'), ('"partial(1,***,4)"', '"partial(2,***,2)"'), ('"partial(1,***,4)"', '"partial(1,###,4)"'),
    ('"first(3)"', '"first(2)"'), ('"last(3)"', '"first(3)"'), ('"noise(0.1)"', '"noise(0.5)"'),
    ('{"function": "partial", "prefix": 1, "suffix": 2}', '{"function": "partial", "prefix": 1, "suffix": 1}'),
    ('{"function": "partial", "prefix": 1, "pad": "*"}', '{"function": "partial", "prefix": 1, "pad": "#"}'),
    ('{"function": "first", "n": 3}', '{"function": "null"}'), ('{"function": "hash"}', '"hash"'), ('{"function": "last", "n": 4}', '"last(2)"'), ('{"function": "hash", "consumers": ["a"]}', '{"function": "hash", "consumers": ["b"]}'),
    ('"my_own_mask"', '"hash"'), ('17', '"hash"'), ('["hash"]', '"hash"'), ('"partial("', '"partial()"')) AS t(a, b);
SELECT pg_temp.mask(NULL, '"hash"');
-- the lesson's masking_rules, at the contract
SELECT pg_temp.custom('datamesh.masking_rules', '{"customer_name": "partial_mask"}', '{"customer_name": "mask_redact", "email": "hash"}');

-- by consumer: one by one, each against what it had before, be it what all others have
SELECT pg_temp.changes(n, pg_temp.column(a), pg_temp.column(b)) FROM (VALUES
    ('one consumer less', '{"function": "hash", "consumers": {"finance": "none", "audit": "null"}}'::jsonb, '{"function": "hash", "consumers": {"audit": "null"}}'::jsonb),
    ('one and the rest', '{"function": "partial", "consumers": {"finance": "none"}}', '{"function": "redact", "consumers": {"finance": "hash"}}'),
    ('from text', '"hash"', '{"function": "hash", "consumers": {"finance": "hash"}}'),
    ('for all or one', '"none"', '{"function": "none", "consumers": {"finance": "email"}}'),
    ('personal others', '{"consumers": {"finance": "none"}}', '{"function": "redact", "consumers": {"finance": "none"}}'),
    ('no map', '{"function": "hash", "consumers": "finance"}', '{"function": "hash"}')) AS t(n, a, b);
-- personal data is redacted where no mask is named
SELECT pg_temp.changes('classified', '{"schema": [{"name": "t", "properties": [{"name": "c"}]}]}', '{"schema": [{"name": "t", "properties": [{"name": "c", "classification": "PII"}]}]}');
SELECT pg_temp.changes('and masked', pg_temp.column('"hash"'), jsonb_set(pg_temp.column('"hash"'), '{schema,0,properties,0,classification}', '"pii"'));
SELECT pg_temp.changes('named', jsonb_set(pg_temp.column(NULL), '{schema,0,properties,0,classification}', '"pii"'), jsonb_set(pg_temp.column('"email"'), '{schema,0,properties,0,classification}', '"pii"'));
SELECT pg_temp.changes('named and listed', pg_temp.column(NULL) || pg_temp.entry('pii_columns', '["c"]'), pg_temp.column('"none"') || pg_temp.entry('pii_columns', '["c"]'));
SELECT pg_temp.changes('another', '{"schema": [{"name": "t", "properties": [{"name": "c", "classification": "internal"}]}]}', '{"schema": [{"name": "t", "properties": [{"name": "c", "classification": "public"}]}]}');
SELECT pg_temp.custom('datamesh.pii_columns', '["a"]', '["b", "a"]');
SELECT pg_temp.custom('access_policy', '{"pii_columns": ["a"], "masking_rules": {"a": "hash"}, "owner_domain": "x"}', '{"pii_columns": [], "masking_rules": {"a": "redact"}, "owner_domain": "y"}');
-- small groups, and stewards
SELECT pg_temp.custom('datamesh.kAnonymity', NULL, '{"k": 5, "columns": ["a"]}');
SELECT pg_temp.custom('datamesh.kAnonymity', '{"k": 3, "columns": ["a"]}', '{"k": 5, "columns": ["a"]}');
SELECT pg_temp.custom('datamesh.kAnonymity', '{"k": 3, "columns": ["a"]}', '{"k": 3, "columns": ["a", "b"]}');
SELECT pg_temp.changes('steward', '{"team": {"name": "x"}}', '{"team": {"name": "x", "members": [{"username": "dana", "role": "Data Steward"}, {"username": "eve", "role": "owner"}]}}');

-- row filters: narrowed, widened, neither for certain
SELECT pg_temp.custom('datamesh.rowFilter', NULL, '"region = ''EU''"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"a = 1 AND b = 2"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"b = 2 or a = 1"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1 and b = 2"', '"b = 2  AND  a = 1"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"a = 2"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1 OR b = 1"', '"a = 1 OR b = 1 AND c = 1"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a BETWEEN 1"', '"a BETWEEN 1 AND 2"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = ''x''"', '"a = ''x'' AND b = '' OR 1=1''"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"a = 1 AND (b = 1 OR c = 1)"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"a = 1 /* AND b = 1 */"');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '"a = ''1 AND b"');
SELECT pg_temp.custom('datamesh.rowFilter', '"true"', '""');
SELECT pg_temp.custom('datamesh.rowFilter', NULL, 'true');
SELECT pg_temp.custom('datamesh.rowFilter', NULL, 'false');
-- by consumer, and within a role
SELECT pg_temp.custom('datamesh.row_filter', '{"marketing": "a = 1"}', '{"marketing": "a = 1 AND b = 1", "finance": "c = 1"}');
SELECT pg_temp.custom('datamesh.rowFilter', '"a = 1"', '{"marketing": "a = 1", "default": false}');
SELECT pg_temp.custom('datamesh.rowFilter', '{"marketing": "a = 1"}', '{"marketing": "a = 1", "default": "a = 1"}');
SELECT pg_temp.custom('datamesh.rowFilter', '{"marketing": "a = 1", "default": "b = 1"}', '{"default": "b = 1"}');
SELECT pg_temp.roles(NULL, '[{"role": "m"}]', '[{"role": "m", "customProperties": [{"property": "datamesh.rowFilter", "value": "a = 1"}]}]');
-- columns that a role may read
SELECT pg_temp.roles(NULL, '[{"role": "m", "customProperties": [{"property": "datamesh.columns", "value": ["a", "b"]}]}]',
                     '[{"role": "m", "customProperties": [{"property": "datamesh.columns", "value": ["b", "c"]}]}]');
SELECT pg_temp.custom('datamesh.columns', NULL, '["a"]');

-- snapshot and live, enforcement, releases kept
SELECT pg_temp.custom('datamesh.mode', '"snapshot"', '"live"');
SELECT pg_temp.custom('datamesh.mode', NULL, '"live"');
SELECT pg_temp.custom('datamesh.mode', NULL, '"snapshot"');
SELECT pg_temp.custom('datamesh.enforcement', v, w) FROM (VALUES ('true', 'false'), (NULL, '"off"'), ('"on"', '"warn"'), (NULL, 'true')) AS t(v, w);
SELECT pg_temp.custom('datamesh.retention', '3', '5');
SELECT pg_temp.custom('datamesh.retention', NULL, '2');
SELECT pg_temp.custom('datamesh.retention', '3', '"many"');
-- what we do not know is held, described or not
SELECT pg_temp.custom('datamesh.dependencies', '["sales.orders"]', '["sales.lines"]');
SELECT pg_temp.custom('color', NULL, '"red"');
SELECT pg_temp.custom('mode', '"snapshot"', '"live"');
SELECT pg_temp.changes('words', '{"customProperties": [{"property": "color", "value": "red"}]}', '{"customProperties": [{"property": "color", "value": "red", "description": "x"}]}');
SELECT pg_temp.changes('odd', '{"customProperties": [{"value": 1}, 5]}', '{"customProperties": [{"property": "datamesh.mask", "value": null}]}');
