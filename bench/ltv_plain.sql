SELECT count(total_revenue) FROM (
    SELECT customer_id, order_count, total_revenue, avg_order_value, first_order_date, last_order_date,
           ltv_score,
           CASE WHEN ltv_score > 10000 THEN 'platinum' WHEN ltv_score > 5000 THEN 'gold'
                WHEN ltv_score > 1000 THEN 'silver' ELSE 'bronze' END AS segment
    FROM (SELECT customer_id, count(*) AS order_count, sum(amount) AS total_revenue,
                 avg(amount) AS avg_order_value, min(order_date) AS first_order_date,
                 max(order_date) AS last_order_date,
                 sum(amount) * 0.3 + count(*) * 10 + (date '2024-01-01' - max(order_date)) * -0.1 AS ltv_score
          FROM bench.orders GROUP BY customer_id) f) x
WHERE ROW(x.*) IS NOT NULL;
