-- A value that is too short to be shown in part is not shown at all, and its length neither.
-- as: marketing_team
-- control: sales_team
-- says: \*\*\*
SELECT id, pin, length(pin) FROM sales.people WHERE id < 10;
SELECT DISTINCT length(pin) FROM sales.people WHERE id < 10;
SELECT id, substr(phone, 13) FROM sales.people WHERE id < 10;
