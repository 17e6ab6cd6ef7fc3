-- Without the extension nothing can be read that was masked with it.
-- as: postgres
-- control: no, the data of the domain is still there for the domain
-- says: owner sees 1004
-- says: permission denied|does not exist
DROP EXTENSION datamesh CASCADE;
\connect - marketing_team
SELECT * FROM sales.people WHERE id < 10;
SELECT * FROM sales.people_live WHERE id < 10;
SELECT * FROM sales.people_v1 WHERE id < 10;
SELECT format('SELECT * FROM %s AS t WHERE t::text ~ ''Hidden|EU''', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text ~ '^sales' \gexec
\connect - mallory
SELECT format('SELECT * FROM %s', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text ~ '^sales' \gexec
\connect - sales_team
SELECT 'owner sees ' || count(*) FROM sales_internal.people;
