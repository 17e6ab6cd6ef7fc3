-- A live source calls functions of PostgreSQL, or of a superuser, that run what their arguments say or change something: they would do it as the reader.
-- as: sales_team
-- control: no, it is about whose rights the code has
-- says: published: 0
-- says: MD203.*would run function query_to_xml
-- says: MD203.*would run function table_to_xml
-- says: MD203.*would run function datamesh\.check_table
-- says: MD203.*would run function playground\.run
-- silent: spied as (postgres|mark|executives)
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE VIEW sales_internal.spying AS SELECT sales_internal.spy(1) AS id;
CREATE DOMAIN sales_internal.checked AS integer CHECK (sales_internal.spy(VALUE) > 0);
CREATE TYPE sales_internal.checked_row AS (id sales_internal.checked);
\connect - postgres
CREATE FUNCTION playground.run(command text) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN EXECUTE command; RETURN 1; END $$;
\connect - sales_team
CREATE VIEW sales_internal.act_1 AS SELECT 1 AS id, query_to_xml('SELECT sales_internal.spy(1)', true, true, '')::text AS said;
CREATE VIEW sales_internal.act_2 AS SELECT 1 AS id, table_to_xml('sales_internal.spying', true, true, '')::text AS said;
CREATE VIEW sales_internal.act_3 AS SELECT 1 AS id, record_in('(1)', 'sales_internal.checked_row'::regtype, -1)::text AS said;
CREATE VIEW sales_internal.act_4 AS SELECT 1 AS id, word AS said FROM ts_stat('SELECT to_tsvector(sales_internal.spy(1)::text)');
CREATE VIEW sales_internal.act_5 AS SELECT 1 AS id, set_config('search_path', 'sales_internal', false) AS said;
CREATE VIEW sales_internal.act_6 AS SELECT 1 AS id, (SELECT count(*)::text FROM datamesh.check_table('sales_internal.spying', '[]')) AS said;
CREATE VIEW sales_internal.act_7 AS SELECT playground.run('SELECT sales_internal.spy(1)') AS id, '' AS said;
SELECT format($yaml$CALL datamesh.load_contract('
apiVersion: v3.1.0
kind: DataContract
id: sales-act-%1$s
name: act_%1$s
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
customProperties: [{property: datamesh.mode, value: live}]
schema: [{name: act_%1$s, physicalName: act_%1$s, properties: [{name: id}, {name: said}]}]
')$yaml$, n), format('CALL datamesh.publish(%L)', 'sales.act_' || n) FROM generate_series(1, 7) AS n \gexec
SELECT 'published: ' || count(*) FROM datamesh.ports WHERE product ~ 'act_';
\connect - postgres
SELECT format('SELECT * FROM %s', port) FROM datamesh.ports WHERE product ~ 'act_' \gexec
