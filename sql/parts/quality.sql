-- quality: checks of tables and products, and profiles.

CREATE TYPE datamesh.check_result AS (
    product       text,
    rule          text,
    "check"       text,
    "column"      text,
    severity      text,
    status        text,
    method        text,
    metric_value  text,
    threshold     text,
    failing_rows  bigint,
    sample_keys   jsonb,
    evidence      text,
    message       text,
    dimension     text
);
COMMENT ON TYPE datamesh.check_result IS
'What came of one check. status: pass, fail, error (could not run: not the same as fail), skipped. method: proved (by the constraint that evidence names), scanned. metric_value: the figure held against threshold, as text. failing_rows: null where the check is not about rows. sample_keys: at most datamesh.sample_keys objects that tell failing rows. message: one sentence with the figures.';

CREATE FUNCTION datamesh.check_table(relation regclass, rules jsonb)
RETURNS SETOF datamesh.check_result
AS 'MODULE_PATHNAME', 'dm_quality_check_table'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 20
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION datamesh.check_table(regclass, jsonb) IS
'Checks a table, view, materialized view, partitioned or foreign table by rules: an ODCS document or schema object, an array of rules, or {"column": {"not_null": true, "unique": true, "min": 0, "max": 9}, "completeness_threshold": 0.99}. One row for each check. Runs with the caller''s rights, a superuser with those of the relation''s owner, reads only. Malformed rules are one error (MD003) that lists all that is wrong with them. Names inside expressions and queries must be qualified: search_path is pg_catalog, pg_temp.';

CREATE FUNCTION datamesh.check_product(product text, version text DEFAULT NULL)
RETURNS SETOF datamesh.check_result
AS 'MODULE_PATHNAME', 'dm_quality_check_product'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 10000 ROWS 20
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION datamesh.check_product(text, text) IS
'Checks the source of a product (''domain.product'') by its contract: the version given, else the highest that is not retired. For members of the domain; the contract''s rules run as the domain''s owner. Reads only, and publishes nothing. One row for each check.';

CREATE FUNCTION datamesh.explain_checks(relation regclass, rules jsonb)
RETURNS TABLE (pass integer, rule text, "check" text, "column" text, method text, detail text)
AS 'MODULE_PATHNAME', 'dm_quality_explain_table'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000 ROWS 20
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION datamesh.explain_checks(regclass, jsonb) IS
'How check_table would answer, without scanning: pass is the number of the scan that answers a check (null where none is needed, so max(pass) is the number of scans), method is proved, fused pass, own pass, decided or error, detail the constraint or the query.';

CREATE FUNCTION datamesh.explain_checks(product text, version text DEFAULT NULL)
RETURNS TABLE (pass integer, rule text, "check" text, "column" text, method text, detail text)
AS 'MODULE_PATHNAME', 'dm_quality_explain_product'
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 1000 ROWS 20
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION datamesh.explain_checks(text, text) IS
'How check_product would answer for a product (''domain.product''), without scanning; see explain_checks(regclass, jsonb).';

CREATE FUNCTION datamesh.profile(
    relation regclass,
    OUT "position" integer,
    OUT column_name text,
    OUT type text,
    OUT rows bigint,
    OUT nulls bigint,
    OUT null_percent numeric,
    OUT distinct_values bigint,
    OUT distinct_is_approximate boolean,
    OUT nan_count bigint,
    OUT min text,
    OUT max text,
    OUT mean text,
    OUT stddev text,
    OUT min_length integer,
    OUT max_length integer,
    OUT most_common jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'dm_quality_profile'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 10000 ROWS 20
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION datamesh.profile(regclass) IS
'What the columns of a relation hold, one row each. Exact but for distinct_values (an estimate where distinct_is_approximate says so) and most_common (values that a sample of at most 10000 rows has more than once, with their number of rows in it). stddev is of a sample (n - 1); lengths are in characters. Runs with the caller''s rights, a superuser with those of the relation''s owner, and shows values of the data.';
