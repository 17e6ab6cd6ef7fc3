-- A statement that was prepared, and planned generically, by an entitled role.
-- as: carol
-- control: no, carol is entitled as finance_team, and shows it first
-- says: masked: Z\*\*\*r
-- silent: masked: Zeph
SET plan_cache_mode = force_generic_plan;
SET ROLE finance_team;
PREPARE q AS SELECT 'masked: ' || name AS name, salary FROM sales.people WHERE id = 1;
\o /dev/null
EXECUTE q;
EXECUTE q;
\o
SET ROLE marketing_team;
EXECUTE q;
RESET plan_cache_mode;
EXECUTE q;
RESET ROLE;
EXECUTE q;
