-- masking_key: keyed masks without and with a key, rotation and its event, and that nobody can try
-- values out: not by calling a mask, not by making a policy reference in any way.
\pset null NULL
CREATE ROLE regress_consumer;
CREATE ROLE regress_port;
SELECT datamesh.mask_hash('x', 'p');
CALL datamesh.rotate_key(only_if_none => true);
CALL datamesh.rotate_key(only_if_none => true);
SELECT count(*), count(*) FILTER (WHERE current) AS current FROM datamesh.mask_keys;
-- the same again for the same value and policy, something else for others
SELECT a = datamesh.mask_hash('ann', 'sales.email') AS same, a <> datamesh.mask_hash('bob', 'sales.email') AS other_value,
       a <> datamesh.mask_hash('ann', 'sales.name') AS other_policy, a ~ '^[0-9a-f]{64}$' AS hex, pg_typeof(datamesh.mask_hash('ann'::varchar, 'p'))
FROM datamesh.mask_hash('ann', 'sales.email') a;
SELECT a = datamesh.mask_pseudonym('ann', 'p', 'marketing') AS same, a <> datamesh.mask_pseudonym('ann', 'p', 'finance') AS other_consumer,
       a ~ '^[a-z2-7]{24}$' AS form, datamesh.mask_pseudonym(5::bigint, 'p', 'm') >= 0 AS number,
       datamesh.mask_pseudonym('00000000-0000-0000-0000-000000000000'::uuid, 'p', 'm')::text ~ '^.{14}8.{4}[89ab]' AS uuid_8
FROM datamesh.mask_pseudonym('ann', 'p', 'marketing') a;
SELECT datamesh.mask_hash(NULL, 'p'), datamesh.mask_hash('x', NULL), datamesh.mask_pseudonym('x', 'p', NULL), length(datamesh.mask_hash('', 'p'));
-- parts cannot be moved from one field to the next
SELECT datamesh.mask_pseudonym('c', 'a', 'b') <> datamesh.mask_pseudonym('bc', 'a', '') AS apart;
-- noise: bounded, the same each time, centred, within the type
SELECT bool_and(abs(n - 1000) <= 100) AS bounded, bool_and(n = again) AS same, count(DISTINCT n) > 100 AS spread, abs(avg(n) - 1000) < 5 AS centred
FROM (SELECT datamesh.mask_noise(1000, 0.1, 'p', i::text) AS n, datamesh.mask_noise(1000, 0.1, 'p', i::text) AS again FROM generate_series(1, 2000) i) x;
SELECT bool_and(v > 0) FROM (SELECT datamesh.mask_noise(2147483647, 1, 'p', i::text) AS v FROM generate_series(1, 100) i) x;
SELECT max(datamesh.mask_noise(9223372036854775807, 1, 'p', i::text)) = 9223372036854775807, min(datamesh.mask_noise((-9223372036854775808)::bigint, 1, 'p', i::text)) = -9223372036854775808
FROM generate_series(1, 20) i;
SELECT bool_and(scale(v) = 2 AND abs(v - 19.99) <= 2.00), bool_or(v <> 19.99) FROM (SELECT datamesh.mask_noise(19.99, 0.1, 'p', i::text) AS v FROM generate_series(1, 50) i) x;
SELECT datamesh.mask_noise(1.5, 0.5, 'p', 'r') = datamesh.mask_noise(1.5::numeric(10,1), 0.5, 'p', 'r') AS same_value,
       datamesh.mask_noise(0, 0.5, 'p', 'r') AS zero, datamesh.mask_noise('NaN'::float8, 0.5, 'p', 'r'), datamesh.mask_noise('-Infinity'::numeric, 0.5, 'p', 'r'),
       datamesh.mask_noise(1.7e308::float8, 1, 'p', 'r') < 'Infinity' AS finite, datamesh.mask_noise(0.0::float8, 1, 'p', 'r') = datamesh.mask_noise('-0'::float8, 1, 'p', 'r') AS zeros;
