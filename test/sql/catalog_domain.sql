-- catalog_domain: domains and consumers are made with exactly the schemas, roles and privileges that
-- they need; nothing that was there before is taken over; doing it twice is safe; roles that are
-- gone, made again, given away or grown dangerous inherit nothing.
CREATE ROLE regress_team;
CREATE ROLE regress_other;
CREATE ROLE regress_platform;
CREATE ROLE regress_reader;
CREATE ROLE regress_super SUPERUSER;

SELECT coalesce(max(event_id), 0) AS start FROM datamesh.events \gset
-- what a domain is
CALL datamesh.create_domain('regress_sales', owner => 'regress_team', description => 'Sells things.');
SELECT n.nspname, n.nspowner::regrole, n.nspacl, obj_description(n.oid, 'pg_namespace')
FROM pg_namespace n WHERE n.nspname LIKE 'regress\_sales%' ORDER BY 1;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
       shobj_description(oid, 'pg_authid')
FROM pg_authid WHERE rolname LIKE 'regress\_sales%';
SELECT count(*) AS memberships FROM pg_auth_members
WHERE 'regress_sales_port'::regrole IN (roleid, member);
SELECT domain, owner, description, internal_schemas, port_role, products, created_by = session_user AS by_us
FROM datamesh.domains;

-- doing it twice
CALL datamesh.create_domain('regress_sales', 'regress_team');
CALL datamesh.create_domain('regress_sales', 'regress_team', 'Sells things.');
CALL datamesh.create_domain('regress_sales', 'regress_team', 'Sells more.');
SELECT description FROM datamesh.domains WHERE domain = 'regress_sales';
CALL datamesh.create_domain('regress_sales', 'regress_other');

-- owners that cannot be
CALL datamesh.create_domain('regress_x', 'regress_nobody');
CALL datamesh.create_domain('regress_x', 'REGRESS_TEAM');
CALL datamesh.create_domain('regress_x', 'regress_super');
CALL datamesh.create_domain('regress_x', 'public');
CALL datamesh.create_domain('regress_x', 'pg_read_all_data');
CALL datamesh.create_domain('regress_x', 'regress_sales_port');
GRANT regress_super TO regress_other;
CALL datamesh.create_domain('regress_x', 'regress_other');
REVOKE regress_super FROM regress_other;
CALL datamesh.create_domain('regress_x', NULL);

-- names that cannot be
CALL datamesh.create_domain(NULL, 'regress_team');
CALL datamesh.create_domain('', 'regress_team');
CALL datamesh.create_domain('pg_sales', 'regress_team');
CALL datamesh.create_domain('datamesh', 'regress_team');
CALL datamesh.create_domain('public', 'regress_team');
CALL datamesh.create_domain('information_schema', 'regress_team');
CALL datamesh.create_domain(repeat('x', 64), 'regress_team');
CALL datamesh.create_domain(repeat('x', 63), 'regress_team');
CALL datamesh.create_domain(repeat('x', 55), 'regress_team');
CREATE SCHEMA regress_y_releases;
CALL datamesh.create_domain('regress_y', 'regress_team');
DROP SCHEMA regress_y_releases;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'regress\_y%' OR nspname LIKE 'regress\_x%';

-- names that are odd but can be
CALL datamesh.create_domain('Regress "Sales"; DROP', 'regress_team');
CALL datamesh.create_domain(repeat('x', 54), 'regress_team');
SELECT domain, internal_schemas, port_role FROM datamesh.domains WHERE domain <> 'regress_sales' ORDER BY 1;
CALL datamesh.create_domain('Regress "Sales"; DROP', 'regress_team');
CALL datamesh.drop_domain('Regress "Sales"; DROP');
CALL datamesh.drop_domain(repeat('x', 54));
SET ROLE regress_team;
DROP SCHEMA "Regress ""Sales""; DROP_internal";
RESET ROLE;
SELECT format('DROP SCHEMA %I', nspname) FROM pg_namespace WHERE nspname LIKE 'xxx%' \gexec

-- a role that has the port role's name already is left alone
CREATE ROLE regress_ops_port LOGIN SUPERUSER;
CALL datamesh.create_domain('regress_ops', 'regress_team');
SELECT port_role FROM datamesh.domains WHERE domain = 'regress_ops';
SELECT rolsuper, rolcanlogin FROM pg_authid WHERE rolname = 'regress_ops_port';
CALL datamesh.drop_domain('regress_ops');
DROP ROLE regress_ops_port;
DROP SCHEMA regress_ops_internal;

