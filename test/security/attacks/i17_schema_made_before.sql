-- A schema datamesh that somebody else made before the extension is refused.
-- as: postgres
-- control: no, it is refused
-- says: ERROR: .*schema "?datamesh"?
-- says: extensions: 0
CREATE DATABASE prepared OWNER mallory;
\connect prepared mallory
CREATE SCHEMA datamesh;
CREATE FUNCTION datamesh.mask_choice(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 0';
\connect prepared postgres
CREATE EXTENSION semver;
CREATE EXTENSION datamesh;
CREATE EXTENSION datamesh SCHEMA datamesh;
CREATE EXTENSION datamesh CASCADE;
SELECT 'extensions: ' || count(*) FROM pg_extension WHERE extname = 'datamesh';
\connect postgres postgres
DROP DATABASE prepared;
