-- ltv: what people meet at the prompt. The lesson's formula and thresholds, the forms of the
-- aggregate, nulls and odd values, stored states, and what is refused.

-- the score: revenue * 0.3 + orders * 10 - 0.1 * days
SELECT datamesh.ltv_score(1000.00, 5, date '2024-01-01', date '2024-01-11');
SELECT datamesh.ltv_score(total_revenue => 1000.00, order_count => 5, last_order_date => '2024-01-01',
    as_of => '2024-01-11', revenue_weight => 1, order_weight => -2.5, recency_weight => 0);
-- an order that lies after the as-of date raises the score
SELECT datamesh.ltv_score(0, 0, date '2024-01-11', date '2024-01-01');
SELECT datamesh.ltv_score(NULL, 5, date '2024-01-01', date '2024-01-11') IS NULL AS null_in_null_out;
SELECT datamesh.ltv_score('NaN', 5, date '2024-01-01', date '2024-01-11');
SELECT datamesh.ltv_score(1, 1, 'infinity', date '2024-01-11');
SELECT datamesh.ltv_score(1, 1, date '2024-01-11', '-infinity');
SELECT datamesh.ltv_score(1, 1, date '2024-01-11', date '2024-01-11', revenue_weight => 'NaN');
SELECT datamesh.ltv_score(1, 1, date '2024-01-11', date '2024-01-11', recency_weight => '-infinity');
-- the longest time there is
SELECT datamesh.ltv_score(0, 0, date '4713-01-01 BC', date '5874897-12-31', 0, 0, 1);

-- the segments begin above their thresholds, not at them
SELECT score, datamesh.ltv_segment(score)
FROM unnest(ARRAY[10000.000000000000000000001, 10000, 5000.01, 5000.00, 1000.1, 1000, 0, -1, NULL,
                  'NaN', 'Infinity', '-Infinity']::numeric[]) score;
SELECT score, datamesh.ltv_segment(score)
FROM unnest(ARRAY[10000.000000000002, 10000, 5000, 1000.0000000000001, -0.0, NULL, 'NaN',
                  'Infinity']::float8[]) score;
-- the shortest decimal decides, however floats are shown
SET extra_float_digits = -10;
SELECT datamesh.ltv_segment(10000.000000000002::float8);
RESET extra_float_digits;
SELECT datamesh.ltv_segment(10001), datamesh.ltv_segment(NULL), datamesh.ltv_segment('6000');
SELECT datamesh.ltv_segment(60, platinum => 100, gold => 50, silver => 10),
       datamesh.ltv_segment(60, 50, 50, 50), datamesh.ltv_segment(60, NULL, 50, 10),
       datamesh.ltv_segment(60, NULL, NULL, NULL), datamesh.ltv_segment(1e9, 'Infinity', 50, 10);
SELECT datamesh.ltv_segment(60, 10, 50, 100);
SELECT datamesh.ltv_segment(60, 100, NULL, 200);
SELECT datamesh.ltv_segment(60, 'NaN', 50, 10);

-- the aggregate
CREATE TABLE ltv_orders (customer_id text, amount numeric(18,2), order_date date);
INSERT INTO ltv_orders VALUES
    ('ann', 10.50, '2024-01-05'), ('ann', 20.25, '2024-02-01'), ('ann', -5.00, '2023-12-24'),
    ('bob', 40000, '2024-02-20'), ('cyd', NULL, '2024-02-21'), ('cyd', 5, NULL),
    ('dan', NULL, NULL), ('eve', 17000.01, '2024-02-29'), (NULL, 3400, '2024-01-01');
SELECT customer_id, (datamesh.ltv(amount, order_date, '2024-03-01')).*
FROM ltv_orders GROUP BY customer_id ORDER BY customer_id;
SELECT customer_id, (l).ltv_score, (l).segment
FROM (SELECT customer_id, datamesh.ltv(amount, order_date, '2024-03-01', 1, 0, 0) AS l
      FROM ltv_orders GROUP BY customer_id) x ORDER BY customer_id;
SELECT customer_id, (l).ltv_score, (l).segment
FROM (SELECT customer_id, datamesh.ltv(amount, order_date, '2024-03-01', 1, 0, 0, 100, 30, 20) AS l
      FROM ltv_orders GROUP BY customer_id) x ORDER BY customer_id;
-- no orders
SELECT datamesh.ltv(amount, order_date) FROM ltv_orders WHERE false;
SELECT datamesh.ltv(amount, order_date, '2024-03-01') FROM ltv_orders WHERE false;
SELECT datamesh.ltv_partial(amount, order_date) IS NULL AS no_state FROM ltv_orders WHERE false;
-- FILTER and DISTINCT are the executor's
SELECT datamesh.ltv(amount, order_date, '2024-03-01') FILTER (WHERE amount > 0) FROM ltv_orders;
SELECT (datamesh.ltv(DISTINCT amount, order_date, '2024-03-01')).order_count
FROM ltv_orders, generate_series(1, 3);

