-- The same cursor, when its rows have been sorted for the entitled role and its plan asks for each row who reads.
-- as: carol
-- control: no, carol is entitled as finance_team
-- says: what may be seen of a port has changed
-- says: begun: Al
-- silent: then: [AHZ]
\connect - finance_team
CREATE FUNCTION playground.opened() RETURNS SETOF sales.people LANGUAGE sql STABLE AS $$ SELECT * FROM sales.people $$;
GRANT EXECUTE ON FUNCTION playground.opened() TO PUBLIC;
\connect - carol
-- the library is not loaded yet, or folding is off, or the planner opens up a function
BEGIN;
SET LOCAL ROLE finance_team;
DECLARE c CURSOR FOR SELECT CASE WHEN id = 2 THEN 'begun: Al' ELSE 'then: ' || name END AS name FROM sales.people WHERE id < 10 ORDER BY name;
FETCH 1 FROM c;
SET LOCAL ROLE marketing_team;
FETCH ALL FROM c;
ROLLBACK;
SET datamesh.port_folding = off;
BEGIN;
SET LOCAL ROLE finance_team;
DECLARE c CURSOR FOR SELECT CASE WHEN id = 2 THEN 'begun: Al' ELSE 'then: ' || name END AS name FROM sales.people WHERE id < 10 ORDER BY name;
FETCH 1 FROM c;
SET LOCAL ROLE marketing_team;
FETCH ALL FROM c;
ROLLBACK;
RESET datamesh.port_folding;
BEGIN;
SET LOCAL ROLE finance_team;
DECLARE c CURSOR FOR SELECT CASE WHEN id = 2 THEN 'begun: Al' ELSE 'then: ' || name END AS name FROM playground.opened() WHERE id < 10 ORDER BY name;
FETCH 1 FROM c;
SET LOCAL ROLE marketing_team;
FETCH ALL FROM c;
ROLLBACK;
BEGIN;
SET LOCAL ROLE finance_team;
DECLARE c CURSOR FOR WITH m AS MATERIALIZED (SELECT * FROM playground.opened() WHERE id < 10) SELECT CASE WHEN id = 2 THEN 'begun: Al' ELSE 'then: ' || name END AS name FROM m ORDER BY name;
FETCH 1 FROM c;
SET LOCAL ROLE marketing_team;
FETCH ALL FROM c;
ROLLBACK;
