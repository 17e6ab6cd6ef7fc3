-- quality: a contract means the same in every session. What a setting says about the reading of SQL and the
-- writing of values changes no verdict, no figure and no proposal.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_tuner;
CALL datamesh.create_domain('rtuned', owner => 'regress_tuner');
SET ROLE regress_tuner;
CREATE TABLE rtuned_internal.readings (id int PRIMARY KEY, code text, value float8, took interval, raw bytea, day date);
INSERT INTO rtuned_internal.readings
SELECT i, E'a\\b', 98 + i / 3.0, interval '1 mon 2 days', '\x00ff', '2026-02-03' FROM generate_series(1, 9) AS i;
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rtuned-readings
name: readings
domain: rtuned
version: 1.0.0
status: active
schema:
- name: readings
  properties:
  - {name: id, physicalType: integer, required: true, unique: true}
  - name: code
    physicalType: text
    quality:
    - {type: sql, query: 'SELECT count(*) FROM {object} WHERE {property} <> ''a\b''', mustBe: 0}
    - {type: sql, query: 'SELECT count(*) FROM {object} WHERE {property} = NULL OR {property} = ''\''', mustBe: 0}
  - {name: value, physicalType: double precision, logicalType: number, logicalTypeOptions: {minimum: 98.333, maximum: 101}}
  - {name: took, physicalType: interval}
  - {name: raw, physicalType: bytea}
  - {name: day, physicalType: date, logicalType: date, logicalTypeOptions: {minimum: '2026-02-03', maximum: '2026-02-03'}}
  quality:
  - type: custom
    engine: datamesh
    implementation: {check: row_condition, condition: "code = 'a\\b' AND raw::text = '\\x00ff' AND took::text = '1 mon 2 days' AND day::text = '2026-02-03'"}
  - type: custom
    engine: datamesh
    implementation: {check: statistic, fn: quantile, quantile: 0.5, column: value, mustBeLessThan: 99.7}
$$);
RESET ROLE;
-- all that can be asked of it, as one text
CREATE PROCEDURE rtuned_internal.keep(setting text) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.answers
    SELECT setting, what, md5(answer) FROM (
        SELECT 'check_product' AS what, string_agg(c::text, E'\n') AS answer FROM datamesh.check_product('rtuned.readings') AS c
        UNION ALL
        SELECT 'check_table', string_agg(c::text, E'\n') FROM datamesh.check_table('rtuned_internal.readings',
            jsonb_build_array(jsonb_build_object('check', 'row_condition', 'condition', 'code = ''a' || chr(92) || 'b'' AND raw::text = ''' || chr(92) || 'x00ff'''),
                jsonb_build_object('check', 'statistic', 'fn', 'quantile', 'quantile', 0.5, 'column', 'value', 'mustBeLessThan', 99.7))) AS c
        UNION ALL
        SELECT 'profile', string_agg(to_jsonb(p)::text, E'\n') FROM datamesh.profile('rtuned_internal.readings') AS p
        UNION ALL
        SELECT 'infer_contract', datamesh.infer_contract('rtuned_internal.readings')::text) AS a;
END $$;
GRANT EXECUTE ON PROCEDURE rtuned_internal.keep(text) TO regress_tuner;
SET ROLE regress_tuner;
CREATE TEMP TABLE answers (setting text, what text, answer text);
CALL rtuned_internal.keep('default');
CALL datamesh.publish('rtuned.readings');
SET quote_all_identifiers = on; CALL rtuned_internal.keep('quote_all_identifiers'); RESET quote_all_identifiers;
SET DateStyle = 'SQL, DMY'; CALL rtuned_internal.keep('DateStyle'); CALL datamesh.publish('rtuned.readings'); RESET DateStyle;
SET IntervalStyle = 'sql_standard'; CALL rtuned_internal.keep('IntervalStyle'); CALL datamesh.publish('rtuned.readings'); RESET IntervalStyle;
SET extra_float_digits = -14; CALL rtuned_internal.keep('extra_float_digits'); CALL datamesh.publish('rtuned.readings'); RESET extra_float_digits;
SET bytea_output = 'escape'; CALL rtuned_internal.keep('bytea_output'); CALL datamesh.publish('rtuned.readings'); RESET bytea_output;
SET transform_null_equals = on; CALL rtuned_internal.keep('transform_null_equals'); RESET transform_null_equals;
SET escape_string_warning = off; SET standard_conforming_strings = off;
CALL rtuned_internal.keep('standard_conforming_strings'); CALL datamesh.publish('rtuned.readings');
SHOW standard_conforming_strings;
RESET standard_conforming_strings; RESET escape_string_warning;
SELECT a.setting, a.what FROM answers AS a JOIN answers AS d ON d.setting = 'default' AND d.what = a.what
WHERE a.answer <> d.answer ORDER BY 1, 2;
SELECT "check", "column", status, metric_value FROM datamesh.check_product('rtuned.readings') WHERE status <> 'pass';
SELECT count(*) AS releases FROM datamesh.releases WHERE product = 'rtuned.readings';

-- a version that is none
CALL datamesh.publish('rtuned.readings', 'one');
CALL datamesh.publish('rtuned.readings', '');
SELECT datamesh.contract('rtuned.readings', '1.0');
DROP TABLE answers;
RESET ROLE;
CALL datamesh.deprecate('rtuned.readings', '1.0.0', current_date);
CALL datamesh.retire('rtuned.readings');
CALL datamesh.drop_domain('rtuned');
SET client_min_messages = warning;
DROP SCHEMA rtuned_internal CASCADE;
DROP ROLE regress_tuner;
