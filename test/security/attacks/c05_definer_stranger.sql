-- The same, lent to somebody who has no access at all.
-- as: mallory
-- control: finance_team
-- says: \(0 rows\)
\connect - finance_team
CREATE FUNCTION playground.peek() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT p::text FROM sales.people AS p WHERE id < 10 $$;
CREATE VIEW playground.window AS SELECT * FROM sales.people;
GRANT SELECT ON playground.window TO PUBLIC;
\connect - :role
SELECT playground.peek();
SELECT * FROM playground.window WHERE id < 10;
SELECT * FROM sales.people;
