-- Columns that are not on a consumer's list are null for it, however they are asked for.
-- as: executives
-- control: sales_team
-- says: Z\*\*\*r
-- silent: @|\+4|19[4-7][0-9]-
SELECT * FROM sales.people WHERE id < 10;
SELECT count(*) FILTER (WHERE email IS NOT NULL OR card IS NOT NULL OR born IS NOT NULL OR nick IS NOT NULL) FROM sales.people;
SELECT max(email), max(card), max(phone), max(salary), max(born), max(pin), max(nick), max(bonus) FROM sales.people;
SELECT to_jsonb(p) FROM sales.people AS p WHERE id < 10;
