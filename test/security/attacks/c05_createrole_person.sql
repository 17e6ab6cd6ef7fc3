-- CREATEROLE reaches people too: stewards read raw, members of the council decide, approvers let others in.
-- as: creator
-- control: no, the guard stands in everybody's way
-- preload: yes
-- says: cannot grant role "dana" to role "creator": it brings the rights of a steward of data product sales\.people
-- says: cannot grant role "mallory" to role "creator": it brings the rights of a member of the council
-- says: cannot give role "dana" a password: it is a steward of data product sales\.people
-- says: cannot give role "twofold" a password: it brings the rights of the team of domain
-- says: cannot give role "dana" another name
-- silent: CREATEROLE went through
\connect - postgres
CALL datamesh.add_council_member('mallory');
\connect - creator
GRANT dana TO creator;
GRANT mallory TO creator;
CREATE ROLE helper3 LOGIN IN ROLE dana;
ALTER GROUP dana ADD USER creator;
ALTER ROLE dana PASSWORD 'known';
ALTER ROLE twofold ENCRYPTED PASSWORD 'known' VALID UNTIL 'infinity';
ALTER ROLE dana RENAME TO creator_at_work;
SET ROLE dana;
SELECT * FROM sales.people WHERE id < 10;
RESET ROLE;
SELECT 'CREATEROLE went through' FROM pg_auth_members WHERE member = 'creator'::regrole
UNION ALL SELECT 'CREATEROLE went through' FROM pg_roles WHERE rolname = 'creator_at_work'
UNION ALL SELECT 'CREATEROLE went through' FROM pg_roles WHERE rolname = 'twofold' AND rolvaliduntil = 'infinity';
