-- Settings, search paths, temporary relations and functions that are called like ours.
-- as: marketing_team
-- control: no, the settings mean nothing to anybody
-- says: Z\*\*\*r
SET app.role = 'sales';
SET app.whatever = 'sales_team';
SET datamesh.acting_for = 'sales_team';
SELECT set_config('datamesh.acting_for', 'sales_team', false);
SELECT set_config('datamesh.acting_for', (SELECT oid::text FROM pg_roles WHERE rolname = 'sales_team'), false);
SET datamesh.break_glass = on;
SET row_security = off;
SET session_replication_role = replica;
SET ROLE sales_team;
SET SESSION AUTHORIZATION sales_team;
SET enable_partition_pruning = off;
CREATE TEMP TABLE port_policy (policy_id integer, port_id integer, rules jsonb);
CREATE TEMP TABLE people AS SELECT 1 AS id;
CREATE FUNCTION pg_temp.mask_choice(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
CREATE FUNCTION playground.mask_choice(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
CREATE FUNCTION playground.mask_partial(text, integer, text, integer) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION playground.eq(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR playground.= (FUNCTION = playground.eq, LEFTARG = integer, RIGHTARG = integer);
CREATE FUNCTION playground.eq(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR playground.= (FUNCTION = playground.eq, LEFTARG = text, RIGHTARG = text);
SET search_path = pg_temp, playground, sales, datamesh, pg_catalog;
SELECT * FROM sales.people WHERE sales.people.id OPERATOR(pg_catalog.<) 10;
SET search_path = playground, pg_catalog;
SELECT * FROM sales.people WHERE id < 10;
SELECT * FROM sales.people_v1 WHERE id = 3;
CREATE FUNCTION datamesh.mask_choice(integer, bigint) RETURNS integer LANGUAGE sql AS 'SELECT 0';
CREATE TABLE datamesh.t (i integer);
CREATE TABLE sales.t (i integer);
