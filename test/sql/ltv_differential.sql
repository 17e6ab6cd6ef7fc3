-- ltv_differential: datamesh.ltv against plain SQL, over generated orders of every kind, by every
-- plan, at 0, 1, 2 and 4 workers: the same to the last digit, scale included (compared as text).

-- 40,000 orders of 700 customers. Customers differ in kind: money; many decimals; huge and tiny;
-- integers; trailing zeros; now and then nulls; amounts around the edge of what 64 bits hold.
CREATE TABLE ltv_generated AS
SELECT i % 700 AS customer_id,
       CASE WHEN i % 23 = 0 THEN NULL
            ELSE CASE (i % 700) % 8
                WHEN 0 THEN (h % 1000000) / 100.0::numeric(18,2)
                WHEN 1 THEN h * 0.000000001
                WHEN 2 THEN h * 10::numeric ^ (h % 60 - 30)
                WHEN 3 THEN h
                WHEN 4 THEN round(h / 7.0, i % 12)
                WHEN 5 THEN ((h % 10000)::text || '.' || repeat('0', i % 30))::numeric
                WHEN 6 THEN (9999999999999000 + h % 1000 + 0.99999999) * CASE WHEN h % 3 = 0 THEN -1 ELSE 1 END
                ELSE (h::text || repeat('9', i % 300) || '.' || repeat('7', i % 200))::numeric
            END
       END AS amount,
       CASE WHEN i % 29 = 0 THEN NULL ELSE date '1999-12-01' + (h % 3000)::int END AS order_date
FROM (SELECT i, hashint4extended(i, 42) % 1000000000 AS h FROM generate_series(1, 40000) i) g;
-- customers that have nothing but nulls, and those with numbers that are none
INSERT INTO ltv_generated VALUES (1000, NULL, NULL), (1001, NULL, '2020-01-01'), (1002, 1, NULL),
    (1003, 'NaN', '2020-01-01'), (1003, 1.50, '2020-01-02'), (1004, 'Infinity', '2020-01-01'),
    (1005, '-Infinity', '2020-01-01'), (1005, 'Infinity', '2020-01-01'), (1006, 0, '0001-01-01 BC'),
    (1007, 0.00, '5874897-12-31'), (NULL, 12.34, '2021-01-01'), (NULL, NULL, NULL),
    (1008, 1e-300, '2021-01-01'), (1008, 1e300, '2021-01-01'), (1008, -1e300, '2021-01-01'),
    (1009, ('1.' || repeat('0', 3000))::numeric, '2021-01-01'), (1009, 2, '2021-01-01');
ANALYZE ltv_generated;

CREATE VIEW ltv_plain AS
SELECT customer_id, order_count, total_revenue::text, avg_order_value::text, first_order_date,
       last_order_date, ltv_score::text,
       CASE WHEN ltv_score > 10000 THEN 'platinum' WHEN ltv_score > 5000 THEN 'gold'
            WHEN ltv_score > 1000 THEN 'silver' ELSE 'bronze' END AS segment
FROM (SELECT customer_id, count(*) AS order_count, sum(amount) AS total_revenue,
             avg(amount) AS avg_order_value, min(order_date) AS first_order_date,
             max(order_date) AS last_order_date,
             sum(amount) * 0.3 + count(*) * 10 + (date '2024-03-01' - max(order_date)) * -0.1 AS ltv_score
      FROM ltv_generated GROUP BY customer_id) x;
CREATE VIEW ltv_ours AS
SELECT customer_id, order_count, total_revenue::text, avg_order_value::text, first_order_date,
       last_order_date, ltv_score::text, segment
FROM (SELECT customer_id, (datamesh.ltv(amount, order_date, '2024-03-01')).*
      FROM ltv_generated GROUP BY customer_id) x;
CREATE TABLE ltv_expected AS SELECT * FROM ltv_plain;
SELECT count(*) AS customers, count(ltv_score) AS with_score, count(DISTINCT segment) AS segments FROM ltv_expected;

CREATE PROCEDURE ltv_compare(label text) LANGUAGE plpgsql AS $$
DECLARE
    differences bigint;
    customers bigint;
BEGIN
    SELECT count(*), (SELECT count(*) FROM ltv_ours) INTO differences, customers
    FROM ((SELECT * FROM ltv_ours EXCEPT ALL SELECT * FROM ltv_expected)
          UNION ALL (SELECT * FROM ltv_expected EXCEPT ALL SELECT * FROM ltv_ours)) d;
    RAISE INFO '%: % customers, % differences', label, customers, differences;
END $$;

