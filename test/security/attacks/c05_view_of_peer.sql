-- A view over the port that an entitled peer lets everybody read.
-- as: marketing_team
-- control: finance_team
-- says: Z\*\*\*r
\connect - finance_team
CREATE VIEW playground.window AS SELECT *, (SELECT max(salary) FROM sales.people) AS most FROM sales.people;
CREATE FUNCTION playground.inlined() RETURNS SETOF sales.people LANGUAGE sql STABLE AS $$ SELECT * FROM sales.people $$;
GRANT SELECT ON playground.window TO PUBLIC;
\connect - :role
SELECT * FROM playground.window WHERE id < 10;
SELECT w FROM playground.window AS w WHERE id = 1;
SELECT * FROM playground.inlined() WHERE id < 10;
