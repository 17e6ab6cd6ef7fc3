-- masking: functions that hide values, the key of those that need one, and what finds personal data.
--
-- Masks take and give back one type; only mask_generalize changes it. Null is null. Nobody can make
-- a datamesh.mask_policy but a superuser, so that nobody can try values out on a keyed mask; see
-- src/masking/policy.c.

-- ---- without a key ----

CREATE FUNCTION datamesh.mask_partial(value text, prefix integer DEFAULT 1, pad text DEFAULT '***', suffix integer DEFAULT 1)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_partial';
COMMENT ON FUNCTION datamesh.mask_partial(text, integer, text, integer) IS
'The first prefix and the last suffix characters of a value with pad between them: mask_partial(''Jane Smith'') is J***h. A value that has no more characters than are to be shown is hidden whole: pad alone. Error 22023 if prefix or suffix is negative.';

CREATE FUNCTION datamesh.partial_mask(value text, prefix integer DEFAULT 1, pad text DEFAULT '***', suffix integer DEFAULT 1)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_partial';
COMMENT ON FUNCTION datamesh.partial_mask(text, integer, text, integer) IS
'Another name of datamesh.mask_partial.';

CREATE FUNCTION datamesh.mask_email(value text)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_email';
COMMENT ON FUNCTION datamesh.mask_email(text) IS
'The first character of an e-mail address and the top level of its host: jane@example.com is j***@***.com. A local part of one character is hidden, and so is all of what is no address: ***.';

CREATE FUNCTION datamesh.mask_first(value text, n integer, pad text DEFAULT '*')
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_first';
COMMENT ON FUNCTION datamesh.mask_first(text, integer, text) IS
'Hides the first n characters, each behind pad: mask_first(''123456'', 4) is ****56. All of a shorter value is hidden. Errors 22023: n below 1, or pad not one character.';

CREATE FUNCTION datamesh.mask_last(value text, n integer, pad text DEFAULT '*')
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_last';
COMMENT ON FUNCTION datamesh.mask_last(text, integer, text) IS
'Hides the last n characters, each behind pad: mask_last(''123456'', 4) is 12****. All of a shorter value is hidden. Errors 22023: n below 1, or pad not one character.';

CREATE FUNCTION datamesh.mask_redact(value text)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_redact';
COMMENT ON FUNCTION datamesh.mask_redact(text) IS
'[redacted], whatever the value is and however long.';

CREATE FUNCTION datamesh.mask_partial(value varchar, prefix integer DEFAULT 1, pad text DEFAULT '***', suffix integer DEFAULT 1)
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_partial';
COMMENT ON FUNCTION datamesh.mask_partial(varchar, integer, text, integer) IS
'The first prefix and the last suffix characters of a value with pad between them: mask_partial(''Jane Smith'') is J***h. A value that has no more characters than are to be shown is hidden whole: pad alone. Error 22023 if prefix or suffix is negative. The same for varchar.';

CREATE FUNCTION datamesh.partial_mask(value varchar, prefix integer DEFAULT 1, pad text DEFAULT '***', suffix integer DEFAULT 1)
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_partial';
COMMENT ON FUNCTION datamesh.partial_mask(varchar, integer, text, integer) IS
'Another name of datamesh.mask_partial. The same for varchar.';

CREATE FUNCTION datamesh.mask_email(value varchar)
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_email';
COMMENT ON FUNCTION datamesh.mask_email(varchar) IS
'The first character of an e-mail address and the top level of its host: jane@example.com is j***@***.com. A local part of one character is hidden, and so is all of what is no address: ***. The same for varchar.';

CREATE FUNCTION datamesh.mask_first(value varchar, n integer, pad text DEFAULT '*')
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_first';
COMMENT ON FUNCTION datamesh.mask_first(varchar, integer, text) IS
'Hides the first n characters, each behind pad: mask_first(''123456'', 4) is ****56. All of a shorter value is hidden. Errors 22023: n below 1, or pad not one character. The same for varchar.';

CREATE FUNCTION datamesh.mask_last(value varchar, n integer, pad text DEFAULT '*')
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_last';
COMMENT ON FUNCTION datamesh.mask_last(varchar, integer, text) IS
'Hides the last n characters, each behind pad: mask_last(''123456'', 4) is 12****. All of a shorter value is hidden. Errors 22023: n below 1, or pad not one character. The same for varchar.';

