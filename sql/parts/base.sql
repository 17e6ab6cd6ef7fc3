-- base: the schema, and what the extension can tell of itself.
--
-- CREATE SCHEMA without IF NOT EXISTS on purpose: a schema of this name that somebody else
-- made could hold functions waiting to be called in our place.
--
-- For the same reason the whole script runs with a search_path of its own: otherwise a function or
-- operator planted in a schema that others may write to, and that fits our arguments better than
-- PostgreSQL's, would be bound into our views and functions for good.

SET LOCAL search_path TO pg_catalog, pg_temp;

CREATE SCHEMA datamesh;
GRANT USAGE ON SCHEMA datamesh TO PUBLIC;
COMMENT ON SCHEMA datamesh IS
'The data mesh of this database: its catalog and the procedures that change it. See datamesh.status().';

CREATE FUNCTION datamesh.library_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_library_version';
COMMENT ON FUNCTION datamesh.library_version() IS
'The version of the library that this session has loaded. It differs from the extension''s version between installing a new library and ALTER EXTENSION datamesh UPDATE.';

CREATE FUNCTION datamesh.library_preloaded() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_library_preloaded';
COMMENT ON FUNCTION datamesh.library_preloaded() IS
'Whether the library was loaded by shared_preload_libraries when the server started.';
