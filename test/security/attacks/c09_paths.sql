-- Every other way to the same rows answers as SELECT does, or is refused.
-- as: marketing_team
-- control: sales_team
-- says: Z\*\*\*r
COPY (SELECT * FROM sales.people WHERE id < 10) TO STDOUT;
COPY sales.people TO STDOUT;
COPY (SELECT * FROM sales.people WHERE id < 10) TO PROGRAM 'cat';
SELECT table_to_xml('sales.people', true, true, '');
SELECT query_to_xml('SELECT * FROM sales.people WHERE id < 10', true, true, '');
SELECT schema_to_xml('sales', true, true, '');
SELECT cursor_to_xml('c', 10, true, true, '') FROM (SELECT 1) AS x;
SELECT row_to_json(p) FROM sales.people AS p WHERE id < 10;
SELECT jsonb_agg(p) FROM sales.people AS p WHERE id < 10;
SELECT p FROM sales.people AS p WHERE id < 10;
SELECT (p).name, p.* FROM sales.people AS p WHERE id < 10;
SELECT array_agg(p)::text FROM sales.people AS p WHERE id < 10;
SELECT tableoid, ctid, xmin FROM sales.people;
SELECT * FROM sales.people TABLESAMPLE SYSTEM (100);
SELECT * FROM sales.people WHERE id < 10 FOR UPDATE;
CREATE TABLE playground.copy AS SELECT * FROM sales.people;
SELECT * FROM playground.copy WHERE id < 10;
CREATE MATERIALIZED VIEW playground.frozen AS SELECT * FROM sales.people;
SELECT * FROM playground.frozen WHERE id < 10;
SELECT * INTO TEMP into_temp FROM sales.people;
SELECT * FROM into_temp WHERE id < 10;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM sales.people WHERE id < 10;
FETCH ALL FROM c;
SELECT cursor_to_xml('c', 10, true, true, '');
ROLLBACK;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM sales.people WHERE id < 10 LOOP
        RAISE NOTICE '%', r;
    END LOOP;
END $$;
INSERT INTO sales.people (id) VALUES (5) RETURNING *;
INSERT INTO sales.people (id) VALUES (1) ON CONFLICT DO NOTHING RETURNING *;
UPDATE sales.people SET city = name RETURNING *;
DELETE FROM sales.people WHERE id = 1 RETURNING *;
MERGE INTO sales.people AS t USING (VALUES (1)) AS s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET city = t.name;
MERGE INTO playground.copy AS t USING sales.people AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET city = s.name;
SELECT * FROM playground.copy WHERE id < 10;
CREATE TABLE playground.refers (id integer REFERENCES sales.people (id));
TRUNCATE sales.people;
LOCK TABLE sales.people IN ACCESS EXCLUSIVE MODE NOWAIT;
CREATE TRIGGER t INSTEAD OF INSERT ON sales.people FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE playground.typed OF sales.people;
SELECT * FROM datamesh.as_of(NULL::sales.people, now()) WHERE id < 10;
SELECT r.* FROM datamesh.releases AS x, LATERAL datamesh.at_release(NULL::sales.people, x.release) AS r WHERE id < 10;
SELECT * FROM datamesh.check_table('sales.people', '{"name": {"pattern": "^$"}, "email": {"unique": true}, "city": {"allowed_values": ["Berlin"]}}');
SELECT * FROM datamesh.profile('sales.people');
SELECT * FROM datamesh.detect_pii('sales.people');
SELECT datamesh.infer_contract('sales.people');
SELECT datamesh.infer_contract('sales_internal.people');
SELECT * FROM datamesh.check_product('sales.people');
SELECT * FROM datamesh.profile('sales_internal.people');
SELECT * FROM datamesh.detect_pii('sales_internal.people');
SELECT datamesh.contract_yaml('sales.people');
SELECT * FROM sales.people AS a JOIN sales.people_v1 AS b ON a.name = b.name AND a.id <> b.id WHERE a.id < 10;
SELECT (SELECT name FROM sales.people AS i WHERE i.id = o.id) FROM sales.people AS o WHERE id < 10;
WITH RECURSIVE r AS (SELECT id, name FROM sales.people WHERE id = 1 UNION SELECT p.id, p.name FROM r JOIN sales.people AS p ON p.id = r.id + 1) SELECT * FROM r;
SELECT * FROM sales.people WHERE id < 10 UNION SELECT * FROM sales.people_v1 WHERE id < 10;