CREATE FUNCTION datamesh.mask_redact(value varchar)
RETURNS varchar
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_redact';
COMMENT ON FUNCTION datamesh.mask_redact(varchar) IS
'[redacted], whatever the value is and however long. The same for varchar.';

CREATE FUNCTION datamesh.mask_redact(value anyelement)
RETURNS anyelement
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_redact_any';
COMMENT ON FUNCTION datamesh.mask_redact(anyelement) IS
'The same for any type: 0, false, 1970-01-01, an empty array, JSON null, a UUID or string of nothing; null for types without such a value. Error if a domain does not allow it.';

CREATE FUNCTION datamesh.mask_null(value text)
RETURNS text
LANGUAGE C IMMUTABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_null';
COMMENT ON FUNCTION datamesh.mask_null(text) IS
'Null, of the value''s type.';

CREATE FUNCTION datamesh.mask_constant(value text, constant text)
RETURNS text
LANGUAGE C IMMUTABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_constant';
COMMENT ON FUNCTION datamesh.mask_constant(text, text) IS
'The constant, whatever the value is: also where it is null, so that nobody sees which rows have none.';

CREATE FUNCTION datamesh.mask_null(value anyelement)
RETURNS anyelement
LANGUAGE C IMMUTABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_null';
COMMENT ON FUNCTION datamesh.mask_null(anyelement) IS
'Null, of the value''s type.';

CREATE FUNCTION datamesh.mask_constant(value anyelement, constant anyelement)
RETURNS anyelement
LANGUAGE C IMMUTABLE LEAKPROOF PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_constant';
COMMENT ON FUNCTION datamesh.mask_constant(anyelement, anyelement) IS
'The constant, whatever the value is: also where it is null, so that nobody sees which rows have none.';

CREATE FUNCTION datamesh.mask_date_trunc(value date, unit text)
RETURNS date
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_trunc_date';
COMMENT ON FUNCTION datamesh.mask_date_trunc(date, text) IS
'The first day of the week, month, quarter, year, decade, century or millennium (unit) of a date; the first date that there is, where it would be before that. Error 22023 for other units.';

CREATE FUNCTION datamesh.mask_date_trunc(value timestamp, unit text)
RETURNS timestamp
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_trunc_timestamp';
COMMENT ON FUNCTION datamesh.mask_date_trunc(timestamp, text) IS
'The beginning of the minute, hour, day, week, month, quarter, year, decade, century or millennium (unit) of a timestamp. Error 22023 for other units.';

CREATE FUNCTION datamesh.mask_date_trunc(value timestamptz, unit text)
RETURNS timestamptz
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_trunc_timestamptz';
COMMENT ON FUNCTION datamesh.mask_date_trunc(timestamptz, text) IS
'The beginning of the minute, hour, day, week, month, quarter, year, decade, century or millennium (unit) of a timestamp, in UTC whatever TimeZone is. Error 22023 for other units.';

CREATE FUNCTION datamesh.mask_generalize(value integer, step integer)
RETURNS int4range
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_generalize_int4';
COMMENT ON FUNCTION datamesh.mask_generalize(integer, integer) IS
'The range of a grid of this step that a value lies in: mask_generalize(37, 10) is [30,40). Open where the grid leaves the type. Error 22023 if step is not above 0.';

CREATE FUNCTION datamesh.mask_generalize(value bigint, step bigint)
RETURNS int8range
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_generalize_int8';
COMMENT ON FUNCTION datamesh.mask_generalize(bigint, bigint) IS
'The range of a grid of this step that a value lies in: mask_generalize(37, 10) is [30,40). Open where the grid leaves the type. Error 22023 if step is not above 0.';

CREATE FUNCTION datamesh.mask_generalize(value numeric, step numeric)
RETURNS numrange
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_generalize_numeric';
COMMENT ON FUNCTION datamesh.mask_generalize(numeric, numeric) IS
'The range of a grid of this step that a value lies in: mask_generalize(37, 10) is [30,40). Open where the grid leaves the type; NaN and infinities give the range of everything. Error 22023 if step is not above 0.';

CREATE FUNCTION datamesh.mask_generalize(value date, unit text)
RETURNS daterange
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_generalize_date';
COMMENT ON FUNCTION datamesh.mask_generalize(date, text) IS
'The week, month, quarter, year, decade, century or millennium (unit) of a date, as a range. Infinite dates give the range of everything. Error 22023 for other units.';

-- ---- the key ----