-- default privileges do not leak into a domain's schemas
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO PUBLIC, regress_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_team GRANT ALL ON SCHEMAS TO PUBLIC, regress_reader;
CALL datamesh.create_domain('regress_ops', 'regress_team');
SELECT nspname, nspacl FROM pg_namespace WHERE nspname LIKE 'regress\_ops%' ORDER BY 1;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM PUBLIC, regress_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_team REVOKE ALL ON SCHEMAS FROM PUBLIC, regress_reader;
CALL datamesh.drop_domain('regress_ops');
DROP SCHEMA regress_ops_internal;

-- who may
SET ROLE regress_team;
CALL datamesh.create_domain('regress_mine', 'regress_team');
CALL datamesh.create_consumer('regress_c', 'regress_reader');
CALL datamesh.set_domain_owner('regress_sales', 'regress_other');
CALL datamesh.drop_domain('regress_sales');
CREATE TABLE regress_sales.t ();
CREATE TABLE regress_sales_releases.t ();
CREATE TABLE regress_sales_internal.t ();
DROP TABLE regress_sales_internal.t;
SET ROLE regress_reader;
CREATE TABLE regress_sales.t ();
CREATE TABLE regress_sales_internal.t ();
RESET ROLE;
GRANT EXECUTE ON PROCEDURE datamesh.create_domain TO regress_platform;
SET ROLE regress_platform;
CALL datamesh.create_domain('regress_ops', 'regress_team');
RESET ROLE;
REVOKE EXECUTE ON PROCEDURE datamesh.create_domain FROM regress_platform;
CALL datamesh.drop_domain('regress_ops');
DROP SCHEMA regress_ops_internal;

-- consumers
CALL datamesh.create_consumer('regress_exec', role => 'regress_reader', description => 'The board.');
CALL datamesh.create_consumer('regress_exec', role => 'regress_reader', description => 'The board.');
CALL datamesh.create_consumer('regress_exec', role => 'regress_reader', description => 'Directors.');
CALL datamesh.create_consumer('regress_exec', role => 'regress_other');
CALL datamesh.create_consumer('regress_sales', role => 'regress_reader');
CALL datamesh.create_consumer('regress_c', role => 'regress_super');
CALL datamesh.create_consumer('regress_c', role => 'public');
CALL datamesh.create_consumer('regress_c', role => 'regress_nobody');
CALL datamesh.create_domain('regress_exec', 'regress_team');
SELECT consumer, role, description FROM datamesh.consumers;
-- a renamed role keeps it; one made again under the old name does not
ALTER ROLE regress_reader RENAME TO regress_renamed;
CALL datamesh.create_consumer('regress_exec', role => 'regress_renamed');
CREATE ROLE regress_reader;
CALL datamesh.create_consumer('regress_exec', role => 'regress_reader');
DROP ROLE regress_renamed;
DROP OWNED BY regress_renamed;
DROP ROLE regress_renamed;
CALL datamesh.create_consumer('regress_exec', role => 'regress_reader');

-- further schemas of a domain's own
CREATE SCHEMA regress_sales_raw AUTHORIZATION regress_team;
CREATE SCHEMA regress_foreign AUTHORIZATION regress_other;
SET ROLE regress_other;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
SET ROLE regress_team;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
CALL datamesh.add_internal_schema('regress_sales', 'regress_nowhere');
CALL datamesh.add_internal_schema('regress_sales', 'pg_catalog');
CALL datamesh.add_internal_schema('regress_sales', 'regress_sales');
CALL datamesh.add_internal_schema('regress_sales', 'regress_sales_raw');
CALL datamesh.add_internal_schema('regress_sales', 'regress_sales_raw');
CALL datamesh.add_internal_schema('regress_sale', 'regress_sales_raw');
CALL datamesh.add_internal_schema('nothing like it', 'regress_sales_raw');
RESET ROLE;
CALL datamesh.create_domain('regress_ops', 'regress_team');
CALL datamesh.add_internal_schema('regress_ops', 'regress_sales_raw');
CALL datamesh.drop_domain('regress_ops');
DROP SCHEMA regress_ops_internal;
SELECT internal_schemas FROM datamesh.domains WHERE domain = 'regress_sales';