SELECT bool_and(abs(datamesh.mask_noise(date '2024-01-01', 30, 'p', i::text) - date '2024-01-01') <= 30) FROM generate_series(1, 100) i;
SELECT datamesh.mask_noise(date 'infinity', 2147483647, 'p', 'r'), datamesh.mask_noise(date '5874897-12-31', 2147483647, 'p', 'r') <= '5874897-12-31' AS within;
-- what is not 0 moves, however small it is; all digits of a large number do
SELECT min(v), max(v), bool_or(v = 3) AS stays_by_chance FROM (SELECT datamesh.mask_noise(3, 0.01, 'p', i::text) AS v FROM generate_series(1, 100) i) x;
SELECT min(v), max(v), bool_or(v = 3) AS stays FROM (SELECT datamesh.mask_noise(3::numeric, 0.01, 'p', i::text) AS v FROM generate_series(1, 100) i) x;
SELECT min(v), max(v) FROM (SELECT datamesh.mask_noise(-0.010, 0.01, 'p', i::text) AS v FROM generate_series(1, 100) i) x;
SELECT count(DISTINCT v % 16) FROM (SELECT datamesh.mask_noise(9000000000000000000, 0.5, 'p', i::text) AS v FROM generate_series(1, 500) i) x;
SELECT bool_and(abs(v) <= m AND abs(v) >= m * 0.7 AND v <> m) AS within
FROM (SELECT m, datamesh.mask_noise(m, 0.3, 'p', i::text) AS v FROM (SELECT repeat('9', 131072)::numeric AS m) n, generate_series(1, 20) i) x;
SELECT datamesh.mask_noise(1000, 0, 'p', 'r');
SELECT datamesh.mask_noise(1000, 'NaN', 'p', 'r');
SELECT datamesh.mask_noise(date '2024-01-01', 0, 'p', 'r');
-- a rotation changes everything, from its commit on; one that rolls back has not happened
CREATE TEMP TABLE before AS SELECT datamesh.mask_hash('ann', 'p') AS h;
BEGIN;
CALL datamesh.rotate_key();
SELECT h <> datamesh.mask_hash('ann', 'p') AS new_key FROM before;
ROLLBACK;
SELECT h = datamesh.mask_hash('ann', 'p') AS old_key FROM before;
BEGIN;
SAVEPOINT s;
CALL datamesh.rotate_key();
SELECT h <> datamesh.mask_hash('ann', 'p') AS new_key FROM before;
ROLLBACK TO s;
SELECT h = datamesh.mask_hash('ann', 'p') AS old_key FROM before;
COMMIT;
PREPARE masked AS SELECT h = datamesh.mask_hash('ann', 'p') AS old_key FROM before;
EXECUTE masked;
CALL datamesh.rotate_key();
EXECUTE masked;
SELECT count(*), count(*) FILTER (WHERE current) AS current, count(DISTINCT key_id) AS ids FROM datamesh.mask_keys;
SELECT kind, actor = session_user AS by_me, details ->> 'key_id' = (SELECT key_id FROM datamesh.mask_keys WHERE current) AS this_key,
       details ->> 'previous' = (SELECT key_id FROM datamesh.mask_keys WHERE NOT current) AS before_it
