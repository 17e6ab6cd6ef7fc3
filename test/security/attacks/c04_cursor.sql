-- A cursor that an entitled role opened is read as the role that fetches, or not at all.
-- as: carol
-- control: no, carol is entitled as finance_team
-- says: masked: Z\*\*\*r|what may be seen of a port has changed
BEGIN;
SET LOCAL ROLE finance_team;
DECLARE c SCROLL CURSOR FOR SELECT 'masked: ' || name AS name, salary FROM sales.people WHERE id < 10 ORDER BY id;
SET LOCAL ROLE marketing_team;
FETCH ALL FROM c;
MOVE ABSOLUTE 0 FROM c;
FETCH NEXT FROM c;
COMMIT;
