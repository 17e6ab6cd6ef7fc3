-- ltv: customer lifetime value. The aggregate, the score, the segment, and states that merge.
--
--   score   = total revenue * 0.3 + orders * 10 - 0.1 * days from the last order to the as-of date
--   segment = platinum above 10000, gold above 5000, silver above 1000, else bronze
--
-- Nothing here reads or writes tables, and everyone may use it.

CREATE TYPE datamesh.ltv_result AS (
    order_count       bigint,
    total_revenue     numeric,
    avg_order_value   numeric,
    first_order_date  date,
    last_order_date   date,
    ltv_score         numeric,
    segment           text
);
COMMENT ON TYPE datamesh.ltv_result IS
'The lifetime value of one customer, as datamesh.ltv returns it. order_count counts rows, as count(*) does; total_revenue and avg_order_value are sum and avg of the amounts, in their currency; ltv_score is null where one of its parts is; segment is platinum, gold, silver or bronze.';

CREATE TYPE datamesh.ltv_state;

CREATE FUNCTION datamesh.ltv_state_in(cstring) RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_state_in';
COMMENT ON FUNCTION datamesh.ltv_state_in(cstring) IS
'Input function of datamesh.ltv_state. Refuses what the aggregate cannot have produced.';
CREATE FUNCTION datamesh.ltv_state_out(datamesh.ltv_state) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_state_out';
COMMENT ON FUNCTION datamesh.ltv_state_out(datamesh.ltv_state) IS
'Output function of datamesh.ltv_state: one line of name=value, the same on every machine and under every DateStyle.';
CREATE FUNCTION datamesh.ltv_state_recv(internal) RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_state_recv';
COMMENT ON FUNCTION datamesh.ltv_state_recv(internal) IS
'Binary input function of datamesh.ltv_state.';
CREATE FUNCTION datamesh.ltv_state_send(datamesh.ltv_state) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_state_send';
COMMENT ON FUNCTION datamesh.ltv_state_send(datamesh.ltv_state) IS
'Binary output function of datamesh.ltv_state: a version, then field by field in network order.';

