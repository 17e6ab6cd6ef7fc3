-- governance_guard: DDL and GRANT are held against the mesh as they happen (src/governance/guard.c).

CREATE FUNCTION datamesh.guard_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_guard_changed';
REVOKE ALL ON FUNCTION datamesh.guard_changed() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.guard_changed() IS
'Tells every session to forget what the guard of DDL remembers of the mesh. Trigger on the tables that it is read from.';

CREATE TRIGGER guard_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON datamesh.domain_schema
FOR EACH STATEMENT EXECUTE FUNCTION datamesh.guard_changed();
ALTER TABLE datamesh.domain_schema ENABLE ALWAYS TRIGGER guard_changed;
CREATE TRIGGER guard_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON datamesh.port
FOR EACH STATEMENT EXECUTE FUNCTION datamesh.guard_changed();
ALTER TABLE datamesh.port ENABLE ALWAYS TRIGGER guard_changed;
CREATE TRIGGER guard_changed AFTER UPDATE OR DELETE OR TRUNCATE ON datamesh.contract
FOR EACH STATEMENT EXECUTE FUNCTION datamesh.guard_changed();
ALTER TABLE datamesh.contract ENABLE ALWAYS TRIGGER guard_changed;

CREATE TRIGGER guard_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON datamesh.policy
FOR EACH STATEMENT EXECUTE FUNCTION datamesh.guard_changed();
ALTER TABLE datamesh.policy ENABLE ALWAYS TRIGGER guard_changed;

CREATE FUNCTION datamesh.guard_start() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_guard_start';
REVOKE ALL ON FUNCTION datamesh.guard_start() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.guard_start() IS
'Looks at a command before it begins, and refuses what it names outright: see datamesh_guard_start.';

CREATE FUNCTION datamesh.guard_end() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_guard_end';
REVOKE ALL ON FUNCTION datamesh.guard_end() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.guard_end() IS
'Judges everything that a command has touched: see datamesh_guard_end.';

CREATE FUNCTION datamesh.guard_rewrite() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_guard_rewrite';
REVOKE ALL ON FUNCTION datamesh.guard_rewrite() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.guard_rewrite() IS
'Notes that a command rewrites a table: see datamesh_guard_rewrite.';

-- The last thing of the script that is DDL on tables: from here on the guard looks.
CREATE EVENT TRIGGER datamesh_guard_start ON ddl_command_start EXECUTE FUNCTION datamesh.guard_start();
ALTER EVENT TRIGGER datamesh_guard_start ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER datamesh_guard_start IS
'Refuses DDL and GRANT that would break what consumers of the mesh read. A superuser gets past it with SET datamesh.break_glass = on, which is written to the event log.';
CREATE EVENT TRIGGER datamesh_guard_rewrite ON table_rewrite EXECUTE FUNCTION datamesh.guard_rewrite();
ALTER EVENT TRIGGER datamesh_guard_rewrite ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER datamesh_guard_rewrite IS
'Sees which tables a command rewrites; what is said of it, datamesh_guard_end says.';
CREATE EVENT TRIGGER datamesh_guard_end ON ddl_command_end EXECUTE FUNCTION datamesh.guard_end();
ALTER EVENT TRIGGER datamesh_guard_end ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER datamesh_guard_end IS
'Judges what a command has touched, by CASCADE and recursion too: refuses what would break consumers, warns of what the next publish would not survive, and holds names and types against the policies of the domain.';
