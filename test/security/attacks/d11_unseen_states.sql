-- The same without preload: nobody refuses them, and the scan finds what they left.
-- as: postgres
-- control: no, what is looked for is the finding
-- preload: no
-- says: found: true
GRANT sales_port TO mallory;
ALTER ROLE sales_port BYPASSRLS;
ALTER DATABASE attacked SET session_replication_role = replica;
SELECT 'found: ' || bool_and(found) FROM (
    SELECT EXISTS (SELECT FROM datamesh.security_scan() AS s WHERE s::text ~ wanted) AS found
    FROM (VALUES ('mallory'), ('BYPASSRLS'), ('session_replication_role')) AS v(wanted)) AS x;
ALTER DATABASE attacked RESET session_replication_role;
REVOKE sales_port FROM mallory;
ALTER ROLE sales_port NOBYPASSRLS;