CREATE TYPE datamesh.ltv_state (
    INPUT = datamesh.ltv_state_in,
    OUTPUT = datamesh.ltv_state_out,
    RECEIVE = datamesh.ltv_state_recv,
    SEND = datamesh.ltv_state_send,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE datamesh.ltv_state IS
'What datamesh.ltv knows of some orders, in about 64 bytes: made by datamesh.ltv_partial, merged by datamesh.ltv_merge, scored by datamesh.ltv_finish. Can be stored: the state of a closed month need not be computed again.';

-- The aggregate and what it is made of. Each form has its own transition function in SQL, all of
-- them one function in C.

CREATE FUNCTION datamesh.ltv_accum(
    state datamesh.ltv_state,
    amount numeric, order_date date)
RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_accum';
COMMENT ON FUNCTION datamesh.ltv_accum(datamesh.ltv_state, numeric, date) IS
'Transition function of datamesh.ltv: takes one order into a state; a null state begins a new one.';

CREATE FUNCTION datamesh.ltv_accum(
    state datamesh.ltv_state,
    amount numeric, order_date date, as_of date)
RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_accum';
COMMENT ON FUNCTION datamesh.ltv_accum(datamesh.ltv_state, numeric, date, date) IS
'Transition function of datamesh.ltv: the same, and the state remembers the as-of date.';

CREATE FUNCTION datamesh.ltv_accum(
    state datamesh.ltv_state,
    amount numeric, order_date date, as_of date, revenue_weight numeric, order_weight numeric,
    recency_weight numeric)
RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_accum';
COMMENT ON FUNCTION datamesh.ltv_accum(datamesh.ltv_state, numeric, date, date, numeric, numeric, numeric) IS
'Transition function of datamesh.ltv: the same with weights.';

CREATE FUNCTION datamesh.ltv_accum(
    state datamesh.ltv_state,
    amount numeric, order_date date, as_of date, revenue_weight numeric, order_weight numeric,
    recency_weight numeric, platinum numeric, gold numeric, silver numeric)
RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_accum';
COMMENT ON FUNCTION datamesh.ltv_accum(datamesh.ltv_state, numeric, date, date, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Transition function of datamesh.ltv: the same with weights and thresholds.';

CREATE FUNCTION datamesh.ltv_combine(datamesh.ltv_state, datamesh.ltv_state)
RETURNS datamesh.ltv_state
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_combine';
COMMENT ON FUNCTION datamesh.ltv_combine(datamesh.ltv_state, datamesh.ltv_state) IS
'Two states as one: that of the orders of both. A null is a state of no orders. Error if the two are to be scored with different as-of dates, weights or thresholds.';

CREATE FUNCTION datamesh.ltv_final_today(datamesh.ltv_state) RETURNS datamesh.ltv_result
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_final_today';
COMMENT ON FUNCTION datamesh.ltv_final_today(datamesh.ltv_state) IS
'Final function of datamesh.ltv(amount, order_date): scores as of current_date.';

CREATE FUNCTION datamesh.ltv_final(datamesh.ltv_state) RETURNS datamesh.ltv_result
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_final';
COMMENT ON FUNCTION datamesh.ltv_final(datamesh.ltv_state) IS
'Final function of the forms of datamesh.ltv with an as-of date.';

CREATE FUNCTION datamesh.ltv_finish(
    state datamesh.ltv_state, as_of date,
    revenue_weight numeric DEFAULT 0.3, order_weight numeric DEFAULT 10,
    recency_weight numeric DEFAULT -0.1,
    platinum numeric DEFAULT 10000, gold numeric DEFAULT 5000, silver numeric DEFAULT 1000)
RETURNS datamesh.ltv_result
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_finish';
COMMENT ON FUNCTION datamesh.ltv_finish(datamesh.ltv_state, date, numeric, numeric, numeric, numeric, numeric, numeric) IS
'A state made by datamesh.ltv_partial or datamesh.ltv_merge, scored as of a date. What datamesh.ltv(amount, order_date, as_of, ...) gives for the same orders; a null state is one of no orders.';

CREATE AGGREGATE datamesh.ltv(
    amount numeric, order_date date) (
    SFUNC = datamesh.ltv_accum,
    STYPE = datamesh.ltv_state,
    SSPACE = 96,
    FINALFUNC = datamesh.ltv_final_today,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv(numeric, date) IS
'Lifetime value of the orders of a group: SELECT customer_id, (datamesh.ltv(amount, order_date)).* FROM orders GROUP BY customer_id. Counts, totals and averages equal count(*), sum, avg, min and max exactly; score = total_revenue * 0.3 + order_count * 10 - 0.1 * days from last_order_date to current_date; segment is platinum above 10000, gold above 5000, silver above 1000, else bronze. Without orders: 0, nulls, bronze. Error if the last order date is infinite.';

CREATE AGGREGATE datamesh.ltv(
    amount numeric, order_date date, as_of date) (
    SFUNC = datamesh.ltv_accum,
    STYPE = datamesh.ltv_state,
    SSPACE = 96,
    FINALFUNC = datamesh.ltv_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv(numeric, date, date) IS
'The same as of a given date, which must be the same for every row of a group. The result depends on nothing but the arguments.';

CREATE AGGREGATE datamesh.ltv(
    amount numeric, order_date date, as_of date, revenue_weight numeric, order_weight numeric,
    recency_weight numeric) (
    SFUNC = datamesh.ltv_accum,
    STYPE = datamesh.ltv_state,
    SSPACE = 160,
    FINALFUNC = datamesh.ltv_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv(numeric, date, date, numeric, numeric, numeric) IS
'The same with weights of the score instead of 0.3, 10 and -0.1: finite numbers of any sign, the same for every row of a group. A null weight makes the score null.';

CREATE AGGREGATE datamesh.ltv(
    amount numeric, order_date date, as_of date, revenue_weight numeric, order_weight numeric,
    recency_weight numeric, platinum numeric, gold numeric, silver numeric) (
    SFUNC = datamesh.ltv_accum,
    STYPE = datamesh.ltv_state,
    SSPACE = 160,
    FINALFUNC = datamesh.ltv_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv(numeric, date, date, numeric, numeric, numeric, numeric, numeric, numeric) IS
'The same with weights and with the scores above which the segments platinum, gold and silver begin instead of 10000, 5000 and 1000. They must not ascend; a null takes its segment away.';

CREATE AGGREGATE datamesh.ltv_partial(amount numeric, order_date date) (
    SFUNC = datamesh.ltv_accum,
    STYPE = datamesh.ltv_state,
    SSPACE = 96,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv_partial(numeric, date) IS
'The orders of a group as a state, to be stored, merged with datamesh.ltv_merge and scored with datamesh.ltv_finish. Null without orders.';

CREATE AGGREGATE datamesh.ltv_merge(state datamesh.ltv_state) (
    SFUNC = datamesh.ltv_combine,
    STYPE = datamesh.ltv_state,
    SSPACE = 96,
    COMBINEFUNC = datamesh.ltv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE datamesh.ltv_merge(datamesh.ltv_state) IS
'The states of a group as one: that of all their orders. Nulls are states of no orders; null if all are.';

-- The score and the segment of figures that are there already.

CREATE FUNCTION datamesh.ltv_score(
    total_revenue numeric, order_count bigint, last_order_date date, as_of date,
    revenue_weight numeric DEFAULT 0.3, order_weight numeric DEFAULT 10,
    recency_weight numeric DEFAULT -0.1)
RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_score';
COMMENT ON FUNCTION datamesh.ltv_score(numeric, bigint, date, date, numeric, numeric, numeric) IS
'total_revenue * revenue_weight + order_count * order_weight + (as_of - last_order_date) * recency_weight, in numeric, unrounded. Null if an argument is. Error if a date or a weight is infinite, or a weight NaN.';

CREATE FUNCTION datamesh.ltv_segment(
    score numeric,
    platinum numeric DEFAULT 10000, gold numeric DEFAULT 5000, silver numeric DEFAULT 1000)
RETURNS text
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_segment';
COMMENT ON FUNCTION datamesh.ltv_segment(numeric, numeric, numeric, numeric) IS
'platinum, gold or silver where the score is greater than that threshold, else bronze: a score that equals a threshold has not passed it, and a null score is bronze. A null threshold takes its segment away. NaN is greater than every number, as everywhere in SQL. Error if the thresholds ascend.';

CREATE FUNCTION datamesh.ltv_segment(
    score double precision,
    platinum numeric DEFAULT 10000, gold numeric DEFAULT 5000, silver numeric DEFAULT 1000)
RETURNS text
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_ltv_segment_float8';
COMMENT ON FUNCTION datamesh.ltv_segment(double precision, numeric, numeric, numeric) IS
'The same for a score that is stored as double precision, compared by its shortest exact decimal.';
