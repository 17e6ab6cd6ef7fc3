-- security_scan: states that let somebody see what no contract allows, found in the catalogs after the fact.
--
-- Each scan_* function looks at one kind of thing and returns findings; datamesh.security_scan (src/publish/scan.c)
-- asks all of them as the owner of the extension. Catalogs are read whole once at most: nothing is called for each
-- relation of the database, only for those of the mesh that carry something of note.
-- A mending statement may be several, to be run as one string. Those that the guard of DDL would refuse begin with
-- SET LOCAL datamesh.break_glass.

CREATE TYPE datamesh.security_finding AS (
    domain name, finding text, severity text, object text, what text, why text, mend text);
COMMENT ON TYPE datamesh.security_finding IS
'A finding of datamesh.security_scan: the domain that it concerns (null: the database), its kind, CRITICAL, WARNING or INFO, the object, what is so, why that matters, and the statement that mends it.';

CREATE FUNCTION datamesh.view_differs(view oid, definition text) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'dm_view_differs';
REVOKE ALL ON FUNCTION datamesh.view_differs(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.view_differs(oid, text) IS
'Whether the query of a view is another than this one, both printed from their parse trees.';

CREATE FUNCTION datamesh.role_label(role oid) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN role = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END;
END;
COMMENT ON FUNCTION datamesh.role_label(oid) IS
'How SQL writes a role: its name quoted where needed, PUBLIC for 0.';

CREATE FUNCTION datamesh.is_domain_role(role oid, owner oid, port oid) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT CASE WHEN role = 0 THEN false ELSE role IN (owner, port) OR pg_has_role(role, owner, 'MEMBER') END;
END;
COMMENT ON FUNCTION datamesh.is_domain_role(oid, oid, oid) IS
'Whether a role is the domain''s: its owner, a member of that role, the port role, or a superuser.';

CREATE FUNCTION datamesh.scan_homes()
RETURNS TABLE (oid oid, name name, purpose text, domain name, owner oid, port oid)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT n.oid, n.nspname, s.purpose, s.domain_name, i.nspowner, p.nspowner
FROM datamesh.domain_schema AS s
JOIN pg_namespace AS n ON n.nspname = s.schema_name
JOIN pg_namespace AS i ON i.nspname = s.domain_name || '_internal'
JOIN pg_namespace AS p ON p.nspname = s.domain_name;
END;
REVOKE ALL ON FUNCTION datamesh.scan_homes() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_homes() IS
'The schemas of the domains, with the roles that own the domain and its ports now.';

CREATE FUNCTION datamesh.scan_ports()
RETURNS TABLE (domain name, product text, product_id integer, port_id integer, contract_id integer, view_name text,
               view oid, definition text, owner oid, port oid)
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH shown AS (
    SELECT p.domain_name, p.product, p.product_id, p.product_name, o.port_id, o.contract_id, o.major, o.definition,
           o.major = max(o.major) OVER (PARTITION BY p.product_id) AS is_newest
    FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id
    WHERE o.current_release IS NOT NULL
)
SELECT s.domain_name, s.product, s.product_id, s.port_id, s.contract_id, v.name, c.oid, s.definition, h.owner, h.port
FROM shown AS s
JOIN datamesh.scan_homes() AS h ON h.domain = s.domain_name AND h.purpose = 'port'
CROSS JOIN LATERAL (SELECT s.product_name || '_v' || s.major AS name
                    UNION ALL SELECT s.product_name WHERE s.is_newest) AS v
JOIN pg_class AS c ON c.relnamespace = h.oid AND c.relname = v.name::name;
END;
REVOKE ALL ON FUNCTION datamesh.scan_ports() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_ports() IS
'The views of the ports that consumers read now.';

CREATE FUNCTION datamesh.scan_readers() RETURNS TABLE (view oid, role oid, past boolean, consumes boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH ports AS MATERIALIZED (SELECT * FROM datamesh.scan_ports()),
names AS MATERIALIZED (
    SELECT r.role, datamesh.consumer_role(r.role) AS oid
    FROM (SELECT DISTINCT r.role FROM ports AS p JOIN datamesh.contract_role AS r ON r.contract_id = p.contract_id
          WHERE r.access = 'read') AS r
)
SELECT p.view, p.owner, false, false FROM ports AS p
UNION
SELECT p.view, n.oid, false, true
FROM ports AS p JOIN datamesh.contract_role AS r ON r.contract_id = p.contract_id AND r.access = 'read'
JOIN names AS n ON n.role = r.role WHERE n.oid IS NOT NULL
UNION
SELECT p.view, a.oid, false, false
FROM ports AS p JOIN datamesh.contract AS c ON c.contract_id = p.contract_id
CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(c.document::jsonb -> 'team') = 'array' THEN c.document::jsonb -> 'team'
                                WHEN jsonb_typeof(c.document::jsonb #> '{team,members}') = 'array'
                                THEN c.document::jsonb #> '{team,members}' ELSE '[]' END AS members) AS t
CROSS JOIN LATERAL jsonb_array_elements(t.members) AS m(member)
JOIN pg_roles AS a ON a.rolname = m.member ->> 'username' AND NOT a.rolsuper
WHERE m.member ->> 'role' ILIKE '%steward%'
  AND coalesce(left(m.member ->> 'dateIn', 10), '') COLLATE "C" <= to_char(current_date, 'YYYY-MM-DD')
  AND coalesce(nullif(left(m.member ->> 'dateOut', 10), ''), '9999-12-31') COLLATE "C" > to_char(current_date, 'YYYY-MM-DD')
UNION
SELECT p.view, k.role, g.revoked_at IS NOT NULL OR coalesce(g.until <= clock_timestamp(), false), true
FROM ports AS p JOIN datamesh.access_grant AS g ON g.product_id = p.product_id
CROSS JOIN LATERAL datamesh.known_role(g.role_name, g.role_oid, g.cluster) AS k
WHERE k.role IS NOT NULL;
END;
REVOKE ALL ON FUNCTION datamesh.scan_readers() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_readers() IS
'Who may hold SELECT on the views of ports: the domain''s owner, the contract''s roles and stewards, and roles that were granted access. past: that grant has ended; consumes: the role is of others than the domain.';

-- ---- privileges ----

CREATE FUNCTION datamesh.scan_schema_grants() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
allowed AS (
    SELECT DISTINCT p.domain, r.role FROM datamesh.scan_ports() AS p JOIN datamesh.scan_readers() AS r ON r.view = p.view
),
given AS (
    SELECT h.*, a.grantor, a.grantee, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges,
           bool_or(a.privilege_type = 'CREATE') AS creates
    FROM homes AS h JOIN pg_namespace AS n ON n.oid = h.oid CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE a.grantee <> n.nspowner
    GROUP BY h.oid, h.name, h.purpose, h.domain, h.owner, h.port, a.grantor, a.grantee
)
SELECT g.domain, 'grant.schema', CASE WHEN g.creates THEN 'CRITICAL' ELSE 'WARNING' END, format('schema %I', g.name),
       format('%s holds %s on it', datamesh.role_label(g.grantee), g.privileges),
       CASE WHEN g.creates THEN 'Who can create there can plant what others then use.'
            WHEN g.purpose = 'port' THEN 'No contract of the domain names this role.'
            ELSE format('It is internal to domain %I: only privileges on what is in it stand between.', g.domain) END,
       CASE WHEN g.grantor IN (SELECT n.nspowner FROM pg_namespace AS n WHERE n.oid = g.oid) THEN ''
            ELSE format('SET LOCAL ROLE %I; ', pg_get_userbyid(g.grantor)) END
       || format('REVOKE %s ON SCHEMA %I FROM %s CASCADE', CASE WHEN g.enters THEN 'CREATE' ELSE 'ALL' END, g.name,
                 datamesh.role_label(g.grantee))
FROM (SELECT g.*, datamesh.is_domain_role(g.grantee, g.owner, g.port)
             OR (g.purpose = 'port' AND EXISTS (SELECT FROM allowed AS a WHERE a.domain = g.domain AND a.role = g.grantee)) AS enters
      FROM given AS g) AS g
WHERE NOT g.enters OR (g.purpose = 'port' AND g.creates);
END;
REVOKE ALL ON FUNCTION datamesh.scan_schema_grants() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_schema_grants() IS 'Findings grant.schema: privileges on schemas of domains.';

CREATE FUNCTION datamesh.scan_relation_grants() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
relations AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity, h.purpose, h.domain, h.owner, h.port,
           format('%I.%I', h.name, c.relname) AS label
    FROM pg_class AS c JOIN homes AS h ON h.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
entries AS (
    SELECT r.oid, NULL::name AS attname, a.grantor, a.grantee, a.privilege_type, a.is_grantable
    FROM relations AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS a WHERE r.relacl IS NOT NULL
    UNION ALL
    SELECT r.oid, t.attname, a.grantor, a.grantee, a.privilege_type, a.is_grantable
    FROM pg_attribute AS t JOIN relations AS r ON r.oid = t.attrelid CROSS JOIN LATERAL aclexplode(t.attacl) AS a
    WHERE t.attacl IS NOT NULL AND NOT t.attisdropped
),
given AS (
    SELECT r.*, e.attname, e.grantor, e.grantee, e.grantable, e.privileges, e.writing, e.reads, e.writes
    FROM (SELECT e.oid, e.attname, e.grantor, e.grantee, bool_or(e.is_grantable) AS grantable,
                 string_agg(e.privilege_type, ', ' ORDER BY e.privilege_type) AS privileges,
                 string_agg(e.privilege_type, ', ' ORDER BY e.privilege_type) FILTER (WHERE e.privilege_type <> 'SELECT') AS writing,
                 bool_or(e.privilege_type = 'SELECT') AS reads, bool_or(e.privilege_type <> 'SELECT') AS writes
          FROM entries AS e GROUP BY 1, 2, 3, 4) AS e
    JOIN relations AS r ON r.oid = e.oid
    WHERE e.grantee <> r.relowner
),
past_row_security AS MATERIALIZED (SELECT r.oid FROM pg_roles AS r WHERE r.rolbypassrls AND NOT r.rolsuper),
said AS (
    SELECT g.*, datamesh.role_label(g.grantee) AS role,
           g.relrowsecurity AND g.relkind IN ('r', 'p')
           AND NOT EXISTS (SELECT FROM past_row_security AS b WHERE g.grantee IN (0, b.oid) OR pg_has_role(b.oid, g.grantee, 'USAGE')) AS shielded,
           format('%s %s', CASE g.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                                          WHEN 'S' THEN 'sequence' ELSE 'table' END, g.label)
           || CASE WHEN g.attname IS NULL THEN '' ELSE format(', column %I', g.attname) END AS object,
           CASE WHEN g.grantor = g.relowner THEN '' ELSE format('SET LOCAL ROLE %I; ', pg_get_userbyid(g.grantor)) END AS before,
           CASE WHEN g.purpose = 'port' AND g.writes AND g.attname IS NULL THEN g.writing ELSE 'ALL' END
           || format('%s ON %s%s FROM %s CASCADE', CASE WHEN g.attname IS NULL THEN '' ELSE format(' (%I)', g.attname) END,
                  CASE WHEN g.relkind = 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END, g.label, datamesh.role_label(g.grantee)) AS privilege
    FROM given AS g
),
ports AS MATERIALIZED (SELECT p.view FROM datamesh.scan_ports() AS p),
readers AS MATERIALIZED (SELECT r.view, r.role, bool_and(r.past) AS past FROM datamesh.scan_readers() AS r GROUP BY 1, 2)
SELECT s.domain, CASE s.purpose WHEN 'release' THEN 'grant.release' ELSE 'grant.internal' END,
       CASE WHEN s.reads AND s.relkind <> 'S' AND NOT s.shielded THEN 'CRITICAL' ELSE 'WARNING' END,
       s.object, format('%s holds %s on it', s.role, s.privileges),
       CASE WHEN s.reads AND s.shielded
            THEN format('It is internal to domain %I. Row security keeps its rows from this role, and is all that does.', s.domain)
            ELSE format('It is internal to domain %I, and no port stands between.', s.domain) END,
       s.before || 'REVOKE ' || s.privilege
FROM said AS s
WHERE s.purpose <> 'port' AND NOT datamesh.is_domain_role(s.grantee, s.owner, s.port)
UNION ALL
SELECT s.domain, 'grant.port_write', 'CRITICAL', s.object, format('%s holds %s on it', s.role, s.privileges),
       'Ports are for reading. A view without masks and filters passes writes on to the release.',
       s.before || 'REVOKE ' || s.privilege
FROM said AS s
WHERE s.purpose = 'port' AND s.writes AND s.grantee <> s.port
UNION ALL
SELECT s.domain, 'grant.port', CASE WHEN r.past THEN 'WARNING' ELSE 'CRITICAL' END, s.object, format('%s may read it', s.role),
       CASE WHEN r.past THEN 'Its access has ended: reading is refused, and the privilege is left.'
            ELSE 'Neither the contract nor a grant of access names this role.' END,
       s.before || 'REVOKE ' || s.privilege
FROM said AS s JOIN ports AS p ON p.view = s.oid LEFT JOIN readers AS r ON r.view = s.oid AND r.role = s.grantee
WHERE s.purpose = 'port' AND s.reads AND s.grantee <> s.port AND coalesce(r.past, true)
UNION ALL
SELECT s.domain, 'grant.option', 'WARNING', s.object, format('%s may pass on what it holds', s.role),
       'Who may read a port is said by contracts and by grants of access alone.',
       s.before || 'REVOKE GRANT OPTION FOR ' || s.privilege
FROM said AS s JOIN ports AS p ON p.view = s.oid JOIN readers AS r ON r.view = s.oid AND r.role = s.grantee AND NOT r.past
WHERE s.grantable AND NOT s.writes AND s.grantee <> s.port;
END;
REVOKE ALL ON FUNCTION datamesh.scan_relation_grants() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_relation_grants() IS
'Findings grant.internal, grant.release, grant.port, grant.port_write, grant.option: privileges on relations and columns of the mesh.';

CREATE FUNCTION datamesh.scan_default_grants() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
given AS (
    SELECT DISTINCT ON (d.oid, a.grantee) h.domain, d.defaclrole, d.defaclnamespace, d.defaclobjtype, a.grantee, n.nspname
    FROM pg_default_acl AS d
    JOIN homes AS h ON h.oid = d.defaclnamespace OR (d.defaclnamespace = 0 AND d.defaclrole IN (h.owner, h.port))
    LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
    CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
    WHERE d.defaclobjtype IN ('r', 'S') AND a.grantee <> d.defaclrole
      AND NOT datamesh.is_domain_role(a.grantee, h.owner, h.port)
    ORDER BY d.oid, a.grantee, h.domain
)
SELECT g.domain, 'grant.default', 'WARNING',
       format('default privileges of %I', pg_get_userbyid(g.defaclrole)) || coalesce(' in schema ' || quote_ident(g.nspname), ''),
       format('%s gets privileges on each %s it makes', datamesh.role_label(g.grantee),
              CASE g.defaclobjtype WHEN 'r' THEN 'table' ELSE 'sequence' END),
       format('What is made there is internal to domain %I.', g.domain),
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_get_userbyid(g.defaclrole)) || coalesce(' IN SCHEMA ' || quote_ident(g.nspname), '')
       || format(' REVOKE ALL ON %s FROM %s', CASE g.defaclobjtype WHEN 'r' THEN 'TABLES' ELSE 'SEQUENCES' END,
                 datamesh.role_label(g.grantee))
FROM given AS g;
END;
REVOKE ALL ON FUNCTION datamesh.scan_default_grants() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_default_grants() IS
'Findings grant.default: default privileges that open what domains will make.';

-- ---- roles ----

CREATE FUNCTION datamesh.scan_mesh_roles() RETURNS TABLE (role oid, domain name, purpose text)
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT DISTINCT h.owner, h.domain, 'owner' FROM datamesh.scan_homes() AS h
UNION
SELECT DISTINCT h.port, h.domain, 'port' FROM datamesh.scan_homes() AS h
UNION
SELECT DISTINCT r.role, p.domain, 'consumer'
FROM datamesh.scan_ports() AS p JOIN datamesh.scan_readers() AS r ON r.view = p.view AND NOT r.past AND r.consumes
WHERE r.role <> p.owner;
END;
REVOKE ALL ON FUNCTION datamesh.scan_mesh_roles() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_mesh_roles() IS
'The roles of each domain: who owns it, who owns its ports, who reads them.';

CREATE FUNCTION datamesh.scan_roles() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH mesh AS MATERIALIZED (SELECT * FROM datamesh.scan_mesh_roles()),
attributes AS (
    SELECT r.oid, r.rolname, v.attribute, v.why
    FROM pg_roles AS r CROSS JOIN LATERAL (VALUES
        (r.rolsuper, 'SUPERUSER', 'Nothing is kept from a superuser.'),
        (r.rolbypassrls, 'BYPASSRLS', 'Row security does not hold for it.'),
        (r.rolcreaterole, 'CREATEROLE', 'It can make itself a member of other roles.'),
        (r.rolreplication, 'REPLICATION', 'It can copy the whole cluster, or follow all that is written.')
    ) AS v(has, attribute, why)
    WHERE v.has
)
SELECT m.domain, 'role.attribute', 'CRITICAL', format('role %I', a.rolname),
       format('%s role of domain %I is %s', m.purpose, m.domain, a.attribute), a.why,
       format('ALTER ROLE %I NO%s', a.rolname, a.attribute)
FROM attributes AS a JOIN mesh AS m ON m.role = a.oid
UNION ALL
SELECT NULL, 'role.attribute', 'WARNING', format('role %I', a.rolname), format('it is %s, and no superuser', a.attribute), a.why,
       format('ALTER ROLE %I NO%s', a.rolname, a.attribute)
FROM attributes AS a JOIN pg_roles AS r ON r.oid = a.oid
WHERE NOT r.rolsuper AND NOT EXISTS (SELECT FROM mesh AS m WHERE m.role = a.oid) AND a.rolname !~ '^pg_'
UNION ALL
SELECT m.domain, 'role.login', 'CRITICAL', format('role %I', r.rolname), format('the port role of domain %I can log in', m.domain),
       'It owns ports and releases, and reads all of them without masks.', format('ALTER ROLE %I NOLOGIN', r.rolname)
FROM mesh AS m JOIN pg_roles AS r ON r.oid = m.role WHERE m.purpose = 'port' AND r.rolcanlogin;
END;
REVOKE ALL ON FUNCTION datamesh.scan_roles() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_roles() IS
'Findings role.attribute, role.login: what roles may do beyond privileges.';

CREATE FUNCTION datamesh.scan_memberships() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH RECURSIVE mesh AS MATERIALIZED (SELECT * FROM datamesh.scan_mesh_roles()),
edges AS MATERIALIZED (
    SELECT m.roleid, m.member, m.admin_option, g.rolname AS role_name, r.rolname AS member_name, r.rolsuper
    FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid JOIN pg_roles AS r ON r.oid = m.member
),
below AS (
    SELECT m.role, m.domain, m.purpose, m.role AS member FROM mesh AS m WHERE m.purpose <> 'port'
    UNION
    SELECT b.role, b.domain, b.purpose, e.member FROM below AS b JOIN edges AS e ON e.roleid = b.member
)
SELECT m.domain, 'role.member_of_port', 'CRITICAL', format('role %I', e.member_name),
       format('it is a member of port role %I', e.role_name),
       'It owns ports and releases by that: it reads them without masks, and can change them.',
       format('SET LOCAL datamesh.break_glass = on; REVOKE %I FROM %I', e.role_name, e.member_name)
FROM mesh AS m JOIN edges AS e ON e.roleid = m.role WHERE m.purpose = 'port'
UNION ALL
SELECT m.domain, 'role.port_is_member', 'CRITICAL', format('role %I', e.member_name),
       format('the port role is a member of %I', e.role_name), 'Ports read with its privileges.',
       format('SET LOCAL datamesh.break_glass = on; REVOKE %I FROM %I', e.role_name, e.member_name)
FROM mesh AS m JOIN edges AS e ON e.member = m.role WHERE m.purpose = 'port'
UNION ALL
SELECT DISTINCT c.domain, 'role.consumer_is_owner', 'CRITICAL', format('role %I', pg_get_userbyid(c.role)),
       format('a consumer of domain %I is a member of its owner''s role by %I', c.domain, e.member_name),
       'The domain''s owner reads without masks, and can read what is internal.',
       format('REVOKE %I FROM %I', e.role_name, e.member_name)
FROM mesh AS c JOIN mesh AS o ON o.domain = c.domain AND o.purpose = 'owner'
JOIN below AS b ON b.role = o.role AND b.domain = o.domain AND b.purpose = 'owner' AND b.member = c.role
JOIN edges AS e ON e.roleid = o.role AND pg_has_role(c.role, e.member, 'MEMBER')
WHERE c.purpose = 'consumer'
UNION ALL
SELECT DISTINCT c.domain, 'role.owner_and_consumer', 'WARNING', format('role %I', e.member_name),
       format('it is a member of both %I, which owns domain %I, and %I, which consumes it', pg_get_userbyid(o.role), c.domain, e.role_name),
       'It reads masked values as long as it is itself, and all after SET ROLE.',
       format('REVOKE %I FROM %I', e.role_name, e.member_name)
FROM mesh AS c JOIN mesh AS o ON o.domain = c.domain AND o.purpose = 'owner'
JOIN edges AS e ON e.roleid = c.role
JOIN below AS b ON b.role = o.role AND b.domain = o.domain AND b.purpose = 'owner' AND b.member = e.member
WHERE c.purpose = 'consumer' AND e.member <> o.role AND NOT e.rolsuper
UNION ALL
SELECT DISTINCT ON (e.roleid, e.member, m.domain) m.domain, 'role.admin_option', 'WARNING', format('role %I', e.member_name),
       format('it may make others members of %I', e.role_name),
       format('%I is the %s role of domain %I.', e.role_name, m.purpose, m.domain),
       format('REVOKE ADMIN OPTION FOR %I FROM %I', e.role_name, e.member_name)
FROM mesh AS m JOIN edges AS e ON e.roleid = m.role
WHERE e.admin_option AND NOT e.rolsuper AND m.purpose <> 'port'
UNION ALL
SELECT NULL, 'role.predefined', CASE WHEN e.role_name IN ('pg_read_all_data', 'pg_read_server_files', 'pg_execute_server_program')
                                       OR EXISTS (SELECT FROM mesh AS m WHERE m.role = e.member) THEN 'CRITICAL' ELSE 'WARNING' END,
       format('role %I', e.member_name), format('it is a member of %I', e.role_name),
       CASE e.role_name
           WHEN 'pg_read_all_data' THEN 'Privileges do not hold for it. Row security does, and not for what lies apart from the rows: long values (pg_toast) and statistics (pg_statistic).'
           WHEN 'pg_write_all_data' THEN 'It writes every table, those of the catalog that say who may see what among them.'
           WHEN 'pg_create_subscription' THEN 'It fills tables from other servers.'
           WHEN 'pg_maintain' THEN 'It refreshes and rebuilds what is not its own.'
           ELSE 'It reaches the files of the server, and with them all data and keys.' END,
       format('REVOKE %I FROM %I', e.role_name, e.member_name)
FROM edges AS e
WHERE e.role_name IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                      'pg_execute_server_program', 'pg_create_subscription', 'pg_maintain')
  AND NOT e.rolsuper AND e.member_name !~ '^pg_';
END;
REVOKE ALL ON FUNCTION datamesh.scan_memberships() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_memberships() IS
'Findings role.member_of_port, role.port_is_member, role.consumer_is_owner, role.owner_and_consumer, role.admin_option, role.predefined.';

-- ---- ports and releases ----

CREATE FUNCTION datamesh.scan_views() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
ports AS MATERIALIZED (
    SELECT p.*, c.relkind, c.relowner, c.reloptions, format('%I.%I', n.nspname, c.relname) AS label
    FROM datamesh.scan_ports() AS p JOIN pg_class AS c ON c.oid = p.view JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
parents AS MATERIALIZED (
    SELECT c.oid, h.domain, format('%I.%I', h.name, c.relname) AS label
    FROM datamesh.port AS o JOIN datamesh.product AS p ON p.product_id = o.product_id
    JOIN homes AS h ON h.domain = p.domain_name AND h.purpose = 'release'
    JOIN pg_class AS c ON c.relnamespace = h.oid AND c.relname = (p.product_name || '_v' || o.major)::name
    WHERE o.mode = 'snapshot'
),
children AS MATERIALIZED (
    SELECT i.inhrelid AS oid, p.oid AS parent, p.domain, p.label AS parent_label, format('%I.%I', n.nspname, c.relname) AS label,
           n.nspname, c.relname
    FROM parents AS p JOIN pg_inherits AS i ON i.inhparent = p.oid
    JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
),
known AS MATERIALIZED (
    SELECT p.oid FROM parents AS p
    UNION
    SELECT c.oid FROM children AS c
    JOIN datamesh.release AS r ON r.relation_schema = c.nspname AND r.relation_name = c.relname
    UNION
    SELECT p.view FROM ports AS p
),
relations AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relhastriggers, c.relhasrules, h.purpose, h.domain,
           h.port, c.relowner, format('%I.%I', h.name, c.relname) AS label, k.oid IS NOT NULL AS is_known,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                          WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind
    FROM homes AS h JOIN pg_class AS c ON c.relnamespace = h.oid LEFT JOIN known AS k ON k.oid = c.oid
    WHERE h.purpose <> 'internal' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
)
SELECT p.domain, 'port.definition', 'CRITICAL', format('view %s', p.label), 'its query is not the one that publish wrote',
       format('Port of data product %s: masks and filters stand in this query.', p.product),
       format('SET LOCAL datamesh.break_glass = on; CREATE OR %s VIEW %s WITH (security_barrier = true) AS %s', 'REPLACE', p.label, p.definition)
FROM ports AS p WHERE p.relkind = 'v' AND datamesh.view_differs(p.view, p.definition)
UNION ALL
SELECT p.domain, 'port.barrier', 'CRITICAL', format('view %s', p.label), 'it is no security barrier',
       'A function in a query could see the values of rows that the view does not show.',
       format('SET LOCAL datamesh.break_glass = on; ALTER VIEW %s SET (security_barrier = true)', p.label)
FROM ports AS p
WHERE p.relkind = 'v' AND NOT EXISTS (SELECT FROM pg_options_to_table(p.reloptions) AS o
                                      WHERE o.option_name = 'security_barrier' AND o.option_value IN ('true', 'on', '1', 'yes'))
UNION ALL
SELECT p.domain, 'port.invoker', 'WARNING', format('view %s', p.label), 'it reads with the privileges of its reader',
       'Nobody but the port role has privileges on what is beneath: no reader gets through.',
       format('SET LOCAL datamesh.break_glass = on; ALTER VIEW %s RESET (security_invoker)', p.label)
FROM ports AS p
WHERE p.relkind = 'v' AND EXISTS (SELECT FROM pg_options_to_table(p.reloptions) AS o
                                  WHERE o.option_name = 'security_invoker' AND o.option_value IN ('true', 'on', '1', 'yes'))
UNION ALL
SELECT r.domain, 'port.owner', 'CRITICAL', format('%s %s', r.kind, r.label), format('it belongs to %I', pg_get_userbyid(r.relowner)),
       format('Only %I owns ports and releases of domain %I: they read with the privileges of their owner.', pg_get_userbyid(r.port), r.domain),
       format('SET LOCAL datamesh.break_glass = on; ALTER %s %s OWNER TO %I', upper(r.kind), r.label, pg_get_userbyid(r.port))
FROM relations AS r WHERE r.is_known AND r.relowner <> r.port
UNION ALL
SELECT r.domain, 'port.stranger', CASE r.purpose WHEN 'port' THEN 'CRITICAL' ELSE 'WARNING' END, format('%s %s', r.kind, r.label),
       'datamesh did not make it', 'Only datamesh puts relations into schemas of ports and releases: consumers take it for a product.',
       format('SET LOCAL datamesh.break_glass = on; DROP %s %s', upper(r.kind), r.label)
FROM relations AS r
WHERE NOT r.is_known AND NOT EXISTS (SELECT FROM children AS c WHERE c.oid = r.oid)
UNION ALL
SELECT c.domain, 'release.stranger', 'CRITICAL', format('table %s', c.label), format('it is a child of %s, and no release', c.parent_label),
       'What is in it may be read with the port, and what is in the port may be read with it.',
       format('SET LOCAL datamesh.break_glass = on; ALTER TABLE %s DETACH PARTITION %s', c.parent_label, c.label)
FROM children AS c WHERE NOT EXISTS (SELECT FROM known AS k WHERE k.oid = c.oid)
UNION ALL
SELECT r.domain, 'release.row_security', 'WARNING', format('table %s', r.label),
       CASE WHEN NOT r.relrowsecurity THEN 'row security is off' ELSE 'row security is forced upon its owner' END,
       CASE WHEN NOT r.relrowsecurity THEN 'A privilege on it is enough to read it.' ELSE 'Ports read as its owner, and show nothing.' END,
       format('SET LOCAL datamesh.break_glass = on; ALTER TABLE %s ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', r.label)
FROM relations AS r
WHERE r.is_known AND r.purpose = 'release' AND r.relkind IN ('r', 'p') AND (NOT r.relrowsecurity OR r.relforcerowsecurity)
UNION ALL
SELECT r.domain, 'release.policy', 'CRITICAL', format('policy %I on table %s', p.polname, r.label),
       'a release has a policy', 'It opens the release to roles that hold a privilege on it.',
       format('SET LOCAL datamesh.break_glass = on; DROP POLICY %I ON %s', p.polname, r.label)
FROM pg_policy AS p JOIN relations AS r ON r.oid = p.polrelid WHERE r.purpose = 'release'
UNION ALL
SELECT r.domain, 'port.rule', 'WARNING', format('rule %I on %s %s', w.rulename, r.kind, r.label), 'datamesh did not make it',
       'It acts on what is done with a port or a release.',
       format('SET LOCAL datamesh.break_glass = on; DROP RULE %I ON %s', w.rulename, r.label)
FROM relations AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid
WHERE w.rulename <> '_RETURN' AND r.relhasrules
UNION ALL
SELECT r.domain, 'port.trigger', 'WARNING', format('trigger %I on %s %s', t.tgname, r.kind, r.label), 'datamesh did not make it',
       'It runs with the rights of whoever writes there, publish included.',
       format('SET LOCAL datamesh.break_glass = on; DROP TRIGGER %I ON %s', t.tgname, r.label)
FROM relations AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid
WHERE NOT t.tgisinternal AND r.relhastriggers AND t.tgparentid = 0
UNION ALL
SELECT r.domain, 'port.default', 'WARNING', format('column %I of %s %s', a.attname, r.kind, r.label), 'it has a default',
       'It runs with the rights of whoever writes there.',
       format('SET LOCAL datamesh.break_glass = on; ALTER %s %s ALTER COLUMN %I DROP DEFAULT', upper(r.kind), r.label, a.attname)
FROM relations AS r JOIN pg_attrdef AS d ON d.adrelid = r.oid JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attgenerated = ''
UNION ALL
SELECT DISTINCT p.domain, 'port.code', 'CRITICAL', format('view %s', p.label),
       CASE WHEN c.acts THEN format('whoever reads it runs %s, as %I has written it in %s', c.what, c.owner, c.place)
            ELSE format('whoever reads it runs %s in %s, which belongs to %I', c.what, c.place, c.owner) END,
       'What a port reads runs with the rights of its reader, a superuser''s too: take it away, or publish the product in snapshot mode.', NULL
FROM ports AS p JOIN datamesh.port AS o ON o.port_id = p.port_id CROSS JOIN LATERAL datamesh.code_of(p.view, o.mode = 'live') AS c
WHERE p.relkind = 'v';
END;
REVOKE ALL ON FUNCTION datamesh.scan_views() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_views() IS
'Findings port.* and release.*: ports and releases that are not as publish made them, and what is beside them.';

CREATE FUNCTION datamesh.scan_row_security() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH protected AS MATERIALIZED (
    SELECT r.domain_name AS domain, r.relation, string_agg(r.product, ', ' ORDER BY r.product) AS products
    FROM datamesh.protected_relations(NULL) AS r GROUP BY 1, 2
),
gaps AS (
    SELECT g.relation, string_agg(g.statement, '; ' ORDER BY g.n) AS statements
    FROM datamesh.protection_gaps(ARRAY(SELECT p.relation FROM protected AS p)) WITH ORDINALITY AS g(relation, statement, n)
    GROUP BY 1
),
left_over AS (
    SELECT DISTINCT p.polrelid AS relation FROM pg_policy AS p
    WHERE p.polname IN ('datamesh_domain_read', 'datamesh_domain_only', 'datamesh_insert', 'datamesh_update', 'datamesh_delete')
      AND NOT EXISTS (SELECT FROM protected AS o WHERE o.relation = p.polrelid)
)
SELECT p.domain, 'source.row_security',
       CASE WHEN EXISTS (SELECT FROM aclexplode(c.relacl) AS a JOIN pg_namespace AS i ON i.nspname = p.domain || '_internal'
                         JOIN pg_namespace AS o ON o.nspname = p.domain
                         WHERE a.privilege_type = 'SELECT' AND NOT datamesh.is_domain_role(a.grantee, i.nspowner, o.nspowner))
            THEN 'CRITICAL' ELSE 'WARNING' END,
       format('table %I.%I', n.nspname, c.relname), 'row security does not keep it to the domain',
       format('Published from it: %s. A privilege on it is enough to read it.', p.products),
       'SET LOCAL datamesh.break_glass = on; ' || g.statements
FROM gaps AS g JOIN protected AS p ON p.relation = g.relation
JOIN pg_class AS c ON c.oid = g.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT h.domain, 'source.left_over', 'INFO', format('table %I.%I', n.nspname, c.relname),
       'it carries policies of datamesh, and no product is made from it',
       'They keep others from reading it. It was in use when its last product ended, or was moved.',
       'SET LOCAL datamesh.break_glass = on; ' || (SELECT string_agg(r.statement, '; ' ORDER BY r.n)
        FROM datamesh.protection_remains(ARRAY[l.relation]) WITH ORDINALITY AS r(relation, statement, n))
FROM left_over AS l JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN datamesh.scan_homes() AS h ON h.oid = n.oid;
END;
REVOKE ALL ON FUNCTION datamesh.scan_row_security() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_row_security() IS
'Findings source.row_security, source.left_over: the protection of what products are made from.';

CREATE FUNCTION datamesh.scan_hooks() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH internal AS MATERIALIZED (
    SELECT c.oid, format('%I.%I', h.name, c.relname) AS label, h.domain, h.owner, h.port
    FROM datamesh.scan_homes() AS h JOIN pg_class AS c ON c.relnamespace = h.oid
    WHERE h.purpose = 'internal' AND c.relkind IN ('r', 'p', 'v', 'f')
)
SELECT i.domain, 'source.trigger', 'CRITICAL', format('trigger %I on %s', t.tgname, i.label),
       format('it calls %s, which belongs to %I', p.oid::regprocedure, pg_get_userbyid(p.proowner)),
       'It is shown the rows that are written, whatever row security says, with the rights of whoever writes.',
       format('DROP TRIGGER %I ON %s', t.tgname, i.label)
FROM internal AS i JOIN pg_trigger AS t ON t.tgrelid = i.oid JOIN pg_proc AS p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT datamesh.is_domain_role(p.proowner, i.owner, i.port)
UNION ALL
SELECT i.domain, 'source.reference', 'WARNING', format('foreign key %I of %s', k.conname, k.conrelid::regclass),
       format('it refers to %s, and its table belongs to %I', i.label, pg_get_userbyid(c.relowner)),
       'It tells which values are there, whatever row security says.',
       format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
FROM internal AS i JOIN pg_constraint AS k ON k.confrelid = i.oid JOIN pg_class AS c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT datamesh.is_domain_role(c.relowner, i.owner, i.port);
END;
REVOKE ALL ON FUNCTION datamesh.scan_hooks() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_hooks() IS
'Findings source.trigger, source.reference: triggers and foreign keys of others on what is internal to a domain.';

-- ---- ways out ----

CREATE FUNCTION datamesh.scan_exposures() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH RECURSIVE homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
reading AS MATERIALIZED (
    SELECT DISTINCT r.ev_class AS reader, d.refobjid AS relation
    FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
      AND r.ev_class >= 16384 AND r.ev_class <> d.refobjid
),
exposing AS (
    SELECT e.reader, h.domain, h.purpose, h.owner, h.port
    FROM reading AS e JOIN pg_class AS c ON c.oid = e.relation JOIN homes AS h ON h.oid = c.relnamespace
    JOIN pg_class AS v ON v.oid = e.reader LEFT JOIN homes AS o ON o.oid = v.relnamespace
    WHERE o.domain IS DISTINCT FROM h.domain AND o.purpose IS DISTINCT FROM 'port'
    UNION
    SELECT e.reader, x.domain, x.purpose, x.owner, x.port
    FROM exposing AS x JOIN reading AS e ON e.relation = x.reader
    JOIN pg_class AS v ON v.oid = e.reader LEFT JOIN homes AS o ON o.oid = v.relnamespace
    WHERE o.domain IS DISTINCT FROM x.domain AND o.purpose IS DISTINCT FROM 'port'
),
granted AS (
    SELECT x.domain, x.purpose, x.reader, v.relkind, format('%I.%I', n.nspname, v.relname) AS label,
           string_agg(DISTINCT datamesh.role_label(a.grantee), ', ') AS roles
    FROM exposing AS x JOIN pg_class AS v ON v.oid = x.reader JOIN pg_namespace AS n ON n.oid = v.relnamespace
    LEFT JOIN homes AS o ON o.oid = v.relnamespace
    CROSS JOIN LATERAL aclexplode(v.relacl) AS a
    WHERE a.privilege_type = 'SELECT' AND a.grantee <> v.relowner
      AND NOT (o.oid IS NOT NULL AND datamesh.is_domain_role(a.grantee, o.owner, o.port))
      AND NOT datamesh.is_domain_role(a.grantee, x.owner, x.port)
    GROUP BY 1, 2, 3, 4, 5
)
SELECT g.domain, 'expose.view', CASE WHEN g.purpose = 'port' AND g.relkind <> 'm' THEN 'WARNING' ELSE 'CRITICAL' END,
       format('%s %s', CASE g.relkind WHEN 'm' THEN 'materialized view' WHEN 'v' THEN 'view' ELSE 'table with a rule' END, g.label),
       format('%s may read it, and it reads %s of domain %I', g.roles,
              CASE g.purpose WHEN 'port' THEN 'a port' WHEN 'release' THEN 'releases' ELSE 'what is internal' END, g.domain),
       CASE WHEN g.relkind = 'm' THEN 'It keeps a copy as its owner saw it, for whoever reads it.'
            ELSE 'A view reads with the privileges of its owner, for whoever reads it.' END,
       format('REVOKE ALL ON %s FROM %s CASCADE', g.label, g.roles)
FROM granted AS g;
END;
REVOKE ALL ON FUNCTION datamesh.scan_exposures() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_exposures() IS
'Findings expose.view: views and materialized views outside of a domain that pass on what they read of it.';

CREATE FUNCTION datamesh.scan_functions() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
definers AS MATERIALIZED (
    SELECT p.oid, p.proowner, p.prosrc, p.proacl, p.prosqlbody IS NOT NULL AS parsed, p.oid::regprocedure::text AS label
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'datamesh')
),
reading AS (
    SELECT f.oid, h.domain, h.owner, h.port, h.purpose
    FROM definers AS f JOIN homes AS h
      ON NOT f.parsed AND (strpos(f.prosrc, quote_ident(h.name) || '.') > 0 OR strpos(lower(f.prosrc), h.name || '.') > 0)
    UNION
    SELECT f.oid, h.domain, h.owner, h.port, h.purpose
    FROM definers AS f JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class AS c ON c.oid = d.refobjid JOIN homes AS h ON h.oid = c.relnamespace
),
granted AS (
    SELECT f.oid, f.label, r.domain, bool_or(r.purpose <> 'port') AS internal,
           string_agg(DISTINCT datamesh.role_label(a.grantee), ', ') AS roles
    FROM definers AS f JOIN reading AS r ON r.oid = f.oid
    CROSS JOIN LATERAL aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a
    WHERE a.grantee <> f.proowner AND NOT datamesh.is_domain_role(a.grantee, r.owner, r.port)
    GROUP BY 1, 2, 3
)
SELECT g.domain, 'expose.function', CASE WHEN g.internal THEN 'CRITICAL' ELSE 'WARNING' END, format('function %s', g.label),
       format('it runs as its owner, %s may call it, and it names %s of domain %I', g.roles,
              CASE WHEN g.internal THEN 'what is internal' ELSE 'ports' END, g.domain),
       'It reads with the privileges of its owner, for whoever calls it.',
       format('REVOKE ALL ON ROUTINE %s FROM %s CASCADE', g.label, g.roles)
