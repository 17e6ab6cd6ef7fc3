-- The day of a row filter is not one that the reader's time zone chooses.
-- as: marketing_team
-- control: sales_team
-- says: Person 0
SELECT id, name FROM sales.embargoed WHERE id > -2;
SET TimeZone = 'EAST-167';
SELECT id, name FROM sales.embargoed WHERE id > -2;
SELECT id, name FROM sales.embargoed WHERE id > -2;
SET TimeZone = 'A-167B167,J1,J365';
SELECT id, name FROM sales.embargoed WHERE id > -2;
