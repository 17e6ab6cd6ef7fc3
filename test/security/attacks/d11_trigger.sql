-- A careless GRANT of everything, and a trigger of one's own: it would be shown each row that is written, the foreign key whether a value is there.
-- as: postgres
-- control: no, the control is the last line
-- says: MD501.*cannot change the triggers of table "sales_internal\.people": only domain "sales" does
-- says: MD501.*cannot refer to table "sales_internal\.people": only domain "sales" does
-- says: made: 0
-- says: ^ domain: 2$
SET datamesh.break_glass = on;
\set VERBOSITY terse
GRANT USAGE ON SCHEMA sales_internal, sales_releases TO mallory;
GRANT ALL ON ALL TABLES IN SCHEMA sales_internal, sales_releases TO mallory;
\set VERBOSITY verbose
\connect - mallory
CREATE TABLE playground.loot (t text);
GRANT ALL ON playground.loot TO PUBLIC;
CREATE FUNCTION playground.steal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO playground.loot SELECT o::text FROM old_rows AS o;
    RETURN NULL;
END $$;
CREATE FUNCTION playground.steal_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO playground.loot VALUES (OLD::text);
    RETURN NEW;
END $$;
CREATE TRIGGER steal AFTER UPDATE ON sales_internal.people REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION playground.steal();
CREATE TRIGGER steal BEFORE UPDATE ON sales_internal.people FOR EACH ROW EXECUTE FUNCTION playground.steal_row();
CREATE TRIGGER steal BEFORE INSERT OR DELETE ON sales_internal.embargoed FOR EACH ROW EXECUTE FUNCTION playground.steal_row();
CREATE CONSTRAINT TRIGGER steal AFTER UPDATE ON sales_internal.people DEFERRABLE FOR EACH ROW EXECUTE FUNCTION playground.steal_row();
SELECT format('CREATE TRIGGER steal BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION playground.steal_row()', c.oid::regclass)
  FROM pg_class AS c WHERE relkind IN ('r', 'p') AND relnamespace = 'sales_releases'::regnamespace \gexec
UPDATE sales_internal.people SET city = city;
UPDATE sales_internal.people SET city = 'nowhere';
CREATE TABLE playground.guess (id integer REFERENCES sales_internal.people (id));
CREATE TABLE playground.guess (id integer);
ALTER TABLE playground.guess ADD FOREIGN KEY (id) REFERENCES sales_internal.people;
SELECT 'made: ' || (SELECT count(*) FROM pg_trigger WHERE tgname = 'steal') + (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text ~ 'guess');
SELECT * FROM playground.loot;
-- what the domain does with its own tables is its own business
\connect - sales_team
CREATE TRIGGER stamp BEFORE UPDATE ON sales_internal.people FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE sales_internal.orders (person integer REFERENCES sales_internal.people);
SELECT 'domain: ' || (SELECT count(*) FROM pg_trigger WHERE tgname = 'stamp') + (SELECT count(*) FROM pg_constraint WHERE conrelid = 'sales_internal.orders'::regclass AND contype = 'f');
