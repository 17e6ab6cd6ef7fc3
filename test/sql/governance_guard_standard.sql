-- governance_guard_standard: names and types in a domain's schemas are held against its policies as they
-- are made: a warning, or an error where the policy is CRITICAL.
\set VERBOSITY default
\set SHOW_CONTEXT never
CREATE ROLE regress_gs_team;
CALL datamesh.create_domain('rstandard', owner => 'regress_gs_team');
CALL datamesh.create_domain('rfree', owner => 'regress_gs_team');
SET ROLE regress_gs_team;
CREATE TABLE rstandard_internal."CustomerOrders" ("orderId" integer, "Total Amount" numeric(18,2), fine text);
CREATE TABLE rstandard_internal.orders (order_id integer, created_at text, shipped timestamp, amount numeric,
    rate numeric(20,6), small numeric(8,2), wide numeric(38,2), updated_at timestamptz, born_at date);
ALTER TABLE rstandard_internal.orders ADD COLUMN "newColumn" integer, ADD COLUMN paid_at integer, ADD COLUMN plain text;
ALTER TABLE rstandard_internal.orders RENAME COLUMN plain TO "Plain";
ALTER TABLE rstandard_internal.orders RENAME COLUMN "Plain" TO plain;
ALTER TABLE rstandard_internal.orders ALTER COLUMN plain TYPE timestamp USING NULL;
ALTER TABLE rstandard_internal.orders RENAME COLUMN order_id TO ordered_at;
ALTER TABLE rstandard_internal.orders RENAME TO "Orders";
CREATE VIEW rstandard_internal.totals AS SELECT sum(amount) AS "sumOf", ordered_at FROM rstandard_internal."Orders" GROUP BY 2;
CREATE MATERIALIZED VIEW rstandard_internal.kept AS SELECT 1 AS "One";
CREATE TABLE rstandard_internal.by_query AS SELECT 1 AS "One", now()::timestamp AS "When";
SELECT 1 AS "One" INTO rstandard_internal.into_query;
DO $$ BEGIN CREATE TABLE rstandard_internal.in_block ("X" integer); END $$;
CREATE DOMAIN rstandard_internal.money AS numeric(30,10);
CREATE TABLE rstandard_internal.typed (price rstandard_internal.money, größe integer, "ÄÖÜ" integer);
-- nothing to say
CREATE TABLE rstandard_internal.good (id bigint, amount numeric(12,2), created_at timestamptz, _x1 integer);
CREATE INDEX "Any Name" ON rstandard_internal.good (id);
CREATE TEMP TABLE "Mine" ("X" timestamp);
DROP TABLE "Mine";
ALTER TABLE rstandard_internal.good RENAME TO better;
RESET ROLE;
CREATE TABLE public."Elsewhere" ("X" timestamp);
ALTER TABLE public."Elsewhere" SET SCHEMA rstandard_internal;
DROP TABLE rstandard_internal."Elsewhere";

-- the council says otherwise; other sessions' caches and this one's follow at once
CALL datamesh.set_policy('naming_conventions', severity => 'CRITICAL', domain => 'rstandard', why => 'a test');
SET ROLE regress_gs_team;
CREATE TABLE rstandard_internal."Bad" (id integer);
CREATE TABLE rstandard_internal.bad ("Id" integer);
ALTER TABLE rstandard_internal.better RENAME COLUMN amount TO "Amount";
DO $$
BEGIN
    CREATE TABLE rstandard_internal.bad ("Id" integer);
EXCEPTION WHEN SQLSTATE 'MD502' THEN
    RAISE NOTICE '%', SQLERRM;
END $$;
SELECT to_regclass('rstandard_internal.bad') AS bad;
CREATE TABLE rfree_internal."Bad" (id integer);
CREATE TABLE rstandard_internal.bad (id integer, t timestamp);
RESET ROLE;
SET datamesh.break_glass = on;
CREATE TABLE rstandard_internal."Worse" (id integer);
RESET datamesh.break_glass;
BEGIN;
UPDATE datamesh.policy SET severity = 'WARNING' WHERE domain_name = 'rstandard';
CREATE TABLE rstandard_internal."Again" (id integer);
ROLLBACK;
CREATE TABLE rstandard_internal."Again" (id integer);

SET client_min_messages = warning;
CALL datamesh.drop_domain('rstandard');
CALL datamesh.drop_domain('rfree');
DROP SCHEMA rstandard_internal, rfree_internal CASCADE;
DROP ROLE regress_gs_team;
