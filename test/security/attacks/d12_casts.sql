-- A cast of a type of the domain's, planted after the publish: to_json looks for it, and a reader's column::text finds it. In copies as well.
-- as: sales_team
-- control: no, it is about whose rights the code has
-- says: MD203.*data product "sales\.moods" would run function sales_internal\.mood_json
-- says: MD203.*data product "sales\.moods" would run function sales_internal\.mood_text
-- says: MD203.*data product "sales\.late" would run function sales_internal\.late_json
-- says: names\.cast \| WARNING \| cast \(sales_internal\.late AS json\)
-- silent: spied as (postgres|mark|executives)
CREATE FUNCTION sales_internal.spy(i integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'spied as %', current_user; RETURN i; END $$;
CREATE TYPE sales_internal.mood AS ENUM ('happy');
CREATE TYPE sales_internal.late AS ENUM ('happy');
CREATE TABLE sales_internal.moods AS SELECT 1 AS id, 'happy'::sales_internal.mood AS mood;
CREATE TABLE sales_internal.late_moods AS SELECT 1 AS id, 'happy'::sales_internal.late AS mood;
SELECT format($yaml$CALL datamesh.load_contract('
apiVersion: v3.1.0
kind: DataContract
id: sales-%1$s
name: %1$s
domain: sales
version: 1.0.0
status: active
roles: [{role: marketing, access: read}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: mesh, schema: sales_internal}]
schema: [{name: %1$s, physicalName: %2$s, properties: [{name: id}, {name: mood}]}]
')$yaml$, name, source) FROM (VALUES ('moods', 'moods'), ('late', 'late_moods')) AS v(name, source) \gexec
CALL datamesh.publish('sales.moods');
CREATE FUNCTION sales_internal.mood_json(m sales_internal.mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM sales_internal.spy(1); RETURN 'null'; END $$;
CREATE FUNCTION sales_internal.mood_text(m sales_internal.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM sales_internal.spy(1); RETURN ''; END $$;
CREATE FUNCTION sales_internal.late_json(m sales_internal.late) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM sales_internal.spy(1); RETURN 'null'; END $$;
CREATE CAST (sales_internal.mood AS json) WITH FUNCTION sales_internal.mood_json(sales_internal.mood);
CREATE CAST (sales_internal.mood AS text) WITH FUNCTION sales_internal.mood_text(sales_internal.mood) AS IMPLICIT;
CREATE CAST (sales_internal.late AS json) WITH FUNCTION sales_internal.late_json(sales_internal.late);
CALL datamesh.publish('sales.late');
\connect - mark
SELECT to_json(m), mood::text FROM sales.moods AS m WHERE mood = 'happy';
\connect - postgres
SELECT to_json(m), mood::text FROM sales.moods AS m WHERE mood = 'happy';
SELECT to_json(l) FROM sales.late AS l;
SELECT concat_ws(' | ', s.finding, s.severity, s.object, s.what) FROM datamesh.security_scan() AS s WHERE s.finding = 'names.cast';