-- without an as-of date: as of today, and no other day
SELECT (l).ltv_score = datamesh.ltv_score((l).total_revenue, (l).order_count, (l).last_order_date,
                                         current_date) AS as_of_today
FROM (SELECT datamesh.ltv(amount, order_date) AS l FROM ltv_orders) x;
SELECT provolatile, proname FROM pg_proc
WHERE proname IN ('ltv_final', 'ltv_final_today', 'ltv_finish', 'ltv_score', 'ltv_segment')
  AND pronamespace = 'datamesh'::regnamespace ORDER BY proname;

-- integers are taken as they are; floats and timestamps only by an explicit cast, as elsewhere in SQL
SELECT datamesh.ltv(a, date '2024-01-01', '2024-01-01') FROM unnest(ARRAY[1, 2]) a;
SELECT datamesh.ltv(a, date '2024-01-01', '2024-01-01') FROM unnest(ARRAY[1, 2]::float8[]) a;
SELECT datamesh.ltv(a::numeric, t::date, '2024-01-01')
FROM (VALUES (1.5::float8, timestamp '2024-01-01 23:59')) v(a, t);

-- numbers that are none: as sum() and avg() have it
SELECT datamesh.ltv(a, '2024-01-01', '2024-01-01'), sum(a), avg(a)
FROM (VALUES (1, 1.5), (1, 'NaN'), (2, 'Infinity'), (2, 1), (3, '-Infinity'), (4, 'Infinity'),
             (4, '-Infinity'), (5, 'Infinity'), (5, 'NaN')) v(g, a)
GROUP BY g ORDER BY g;
-- dates without end: the first may be one, the last may not
SELECT datamesh.ltv(1, d, '2024-01-01') FROM (VALUES (date '-infinity'), ('2024-01-01')) v(d);
SELECT datamesh.ltv(1, d, '2024-01-01') FROM (VALUES (date 'infinity'), ('2024-01-01')) v(d);
SELECT datamesh.ltv(1, d, '2024-01-01') FILTER (WHERE isfinite(d))
FROM (VALUES (date 'infinity'), ('2024-01-01')) v(d);
-- an as-of date or weight that is null: a null score, as in SQL
SELECT datamesh.ltv(5000, date '2024-01-01', NULL),
       datamesh.ltv(5000, date '2024-01-01', '2024-01-01', NULL, 1, 1),
       datamesh.ltv(5000, date '2024-01-01', '2024-01-01', 1, 1, 1, NULL, 5000, NULL);
-- all rows of a group are scored alike
SELECT datamesh.ltv(1, d, d) FROM (VALUES (date '2024-01-01'), ('2024-01-02')) v(d);
SELECT datamesh.ltv(1, '2024-01-01', d) FROM (VALUES (date '2024-01-01'), (NULL)) v(d);
SELECT datamesh.ltv(1, '2024-01-01', '2024-01-01', w, 1, 1) FROM (VALUES (0.3), (0.31)) v(w);
SELECT datamesh.ltv(1, '2024-01-01', '2024-01-01', w, 1, 1) FROM (VALUES (0.3), (NULL)) v(w);
SELECT datamesh.ltv(1, '2024-01-01', '2024-01-01', 1, 1, 1, 10, 20, 30);

-- as a window function, running totals included: a result does not change when its state grows
SELECT amount, (datamesh.ltv(amount, order_date, '2024-03-01') OVER w).total_revenue,
       sum(amount) OVER w, datamesh.ltv_partial(amount, order_date) OVER w
