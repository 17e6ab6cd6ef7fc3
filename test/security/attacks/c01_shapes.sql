-- Whatever shape a query has, code of the reader's is shown rows that a filter lets through, and masks.
-- as: marketing_team
-- control: sales_team
-- says: I was shown Berlin
CREATE FUNCTION playground.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    IF $1 !~ '^(City|Person)' THEN
        RAISE NOTICE 'I was shown %', $1;
    END IF;
    RETURN true;
END $$;
CREATE DOMAIN playground.d AS text CHECK (playground.tell(VALUE));
CREATE TYPE playground.e AS ENUM ('City 1');
CREATE TYPE playground.c AS (a text);
CREATE FUNCTION playground.cmp(playground.c, playground.c) RETURNS boolean LANGUAGE sql AS $$ SELECT playground.tell($1.a) $$;
CREATE OPERATOR playground.<> (FUNCTION = playground.cmp, LEFTARG = playground.c, RIGHTARG = playground.c);
SELECT count(*) FROM sales.people WHERE id IN (1,3,4) AND city::playground.d IS NOT NULL;
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND ROW(city)::playground.c OPERATOR(playground.<>) ROW('x')::playground.c;
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND coalesce(city::playground.d, 'x') > 'a';
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND CASE WHEN city > 'a' THEN city::playground.e::text = 'x' END;
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND nullif(city, 'a') = ANY (string_to_array(city, 't')::playground.d[]);
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND greatest(city::playground.d, 'x') > 'a';
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND EXISTS (SELECT FROM (VALUES (1)) v WHERE playground.tell(city));
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND (SELECT playground.tell(city));
SELECT count(*) FROM sales.people WHERE id IN (3,4) AND id IN (SELECT 3 WHERE playground.tell(city));
SELECT count(*) FROM sales.people p WHERE id IN (3,4) AND xmlexists('/x' PASSING city::xml);
SELECT count(*) FROM sales.people p WHERE id IN (3,4) AND (SELECT bool_and(playground.tell(x)) FROM unnest(ARRAY[city]) x);
SELECT count(*) FROM sales.people p, LATERAL unnest(ARRAY[p.city]) u WHERE p.id IN (3,4) AND playground.tell(u);
SELECT count(*) FROM sales.people p, LATERAL (VALUES (p.city)) u(c) WHERE p.id IN (3,4) AND playground.tell(u.c);
SELECT count(*) FROM sales.people p JOIN LATERAL playground.tell(p.city) t ON t WHERE p.id IN (3,4);
SELECT p.id FROM sales.people p WHERE p.id IN (3,4) ORDER BY playground.tell(p.city);
SELECT (SELECT count(*) FROM sales.people WHERE id IN (3,4) AND playground.tell(city) AND g > 0) FROM generate_series(1,2) g;
CREATE TABLE playground.upd (id integer, c text);
INSERT INTO playground.upd VALUES (3,'x'),(4,'y');
UPDATE playground.upd u SET c = p.city FROM sales.people p WHERE p.id = u.id AND playground.tell(p.city) RETURNING u.*, p.city;
DELETE FROM playground.upd u USING sales.people p WHERE p.id = u.id AND playground.tell(p.city) RETURNING u.*, p.city;
INSERT INTO playground.upd SELECT id, city FROM sales.people WHERE id IN (3,4) AND playground.tell(city) ON CONFLICT DO NOTHING RETURNING *;
MERGE INTO playground.upd u USING sales.people p ON p.id = u.id AND playground.tell(p.city) WHEN MATCHED AND playground.tell(p.city) THEN DELETE;
