-- Errors quote the value that could not be cast, also values of rows that a filter would hide.
-- as: marketing_team
-- control: sales_team
-- says: invalid input syntax for type integer
SELECT id FROM sales.people WHERE id = 3 AND city::integer = 1;
SELECT id FROM sales.people WHERE id IN (3, 4) AND (city || region)::date IS NOT NULL;
SELECT 1 / (id - 3) FROM sales.people WHERE city::numeric > 0 AND id = 3;
SELECT name::integer FROM sales.people WHERE id = 1;
SELECT email::inet FROM sales.people WHERE id = 2;
SELECT pin::uuid FROM sales.people WHERE id = 1;
SELECT salary::text::date FROM sales.people WHERE id = 1;
SELECT xmlparse(DOCUMENT name) FROM sales.people WHERE id = 1;
SELECT regexp_match('x', name || '(') FROM sales.people WHERE id = 1;
