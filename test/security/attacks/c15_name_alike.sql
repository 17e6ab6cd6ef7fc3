-- Names that differ in case alone are different people: what one asked for is not for the other to see.
-- as: mallory
-- control: no, the role is made for this
-- says: requests seen: 0
-- silent: a purpose of dana's
\connect - postgres
CREATE ROLE "Dana" LOGIN;
CREATE ROLE "odd.name" LOGIN;
\connect - dana
CALL datamesh.request_access('sales.plain', 'a purpose of dana''s');
\connect - "Dana"
SELECT * FROM datamesh.access_requests;
\connect - "odd.name"
SELECT 'requests seen: ' || count(*) FROM datamesh.access_requests;
\connect - postgres
DROP ROLE "Dana", "odd.name";
