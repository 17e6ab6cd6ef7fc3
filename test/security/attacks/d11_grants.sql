-- The domain lets others read what is internal, or a port that no contract allows them.
-- as: sales_team
-- control: no, the guard stands in the way
-- says: MD503
-- says: permission denied for schema sales_internal
-- says: permission denied for schema sales$
GRANT SELECT ON sales.people TO mallory;
GRANT SELECT ON sales.people_v1 TO PUBLIC;
GRANT SELECT (name) ON sales.people TO mallory;
GRANT SELECT ON sales_internal.people TO mallory;
GRANT SELECT ON ALL TABLES IN SCHEMA sales_internal TO mallory;
GRANT USAGE ON SCHEMA sales_internal TO PUBLIC;
GRANT ALL ON SCHEMA sales_releases TO mallory;
ALTER DEFAULT PRIVILEGES IN SCHEMA sales_internal GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO mallory;
DO $$ BEGIN EXECUTE 'GRANT SELECT ON sales_internal.people TO mallory'; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', sqlerrm; END $$;
ALTER TABLE sales_internal.people OWNER TO mallory;
ALTER SCHEMA sales_internal OWNER TO mallory;
\connect - mallory
SELECT * FROM sales.people;
SELECT * FROM sales.people_v1;
SELECT name FROM sales.people;
SELECT * FROM sales_internal.people;
