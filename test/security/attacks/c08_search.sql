-- A masked value is found neither by comparing, nor by halving, joining, sorting or grouping.
-- as: marketing_team
-- control: sales_team
-- says: found 0
SELECT 'found ' || count(*) FROM sales.people WHERE name IN ('Zephyrine Quillfeather', 'Ambrosius Nightingale') OR email LIKE 'zephyrine%';
DO $$
DECLARE
    low numeric := 0;
    high numeric := 2000000;
    middle numeric;
    above boolean;
BEGIN
    FOR i IN 1 .. 60 LOOP
        middle := (low + high) / 2;
        SELECT count(*) > 0 INTO above FROM sales.people WHERE id = 1 AND salary > middle;
        IF above THEN low := middle; ELSE high := middle; END IF;
    END LOOP;
    RAISE NOTICE 'the salary is %', round(high, 2);
END $$;
DO $$
DECLARE
    known text := '';
    longer text;
BEGIN
    FOR i IN 1 .. 25 LOOP
        SELECT known || chr(c) INTO longer FROM generate_series(32, 122) AS c
         WHERE EXISTS (SELECT FROM sales.people WHERE id = 1 AND left(name, i) = known || chr(c)) LIMIT 1;
        EXIT WHEN longer IS NULL;
        known := longer;
    END LOOP;
    RAISE NOTICE 'the name begins with %', known;
END $$;
CREATE TABLE playground.guess (guess text, born date);
INSERT INTO playground.guess SELECT 'guess', date '1940-01-01' + i FROM generate_series(1, 20000) AS i;
SELECT g.born FROM playground.guess AS g JOIN sales.people AS p ON p.born = g.born WHERE p.id = 1;
SELECT max(name), min(name) FILTER (WHERE id < 10), max(email), max(salary), min(born), max(pin) FROM sales.people;
SELECT salary, count(*) FROM sales.people WHERE id < 10 GROUP BY salary;
SELECT name, row_number() OVER (ORDER BY salary DESC) FROM sales.people ORDER BY salary DESC NULLS LAST LIMIT 3;
SELECT percentile_disc(1) WITHIN GROUP (ORDER BY salary), mode() WITHIN GROUP (ORDER BY name) FROM sales.people WHERE id < 3;
SELECT width_bucket(salary, 0, 1000000, 1000000) FROM sales.people WHERE id = 1;
SELECT histogram_bounds FROM pg_stats WHERE tablename = 'people';
