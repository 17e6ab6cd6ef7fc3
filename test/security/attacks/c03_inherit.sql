-- A child, a partition, a foreign key, a rule or a trigger of one's own on a release.
-- as: marketing_team
-- control: no, nobody may
-- says: permission denied|must be owner
SELECT c.oid::regclass AS parent FROM pg_class AS c WHERE relkind = 'p' AND relnamespace = 'sales_releases'::regnamespace \gset
SELECT inhrelid::regclass AS release FROM pg_inherits WHERE inhparent = :'parent'::regclass LIMIT 1 \gset
CREATE TABLE playground.child () INHERITS (:parent);
CREATE TABLE playground.child () INHERITS (:release);
CREATE TABLE playground.child () INHERITS (sales_internal.people);
CREATE TABLE playground.part PARTITION OF :parent FOR VALUES IN (-1);
CREATE TABLE playground.copy (LIKE :release INCLUDING ALL);
CREATE TABLE playground.copy (LIKE sales_internal.people INCLUDING ALL);
CREATE TABLE playground.other (id integer PRIMARY KEY);
ALTER TABLE :parent ATTACH PARTITION playground.other FOR VALUES IN (-1);
ALTER TABLE playground.other INHERIT :release;
CREATE TABLE playground.refers (id integer REFERENCES :release (id));
CREATE TABLE playground.refers (id integer REFERENCES sales_internal.people (id));
CREATE RULE also AS ON INSERT TO :release DO ALSO SELECT 1;
CREATE TRIGGER also BEFORE INSERT ON :release EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE STATISTICS playground.s ON name, email FROM :release;
CREATE INDEX ON :release ((name || email));
TRUNCATE :release;
