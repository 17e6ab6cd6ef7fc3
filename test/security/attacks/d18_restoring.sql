-- A restore disables triggers of an empty mesh, and the guard stands aside for it. Whoever may not disable them is no restore.
-- as: postgres
-- control: no, it is about the guard
-- preload: yes
-- says: 42501: must be owner of table event_log
-- says: MD50\d: cannot grant SELECT on "empty_internal\.t" to role "mallory"
-- silent: granted: t
CREATE DATABASE empty_mesh;
\connect empty_mesh
CREATE EXTENSION datamesh CASCADE;
SET SESSION AUTHORIZATION mark;
ALTER TABLE datamesh.event_log DISABLE TRIGGER ALL;
RESET SESSION AUTHORIZATION;
CALL datamesh.create_domain('empty', owner => 'mark');
SET SESSION AUTHORIZATION mark;
CREATE TABLE empty_internal.t (i integer);
GRANT SELECT ON empty_internal.t TO mallory;
SELECT 'granted: ' || has_table_privilege('mallory', 'empty_internal.t', 'SELECT');
\connect postgres postgres
DROP DATABASE empty_mesh WITH (FORCE);
DROP ROLE empty_port;
