-- The event triggers are off, and code comes beneath a live port: the scan tells all of it, and the next publish is refused.
-- as: postgres
-- control: no, what is looked for is the finding
-- says: port\.code \| CRITICAL \| view sales\.people_live \| whoever reads it runs function sales_internal\.spy\(integer\) in sales_internal\.people \(index spied\), which belongs to sales_team
-- says: port\.code \| CRITICAL \| view sales\.people_live \| whoever reads it runs function sales_internal\.spy\(integer\) in sales_internal\.people \(policy spied\), which belongs to sales_team
-- says: port\.code \| CRITICAL \| view sales\.open_people \| whoever reads it runs function sales_internal\.spy\(integer\) in sales_internal\.people \(constraint spied\), which belongs to sales_team
-- says: port\.code \| CRITICAL \| view sales\.open_people \| whoever reads it runs function set_config\(text,text,boolean\), as sales_team has written it in sales_internal\.open_people
-- says: MD203
SET datamesh.break_glass = on;
ALTER EVENT TRIGGER datamesh_guard_start DISABLE;
ALTER EVENT TRIGGER datamesh_guard_end DISABLE;
SET session_replication_role = replica;
\connect - sales_team
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE INDEX spied ON sales_internal.people ((id + sales_internal.spy(1)));
CREATE POLICY spied ON sales_internal.people TO sales_team USING (sales_internal.spy(id) > 0);
ALTER TABLE sales_internal.people ADD CONSTRAINT spied CHECK (id > sales_internal.spy(0));
CREATE OR REPLACE VIEW sales_internal.open_people AS SELECT id, city, region FROM sales_internal.people WHERE set_config('a.b', 'c', false) = 'c';
CALL datamesh.publish('sales.people_live');
\connect - postgres
SELECT concat_ws(' | ', s.finding, s.severity, s.object, s.what) FROM datamesh.security_scan() AS s WHERE s.finding = 'port.code';
