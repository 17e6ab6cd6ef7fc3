-- base: the schema, and what the extension can tell of itself.
--
-- CREATE SCHEMA without IF NOT EXISTS on purpose: a schema of this name that somebody else
-- made could hold functions waiting to be called in our place.

CREATE SCHEMA datamesh;
GRANT USAGE ON SCHEMA datamesh TO PUBLIC;
COMMENT ON SCHEMA datamesh IS
'The data mesh of this database: its catalog and the procedures that change it. See datamesh.status().';
