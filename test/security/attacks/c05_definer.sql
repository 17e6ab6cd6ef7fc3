-- A function that an entitled peer lends with its own rights.
-- as: marketing_team
-- control: finance_team
-- says: Z\*\*\*r
\connect - finance_team
CREATE FUNCTION playground.peek() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT id || ' ' || coalesce(name, '') || coalesce(salary::text, '') || coalesce(city, '') FROM sales.people WHERE id < 10 $$;
CREATE FUNCTION playground.peek2() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN RETURN QUERY EXECUTE 'SELECT p::text FROM sales.people AS p WHERE id < 10'; END $$;
CREATE FUNCTION playground.peek3() RETURNS text LANGUAGE sql SECURITY DEFINER AS
$$ SELECT query_to_xml('SELECT * FROM sales.people WHERE id < 10', true, true, '')::text $$;
CREATE FUNCTION playground.peek4() RETURNS TABLE (t text) LANGUAGE sql SECURITY DEFINER PARALLEL SAFE
SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 SET min_parallel_table_scan_size = 0 AS
$$ SELECT max(name) FROM sales.people $$;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA playground TO PUBLIC;
\connect - :role
SELECT playground.peek();
SELECT playground.peek2();
SELECT playground.peek3();
SELECT playground.peek4();