FROM ltv_orders WHERE customer_id IN ('ann', 'bob')
WINDOW w AS (ORDER BY order_date) ORDER BY order_date;
SELECT amount, (datamesh.ltv(amount, order_date, '2024-03-01') OVER w).total_revenue
FROM ltv_orders WHERE customer_id = 'ann'
WINDOW w AS (ORDER BY order_date ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY order_date;

-- states: stored, merged, scored
CREATE TABLE ltv_months AS
SELECT customer_id, date_trunc('month', order_date)::date AS month,
       datamesh.ltv_partial(amount, order_date) AS state
FROM ltv_orders GROUP BY 1, 2;
SELECT customer_id, month, state FROM ltv_months ORDER BY 1, 2;
SELECT customer_id, (datamesh.ltv_finish(datamesh.ltv_merge(state), '2024-03-01')).*
FROM ltv_months GROUP BY customer_id ORDER BY customer_id;
SELECT datamesh.ltv_finish(NULL, '2024-03-01');
SELECT datamesh.ltv_finish(state, '2024-03-01', revenue_weight => 1, silver => 2, gold => 10,
                           platinum => 1000), datamesh.ltv_finish(state, NULL)
FROM ltv_months WHERE customer_id = 'ann' ORDER BY month;
-- the support functions called by hand do not change what they are given
SELECT datamesh.ltv_accum(state, 1, '2025-01-01') AS grown, datamesh.ltv_combine(state, state) AS twice,
       state
FROM ltv_months WHERE customer_id = 'bob';
SELECT datamesh.ltv_accum(NULL, 1, '2025-01-01', '2025-02-01', 1, NULL, 3.00);
SELECT datamesh.ltv_final(state) FROM ltv_months WHERE customer_id = 'bob';

-- text and binary give back the same state, under any DateStyle
CREATE TABLE ltv_states (n int, state datamesh.ltv_state);
INSERT INTO ltv_states
SELECT 1, datamesh.ltv_partial(a, d)
FROM (VALUES (12.50, date '0044-03-15 BC'), (-1e40, 'infinity'), (1e-20, '-infinity'), ('NaN', NULL),
             ('Infinity', NULL), ('-Infinity', NULL), (NULL, NULL)) v(a, d)
UNION ALL SELECT 2, datamesh.ltv_partial(NULL, NULL)
UNION ALL SELECT 3, datamesh.ltv_accum(NULL, 0.10, '2024-12-31', NULL, 1, NULL, 3.00, 10, 5, NULL)
UNION ALL SELECT 4, datamesh.ltv_accum(NULL, 12345678901234567890.123456789, '2024-12-31', '0001-01-01 BC')
UNION ALL SELECT 5, datamesh.ltv_accum(NULL, 1.0000000000, '0001-01-01', '2024-12-31');
SET datestyle = 'German, DMY';
SELECT n, state, state::text::datamesh.ltv_state::text = state::text AS same_text,
       datamesh.ltv_state_send(state) = datamesh.ltv_state_send(state::text::datamesh.ltv_state) AS same_binary
FROM ltv_states ORDER BY n;
RESET datestyle;
-- the binary form: version, flags, orders, amounts, total, first, last, as-of, parameters
SELECT encode(datamesh.ltv_state_send(datamesh.ltv_accum(NULL, 12.50, '2000-01-02')), 'hex');
CREATE TEMP TABLE ltv_states_back (LIKE ltv_states);
\copy ltv_states TO 'results/ltv_states.bin' (FORMAT binary)
\copy ltv_states_back FROM 'results/ltv_states.bin' (FORMAT binary)
\! rm -f results/ltv_states.bin
SELECT count(*) AS same FROM ltv_states a JOIN ltv_states_back b USING (n)
WHERE a.state::text = b.state::text;

-- what cannot be a state is none
SELECT ''::datamesh.ltv_state;
SELECT 'ltv/2 orders=1 amounts=1 total=1'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 total=1'::datamesh.ltv_state;
SELECT 'ltv/1 orders=0 amounts=0 total=0'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=2 total=1'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=NaN'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=0 total=0 special=nan'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=0 special=huge'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 first=2024-01-02'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 first=2024-01-02 last=2024-01-01'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 first=today last=today'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 first=01-02-2024 last=01-02-2024'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 parameters=1,2'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 parameters=1,2,3,4,5,6,7'::datamesh.ltv_state;
SELECT 'ltv/1 orders=1 amounts=1 total=1 and more'::datamesh.ltv_state;
SELECT 'ltv/1 orders=99999999999999999999 amounts=1 total=1'::datamesh.ltv_state;
SELECT datamesh.ltv_combine(datamesh.ltv_accum(NULL, 1, NULL, '2024-01-01'), datamesh.ltv_accum(NULL, 1, NULL));

-- sums leave the range of 64 bits without a word, and counts with one
WITH RECURSIVE doubled(n, state) AS (
    SELECT 0, datamesh.ltv_accum(NULL, 9999999999999999.99999999, '2024-01-01')
    UNION ALL
    SELECT n + 1, datamesh.ltv_combine(state, state) FROM doubled WHERE n < 62)
SELECT n, (datamesh.ltv_finish(state, '2024-01-01')).total_revenue = 9999999999999999.99999999 * (2::numeric ^ n) AS exact,
       state
FROM doubled WHERE n % 10 = 2;
WITH RECURSIVE doubled(n, state) AS (
    SELECT 0, datamesh.ltv_accum(NULL, 1, '2024-01-01')
    UNION ALL
    SELECT n + 1, datamesh.ltv_combine(state, state) FROM doubled WHERE n < 63)
SELECT count(*) FROM doubled;
SELECT datamesh.ltv_accum('ltv/1 orders=9223372036854775807 amounts=1 total=1', 1, NULL);

-- everyone may use it, under any search_path
CREATE ROLE regress_ltv_reader;
GRANT SELECT ON ltv_orders, ltv_months TO regress_ltv_reader;
SET ROLE regress_ltv_reader;
SET search_path = '';
SELECT (datamesh.ltv(amount, order_date, '2024-03-01')).order_count FROM public.ltv_orders;
SELECT (datamesh.ltv_finish(datamesh.ltv_merge(state), '2024-03-01')).order_count FROM public.ltv_months;
RESET search_path;
RESET ROLE;

DROP TABLE ltv_orders, ltv_months, ltv_states, ltv_states_back;
DROP ROLE regress_ltv_reader;
