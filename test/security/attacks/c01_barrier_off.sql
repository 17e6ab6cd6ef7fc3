-- The barrier of the port's view cannot be taken down by a reader, nor by the domain.
-- as: marketing_team
-- control: no, nobody may
-- says: must be owner of view people
ALTER VIEW sales.people SET (security_barrier = false);
ALTER VIEW sales.people RESET (security_barrier);
ALTER VIEW sales.people OWNER TO marketing_team;
CREATE OR REPLACE VIEW sales.people AS SELECT 1;
CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO sales.people DO INSTEAD SELECT 1;
\connect - sales_team
ALTER VIEW sales.people SET (security_barrier = false);
ALTER VIEW sales.people_v1 RESET (security_barrier);
\connect - marketing_team
SELECT relname, reloptions FROM pg_class WHERE oid IN ('sales.people'::regclass, 'sales.people_v1'::regclass)
   AND NOT 'security_barrier=true' = ANY (reloptions);