-- a role that owns a domain cannot go; what was given away must be confirmed
DROP ROLE regress_team;
ALTER ROLE regress_team RENAME TO regress_crew;
CALL datamesh.create_domain('regress_sales', 'regress_crew');
CREATE ROLE regress_team;
SET ROLE regress_team;
CALL datamesh.add_internal_schema('regress_sales', 'regress_sales_raw');
RESET ROLE;
ALTER SCHEMA regress_sales_internal OWNER TO regress_other;
SET ROLE regress_other;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
RESET ROLE;
CALL datamesh.set_domain_owner('regress_sales', 'regress_super');
CALL datamesh.set_domain_owner('regress_nowhere', 'regress_other');
CALL datamesh.set_domain_owner('regress_sales', 'regress_other');
SELECT domain, owner FROM datamesh.domains;
SELECT nspname, nspowner::regrole, nspacl FROM pg_namespace WHERE nspname LIKE 'regress\_sales%' ORDER BY 1;
SET ROLE regress_other;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
RESET ROLE;

-- a schema that others made under a name that was registered is not moved, and can be theirs
DROP SCHEMA regress_foreign;
CREATE SCHEMA regress_foreign AUTHORIZATION regress_crew;
CALL datamesh.set_domain_owner('regress_sales', 'regress_crew');
CALL datamesh.set_domain_owner('regress_sales', 'regress_other');
SELECT nspname, nspowner::regrole FROM pg_namespace WHERE nspname IN ('regress_foreign', 'regress_sales_raw') ORDER BY 1;
ALTER SCHEMA regress_foreign OWNER TO regress_reader;
CALL datamesh.set_domain_owner('regress_sales', 'regress_crew');
CALL datamesh.set_domain_owner('regress_sales', 'regress_other');
SELECT nspname, nspowner::regrole FROM pg_namespace WHERE nspname IN ('regress_foreign', 'regress_sales_raw') ORDER BY 1;
CALL datamesh.create_domain('regress_ops', 'regress_reader');
CALL datamesh.add_internal_schema('regress_ops', 'regress_foreign');
SELECT domain, internal_schemas FROM datamesh.domains ORDER BY 1;
CALL datamesh.drop_domain('regress_ops');
DROP SCHEMA regress_ops_internal, regress_foreign;
CREATE SCHEMA regress_foreign AUTHORIZATION regress_other;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');

-- a port schema that was given away
BEGIN;
SET LOCAL datamesh.break_glass = on; -- the guard of DDL would refuse it
ALTER SCHEMA regress_sales OWNER TO regress_other;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
ROLLBACK;

-- roles that have grown dangerous are refused
ALTER ROLE regress_other SUPERUSER;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
ALTER ROLE regress_other NOSUPERUSER;
ALTER ROLE regress_sales_port LOGIN;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
ALTER ROLE regress_sales_port NOLOGIN BYPASSRLS;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
ALTER ROLE regress_sales_port NOBYPASSRLS;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');

-- a domain whose schema is gone says so, and can still be removed
BEGIN;
DROP SCHEMA regress_sales_internal;
CALL datamesh.add_internal_schema('regress_sales', 'regress_foreign');
ROLLBACK;
BEGIN;
DROP SCHEMA regress_sales_internal;
CALL datamesh.drop_domain('regress_sales');
ROLLBACK;

-- removing it
CALL datamesh.drop_domain('regress_nowhere');
CALL datamesh.drop_domain('regress_sales');
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'regress\_sales%' ORDER BY 1;
SELECT rolname FROM pg_roles WHERE rolname LIKE 'regress\_sales%';
SELECT * FROM datamesh.domains;

-- all of that is in the log, which is in order
SELECT kind, product, details FROM datamesh.events
WHERE event_id > :start AND (details ->> 'domain' = 'regress_sales' OR details ->> 'consumer' LIKE 'regress%') ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();

DROP EXTENSION datamesh;
DROP SCHEMA regress_sales_internal, regress_sales_raw, regress_foreign;
DROP ROLE regress_team, regress_crew, regress_other, regress_platform, regress_reader, regress_super;
CREATE EXTENSION datamesh;
