-- What the lesson's Python does: a query for every figure. For each not_null a count of nulls and a
-- count of all, for unique the groups of more than one, for min and max a query each.
SELECT count(*) FROM bench.product WHERE customer_id IS NULL;
SELECT count(*) FROM bench.product;
SELECT count(*) FROM (SELECT customer_id FROM bench.product GROUP BY customer_id HAVING count(*) > 1) d;
SELECT count(*) FROM bench.product WHERE ltv_score IS NULL;
SELECT count(*) FROM bench.product;
SELECT min(ltv_score) FROM bench.product;
SELECT max(ltv_score) FROM bench.product;
SELECT count(*) FROM bench.product WHERE total_revenue IS NULL;
SELECT count(*) FROM bench.product;
SELECT min(total_revenue) FROM bench.product;
SELECT count(*) FROM bench.product WHERE order_count IS NULL;
SELECT count(*) FROM bench.product;
SELECT min(order_count) FROM bench.product;
SELECT count(*) FROM bench.product WHERE segment NOT IN ('platinum', 'gold', 'silver', 'bronze');