FROM granted AS g;
END;
REVOKE ALL ON FUNCTION datamesh.scan_functions() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_functions() IS
'Findings expose.function: SECURITY DEFINER functions that name relations of a domain and that others may call. Names put together at run time are not seen.';

CREATE FUNCTION datamesh.scan_exports() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH homes AS MATERIALIZED (SELECT * FROM datamesh.scan_homes()),
mesh AS MATERIALIZED (SELECT DISTINCT r.role FROM datamesh.scan_mesh_roles() AS r)
SELECT NULL::name, 'export.publication', 'CRITICAL', format('publication %I', p.pubname), 'it publishes all tables',
       'Subscribers get what is internal and all releases, without masks.', format('DROP PUBLICATION %I', p.pubname)
FROM pg_publication AS p WHERE p.puballtables
UNION ALL
SELECT h.domain, 'export.publication', 'CRITICAL', format('publication %I', p.pubname), format('it publishes %I.%I', h.name, c.relname),
       format('Subscribers get what is internal to domain %I, without masks.', h.domain),
       format('ALTER PUBLICATION %I DROP TABLE %I.%I', p.pubname, h.name, c.relname)
FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid
JOIN pg_class AS c ON c.oid = r.prrelid JOIN homes AS h ON h.oid = c.relnamespace
UNION ALL
SELECT h.domain, 'export.publication', 'CRITICAL', format('publication %I', p.pubname), format('it publishes all tables of schema %I', h.name),
       format('Subscribers get what is internal to domain %I, without masks.', h.domain),
       format('ALTER PUBLICATION %I DROP TABLES IN SCHEMA %I', p.pubname, h.name)
