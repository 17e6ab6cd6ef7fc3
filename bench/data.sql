-- The rows that bench/run.sh measures on; :rows of them, the same at every run.
--
-- The product of the lesson's Example 1: 11 columns, ids unique and in no order, names with a few
-- nulls, every rule kept. No constraint tells that the rules are kept: all must be looked up.

CREATE SCHEMA bench;

CREATE TABLE bench.product AS
SELECT 'C' || lpad((i * 1000003 % 1000000007)::text, 10, '0') AS customer_id,
       CASE WHEN i % 200 <> 0 THEN 'Customer ' || i END AS customer_name,
       (revenue * 0.3 + orders * 10 - days * 0.1)::double precision AS ltv_score,
       revenue AS total_revenue,
       orders AS order_count,
       (revenue / orders)::numeric(18,2) AS avg_order_value,
       date '2023-12-31' - days - 365 AS first_order_date,
       date '2023-12-31' - days AS last_order_date,
       datamesh.ltv_segment(revenue * 0.3 + orders * 10 - days * 0.1) AS segment,
       timestamptz '2024-01-01 00:00:00+00' AS _computed_at,
       '1.2.0'::text AS _product_version
FROM (SELECT i, (100 + hash % 5000000 / 100.0)::numeric(18,2) AS revenue,
             (1 + hash % 40)::integer AS orders, (hash % 300)::integer AS days
      FROM (SELECT i, (hashint8extended(i, 1) & 2147483647) AS hash
            FROM generate_series(1::bigint, :rows) i) h) v;

-- The same rows where constraints prove every rule, in two sizes. (NaN is a numeric, greater than all
-- others and valid for no rule: a lower bound alone does not keep it out.)
CREATE TABLE bench.proved AS TABLE bench.product;
CREATE TABLE bench.proved_small AS SELECT * FROM bench.product LIMIT least(10000, :rows);
\set constraints 'ADD PRIMARY KEY (customer_id), ADD CHECK (ltv_score >= 0 AND ltv_score <= 1000000), ADD CHECK (total_revenue >= 0 AND total_revenue < \'NaN\'), ADD CHECK (order_count >= 1), ADD CHECK (segment IN (\'platinum\', \'gold\', \'silver\', \'bronze\')), ALTER ltv_score SET NOT NULL, ALTER total_revenue SET NOT NULL, ALTER order_count SET NOT NULL'
ALTER TABLE bench.proved :constraints;
ALTER TABLE bench.proved_small :constraints;

-- Orders for the aggregate: as many rows, twenty to a customer, in the order they came in.
CREATE TABLE bench.orders AS
SELECT 'C' || lpad((hash % (:rows / 20 + 1))::text, 10, '0') AS customer_id,
       (hash % 100000 / 100.0)::numeric(18,2) AS amount,
       date '2021-01-01' + (i * 1000 / :rows)::integer AS order_date
FROM (SELECT i, (hashint8extended(i, 2) & 2147483647) AS hash
      FROM generate_series(1::bigint, :rows) i) h;

VACUUM (ANALYZE, FREEZE) bench.product, bench.proved, bench.proved_small, bench.orders;
