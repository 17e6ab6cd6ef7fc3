-- Releases, partitions and the source, read directly.
-- as: marketing_team
-- control: sales_team
-- says: permission denied
SELECT format('SELECT * FROM %s WHERE id < 10', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace::regnamespace::text ~ '^sales_' \gexec
SELECT format('TABLE %s', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('i', 'I') AND relnamespace::regnamespace::text ~ '^sales_' \gexec
SELECT format('COPY %s TO STDOUT', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p', 'm') AND relnamespace::regnamespace::text ~ '^sales_' \gexec
SELECT format('LOCK TABLE %s', c.oid::regclass) FROM pg_class AS c
 WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text ~ '^sales_releases' \gexec
