-- EXPLAIN tells how many rows a filter removed, and of which relations.
-- as: marketing_team
-- control: no, what is hidden are names and counts, which the domain sees
-- preload: yes
-- says: sales\.people
-- silent: sales_releases|sales_internal|people_v1_r|Rows Removed|current_release|mask_choice
EXPLAIN SELECT * FROM sales.people;
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS, WAL) SELECT * FROM sales.people WHERE city = 'Berlin';
EXPLAIN (ANALYZE, VERBOSE, FORMAT json) SELECT * FROM sales.people WHERE id = 3;
EXPLAIN (ANALYZE, FORMAT xml) SELECT count(*) FROM sales.people AS a JOIN sales.people_v1 AS b USING (id);
EXPLAIN (ANALYZE, FORMAT yaml) SELECT * FROM sales.people ORDER BY name LIMIT 1;
PREPARE q (int) AS SELECT * FROM sales.people WHERE id = $1;
EXPLAIN (ANALYZE) EXECUTE q(3);
EXPLAIN (ANALYZE) CREATE TABLE playground.t AS SELECT * FROM sales.people;
EXPLAIN DECLARE c CURSOR FOR SELECT * FROM sales.people;
CREATE VIEW playground.v AS SELECT * FROM sales.people;
EXPLAIN (ANALYZE, VERBOSE) WITH x AS MATERIALIZED (SELECT * FROM playground.v) SELECT (SELECT max(city) FROM x);
EXPLAIN (ANALYZE) SELECT * FROM datamesh.as_of(NULL::sales.people, now());
DO $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM sales.people' LOOP
        RAISE NOTICE '%', line;
    END LOOP;
END $$;
