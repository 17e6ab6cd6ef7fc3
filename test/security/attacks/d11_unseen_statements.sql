-- Statements that fire no event trigger: with the library preloaded they are refused all the same.
-- as: postgres
-- control: no, the guard stands in the way
-- preload: yes
-- says: MD50
-- says: changed: 0
GRANT sales_port TO mallory;
GRANT sales_team TO marketing_team;
CREATE ROLE late LOGIN IN ROLE sales_port;
ALTER ROLE sales_port BYPASSRLS;
ALTER ROLE sales_port SUPERUSER;
ALTER ROLE sales_port LOGIN;
ALTER ROLE sales_team BYPASSRLS;
ALTER ROLE sales_team SET session_replication_role = replica;
ALTER DATABASE attacked SET session_replication_role = replica;
REASSIGN OWNED BY sales_port TO mallory;
DROP OWNED BY sales_port;
SELECT format('TRUNCATE %s', c.oid::regclass) FROM pg_class AS c WHERE relkind = 'p' AND relnamespace = 'sales_releases'::regnamespace \gexec
TRUNCATE datamesh.port_policy, datamesh.access_grant;
SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname) FROM pg_event_trigger WHERE evtname ~ 'datamesh' \gexec
SELECT format('ALTER EVENT TRIGGER %I ENABLE REPLICA', evtname) FROM pg_event_trigger WHERE evtname ~ 'datamesh' \gexec
SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger WHERE evtname ~ 'datamesh' \gexec
ALTER TABLE datamesh.event_log DISABLE TRIGGER ALL;
SELECT 'changed: ' || (SELECT count(*) FROM pg_roles WHERE rolname IN ('sales_port', 'sales_team') AND (rolsuper OR rolbypassrls OR rolname = 'sales_port' AND rolcanlogin))
       + (SELECT count(*) FROM pg_auth_members WHERE roleid = 'sales_port'::regrole)
       + (SELECT count(*) FROM pg_event_trigger WHERE evtname ~ 'datamesh' AND evtenabled <> 'A')
       + (SELECT count(*) FROM pg_class WHERE relnamespace IN ('sales'::regnamespace, 'sales_releases'::regnamespace) AND relowner <> 'sales_port'::regrole AND relkind IN ('r', 'p', 'v'));
