-- quality: what constraints prove is not scanned, and what only looks like a proof is. Each kind of proof
-- stands beside its traps. method tells which road a check took, evidence which constraint answered.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE SCHEMA proofs;
CREATE FUNCTION proofs.of(relation regclass, rules jsonb)
RETURNS TABLE (rule text, status text, method text, failing bigint, evidence text)
LANGUAGE sql AS $$
    SELECT rule, status, method, failing_rows, CASE WHEN method = 'proved' THEN evidence END
    FROM datamesh.check_table(relation, rules)
$$;

-- NOT NULL and CHECK
CREATE TABLE proofs.plain (
    id int PRIMARY KEY,
    a int NOT NULL,
    b int CHECK (b > 0),
    c numeric(10,2) NOT NULL CHECK (c >= 0 AND c < 100),
    s text CONSTRAINT s_known CHECK (s IN ('new', 'paid', 'sent')),
    t text CONSTRAINT t_there CHECK (t IS NOT NULL AND t <> ''),
    p text CONSTRAINT p_code CHECK (p ~ '^[A-Z]{2}$'),
    l text CONSTRAINT l_short CHECK (length(l) <= 10),
    v varchar(8),
    x char(3));
INSERT INTO proofs.plain VALUES (1, 1, 1, 1, 'new', 't', 'AB', 'short', 'v', 'x'), (2, 2, NULL, 2, NULL, 't', NULL, NULL, NULL, NULL);
SELECT * FROM proofs.of('proofs.plain', '[
    {"check": "null_values", "column": "a"},
    {"check": "null_values", "column": "b", "name": "CHECK passes on null"},
    {"check": "null_values", "column": "t"},
    {"check": "missing_values", "column": "t", "missing_values": [""]},
    {"check": "missing_values", "column": "t", "missing_values": ["", "n/a"], "name": "more than the CHECK says"},
    {"check": "missing_values", "column": "a"},
    {"check": "invalid_values", "column": "b", "min": 0, "name": "b > 0, so >= 0"},
    {"check": "invalid_values", "column": "b", "min": 1, "name": "b > 0, but >= 1"},
    {"check": "invalid_values", "column": "b", "min": 0.5, "name": "b >= 0.5"},
    {"check": "invalid_values", "column": "c", "min": 0, "max": 100},
    {"check": "invalid_values", "column": "c", "min": 0, "name": "c has an upper bound, so no NaN"},
    {"check": "invalid_values", "column": "c", "max": 99, "name": "tighter than the CHECK"},
    {"check": "invalid_values", "column": "s", "valid_values": ["new", "paid", "sent", "lost"]},
    {"check": "invalid_values", "column": "s", "valid_values": ["new", "paid"], "name": "fewer than the CHECK"},
    {"check": "invalid_values", "column": "p", "pattern": "^[A-Z]{2}$"},
    {"check": "invalid_values", "column": "p", "pattern": "^[A-Z]*$", "name": "another pattern"},
    {"check": "invalid_values", "column": "l", "max_length": 12},
    {"check": "invalid_values", "column": "l", "max_length": 9, "name": "shorter"},
    {"check": "invalid_values", "column": "v", "max_length": 8},
    {"check": "invalid_values", "column": "v", "max_length": 7, "name": "varchar(8) is longer"},
    {"check": "invalid_values", "column": "x", "max_length": 3},
    {"check": "row_condition", "condition": "a IS NOT NULL AND b > -1"},
    {"check": "row_condition", "condition": "b IS NOT NULL", "name": "b may be null"},
    {"check": "null_values", "column": "a", "mustBeGreaterThan": 0, "name": "proved to fail"},
    {"check": "null_values", "column": "a", "unit": "percent", "mustBeLessThan": 1, "name": "percent"},
    {"check": "null_values", "column": "a", "group_by": ["s"], "where": "b > 1", "name": "of every group"}]');

