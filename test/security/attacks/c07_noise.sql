-- Noise does not average out: one row has one noise, however often and in whatever way it is asked for.
-- as: marketing_team
-- control: sales_team
-- says: different: 1
SELECT 'different: ' || count(DISTINCT p.bonus) FROM generate_series(1, 200) AS g, LATERAL (SELECT bonus FROM sales.people WHERE id = 1 AND g > 0 OFFSET 0) AS p;
SELECT id, bonus FROM sales.people WHERE id IN (1, 2);
SELECT round(avg(p.bonus)) FROM generate_series(1, 500) AS g, LATERAL (SELECT bonus FROM sales.people WHERE id = 1 AND g > 0 OFFSET 0) AS p;