-- make a parallel plan worth it, and prove that it is one
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
ALTER TABLE ltv_generated SET (parallel_workers = 4);
SET max_parallel_workers_per_gather = 0;
CALL ltv_compare('0 workers');
SET max_parallel_workers_per_gather = 1;
CALL ltv_compare('1 worker');
SET max_parallel_workers_per_gather = 2;
CALL ltv_compare('2 workers');
SET max_parallel_workers_per_gather = 4;
CALL ltv_compare('4 workers');
EXPLAIN (COSTS OFF) SELECT customer_id, (datamesh.ltv(amount, order_date, '2024-03-01')).segment
FROM ltv_generated GROUP BY customer_id;
CREATE FUNCTION ltv_plan_shows(pattern text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
        SELECT customer_id, datamesh.ltv(amount, order_date, '2024-03-01')
        FROM ltv_generated GROUP BY customer_id
    LOOP
        IF line ~ pattern THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
SELECT ltv_plan_shows('Workers Launched: [1-4]') AS really_parallel;
-- the leader alone takes in what the workers made
SET parallel_leader_participation = off;
CALL ltv_compare('4 workers, leader only merges');
RESET parallel_leader_participation;
-- by sorting
SET enable_hashagg = off;
CALL ltv_compare('sorted, parallel');
SET max_parallel_workers_per_gather = 0;
CALL ltv_compare('sorted');
RESET enable_hashagg;
-- by hashing with less memory than the groups need
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT ltv_plan_shows('Disk Usage: [1-9]') AS spilled;
CALL ltv_compare('spilling');
RESET enable_sort;
RESET work_mem;
RESET hash_mem_multiplier;

-- partitions aggregated apart, and merged: as the executor does it, and from stored states
CREATE TABLE ltv_states AS
SELECT customer_id, order_date > '2004-01-01' AS late, datamesh.ltv_partial(amount, order_date) AS state
FROM ltv_generated GROUP BY 1, 2;
CREATE OR REPLACE VIEW ltv_ours AS
SELECT customer_id, order_count, total_revenue::text, avg_order_value::text, first_order_date,
       last_order_date, ltv_score::text, segment
FROM (SELECT customer_id, (datamesh.ltv_finish(datamesh.ltv_merge(state), '2024-03-01')).*
      FROM ltv_states GROUP BY customer_id) x;
CALL ltv_compare('stored states');
ALTER TABLE ltv_states SET (parallel_workers = 4);
SET max_parallel_workers_per_gather = 4;
CALL ltv_compare('stored states, parallel');
UPDATE ltv_states SET state = state::text::datamesh.ltv_state;
CALL ltv_compare('states from text');

-- with weights and thresholds
CREATE OR REPLACE VIEW ltv_ours AS
SELECT customer_id, order_count, total_revenue::text, avg_order_value::text, first_order_date,
       last_order_date, ltv_score::text, segment
FROM (SELECT customer_id, (datamesh.ltv(amount, order_date, '2022-12-31', 0.125, -3.5, -0.0001, 1e9, 0, -1e9)).*
      FROM ltv_generated GROUP BY customer_id) x;
DROP TABLE ltv_expected;
CREATE TABLE ltv_expected AS
SELECT customer_id, order_count, total_revenue::text, avg_order_value::text, first_order_date,
       last_order_date, ltv_score::text,
       CASE WHEN ltv_score > 1e9 THEN 'platinum' WHEN ltv_score > 0 THEN 'gold'
            WHEN ltv_score > -1e9 THEN 'silver' ELSE 'bronze' END AS segment
FROM (SELECT customer_id, count(*) AS order_count, sum(amount) AS total_revenue,
             avg(amount) AS avg_order_value, min(order_date) AS first_order_date,
             max(order_date) AS last_order_date,
             sum(amount) * 0.125 + count(*) * -3.5 + (date '2022-12-31' - max(order_date)) * -0.0001 AS ltv_score
      FROM ltv_generated GROUP BY customer_id) x;
CALL ltv_compare('weights and thresholds, parallel');
-- and the scalar functions on the same figures
SELECT count(*) AS different FROM ltv_expected
WHERE ltv_score IS DISTINCT FROM datamesh.ltv_score(total_revenue::numeric, order_count, last_order_date,
          '2022-12-31', 0.125, -3.5, -0.0001)::text
   OR segment IS DISTINCT FROM datamesh.ltv_segment(ltv_score::numeric, 1e9, 0, -1e9);

-- running totals over a window, against sum() over the same window
SELECT count(*) AS different
FROM (SELECT (datamesh.ltv(amount, order_date, '2024-03-01') OVER w).total_revenue::text AS ours,
             (sum(amount) OVER w)::text AS plain
      FROM ltv_generated WINDOW w AS (PARTITION BY customer_id ORDER BY order_date, amount)) x
WHERE ours IS DISTINCT FROM plain;

DROP VIEW ltv_ours, ltv_plain;
DROP TABLE ltv_generated, ltv_expected, ltv_states;
DROP PROCEDURE ltv_compare;
DROP FUNCTION ltv_plan_shows;
