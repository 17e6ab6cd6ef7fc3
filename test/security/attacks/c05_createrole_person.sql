-- CREATEROLE reaches people too: stewards read raw, members of the council decide, approvers let others in.
-- as: creator
-- control: no, the guard stands in everybody's way
-- preload: yes
-- says: cannot grant role "dana" to role "creator": it brings the rights of a steward of data product sales\.people
-- says: cannot grant role "mallory" to role "creator": it brings the rights of a member of the council
-- silent: CREATEROLE went through
\connect - postgres
CALL datamesh.add_council_member('mallory');
\connect - creator
GRANT dana TO creator;
GRANT mallory TO creator;
CREATE ROLE helper3 LOGIN IN ROLE dana;
ALTER GROUP dana ADD USER creator;
SET ROLE dana;
SELECT * FROM sales.people WHERE id < 10;
RESET ROLE;
SELECT 'CREATEROLE went through' FROM pg_auth_members WHERE member = 'creator'::regrole;
