-- pg_read_all_data gets past privileges: rows stay back, the scan names what does not (long values, statistics).
-- as: postgres
-- control: no, what is looked for is the finding
-- says: rows: 0$
-- says: found: CRITICAL
-- silent: [1-9] rows\)
CREATE ROLE reads_all LOGIN IN ROLE pg_read_all_data;
\connect - reads_all
SELECT * FROM sales_internal.people;
SELECT * FROM sales_releases.people_v1;
SELECT * FROM sales.people;
COPY (SELECT * FROM sales_internal.people) TO STDOUT;
SELECT * FROM pg_stats WHERE tablename IN ('people', 'people_v1');
SELECT 'rows: ' || (SELECT count(*) FROM sales_internal.people) + (SELECT count(*) FROM sales_releases.people_v1) + (SELECT count(*) FROM sales.people WHERE name !~ '\*');
\connect - postgres
SELECT 'found: ' || severity FROM datamesh.security_scan() WHERE finding = 'role.predefined' AND object = 'role reads_all';
DROP ROLE reads_all;