CREATE TABLE datamesh.mask_key (
    key_id      text PRIMARY KEY,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by     name NOT NULL,
    retired_at  timestamptz
);
CREATE UNIQUE INDEX mask_key_current_idx ON datamesh.mask_key ((true)) WHERE retired_at IS NULL;
COMMENT ON TABLE datamesh.mask_key IS
'The keys of this database''s keyed masks by their ids; the one that is not retired is in use. The keys themselves stand in the file that datamesh.mask_key_file names, and nowhere else. Read datamesh.mask_keys instead.';
COMMENT ON COLUMN datamesh.mask_key.key_id IS
'The first eight bytes of HMAC-SHA-256 under the key of "datamesh mask key", in hex: tells a key from others, and does not lead to it.';

CREATE FUNCTION datamesh.mask_key_available(key_id text)
RETURNS boolean
LANGUAGE C VOLATILE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_key_available';
REVOKE ALL ON FUNCTION datamesh.mask_key_available(text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.mask_key_available(text) IS
'Whether the mask key file holds the key of this id and is as protected as it must be. Reads the file.';

CREATE VIEW datamesh.mask_keys AS
SELECT k.key_id, k.made_at, k.made_by, k.retired_at, k.retired_at IS NULL AS current
FROM datamesh.mask_key AS k;
GRANT SELECT ON datamesh.mask_keys TO PUBLIC;
COMMENT ON VIEW datamesh.mask_keys IS
'The keys of keyed masks by id: when each was made, by whom, and when it was retired. Shows no key.';

CREATE PROCEDURE datamesh.rotate_key(only_if_none boolean DEFAULT false)
LANGUAGE C AS 'MODULE_PATHNAME', 'dm_rotate_key';
REVOKE ALL ON PROCEDURE datamesh.rotate_key(boolean) FROM PUBLIC;
COMMENT ON PROCEDURE datamesh.rotate_key(boolean) IS
'Makes a new key for keyed masks, adds it to the file that datamesh.mask_key_file names (made with permissions 0600 if it is not there), and uses it from the commit on: every hash, pseudonym and noise changes. With only_if_none it does so only if this database has no key yet. Keys before stay in the file, for queries that run and for standbys that have not replayed this. For the platform team. Writes the event mask_key_rotated. Errors: MD302, or that of the file system.';

CREATE TYPE datamesh.mask_policy;

CREATE FUNCTION datamesh.mask_policy_in(cstring) RETURNS datamesh.mask_policy
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_policy_in';
COMMENT ON FUNCTION datamesh.mask_policy_in(cstring) IS
'Input function of datamesh.mask_policy. Error 42501 for all but superusers.';
CREATE FUNCTION datamesh.mask_policy_out(datamesh.mask_policy) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_policy_out';
COMMENT ON FUNCTION datamesh.mask_policy_out(datamesh.mask_policy) IS
'Output function of datamesh.mask_policy.';

CREATE TYPE datamesh.mask_policy (
    INPUT = datamesh.mask_policy_in,
    OUTPUT = datamesh.mask_policy_out,
    STORAGE = extended
);
REVOKE ALL ON TYPE datamesh.mask_policy FROM PUBLIC;
COMMENT ON TYPE datamesh.mask_policy IS
'What a keyed mask is for: a name, such as that of a product and column. Values masked for the same policy join; those of different policies have nothing in common. Only a superuser can make one, so that nobody can find the values behind a mask by trying; the views of ports hold them as constants.';

-- ---- with a key ----
--
-- PUBLIC may call them, because a view's functions are called by whoever reads it. The reference in the
-- view's text is what makes the call possible, and nobody can make, take out or pass on one.

CREATE FUNCTION datamesh.mask_hash(value text, policy datamesh.mask_policy)
RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_hash';
COMMENT ON FUNCTION datamesh.mask_hash(text, datamesh.mask_policy) IS
'HMAC-SHA-256 of a value for a policy, under the current key, as 64 hex digits: the same for the same value, policy and key. Error MD302 if there is no key.';

CREATE FUNCTION datamesh.mask_pseudonym(value text, policy datamesh.mask_policy, consumer text)
RETURNS text
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_pseudonym';
COMMENT ON FUNCTION datamesh.mask_pseudonym(text, datamesh.mask_policy, text) IS
'A name of 24 letters and digits for a value: always the same for one policy and one consumer, and unlike what another consumer sees, so that two cannot join what they were given. Error MD302 if there is no key.';

CREATE FUNCTION datamesh.mask_hash(value varchar, policy datamesh.mask_policy)
RETURNS varchar
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_hash';
COMMENT ON FUNCTION datamesh.mask_hash(varchar, datamesh.mask_policy) IS
'HMAC-SHA-256 of a value for a policy, under the current key, as 64 hex digits: the same for the same value, policy and key. Error MD302 if there is no key. The same for varchar.';

CREATE FUNCTION datamesh.mask_pseudonym(value varchar, policy datamesh.mask_policy, consumer text)
RETURNS varchar
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_pseudonym';
COMMENT ON FUNCTION datamesh.mask_pseudonym(varchar, datamesh.mask_policy, text) IS
'A name of 24 letters and digits for a value: always the same for one policy and one consumer, and unlike what another consumer sees, so that two cannot join what they were given. Error MD302 if there is no key. The same for varchar.';

CREATE FUNCTION datamesh.mask_pseudonym(value bigint, policy datamesh.mask_policy, consumer text)
RETURNS bigint
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_pseudonym_int8';
COMMENT ON FUNCTION datamesh.mask_pseudonym(bigint, datamesh.mask_policy, text) IS
'A number of 63 bits for a number. Two values may meet in one, as rarely as in any hash of this size.';

CREATE FUNCTION datamesh.mask_pseudonym(value uuid, policy datamesh.mask_policy, consumer text)
RETURNS uuid
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_pseudonym_uuid';
COMMENT ON FUNCTION datamesh.mask_pseudonym(uuid, datamesh.mask_policy, text) IS
'A UUID (version 8) for a UUID.';

CREATE FUNCTION datamesh.mask_noise(value integer, ratio double precision, policy datamesh.mask_policy, row_key text)
RETURNS integer
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_noise_int4';
COMMENT ON FUNCTION datamesh.mask_noise(integer, double precision, datamesh.mask_policy, text) IS
'A value changed by up to ratio of itself, up or down: the same each time for one key, policy, row and value, so that reading it often tells no more. row_key is what identifies the row. Stays within the type; 0, NaN and infinities stay, and an integer or numeric may move by its last digit where ratio would let it move by less. Errors: 22023 unless 0 < ratio <= 1, MD302.';

CREATE FUNCTION datamesh.mask_noise(value bigint, ratio double precision, policy datamesh.mask_policy, row_key text)
RETURNS bigint
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_noise_int8';
COMMENT ON FUNCTION datamesh.mask_noise(bigint, double precision, datamesh.mask_policy, text) IS
'A value changed by up to ratio of itself, up or down: the same each time for one key, policy, row and value, so that reading it often tells no more. row_key is what identifies the row. Stays within the type; 0, NaN and infinities stay, and an integer or numeric may move by its last digit where ratio would let it move by less. Errors: 22023 unless 0 < ratio <= 1, MD302.';

CREATE FUNCTION datamesh.mask_noise(value double precision, ratio double precision, policy datamesh.mask_policy, row_key text)
RETURNS double precision
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_noise_float8';
COMMENT ON FUNCTION datamesh.mask_noise(double precision, double precision, datamesh.mask_policy, text) IS
'A value changed by up to ratio of itself, up or down: the same each time for one key, policy, row and value, so that reading it often tells no more. row_key is what identifies the row. Stays within the type; 0, NaN and infinities stay, and an integer or numeric may move by its last digit where ratio would let it move by less. Errors: 22023 unless 0 < ratio <= 1, MD302.';

CREATE FUNCTION datamesh.mask_noise(value numeric, ratio double precision, policy datamesh.mask_policy, row_key text)
RETURNS numeric
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_noise_numeric';
COMMENT ON FUNCTION datamesh.mask_noise(numeric, double precision, datamesh.mask_policy, text) IS
'A value changed by up to ratio of itself, up or down: the same each time for one key, policy, row and value, so that reading it often tells no more. row_key is what identifies the row. Stays within the type; 0, NaN and infinities stay, and an integer or numeric may move by its last digit where ratio would let it move by less. Errors: 22023 unless 0 < ratio <= 1, MD302.';

CREATE FUNCTION datamesh.mask_noise(value date, days integer, policy datamesh.mask_policy, row_key text)
RETURNS date
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_mask_noise_date';
COMMENT ON FUNCTION datamesh.mask_noise(date, integer, datamesh.mask_policy, text) IS
'A date moved by up to so many days, earlier or later: the same each time for one key, policy, row and date. Infinite dates stay. Errors: 22023 if days is below 1, MD302.';

-- ---- what a relation gives away ----

CREATE FUNCTION datamesh.k_anonymity(relation regclass, columns text[])
RETURNS bigint
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_k_anonymity';
COMMENT ON FUNCTION datamesh.k_anonymity(regclass, text[]) IS
'How many rows the smallest group has that agrees in these columns (L. Sweeney, k-Anonymity, 2002): with 1, somebody stands alone. Null if the relation is empty. Nulls agree with one another. Reads the relation once, with the caller''s privileges and row security, for a superuser with those of its owner.';

CREATE FUNCTION datamesh.detect_pii(relation regclass, sample_rows integer DEFAULT 1000)
RETURNS TABLE ("column" text, detector text, confidence numeric, why text, suggested_mask text)
LANGUAGE C STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_detect_pii';
COMMENT ON FUNCTION datamesh.detect_pii(regclass, integer) IS
'Columns that seem to hold personal data: by their names (in English, German, French, Spanish, Italian, Dutch, Portuguese and Polish) and by the values of a sample of at most so many rows (1 to 1000000), read in one scan; JSON is looked into. confidence: 1.00 where a checksum was right, less for patterns and names. why says what was seen, in counts, and shows no value. suggested_mask is a function of this schema and its parameters. Who has the rights of the relation''s owner reads it as the owner; anybody else with the caller''s privileges and row security.';

CREATE FUNCTION datamesh.declare_pii(contract jsonb, relation regclass, minimum_confidence numeric DEFAULT 0.6)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
WITH hit AS (
    SELECT DISTINCT ON (h."column") h."column", regexp_replace(h.suggested_mask, '^mask_', '') AS mask
    FROM datamesh.detect_pii(relation) AS h WHERE h.confidence >= minimum_confidence
    ORDER BY h."column", h.confidence DESC
), property AS (
    SELECT e.n, e.p || CASE WHEN h.mask IS NULL THEN '{}'
                            ELSE jsonb_build_object('classification', coalesce(e.p -> 'classification', '"pii"'))
                                 || CASE WHEN custom.list @> '[{"property": "datamesh.mask"}]' THEN '{}'
                                         ELSE jsonb_build_object('customProperties', custom.list || jsonb_build_array(
                                                  jsonb_build_object('property', 'datamesh.mask', 'value', h.mask))) END END AS p
    FROM jsonb_array_elements(contract #> '{schema,0,properties}') WITH ORDINALITY AS e(p, n)
    CROSS JOIN LATERAL (SELECT coalesce(e.p -> 'customProperties', '[]')) AS custom(list)
    LEFT JOIN hit AS h ON h."column" = coalesce(e.p ->> 'physicalName', e.p ->> 'name')
)
SELECT CASE WHEN jsonb_typeof(contract #> '{schema,0,properties}') = 'array'
            THEN jsonb_set(contract, '{schema,0,properties}', (SELECT coalesce(jsonb_agg(p.p ORDER BY p.n), '[]') FROM property AS p))
            ELSE contract END;
END;
COMMENT ON FUNCTION datamesh.declare_pii(jsonb, regclass, numeric) IS
'A contract (one that datamesh.infer_contract proposed, for example) with every column that datamesh.detect_pii finds, from a confidence on, declared: classification pii and the suggested datamesh.mask, unless it has one or the other. Stores nothing.';

CREATE FUNCTION datamesh.mask_strength(mask jsonb)
RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT CASE WHEN mask = 'false' OR m.name = 'none' THEN 0
            WHEN m.name IN ('null', 'redact', 'constant') THEN 4
            WHEN m.name = 'pseudonym' THEN 3
            WHEN m.name = 'hash' THEN 2
            WHEN m.name <> '' THEN 1 END
FROM (SELECT regexp_replace(lower(btrim(regexp_replace(
          CASE jsonb_typeof(mask) WHEN 'string' THEN mask #>> '{}' WHEN 'object' THEN mask ->> 'function' END,
          '[(].*$', ''))), '^mask_|_mask$', '')) AS m(name);
END;
COMMENT ON FUNCTION datamesh.mask_strength(jsonb) IS
'How little of a value a mask leaves, as a contract writes it (datamesh.mask): 0 none or false, 1 hides a part, 2 hash, 3 pseudonym, 4 nothing is left (null, redact, constant). Null if it names no function.';

SELECT pg_catalog.pg_extension_config_dump('datamesh.mask_key', '');
