-- A function in WHERE that costs nothing, and tells what it is shown.
-- as: marketing_team
-- control: sales_team
-- says: Z\*\*\*r
CREATE FUNCTION playground.tell(VARIADIC text[]) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'I was shown %', $1;
    RETURN true;
END $$;
SELECT count(*) FROM sales.people WHERE playground.tell(name, email, card, phone, salary::text, pin, city) AND id < 10;
SELECT count(*) FROM sales.people AS p WHERE playground.tell(p::text) AND id < 10;
SELECT count(*) FROM sales.people_v1 AS p WHERE id < 10 AND playground.tell(to_json(p)::text);
CREATE OPERATOR playground.~~~ (FUNCTION = playground.tell, RIGHTARG = text[]);
SELECT count(*) FROM sales.people WHERE OPERATOR(playground.~~~) ARRAY[name, city] AND id < 10;
CREATE AGGREGATE playground.gather(text) (SFUNC = array_append, STYPE = text[]);
