-- A year of a small shop, the same every time: 3,000 invoices of some 400 customers in the shape of the
-- UCI Online Retail file, with what real files hold too: invoices without a customer, cancelled
-- ones (their number begins with C, their quantities are below zero) and things given away.
INSERT INTO sales_internal.orders_raw
SELECT CASE WHEN cancelled THEN 'C' ELSE '' END || (536000 + i),
       'SKU' || lpad(((i * 37 + line * 11) % 500)::text, 4, '0'),
       (ARRAY['LANTERN', 'CAKE STAND', 'DOORMAT', 'TEAPOT', 'CANDLE'])[(i + line) % 5 + 1],
       (CASE WHEN cancelled THEN -1 ELSE 1 END) * ((i * 13 + line * 7) % 24 + 1),
       timestamp '2010-12-01 08:00' + i * interval '179 minutes',
       CASE WHEN (i * 3 + line) % 197 = 0 THEN 0
            ELSE round(((i * 17 + line * 29) % 900 + 50) / 100.0 * CASE WHEN customer % 40 = 7 THEN 12 ELSE 1 END, 2) END,
       CASE WHEN i % 23 <> 0 THEN (12000 + customer)::text END,
       'United Kingdom'
  FROM (SELECT i, i % 41 = 0 AS cancelled, CASE WHEN i % 205 = 0 THEN 400 + i / 205 ELSE i * 7919 % CASE WHEN i % 3 = 0 THEN 61 ELSE 397 END END AS customer
          FROM generate_series(1, 3000) AS i) AS invoice,
       LATERAL generate_series(1, 1 + i % 4) AS line;
