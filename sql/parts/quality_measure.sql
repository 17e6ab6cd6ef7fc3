-- quality_measure: the type datamesh.measure, its aggregates, and hashes of rows.

CREATE TYPE datamesh.measure;

CREATE FUNCTION datamesh.measure_in(cstring) RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_measure_in' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_in(cstring) IS 'Input function of datamesh.measure: \x and hexadecimal digits. Every byte is checked.';
CREATE FUNCTION datamesh.measure_out(datamesh.measure) RETURNS cstring
    AS 'MODULE_PATHNAME', 'dm_measure_out' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_out(datamesh.measure) IS 'Output function of datamesh.measure: \x and hexadecimal digits. datamesh.measure_result shows what is in it.';
CREATE FUNCTION datamesh.measure_recv(internal) RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_measure_recv' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_recv(internal) IS 'Binary input function of datamesh.measure. Every byte is checked.';
CREATE FUNCTION datamesh.measure_send(datamesh.measure) RETURNS bytea
    AS 'MODULE_PATHNAME', 'dm_measure_send' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_send(datamesh.measure) IS 'Binary output function of datamesh.measure.';

CREATE TYPE datamesh.measure (
    INPUT = datamesh.measure_in, OUTPUT = datamesh.measure_out,
    RECEIVE = datamesh.measure_recv, SEND = datamesh.measure_send,
    INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE datamesh.measure IS
'What datamesh.measure(spec, ...) has found: counts, exact sums, extremes, hashes of keys, samples. Can be stored, and merged with measures of the same specification (datamesh.merge). Show it with datamesh.measure_result.';

CREATE FUNCTION datamesh.measure_accum(datamesh.measure, jsonb, VARIADIC "any") RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_measure_accum' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_accum(datamesh.measure, jsonb, VARIADIC "any") IS 'Transition function of datamesh.measure; cannot be called directly.';

CREATE FUNCTION datamesh.measure_merge(datamesh.measure, datamesh.measure) RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_measure_merge' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_merge(datamesh.measure, datamesh.measure) IS
'The measure of both sets of rows together. Null stands for no rows. Measures of different specifications, or of inputs of different types or collations, are an error (MD003).';

CREATE FUNCTION datamesh.measure_result(measure datamesh.measure, spec jsonb DEFAULT NULL) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'dm_measure_result' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measure_result(datamesh.measure, jsonb) IS
'The figures of a measure: an array with one object for each probe, in the order of the specification (docs/reference/quality_measure.md lists the fields). Of a null measure, which is what an aggregate over no rows gives, the figures of no rows for the specification given; null if there is none.';

CREATE AGGREGATE datamesh.measure(spec jsonb, VARIADIC "any") (
    SFUNC = datamesh.measure_accum, STYPE = datamesh.measure,
    COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.measure(jsonb, VARIADIC "any") IS
'Takes many measurements of many columns in one pass, in parallel: spec says which (docs/reference/quality_measure.md), the other arguments, at most 98, are its inputs 0, 1, ... Null over no rows. An ill-formed specification is an error (MD003). Unique probes together hold at most work_mem * hash_mem_multiplier.';

CREATE FUNCTION datamesh.measured_final(datamesh.measure) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'dm_measured_final' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.measured_final(datamesh.measure) IS 'Final function of datamesh.measured.';
CREATE AGGREGATE datamesh.measured(spec jsonb, VARIADIC "any") (
    SFUNC = datamesh.measure_accum, STYPE = datamesh.measure,
    FINALFUNC = datamesh.measured_final, COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.measured(jsonb, VARIADIC "any") IS
'The figures of measure(spec, ...): the same as measure_result(measure(spec, ...)), without a copy of the state. Null over no rows.';

CREATE AGGREGATE datamesh.merge(datamesh.measure) (
    SFUNC = datamesh.measure_merge, STYPE = datamesh.measure,
    COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.merge(datamesh.measure) IS
'The measure of the rows of all measures together: partition + partition = whole. Nulls are ignored; null over no measures.';

CREATE FUNCTION datamesh.row_hash(VARIADIC "any") RETURNS bigint
    AS 'MODULE_PATHNAME', 'dm_row_hash' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.row_hash(VARIADIC "any") IS
'A 64-bit hash of the arguments, equal for rows that are equal by their types and collations (1.0 and 1.00, -0 and 0, char(3) ''a'' and ''a  ''); nulls count as equal. It is what the unique probes of datamesh.measure compare. Arguments that fit in 64 bits together (integers, dates, one float8) have different hashes if they differ. A type without a hash function is an error.';

CREATE FUNCTION datamesh.completeness_accum(datamesh.measure, "any") RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_completeness_accum' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.completeness_accum(datamesh.measure, "any") IS 'Transition function of datamesh.completeness; cannot be called directly.';
CREATE FUNCTION datamesh.completeness_final(datamesh.measure) RETURNS numeric
    AS 'MODULE_PATHNAME', 'dm_completeness_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.completeness_final(datamesh.measure) IS 'Final function of datamesh.completeness.';
CREATE AGGREGATE datamesh.completeness("any") (
    SFUNC = datamesh.completeness_accum, STYPE = datamesh.measure,
    FINALFUNC = datamesh.completeness_final, COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.completeness("any") IS
'The fraction of rows whose value is not null, 0 to 1. Null over no rows.';

CREATE FUNCTION datamesh.duplicate_rows_accum(datamesh.measure, VARIADIC "any") RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_duplicate_rows_accum' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.duplicate_rows_accum(datamesh.measure, VARIADIC "any") IS 'Transition function of datamesh.duplicate_rows; cannot be called directly.';
CREATE FUNCTION datamesh.duplicate_rows_final(datamesh.measure) RETURNS bigint
    AS 'MODULE_PATHNAME', 'dm_duplicate_rows_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.duplicate_rows_final(datamesh.measure) IS 'Final function of datamesh.duplicate_rows.';
CREATE AGGREGATE datamesh.duplicate_rows(VARIADIC "any") (
    SFUNC = datamesh.duplicate_rows_accum, STYPE = datamesh.measure,
    FINALFUNC = datamesh.duplicate_rows_final, COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.duplicate_rows(VARIADIC "any") IS
'How many rows would have to go for the arguments to be unique, as a UNIQUE constraint sees it: rows with a null are never duplicates. {1,2,2,3,3,3,3,4,4,null} has 5. Over 64-bit hashes: exact for keys of at most 64 bits; for others two different keys among n are taken for equal with a probability of about n^2 / 2^65. Takes 8 bytes a row, and more than work_mem * hash_mem_multiplier is an error. Null over no rows.';

CREATE FUNCTION datamesh.approx_distinct_accum(datamesh.measure, "any") RETURNS datamesh.measure
    AS 'MODULE_PATHNAME', 'dm_approx_distinct_accum' LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.approx_distinct_accum(datamesh.measure, "any") IS 'Transition function of datamesh.approx_distinct; cannot be called directly.';
CREATE FUNCTION datamesh.approx_distinct_final(datamesh.measure) RETURNS bigint
    AS 'MODULE_PATHNAME', 'dm_approx_distinct_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION datamesh.approx_distinct_final(datamesh.measure) IS 'Final function of datamesh.approx_distinct.';
CREATE AGGREGATE datamesh.approx_distinct("any") (
    SFUNC = datamesh.approx_distinct_accum, STYPE = datamesh.measure,
    FINALFUNC = datamesh.approx_distinct_final, COMBINEFUNC = datamesh.measure_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.approx_distinct("any") IS
'About how many distinct values there are, nulls not counted: HyperLogLog with 2^14 registers (Flajolet et al. 2007, estimator of Ertl 2017), relative standard error 1.04 / sqrt(2^14) = 0.81 %. Null over no rows.';
