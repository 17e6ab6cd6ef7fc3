-- One careless GRANT on what is internal, made by somebody whom nobody stops, shows no row.
-- as: mallory
-- control: no, the control is the count that the owner sees
-- says: permission denied for schema sales_internal
-- says: owner sees 1004
-- silent: EU
SELECT * FROM sales_internal.people;
\connect - postgres
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA sales_internal, sales_releases TO mallory;
GRANT ALL ON ALL TABLES IN SCHEMA sales_internal, sales_releases TO mallory;
ALTER DEFAULT PRIVILEGES FOR ROLE sales_port IN SCHEMA sales_releases GRANT SELECT ON TABLES TO mallory;
CALL datamesh.publish('sales.people');
\connect - mallory
SELECT format('SELECT * FROM %s', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p', 'v', 'm') AND relname ~ '^people' AND relnamespace::regnamespace::text ~ '^sales_' \gexec
SELECT format('COPY %s TO STDOUT', c.oid::regclass) FROM pg_class AS c
 WHERE relkind = 'r' AND relname ~ '^people' AND relnamespace::regnamespace::text ~ '^sales_' \gexec
UPDATE sales_internal.people SET city = city WHERE id = 3 RETURNING *;
DELETE FROM sales_internal.people WHERE name LIKE 'Z%' RETURNING *;
\connect - sales_team
SELECT 'owner sees ' || count(*) FROM sales_internal.people;