FROM pg_publication_namespace AS r JOIN pg_publication AS p ON p.oid = r.pnpubid JOIN homes AS h ON h.oid = r.pnnspid
UNION ALL
SELECT NULL, 'export.server', 'WARNING', format('server %I', s.srvname), format('%s may use it', datamesh.role_label(a.grantee)),
       'Who reads may write it elsewhere.', format('REVOKE ALL ON FOREIGN SERVER %I FROM %s CASCADE', s.srvname, datamesh.role_label(a.grantee))
FROM pg_foreign_server AS s CROSS JOIN LATERAL aclexplode(s.srvacl) AS a
WHERE a.grantee <> s.srvowner AND (a.grantee = 0 OR a.grantee IN (SELECT m.role FROM mesh AS m))
UNION ALL
SELECT NULL, 'export.mapping', 'WARNING', format('user mapping of %s on server %I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname),
       'it lets a role of the mesh reach another server', 'Who reads may write it elsewhere.',
       format('DROP USER MAPPING FOR %s SERVER %I', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, u.srvname)
FROM pg_user_mappings AS u WHERE u.umuser = 0 OR u.umuser IN (SELECT m.role FROM mesh AS m)
UNION ALL
SELECT NULL, 'export.extension', 'INFO', format('extension %I', e.extname), 'it reaches other servers, files or programs',
       'Who may use it can carry away what he reads.', format('DROP EXTENSION %I', e.extname)
FROM pg_extension AS e
WHERE e.extname IN ('dblink', 'file_fdw', 'adminpack', 'plpython3u', 'plperlu', 'pltclu', 'plsh', 'http', 'lo', 'pg_net');
END;
REVOKE ALL ON FUNCTION datamesh.scan_exports() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_exports() IS
'Findings export.*: publications, foreign servers, user mappings and extensions that carry data out.';

-- ---- the installation ----

CREATE FUNCTION datamesh.scan_guard() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH expected(name, event, function) AS (
    VALUES ('datamesh_guard_start'::name, 'ddl_command_start'::name, 'guard_start'),
           ('datamesh_guard_end', 'ddl_command_end', 'guard_end'),
           ('datamesh_guard_rewrite', 'table_rewrite', 'guard_rewrite')
)
SELECT NULL::name, 'guard.event_trigger', 'CRITICAL', format('event trigger %I', x.name),
       CASE WHEN t.oid IS NULL THEN 'it is missing'
            WHEN t.evtenabled = 'D' THEN 'it is disabled'
            WHEN t.evtenabled <> 'A' THEN 'session_replication_role switches it off'
            ELSE 'it is not ours' END,
       'What DDL and GRANT do to the mesh is not held against the contracts.',
       CASE WHEN t.oid IS NULL
            THEN format('CREATE EVENT TRIGGER %1$I ON %2$s EXECUTE FUNCTION datamesh.%3$I(); ALTER EXTENSION datamesh ADD EVENT TRIGGER %1$I; ALTER EVENT TRIGGER %1$I ENABLE ALWAYS', x.name, x.event, x.function)
            WHEN t.evtfoid <> f.oid OR t.evtevent <> x.event OR t.evttags IS NOT NULL
            THEN format('SET LOCAL datamesh.break_glass = on; DROP EVENT TRIGGER %1$I; CREATE EVENT TRIGGER %1$I ON %2$s EXECUTE FUNCTION datamesh.%3$I(); ALTER EXTENSION datamesh ADD EVENT TRIGGER %1$I; ALTER EVENT TRIGGER %1$I ENABLE ALWAYS', x.name, x.event, x.function)
            ELSE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', x.name) END
FROM expected AS x JOIN pg_proc AS f ON f.pronamespace = 'datamesh'::regnamespace AND f.proname = x.function
LEFT JOIN pg_event_trigger AS t ON t.evtname = x.name
WHERE t.oid IS NULL OR t.evtenabled <> 'A' OR t.evtfoid <> f.oid OR t.evtevent <> x.event OR t.evttags IS NOT NULL
UNION ALL
SELECT NULL, 'guard.trigger', 'CRITICAL', format('trigger %I on table datamesh.%I', t.tgname, c.relname),
       CASE t.tgenabled WHEN 'D' THEN 'it is disabled' ELSE 'session_replication_role switches it off' END,
       'It protects the event log, or tells sessions that the mesh has changed.',
       format('ALTER TABLE datamesh.%I ENABLE ALWAYS TRIGGER %I', c.relname, t.tgname)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'datamesh'::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'A'
UNION ALL
SELECT NULL, 'guard.trigger', 'CRITICAL', format('trigger %I on table datamesh.%I', x.trigger, x.relation), 'it is missing',
       'It protects the event log, or tells sessions that the mesh has changed.',
       format('CREATE TRIGGER %1$I %2$s ON datamesh.%3$I FOR EACH STATEMENT EXECUTE FUNCTION datamesh.%1$I(); ALTER TABLE datamesh.%3$I ENABLE ALWAYS TRIGGER %1$I',
              x.trigger, x.events, x.relation)
FROM (VALUES ('event_log_guard'::name, 'event_log'::name, 'BEFORE UPDATE OR DELETE OR TRUNCATE'),
             ('event_log_guard', 'event_log_head', 'BEFORE UPDATE OR DELETE OR TRUNCATE'),
             ('guard_changed', 'domain_schema', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('guard_changed', 'port', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('guard_changed', 'contract', 'AFTER UPDATE OR DELETE OR TRUNCATE'),
             ('guard_changed', 'policy', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('access_changed', 'port_policy', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('access_changed', 'access_grant', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('access_changed', 'consumer', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('access_changed', 'domain', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE'),
             ('access_changed', 'contract_role', 'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE')) AS x(trigger, relation, events)
JOIN pg_class AS c ON c.relnamespace = 'datamesh'::regnamespace AND c.relname = x.relation
WHERE NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = x.trigger)
UNION ALL
SELECT NULL, 'guard.preload', 'INFO', 'setting shared_preload_libraries', 'datamesh is not among them',
       'GRANT of roles, ALTER ROLE, TRUNCATE and REASSIGN OWNED are not guarded, and EXPLAIN shows what is beneath ports. It takes a restart.', NULL
WHERE NOT datamesh.library_preloaded()
UNION ALL
SELECT NULL, 'guard.mask_key', 'WARNING', 'the key of masks', 'the file of datamesh.mask_key_file does not have it',
       'Ports with keyed masks fail. Bring the file back; a new key makes other hashes and pseudonyms.',
       'CALL datamesh.rotate_key()'
FROM datamesh.mask_key AS k WHERE k.retired_at IS NULL AND NOT datamesh.mask_key_available(k.key_id);
END;
REVOKE ALL ON FUNCTION datamesh.scan_guard() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_guard() IS
'Findings guard.*: what protects the mesh and is switched off, missing or not there.';

CREATE FUNCTION datamesh.scan_settings() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH settings AS (
    SELECT s.setrole, s.setdatabase, r.rolname, d.datname, split_part(c.setting, '=', 1) AS name,
           substr(c.setting, strpos(c.setting, '=') + 1) AS value
    FROM pg_db_role_setting AS s CROSS JOIN LATERAL unnest(s.setconfig) AS c(setting)
    LEFT JOIN pg_roles AS r ON r.oid = s.setrole LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
    WHERE s.setdatabase = 0 OR d.datname = current_database()
)
SELECT NULL::name, 'setting', v.severity,
       concat_ws(' in ', 'role ' || quote_ident(s.rolname), 'database ' || quote_ident(s.datname)),
       format('%s is set to %s', s.name, s.value), v.why,
       CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET %s', s.datname, s.name)
            WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET %s', s.rolname, s.name)
            ELSE format('ALTER ROLE %I IN DATABASE %I RESET %s', s.rolname, s.datname, s.name) END
FROM settings AS s JOIN (VALUES
    ('session_replication_role', 'WARNING', 'Triggers and foreign keys that are not ENABLE ALWAYS do not hold; those of datamesh do.'),
    ('datamesh.break_glass', 'CRITICAL', 'The guard of DDL lets superusers pass without their asking.'),
    ('datamesh.acting_for', 'CRITICAL', 'It is for datamesh alone.'),
    ('event_triggers', 'CRITICAL', 'It switches the guard of DDL off.'),
    ('row_security', 'INFO', 'What row security would filter is an error.'),
    ('session_preload_libraries', 'WARNING', 'A library can do everything that the server can.'),
    ('local_preload_libraries', 'WARNING', 'A library can do everything that the server can.'),
    ('dynamic_library_path', 'WARNING', 'It decides which library is loaded as datamesh.')
) AS v(name, severity, why) ON v.name = s.name
WHERE CASE s.name WHEN 'session_replication_role' THEN s.value <> 'origin' WHEN 'datamesh.break_glass' THEN s.value IN ('on', 'true', 'yes', '1')
                  WHEN 'event_triggers' THEN s.value IN ('off', 'false', 'no', '0')
                  WHEN 'row_security' THEN s.value IN ('off', 'false', 'no', '0') ELSE s.value <> '' END
UNION ALL
SELECT NULL, 'grant.parameter', 'WARNING', format('setting %s', p.parname),
       format('%s may %s it', datamesh.role_label(a.grantee), CASE a.privilege_type WHEN 'SET' THEN 'set' ELSE 'ALTER SYSTEM SET' END),
       'It is for superusers: the guard, the keys or the libraries of the server depend on it.',
       format('REVOKE %s ON PARAMETER %s FROM %s', a.privilege_type, p.parname, datamesh.role_label(a.grantee))
FROM pg_parameter_acl AS p CROSS JOIN LATERAL aclexplode(p.paracl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
WHERE p.parname IN ('session_replication_role', 'event_triggers', 'datamesh.break_glass', 'datamesh.acting_for', 'datamesh.mask_key_file',
                    'shared_preload_libraries', 'session_preload_libraries', 'dynamic_library_path')
  AND NOT coalesce(r.rolsuper, false);
END;
REVOKE ALL ON FUNCTION datamesh.scan_settings() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_settings() IS
'Findings setting, grant.parameter: settings of roles and of this database that weaken the mesh, and who may set them.';

CREATE FUNCTION datamesh.scan_installation() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH extension AS MATERIALIZED (SELECT e.oid, e.extowner FROM pg_extension AS e WHERE e.extname = 'datamesh'),
relations AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, i.initprivs,
           EXISTS (SELECT FROM pg_depend AS d
                   WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                     AND (d.refclassid = 'pg_extension'::regclass OR d.deptype IN ('a', 'i'))) AS is_ours
    FROM pg_class AS c
    LEFT JOIN pg_init_privs AS i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0
    WHERE c.relnamespace = 'datamesh'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
functions AS MATERIALIZED (
    SELECT p.oid, p.proowner, p.proacl, p.prosecdef, p.proconfig, p.prosrc, p.probin, p.prolang, p.oid::regprocedure::text AS label, i.initprivs,
           EXISTS (SELECT FROM pg_depend AS d, extension AS e
                   WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass
                     AND d.refobjid = e.oid AND d.deptype = 'e') AS is_ours
    FROM pg_proc AS p
    LEFT JOIN pg_init_privs AS i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid AND i.objsubid = 0
    WHERE p.pronamespace = 'datamesh'::regnamespace
)
SELECT NULL::name, 'install.owner', 'CRITICAL', 'schema datamesh', format('it belongs to %I', pg_get_userbyid(n.nspowner)),
       'Its owner can drop and plant what the mesh is made of.', format('ALTER SCHEMA datamesh OWNER TO %I', pg_get_userbyid(e.extowner))
FROM pg_namespace AS n, extension AS e WHERE n.nspname = 'datamesh' AND n.nspowner <> e.extowner
UNION ALL
SELECT NULL, 'install.create', 'CRITICAL', 'schema datamesh', format('%s may create there', datamesh.role_label(a.grantee)),
       'Who can create there can plant what the mesh then uses.', format('REVOKE CREATE ON SCHEMA datamesh FROM %s CASCADE', datamesh.role_label(a.grantee))
FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
WHERE n.nspname = 'datamesh' AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner
UNION ALL
SELECT NULL, 'install.owner', 'CRITICAL', format('datamesh.%I', r.relname), format('it belongs to %I', pg_get_userbyid(r.relowner)),
       'Its owner can change what the mesh knows.',
       format('ALTER %s datamesh.%I OWNER TO %I', CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.relname, pg_get_userbyid(e.extowner))
FROM relations AS r, extension AS e WHERE r.relowner <> e.extowner
UNION ALL
SELECT NULL, 'install.owner', 'CRITICAL', format('function %s', f.label), format('it belongs to %I', pg_get_userbyid(f.proowner)),
       'Its owner can make it do something else.', format('ALTER ROUTINE %s OWNER TO %I', f.label, pg_get_userbyid(e.extowner))
FROM functions AS f, extension AS e WHERE f.proowner <> e.extowner
UNION ALL
SELECT NULL, 'install.grant', 'CRITICAL', format('datamesh.%I', r.relname),
       format('%s holds %s on it', datamesh.role_label(a.grantee), string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type)),
       'CREATE EXTENSION did not give that.', format('REVOKE %s ON %s datamesh.%I FROM %s CASCADE', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type),
              CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.relname, datamesh.role_label(a.grantee))
FROM relations AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS a
WHERE a.grantee <> r.relowner AND NOT EXISTS (SELECT FROM aclexplode(r.initprivs) AS i
                                              WHERE i.grantee = a.grantee AND i.privilege_type = a.privilege_type)
GROUP BY r.relname, r.relkind, a.grantee
UNION ALL
SELECT NULL, 'install.grant', 'CRITICAL', format('function %s', f.label), format('%s may call it', datamesh.role_label(a.grantee)),
       'CREATE EXTENSION did not give that.', format('REVOKE ALL ON ROUTINE %s FROM %s CASCADE', f.label, datamesh.role_label(a.grantee))
FROM functions AS f CROSS JOIN LATERAL aclexplode(f.proacl) AS a
WHERE f.is_ours AND a.grantee <> f.proowner
  AND NOT EXISTS (SELECT FROM aclexplode(coalesce(f.initprivs, acldefault('f', f.proowner))) AS i WHERE i.grantee = a.grantee)
UNION ALL
SELECT NULL, 'install.definer', 'CRITICAL', format('function %s', f.label), 'it runs as its owner, without a search_path of its own',
       'Whoever calls it decides what its names mean.', format('ALTER ROUTINE %s SET search_path = pg_catalog, pg_temp', f.label)
FROM functions AS f
WHERE f.prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (f.proconfig), false)
UNION ALL
SELECT NULL, 'install.stranger', 'CRITICAL', format('function %s', f.label), 'it is no part of the extension',
       'What stands in this schema is taken for datamesh''s.', format('DROP ROUTINE %s', f.label)
FROM functions AS f WHERE NOT f.is_ours
UNION ALL
SELECT NULL, 'install.stranger', 'CRITICAL', format('datamesh.%I', r.relname), 'it is no part of the extension',
       'What stands in this schema is taken for datamesh''s.',
       format('DROP %s datamesh.%I', CASE r.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                                                    WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, r.relname)
FROM relations AS r WHERE NOT r.is_ours
UNION ALL
SELECT NULL, 'install.library', 'CRITICAL', format('function %s', f.label), format('it is %s of %s', f.prosrc, f.probin),
       'Its code is not that of the extension. Nothing but the extension made anew is sure.', NULL
FROM functions AS f JOIN pg_language AS l ON l.oid = f.prolang
WHERE f.is_ours AND l.lanname = 'c' AND (f.probin <> '$libdir/datamesh' OR f.prosrc !~ '^dm_')
UNION ALL
SELECT NULL, 'leakproof', 'WARNING', format('function %s', p.oid::regprocedure), 'it is marked LEAKPROOF',
       CASE WHEN p.oid < 16384 THEN 'PostgreSQL ships it without that mark: it may show values of rows that a view or a policy does not.'
            ELSE 'It is called with values of rows that a view or a policy does not show. Only a superuser can have said that it keeps them to itself.' END,
       format('ALTER FUNCTION %s NOT LEAKPROOF', p.oid::regprocedure)
FROM pg_proc AS p
WHERE p.proleakproof AND p.pronamespace <> 'datamesh'::regnamespace
  AND (p.oid >= 16384 OR (p.xmin <> '1'::xid AND p.pronamespace = 'pg_catalog'::regnamespace));
END;
REVOKE ALL ON FUNCTION datamesh.scan_installation() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_installation() IS
'Findings install.*, leakproof: the extension''s own objects, and functions that are marked LEAKPROOF and were not when PostgreSQL was installed.';

CREATE FUNCTION datamesh.scan_names() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
WITH open AS MATERIALIZED (
    SELECT DISTINCT n.oid, n.nspname FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS a
    WHERE a.grantee = 0 AND a.privilege_type = 'CREATE' AND n.nspname !~ '^pg_(temp|toast)'
)
SELECT NULL::name, 'names.schema', 'WARNING', format('schema %I', o.nspname), 'everybody may create there',
       'Functions, operators and tables planted there are found by a search_path that has this schema.',
       format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', o.nspname)
FROM open AS o
UNION ALL
SELECT NULL, 'names.function', 'WARNING', format('function %s', p.oid::regprocedure),
       format('it is called like one of PostgreSQL''s, and belongs to %I', pg_get_userbyid(p.proowner)),
       'Where its arguments fit better, it is called in place of PostgreSQL''s.', format('DROP ROUTINE %s', p.oid::regprocedure)
FROM pg_proc AS p JOIN open AS o ON o.oid = p.pronamespace JOIN pg_roles AS r ON r.oid = p.proowner
WHERE NOT r.rolsuper AND EXISTS (SELECT FROM pg_proc AS b WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace AND b.pronargs = p.pronargs)
UNION ALL
SELECT NULL, 'names.operator', 'WARNING', format('operator %s', p.oid::regoperator),
       format('it is written like one of PostgreSQL''s, and belongs to %I', pg_get_userbyid(p.oprowner)),
       'Where its arguments fit better, it is used in place of PostgreSQL''s.', format('DROP OPERATOR %s', p.oid::regoperator)
FROM pg_operator AS p JOIN open AS o ON o.oid = p.oprnamespace JOIN pg_roles AS r ON r.oid = p.oprowner
WHERE NOT r.rolsuper AND EXISTS (SELECT FROM pg_operator AS b WHERE b.oprname = p.oprname AND b.oprnamespace = 'pg_catalog'::regnamespace AND b.oprkind = p.oprkind)
UNION ALL
SELECT NULL, 'names.cast', 'WARNING', format('cast (%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
       format('it calls %s, which belongs to %I', p.oid::regprocedure, pg_get_userbyid(p.proowner)),
       'It runs with the rights of whoever reads, where nothing names it: to_json takes casts that are explicit too.',
       format('DROP CAST (%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL))
FROM pg_cast AS c JOIN pg_proc AS p ON p.oid = c.castfunc JOIN pg_roles AS r ON r.oid = p.proowner
WHERE c.oid >= 16384 AND NOT r.rolsuper;
END;
REVOKE ALL ON FUNCTION datamesh.scan_names() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_names() IS
'Findings names.*: schemas in which everybody may create, functions and operators there that pass for PostgreSQL''s, casts by functions of ordinary roles.';

CREATE FUNCTION datamesh.scan_server(version integer) RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT NULL::name, 'server.version', 'WARNING', 'server ' || version / 10000 || '.' || version % 10000,
       format('it has %s, mended in %s.%s', v.cve, v.major, v.minor), v.what, NULL::text
FROM (VALUES
    (15, 3, 'CVE-2023-2455', 'Row security disregards a change of the user after inlining.'),
    (15, 4, 'CVE-2023-39418', 'MERGE does not enforce policies of row security for UPDATE and SELECT.'),
    (15, 7, 'CVE-2024-4317', 'pg_stats_ext shows values of other users'' tables.'),
    (16, 3, 'CVE-2024-4317', 'pg_stats_ext shows values of other users'' tables.'),
    (15, 9, 'CVE-2024-10976', 'A cached plan with row security below a subquery or view is used for another role.'),
    (16, 5, 'CVE-2024-10976', 'A cached plan with row security below a subquery or view is used for another role.'),
    (17, 1, 'CVE-2024-10976', 'A cached plan with row security below a subquery or view is used for another role.'),
    (15, 14, 'CVE-2025-8713', 'Optimizer statistics show sampled values within a view or a partition.'),
    (16, 10, 'CVE-2025-8713', 'Optimizer statistics show sampled values within a view or a partition.'),
    (17, 6, 'CVE-2025-8713', 'Optimizer statistics show sampled values within a view or a partition.')
) AS v(major, minor, cve, what)
WHERE version / 10000 = v.major AND version % 10000 < v.minor;
END;
REVOKE ALL ON FUNCTION datamesh.scan_server(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_server(integer) IS
'Findings server.version: holes of PostgreSQL that let row security and views leak, in a server of this version (server_version_num).';

CREATE FUNCTION datamesh.scan_counters() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT NULL::name, 'server.counters', 'INFO', 'functions pg_stat_get_...', format('everybody may call %s', f.names),
       'Each session can count what it has read of a table, rows of a port that a filter left out among them: so it can find out that there is one with a given key.',
       format('REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC; GRANT EXECUTE ON FUNCTION %1$s TO pg_monitor', f.functions)
FROM (SELECT string_agg(p.proname, ', ' ORDER BY p.proname) AS names,
             string_agg(format('pg_catalog.%I(oid)', p.proname), ', ' ORDER BY p.proname) AS functions
      FROM pg_proc AS p CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
      WHERE p.pronamespace = 'pg_catalog'::regnamespace AND a.grantee = 0
        AND p.proname ~ '^pg_stat_get_(xact_)?(tuples_(returned|fetched)|blocks_(fetched|hit))$') AS f
WHERE f.names IS NOT NULL AND EXISTS (SELECT FROM datamesh.port_policy AS y WHERE y.rules @? '$.filters[*]');
END;
REVOKE ALL ON FUNCTION datamesh.scan_counters() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.scan_counters() IS
'Finding server.counters: whether readers of ports with row filters can count what the server reads for them.';

CREATE FUNCTION datamesh.security_findings() RETURNS SETOF datamesh.security_finding
LANGUAGE sql STABLE
BEGIN ATOMIC
SELECT * FROM datamesh.scan_schema_grants() UNION ALL
SELECT * FROM datamesh.scan_relation_grants() UNION ALL
SELECT * FROM datamesh.scan_default_grants() UNION ALL
SELECT * FROM datamesh.scan_roles() UNION ALL
SELECT * FROM datamesh.scan_memberships() UNION ALL
SELECT * FROM datamesh.scan_views() UNION ALL
SELECT * FROM datamesh.scan_row_security() UNION ALL
SELECT * FROM datamesh.scan_hooks() UNION ALL
SELECT * FROM datamesh.scan_exposures() UNION ALL
SELECT * FROM datamesh.scan_functions() UNION ALL
SELECT * FROM datamesh.scan_exports() UNION ALL
SELECT * FROM datamesh.scan_guard() UNION ALL
SELECT * FROM datamesh.scan_settings() UNION ALL
SELECT * FROM datamesh.scan_installation() UNION ALL
SELECT * FROM datamesh.scan_names() UNION ALL
SELECT * FROM datamesh.scan_server(current_setting('server_version_num')::integer) UNION ALL
SELECT * FROM datamesh.scan_counters();
END;
REVOKE ALL ON FUNCTION datamesh.security_findings() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.security_findings() IS
'Everything that datamesh.security_scan finds, for the owner of the extension.';

CREATE FUNCTION datamesh.security_scan(domain text DEFAULT NULL)
RETURNS TABLE (finding text, severity text, domain_name name, object text, what text, why text, mend text)
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_security_scan';
COMMENT ON FUNCTION datamesh.security_scan(text) IS
'States that let somebody see or change what no contract allows, the gravest first: kind of finding, severity (CRITICAL: it is open now, WARNING: one step from it, INFO), the domain (null: the whole database), the object, what is so, why that matters, and the statement that mends it, ready to run (\gexec); null where none does. It reads catalogs only and changes nothing. Without a domain for superusers and the owner of the extension; with one for its members too, who see what concerns it. Errors: insufficient_privilege, MD101.';
