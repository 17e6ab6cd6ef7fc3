SELECT count(total_revenue) FROM (
    SELECT customer_id, (datamesh.ltv(amount, order_date, '2024-01-01')).*
    FROM bench.orders GROUP BY customer_id) x
WHERE ROW(x.*) IS NOT NULL;
