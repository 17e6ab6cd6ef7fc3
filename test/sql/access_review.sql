-- access_review: what is stale, unused or wrong about access, and that the mending statement mends it.
\set VERBOSITY default
SET timezone = 'UTC';
CREATE ROLE regress_rv_sales;
CREATE ROLE regress_rv_mkt;
CREATE ROLE regress_rv_user LOGIN;
CREATE ROLE regress_rv_late LOGIN;
CREATE ROLE regress_rv_empty;
CREATE ROLE regress_rv_gone LOGIN;
CREATE ROLE "regress rv % ""odd""" LOGIN;
CALL datamesh.create_domain('rvsales', owner => 'regress_rv_sales');
CALL datamesh.create_domain('rvother', owner => 'regress_rv_mkt');
CALL datamesh.create_consumer('rvmkt', role => 'regress_rv_mkt');
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 8501;
ALTER SEQUENCE datamesh.access_grant_grant_id_seq RESTART WITH 951;
GRANT regress_rv_mkt TO regress_rv_user;
SET ROLE regress_rv_sales;
CREATE TABLE rvsales_internal.t (id integer PRIMARY KEY);
INSERT INTO rvsales_internal.t VALUES (1);
CALL datamesh.load_contract($$
apiVersion: v3.1.0
kind: DataContract
id: rv
name: t
domain: rvsales
version: 1.0.0
status: active
roles: [{role: rvmkt}]
schema: [{name: t, physicalName: t, properties: [{name: id, physicalType: integer, primaryKey: true}]}]
$$);
CALL datamesh.publish('rvsales.t');
-- nothing to say of a product in order
SELECT * FROM datamesh.access_review();
SELECT * FROM datamesh.access_review('rvsales.t', '0 days');
SELECT * FROM datamesh.access_review('rvsales.unknown');

-- whoever reads as a member has access already
SET ROLE regress_rv_user;
CALL datamesh.request_access('rvsales.t', 'a study', until => '2100-01-01');
SET ROLE regress_rv_late;
CALL datamesh.request_access('rvsales.t', 'a study', until => '2100-01-01');
SET ROLE regress_rv_empty;
CALL datamesh.request_access('rvsales.t', 'for nobody', until => '2100-01-01');
SET ROLE regress_rv_gone;
CALL datamesh.request_access('rvsales.t', 'soon gone', until => '2100-01-01');
SET ROLE "regress rv % ""odd""";
CALL datamesh.request_access('rvsales.t', 'for good');
SET ROLE regress_rv_late;
CALL datamesh.request_access('rvsales.t', 'something else');
SET ROLE regress_rv_sales;
CALL datamesh.approve(8501);
CALL datamesh.approve(8502);
CALL datamesh.approve(8503);
CALL datamesh.approve(8504);
RESET ROLE;
UPDATE datamesh.access_grant SET until = now() - interval '1 day' WHERE grant_id = (SELECT grant_id FROM datamesh.access_grant WHERE role_name = 'regress_rv_late');
UPDATE datamesh.access_grant SET since = now() - interval '400 days' WHERE role_name LIKE '%odd%';
UPDATE datamesh.approval_request SET requested_at = now() - interval '10 days' WHERE request_id = 8505;
DROP OWNED BY regress_rv_gone;
DROP ROLE regress_rv_gone;
CREATE ROLE regress_rv_gone LOGIN;
SET datamesh.break_glass = on;
GRANT SELECT, INSERT ON rvsales.t_v1 TO regress_rv_user, PUBLIC;
GRANT SELECT (id) ON rvsales.t TO "regress rv % ""odd""", regress_rv_gone;
GRANT TRUNCATE ON rvsales.t TO regress_rv_mkt;
REVOKE SELECT ON rvsales.t_v1 FROM regress_rv_mkt;
RESET datamesh.break_glass;
SELECT data_product, role, finding, severity, message, mend FROM datamesh.access_review('rvsales.t');
SELECT finding, role, figures - 'since' - 'until' AS figures FROM datamesh.access_review('rvsales.t') WHERE finding <> 'by hand';
-- how old is old
SELECT role, finding, message FROM datamesh.access_review(older_than => '500 days') WHERE finding = 'old' AND data_product = 'rvsales.t';
SELECT role, finding, message FROM datamesh.access_review(older_than => '300 days') WHERE finding = 'old' AND data_product = 'rvsales.t';
-- for the domain, and nobody else
SET ROLE regress_rv_mkt;
SELECT * FROM datamesh.access_review();
SELECT * FROM datamesh.access_review('rvsales.t');
RESET ROLE;

-- each mending statement mends
GRANT SELECT ON rvsales.t TO regress_rv_mkt WITH GRANT OPTION;
SET datamesh.break_glass = on;
GRANT SELECT ON rvsales.t TO regress_rv_mkt WITH GRANT OPTION;
RESET datamesh.break_glass;
SET ROLE regress_rv_sales;
SELECT DISTINCT mend FROM datamesh.access_review('rvsales.t') WHERE finding = 'by hand' ORDER BY 1 DESC \gexec
SELECT data_product, role, finding, message FROM datamesh.access_review('rvsales.t');
SELECT DISTINCT mend FROM datamesh.access_review('rvsales.t') WHERE finding <> 'waiting' ORDER BY 1 \gexec
CALL datamesh.deny(8505, 'nobody looked');
SELECT data_product, role, finding, message FROM datamesh.access_review('rvsales.t');
-- a reader of the contract who is none any more
RESET ROLE;
DELETE FROM datamesh.consumer WHERE consumer_name = 'rvmkt';
SET ROLE regress_rv_sales;
SELECT role, finding, severity, message, mend FROM datamesh.access_review('rvsales.t');
RESET ROLE;
SELECT has_table_privilege('regress_rv_mkt', 'rvsales.t', 'SELECT') AS reads;

SET client_min_messages = warning;
CALL datamesh.deprecate('rvsales.t', '1.0.0', current_date);
CALL datamesh.retire('rvsales.t');
CALL datamesh.drop_domain('rvsales');
CALL datamesh.drop_domain('rvother');
DROP SCHEMA rvsales_internal, rvother_internal CASCADE;
DROP OWNED BY regress_rv_mkt;
DROP ROLE regress_rv_sales, regress_rv_mkt, regress_rv_user, regress_rv_late, regress_rv_empty, regress_rv_gone, "regress rv % ""odd""";
