-- The domain takes the protection of its own relations away.
-- as: sales_team
-- control: no, the guard stands in the way
-- says: MD50
-- says: protected: 1
ALTER TABLE sales_internal.people DISABLE ROW LEVEL SECURITY;
ALTER TABLE sales_internal.people DISABLE ROW LEVEL SECURITY, ADD COLUMN more integer;
SELECT format('DROP POLICY %I ON sales_internal.people', polname) FROM pg_policy WHERE polrelid = 'sales_internal.people'::regclass \gexec
SELECT format('ALTER POLICY %I ON sales_internal.people TO PUBLIC USING (true)', polname) FROM pg_policy WHERE polrelid = 'sales_internal.people'::regclass AND polcmd = 'r' \gexec
CREATE POLICY wide ON sales_internal.people FOR SELECT TO PUBLIC USING (true);
SELECT 'protected: ' || count(*) FROM pg_class WHERE oid = 'sales_internal.people'::regclass AND relrowsecurity;
\connect - postgres
SET datamesh.break_glass = on;
GRANT USAGE ON SCHEMA sales_internal TO mallory;
GRANT SELECT ON sales_internal.people TO mallory;
\connect - mallory
SELECT * FROM sales_internal.people;
