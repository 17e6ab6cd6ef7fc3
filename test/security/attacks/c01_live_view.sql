-- A live port keeps what the view behind it leaves out, also from functions that cost nothing.
-- as: marketing_team
-- control: no, the view leaves them out for everybody who reads the port
-- says: I was shown
CREATE FUNCTION playground.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'I was shown %', $1;
    RETURN true;
END $$;
SELECT count(*) FROM sales.open_people WHERE playground.tell(city) AND id < 10;
SELECT count(*) FROM sales.open_people WHERE playground.tell(city) AND id < 10;
SELECT count(*) FROM sales.open_people_v1 AS p WHERE id < 10 AND playground.tell(p::text);
SELECT id FROM sales.open_people WHERE city::integer = 1 AND id = 3;
PREPARE q AS SELECT count(*) FROM sales.open_people WHERE playground.tell(city) AND id < 10;
EXECUTE q;
EXECUTE q;
