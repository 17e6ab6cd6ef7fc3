-- CREATEROLE lets a role give itself any other; the guard does not.
-- as: creator
-- control: no, the guard stands in everybody's way
-- preload: yes
-- says: MD5
GRANT sales_team TO creator;
GRANT sales_port TO creator;
GRANT marketing_team TO sales_team;
CREATE ROLE helper LOGIN IN ROLE sales_port;
CREATE ROLE helper2 LOGIN ADMIN creator IN ROLE sales_team;
ALTER GROUP sales_port ADD USER creator;
ALTER ROLE sales_port LOGIN PASSWORD 'x';
ALTER ROLE sales_port BYPASSRLS;
ALTER ROLE sales_port CREATEROLE;
SELECT * FROM sales.people WHERE id < 10;
SELECT * FROM sales_internal.people WHERE id < 10;
SET ROLE sales_port;
SELECT * FROM sales.people WHERE id < 10;
