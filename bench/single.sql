-- The same figures in one hand-written query.
SELECT count(*), count(*) FILTER (WHERE customer_id IS NULL), count(DISTINCT customer_id),
       count(*) FILTER (WHERE ltv_score IS NULL), min(ltv_score), max(ltv_score),
       count(*) FILTER (WHERE total_revenue IS NULL), min(total_revenue),
       count(*) FILTER (WHERE order_count IS NULL), min(order_count),
       count(*) FILTER (WHERE segment NOT IN ('platinum', 'gold', 'silver', 'bronze'))
FROM bench.product;
