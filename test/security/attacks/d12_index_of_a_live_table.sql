-- What a table computes in indexes, statistics and constraints is computed by whoever plans a query on it: on a live source, by its reader.
-- as: sales_team
-- control: no, it is about whose rights the code has
-- says: MD203.*sales\.open_people|MD203.*sales\.people_live
-- says: refused: 6 of 6
-- silent: spied as (postgres|mark|executives)
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE TABLE sales_internal.own (id integer);
CREATE INDEX ON sales_internal.own ((id + sales_internal.spy(1)));
CREATE INDEX spied_1 ON sales_internal.people ((id + sales_internal.spy(1)));
CREATE INDEX CONCURRENTLY spied_2 ON sales_internal.people (id) WHERE id > sales_internal.spy(1);
CREATE STATISTICS sales_internal.spied_3 ON (id + sales_internal.spy(1)), city FROM sales_internal.people;
ALTER TABLE sales_internal.people ADD CONSTRAINT spied_4 CHECK (id > sales_internal.spy(0));
ALTER TABLE sales_internal.people ADD CONSTRAINT spied_5 EXCLUDE ((id + sales_internal.spy(0)) WITH =);
CREATE TABLE sales_internal.spied_6 (CHECK (id > sales_internal.spy(0))) INHERITS (sales_internal.people);
SELECT 'refused: ' || 6 - count(*) || ' of 6' FROM (SELECT conname FROM pg_constraint WHERE conname ~ '^spied' UNION SELECT stxname FROM pg_statistic_ext
UNION SELECT relname FROM pg_class WHERE relname ~ '^spied' AND relkind IN ('r', 'i')
AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = pg_class.oid AND NOT i.indisvalid)) AS x(name);
\connect - mark
SET constraint_exclusion = on;
SELECT count(*) FROM sales.people_live WHERE id > 5;
SELECT count(*) FROM sales.open_people WHERE id > 5;
\connect - postgres
SET constraint_exclusion = on;
SELECT count(*) FROM sales.people_live WHERE id > 5;
SELECT count(*) FROM sales.open_people WHERE id > 5;
