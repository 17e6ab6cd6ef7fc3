-- Whoever belongs to the domain and to a consumer is a consumer until he says otherwise.
-- as: twofold
-- control: no, this role may become sales_team and then reads what is its own
-- says: Z\*\*\*r
SELECT * FROM sales.people WHERE id < 10;
SELECT datamesh.my_access('sales.people');
SET ROLE marketing_team;
SELECT * FROM sales.people WHERE id < 10;
