-- base: the extension installs where its schema is free, refuses where it is not, and goes away
-- whole.
\set VERBOSITY terse
DROP EXTENSION datamesh;
CREATE SCHEMA datamesh;
CREATE EXTENSION datamesh CASCADE;
DROP SCHEMA datamesh;
CREATE EXTENSION datamesh CASCADE;
DROP EXTENSION datamesh;
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname = 'datamesh';

-- every object of ours that people can call or read says what it is
CREATE EXTENSION datamesh CASCADE;
SELECT p.oid::regprocedure AS function_without_comment
FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'datamesh' AND obj_description(p.oid, 'pg_proc') IS NULL
ORDER BY 1;
SELECT c.oid::regclass AS relation_without_comment
FROM pg_depend d JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'datamesh' AND c.relkind IN ('r', 'v', 'm', 'p', 'S')
  AND obj_description(c.oid, 'pg_class') IS NULL
ORDER BY 1;

-- and no function of ours that runs with its owner's rights trusts the caller's search_path
SELECT p.oid::regprocedure AS definer_without_search_path
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'datamesh' AND p.prosecdef
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=pg_catalog, pg_temp%')
ORDER BY 1;
