-- What newer servers let a table promise less firmly, or in other ways: nothing is proved by it. An older
-- server has none of it, and nothing to say here.
SET client_min_messages = warning;
CREATE SCHEMA versions;
-- the statuses and methods of a check, as one line
CREATE FUNCTION versions.told(relation text, rules jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s %s', rule, status, method, failing_rows), '; ' ORDER BY rule)
    FROM datamesh.check_table(relation::regclass, rules);
$$;
CREATE FUNCTION versions.holds(is_so boolean, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF is_so IS NOT TRUE THEN
        RAISE EXCEPTION '%', what;
    END IF;
END $$;

-- since 18: NOT NULL and keys that nobody has held the rows against, and virtual columns
DO $outer$
DECLARE
    told text;
    rules text := '[{"check": "null_values", "column": "a"}, {"check": "invalid_values", "column": "b", "min": 0},
                    {"check": "orphan_values", "column": "c", "references": "versions.parent.id"}]';
BEGIN
    IF current_setting('server_version_num')::int < 180000 THEN
        RETURN;
    END IF;
    EXECUTE 'CREATE TABLE versions.parent (id integer PRIMARY KEY)';
    EXECUTE 'CREATE TABLE versions.t (a integer, b integer CHECK (b > 0) NOT ENFORCED, '
            'c integer REFERENCES versions.parent NOT ENFORCED, twice integer GENERATED ALWAYS AS (a * 2) VIRTUAL)';
    EXECUTE 'INSERT INTO versions.t VALUES (1, 1, 1), (NULL, -1, 1)';
    EXECUTE 'ALTER TABLE versions.t ADD CONSTRAINT later NOT NULL a NOT VALID';
    told := versions.told('versions.t', rules::jsonb);
    PERFORM versions.holds(told = 'invalid_values(b) fail scanned 1; null_values(a) fail scanned 1; orphan_values(c) fail scanned 2', told);
    PERFORM versions.holds(datamesh.infer_contract('versions.t') #> '{schema,0,properties,0,required}' IS DISTINCT FROM 'true', 'required');
    told := versions.told('versions.t', '[{"check": "statistic", "fn": "sum", "column": "twice", "mustBe": 2}]');
    PERFORM versions.holds(told LIKE 'statistic(twice) pass %', told);
    EXECUTE 'UPDATE versions.t SET a = 2 WHERE a IS NULL';
    EXECUTE 'ALTER TABLE versions.t VALIDATE CONSTRAINT later';
    told := versions.told('versions.t', '[{"check": "null_values", "column": "a"}]');
    PERFORM versions.holds(told = 'null_values(a) pass proved 0', told);
    PERFORM versions.holds(datamesh.infer_contract('versions.t') #> '{schema,0,properties,0,required}' = 'true', 'not required');
END $outer$;

-- since 18: a key with a period tells rows apart, but a reference to one is no equality
DO $outer$
DECLARE
    told text;
BEGIN
    IF current_setting('server_version_num')::int < 180000 THEN
        RETURN;
    END IF;
    EXECUTE 'CREATE TABLE versions.price (id int4range, during int4range, CONSTRAINT price_key PRIMARY KEY (id, during WITHOUT OVERLAPS))';
    EXECUTE 'CREATE TABLE versions.sale (id int4range, during int4range, FOREIGN KEY (id, PERIOD during) REFERENCES versions.price (id, PERIOD during))';
    EXECUTE $$INSERT INTO versions.price VALUES ('[1,2)', '[1,10)'), ('[1,2)', '[10,20)')$$;
    EXECUTE $$INSERT INTO versions.sale VALUES ('[1,2)', '[1,10)'), ('[1,2)', '[5,12)')$$;
    told := versions.told('versions.sale', '[{"check": "orphan_values", "columns": ["id", "during"],
        "references": {"relation": "versions.price", "columns": ["id", "during"]}}]');
    PERFORM versions.holds(told = 'orphan_values(id, during) fail scanned 1', told);
    told := versions.told('versions.price', '[{"check": "duplicate_values", "columns": ["id", "during"]}]');
    PERFORM versions.holds(told LIKE 'duplicate_values(id, during) pass %', told);
END $outer$;
DROP SCHEMA versions CASCADE;