-- NOT VALID is no proof until it is validated
CREATE TABLE proofs.late (a int);
INSERT INTO proofs.late VALUES (-1), (1);
ALTER TABLE proofs.late ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
SELECT * FROM proofs.of('proofs.late', '[{"check": "invalid_values", "column": "a", "min": 0}]');
DELETE FROM proofs.late WHERE a < 0;
ALTER TABLE proofs.late VALIDATE CONSTRAINT positive;
SELECT * FROM proofs.of('proofs.late', '[{"check": "invalid_values", "column": "a", "min": 0}]');

-- functions that may change their mind prove nothing
CREATE FUNCTION proofs.positive(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE TABLE proofs.fickle (a int CHECK (proofs.positive(a)), d date CHECK (d <= current_date));
INSERT INTO proofs.fickle VALUES (-1, '2020-01-01');
SELECT * FROM proofs.of('proofs.fickle', '[
    {"check": "row_condition", "condition": "proofs.positive(a)"},
    {"check": "row_condition", "condition": "d <= current_date"}]');

-- unique indexes: nullable keys, subsets, deferrable, partial, expression, invalid, other equality
CREATE TABLE proofs.keys (
    id int PRIMARY KEY,
    u int UNIQUE,
    n int UNIQUE NULLS NOT DISTINCT,
    d int UNIQUE DEFERRABLE INITIALLY DEFERRED,
    part int, expr text, broken int, other text, pair_a int NOT NULL, pair_b int,
    UNIQUE (pair_a, pair_b));
CREATE UNIQUE INDEX ON proofs.keys (part) WHERE part > 0;
CREATE UNIQUE INDEX ON proofs.keys (lower(expr));
CREATE UNIQUE INDEX ON proofs.keys (other COLLATE "C");
INSERT INTO proofs.keys VALUES (1, 1, 1, 1, -1, 'a', 1, 'a', 1, 1), (2, NULL, NULL, 2, -1, 'b', 1, 'b', 1, NULL), (3, NULL, 3, 3, 1, 'c', 2, 'c', 1, NULL);
CREATE UNIQUE INDEX CONCURRENTLY broken_key ON proofs.keys (broken);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'proofs.broken_key'::regclass;
SELECT * FROM proofs.of('proofs.keys', '[
    {"check": "duplicate_values", "column": "id"},
    {"check": "duplicate_values", "columns": ["u", "id"], "name": "a subset is enough"},
    {"check": "duplicate_values", "column": "u", "name": "nulls are distinct"},
    {"check": "duplicate_values", "column": "u", "nulls_distinct": false, "name": "nulls are not"},
    {"check": "duplicate_values", "column": "n", "nulls_distinct": false},
    {"check": "duplicate_values", "column": "d", "name": "deferrable"},
    {"check": "duplicate_values", "column": "part", "name": "partial"},
    {"check": "duplicate_values", "column": "expr", "name": "expression"},
    {"check": "duplicate_values", "column": "broken", "name": "invalid"},
    {"check": "duplicate_values", "column": "other", "name": "other collation"},
    {"check": "duplicate_values", "columns": ["pair_b", "pair_a"]},
    {"check": "duplicate_values", "columns": ["pair_a", "pair_b"], "nulls_distinct": false, "name": "pair with nulls"},
    {"check": "duplicate_values", "column": "pair_a", "name": "less than the key"}]');
-- a deferrable key is really broken inside a transaction
BEGIN;
UPDATE proofs.keys SET d = 1;
SELECT * FROM proofs.of('proofs.keys', '[{"check": "duplicate_values", "column": "d"}]');
ROLLBACK;

-- foreign keys
CREATE TABLE proofs.parent (a int PRIMARY KEY, b int UNIQUE, x int, y int, UNIQUE (x, y));
CREATE TABLE proofs.child (
    id int,
    good int CONSTRAINT good_fk REFERENCES proofs.parent,
    late int,
    deferred int CONSTRAINT deferred_fk REFERENCES proofs.parent DEFERRABLE,
    x int, y int, FOREIGN KEY (x, y) REFERENCES proofs.parent (x, y));
INSERT INTO proofs.parent VALUES (1, 10, 1, 1), (2, 20, 2, 2);
INSERT INTO proofs.child VALUES (1, 1, 9, 1, 1, 1), (2, NULL, 1, 1, NULL, 7);
ALTER TABLE proofs.child ADD CONSTRAINT late_fk FOREIGN KEY (late) REFERENCES proofs.parent NOT VALID;
SELECT * FROM proofs.of('proofs.child', '[
    {"check": "orphan_values", "column": "good", "references": "parent.a"},
    {"check": "orphan_values", "column": "good", "references": "parent.b", "name": "another column"},
    {"check": "orphan_values", "column": "late", "references": "parent.a", "name": "NOT VALID"},
    {"check": "orphan_values", "column": "deferred", "references": "parent.a", "name": "deferrable"},
    {"check": "orphan_values", "columns": ["y", "x"], "references": ["parent.y", "parent.x"]},
    {"check": "orphan_values", "column": "x", "references": "parent.x", "name": "a part of the key"}]');
ALTER TABLE proofs.child DISABLE TRIGGER ALL;
INSERT INTO proofs.child VALUES (3, 99, NULL, NULL, NULL, NULL);
SELECT * FROM proofs.of('proofs.child', '[{"check": "orphan_values", "column": "good", "references": "parent.a"}]');
DELETE FROM proofs.child WHERE id = 3;
ALTER TABLE proofs.child ENABLE TRIGGER ALL;
ALTER TABLE proofs.parent DISABLE TRIGGER ALL;
SELECT rule, method FROM proofs.of('proofs.child', '[{"check": "orphan_values", "column": "good", "references": "parent.a"}]');
ALTER TABLE proofs.parent ENABLE TRIGGER ALL;

-- domains: their CHECKs count, their NOT NULL does not (an empty subquery stores a null)
CREATE DOMAIN proofs.percent AS int CONSTRAINT from_0_to_100 CHECK (VALUE BETWEEN 0 AND 100);
CREATE DOMAIN proofs.small_percent AS proofs.percent CONSTRAINT to_50 CHECK (VALUE <= 50);
CREATE DOMAIN proofs.there AS int NOT NULL;
CREATE DOMAIN proofs.loose AS int;
CREATE TYPE proofs.mood AS ENUM ('sad', 'happy');
CREATE TABLE proofs.domains (p proofs.percent, q proofs.small_percent, r proofs.there, s proofs.loose, m proofs.mood);
INSERT INTO proofs.domains VALUES (1, 1, 1, 1, 'sad');
INSERT INTO proofs.domains SELECT 2, 2, (SELECT r FROM proofs.domains WHERE false), 2, 'happy';
ALTER DOMAIN proofs.loose ADD CONSTRAINT later CHECK (VALUE > 1) NOT VALID;
SELECT * FROM proofs.of('proofs.domains', '[
    {"check": "invalid_values", "column": "p", "min": 0, "max": 100},
    {"check": "invalid_values", "column": "p", "max": 50, "name": "tighter"},
    {"check": "invalid_values", "column": "q", "min": 0, "max": 50},
    {"check": "null_values", "column": "r"},
    {"check": "invalid_values", "column": "s", "min": 1, "exclusive_min": true, "name": "NOT VALID in a domain"},
    {"check": "invalid_values", "column": "m", "valid_values": ["happy", "sad", "sleepy"]},
    {"check": "invalid_values", "column": "m", "valid_values": ["happy"], "name": "fewer labels"}]');

-- inheritance: NO INHERIT, a child that may be null, a key that does not cover children
CREATE TABLE proofs.mother (
    id int PRIMARY KEY, a int NOT NULL,
    b int CONSTRAINT shared CHECK (b > 0), c int CONSTRAINT own CHECK (c > 0) NO INHERIT);
SELECT rule, method FROM proofs.of('proofs.mother', '[{"check": "invalid_values", "column": "c", "min": 0}, {"check": "duplicate_values", "column": "id"}]');
CREATE TABLE proofs.daughter () INHERITS (proofs.mother);
-- since 18 a child has its parent's NOT NULL, unless that is not inherited
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE 'ALTER TABLE proofs.mother ALTER CONSTRAINT mother_a_not_null NO INHERIT';
    END IF;
END $$;
ALTER TABLE proofs.daughter ALTER a DROP NOT NULL;
INSERT INTO proofs.mother VALUES (1, 1, 1, 1);
INSERT INTO proofs.daughter VALUES (1, NULL, 1, -1);
SELECT * FROM proofs.of('proofs.mother', '[
    {"check": "null_values", "column": "a"},
    {"check": "invalid_values", "column": "b", "min": 0},
    {"check": "invalid_values", "column": "c", "min": 0},
    {"check": "duplicate_values", "column": "id"}]');

-- partitions: constraints of the parent hold in all of them
CREATE TABLE proofs.parted (
    id int NOT NULL, r text NOT NULL, v int CHECK (v >= 0), k int REFERENCES proofs.parent, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
CREATE TABLE proofs.parted_n PARTITION OF proofs.parted FOR VALUES IN ('n');
CREATE TABLE proofs.parted_s PARTITION OF proofs.parted FOR VALUES IN ('s');
INSERT INTO proofs.parted VALUES (1, 'n', 1, 1), (1, 's', 1, 2);
SELECT * FROM proofs.of('proofs.parted', '[
    {"check": "null_values", "column": "id"},
    {"check": "invalid_values", "column": "v", "min": 0},
    {"check": "orphan_values", "column": "k", "references": "parent.a"},
    {"check": "duplicate_values", "columns": ["id", "r"]},
    {"check": "duplicate_values", "column": "id", "name": "of the whole"}]');
ALTER TABLE proofs.parted_s DISABLE TRIGGER ALL;
SELECT rule, method FROM proofs.of('proofs.parted', '[{"check": "orphan_values", "column": "k", "references": "parent.a"}]');

-- views have no constraints; a materialized view may have a key
CREATE VIEW proofs.seen AS SELECT * FROM proofs.plain;
CREATE MATERIALIZED VIEW proofs.kept AS SELECT * FROM proofs.plain;
CREATE UNIQUE INDEX kept_key ON proofs.kept (id);
SELECT * FROM proofs.of('proofs.seen', '[{"check": "null_values", "column": "a"}, {"check": "duplicate_values", "column": "id"}]');
SELECT * FROM proofs.of('proofs.kept', '[{"check": "null_values", "column": "a"}, {"check": "duplicate_values", "column": "id"}]');

-- completeness of a proved column still depends on there being rows
CREATE TABLE proofs.void (id int PRIMARY KEY);
SELECT rule, status, method, metric_value, message FROM datamesh.check_table('proofs.void', '{"id": {"not_null": true, "unique": true}}');
-- in groups a proof answers what no failing row in any of them answers
SELECT rule, status, method, metric_value, message FROM datamesh.check_table('proofs.void', '[
    {"check": "null_values", "column": "id", "group_by": ["id"], "mustBeLessThan": 5},
    {"check": "null_values", "column": "id", "group_by": ["id"], "mustBeGreaterThan": 5, "name": "more than none"}]');
INSERT INTO proofs.void VALUES (1);
SELECT rule, status, method, metric_value, message FROM datamesh.check_table('proofs.void', '{"id": {"not_null": true, "unique": true}}');

-- explain_checks says what is proved, by what, and in how many passes the rest is found
SELECT pass, rule, method, regexp_replace(detail, '''\{.*\}''', '...') AS detail
FROM datamesh.explain_checks('proofs.plain'::regclass, '[
    {"check": "null_values", "column": "a"},
    {"check": "null_values", "column": "b"},
    {"check": "invalid_values", "column": "b", "max": 9, "where": "c > 1"},
    {"check": "row_count", "mustBeGreaterThan": 1},
    {"check": "null_values", "column": "b", "group_by": ["s"], "name": "by s"},
    {"check": "orphan_values", "column": "b", "references": "parent.a"},
    {"check": "statistic", "fn": "quantile", "quantile": 0.9, "column": "c", "mustBeLessThan": 100},
    {"check": "null_values", "column": "nope"},
    {"type": "text", "description": "documentation"},
    {"check": "sql", "query": "SELECT nonsense", "mustBe": 1}]');
DROP SCHEMA proofs CASCADE;