FROM datamesh.event_log WHERE kind = 'mask_key_rotated' ORDER BY event_id DESC LIMIT 1;
SELECT * FROM datamesh.verify_event_log();
BEGIN READ ONLY;
CALL datamesh.rotate_key();
ROLLBACK;
-- workers use the key of the query
CREATE TABLE regress_many AS SELECT i::text AS v FROM generate_series(1, 20000) i;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(DISTINCT datamesh.mask_hash('ann', 'p')) FROM regress_many WHERE datamesh.mask_hash(v, 'p') IS NOT NULL;
SELECT sum(hashtext(datamesh.mask_hash(v, 'p'))) AS parallel FROM regress_many \gset
SET max_parallel_workers_per_gather = 0;
SELECT sum(hashtext(datamesh.mask_hash(v, 'p'))) = :parallel AS as_without FROM regress_many;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
DROP TABLE regress_many;
-- the name of a policy
SELECT ''::datamesh.mask_policy;
SELECT repeat('x', 513)::datamesh.mask_policy;
-- everyone may call a keyed mask, which is what reading a port comes to; a reference is what nobody can make.
-- Nor can a consumer read the key's table, or learn where the file is
SELECT count(*) AS keyed, count(*) FILTER (WHERE has_function_privilege('regress_consumer', p.oid, 'EXECUTE')) AS callable
FROM pg_proc p WHERE p.pronamespace = 'datamesh'::regnamespace AND 'datamesh.mask_policy'::regtype = ANY (p.proargtypes::oid[]) AND p.proname <> 'mask_policy_out';
SET ROLE regress_consumer;
SELECT datamesh.mask_hash(session_user::text, NULLIF(session_user, session_user)::text::datamesh.mask_policy);
CALL datamesh.rotate_key();
SELECT datamesh.mask_key_available('x');
SELECT count(*) FROM datamesh.mask_key;
SELECT count(*) FROM datamesh.mask_keys;
\set VERBOSITY sqlstate
SHOW datamesh.mask_key_file;
\set VERBOSITY default
SET datamesh.mask_key_file = 'x';
RESET ROLE;
-- a port's readers see what its reference gives, and cannot try values out
CREATE TABLE regress_people (id int, name text);
INSERT INTO regress_people VALUES (1, 'ann');
GRANT SELECT ON regress_people TO regress_port;
CREATE VIEW regress_port_view WITH (security_barrier) AS SELECT id, datamesh.mask_hash(name, 'regress.name') AS name FROM regress_people;
ALTER VIEW regress_port_view OWNER TO regress_port;
GRANT SELECT ON regress_port_view TO regress_consumer;
SELECT replace(pg_get_viewdef('regress_port_view'), 'regress_people.', '') AS definition;
SELECT datamesh.mask_hash('ann', 'regress.name') AS expected \gset
CREATE SCHEMA regress_c AUTHORIZATION regress_consumer;
SET ROLE regress_consumer;
SELECT id, name = :'expected' AS as_expected FROM regress_port_view;
SELECT datamesh.mask_hash('ann', 'regress.name');
SELECT datamesh.mask_hash('ann', 'regress.name'::text::datamesh.mask_policy);
SELECT datamesh.mask_hash('ann', CAST(CAST('regress.name' AS varchar) AS datamesh.mask_policy));
SELECT datamesh.mask_policy_in('regress.name');
SELECT datamesh.mask_hash('ann', NULL::datamesh.mask_policy);
SELECT '{regress.name}'::datamesh.mask_policy[];
SELECT * FROM json_to_record('{"p": "regress.name"}') AS x(p datamesh.mask_policy);
CREATE TYPE regress_c.r AS (p datamesh.mask_policy);
CREATE DOMAIN regress_c.d AS datamesh.mask_policy;
CREATE CAST (text AS datamesh.mask_policy) WITH INOUT;
CREATE CAST (text AS datamesh.mask_policy) WITHOUT FUNCTION;
CREATE FUNCTION regress_c.f() RETURNS text LANGUAGE sql AS $$ SELECT datamesh.mask_hash('ann', 'regress.name') $$;
DO $$
DECLARE
    p datamesh.mask_policy;
BEGIN
    p := 'regress.name';
END $$;
CREATE VIEW regress_c.v AS SELECT datamesh.mask_hash('ann', 'regress.name');
SET search_path = regress_c, pg_catalog;
CREATE FUNCTION regress_c.superuser() RETURNS boolean LANGUAGE sql AS 'SELECT true';
SELECT 'regress.name'::datamesh.mask_policy;
RESET search_path;
RESET ROLE;
DROP SCHEMA regress_c CASCADE;
DROP VIEW regress_port_view;
DROP TABLE regress_people;
REVOKE ALL ON FUNCTION datamesh.mask_hash(text, datamesh.mask_policy) FROM regress_consumer, regress_port;
DROP ROLE regress_consumer, regress_port;
-- the next test finds no key
DELETE FROM datamesh.mask_key;
