-- governance_dispute: disputes over shared data, from the first word to the decision.
\set VERBOSITY default
CREATE ROLE regress_sales;
CREATE ROLE regress_mkt;
CREATE ROLE regress_exec;
CREATE ROLE regress_outsider;
CREATE ROLE regress_m1;
CREATE ROLE regress_m2;
CREATE ROLE regress_m3;
CALL datamesh.create_domain('rdsales', owner => 'regress_sales');
CALL datamesh.create_domain('rdmkt', owner => 'regress_mkt');
CALL datamesh.create_domain('rdfin', owner => 'regress_outsider');
CALL datamesh.set_domain_owner('rdfin', 'regress_m3');
CALL datamesh.create_consumer('rdexec', role => 'regress_exec');
CALL datamesh.add_council_member('regress_m1', 'rdsales');
CALL datamesh.add_council_member('regress_m2', 'rdmkt');
CALL datamesh.add_council_member('regress_m3', 'rdfin');
ALTER SEQUENCE datamesh.approval_request_request_id_seq RESTART WITH 9001;
ALTER SEQUENCE datamesh.dispute_dispute_id_seq RESTART WITH 501;
SET ROLE regress_sales;
CREATE TABLE rdsales_internal.t (id integer);
CALL datamesh.load_contract($doc$
apiVersion: v3.1.0
kind: DataContract
id: rdsales-t
name: t
domain: rdsales
version: 1.0.0
status: active
schema: [{name: t, physicalName: t, properties: [{name: id}]}]
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rdsales_internal}]
$doc$);

-- open: for somebody who shares data, over a product that there is
SET ROLE regress_outsider;
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'Guests are counted here, not with us.');
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'Guests are counted here, not with us.', party => 'rdmkt');
SET ROLE regress_mkt;
CALL datamesh.open_dispute('rdsales.u', 'What is a customer?', 'Guests are counted here, not with us.');
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'Guests are counted here, not with us.', party => 'nobody');
CALL datamesh.open_dispute('rdsales.t', '', 'Guests are counted here, not with us.');
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', NULL);
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'Guests are counted here, not with us.');
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'Guests are counted here, not with us.');
RESET ROLE;
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'As a superuser one belongs to everybody.');
-- parties and what they say
SET ROLE regress_exec;
CALL datamesh.comment_dispute(501, 'Whatever it is, once.');
CALL datamesh.join_dispute(501);
CALL datamesh.join_dispute(501);
CALL datamesh.join_dispute(502);
CALL datamesh.comment_dispute(501, 'Whatever it is, once.');
CALL datamesh.comment_dispute(501, 'As if the council spoke.', party => 'council');
CALL datamesh.comment_dispute(501, ' ');
SET ROLE regress_sales;
CALL datamesh.comment_dispute(501, 'Guests pay too.');
SET ROLE regress_m3;
CALL datamesh.comment_dispute(501, 'We will decide this week.');
SET ROLE regress_outsider;
CALL datamesh.comment_dispute(501, 'I just read along.');
SELECT dispute, product, subject, status, parties, decision FROM datamesh.disputes;
SELECT c ->> 'party' AS party, c ->> 'comment' AS comment FROM datamesh.disputes, jsonb_array_elements(comments) AS c;

-- decide: by quorum, and not by the parties alone
SET ROLE regress_sales;
CALL datamesh.decide_dispute(501, 'Guests count.');
SET ROLE regress_m1;
CALL datamesh.decide_dispute(999, 'Guests count.');
CALL datamesh.decide_dispute(501, NULL);
CALL datamesh.decide_dispute(501, 'Guests count.');
CALL datamesh.decide_dispute(501, 'Guests count.');
SET ROLE regress_m2;
CALL datamesh.decide_dispute(501, 'Guests do not count.');
CALL datamesh.approve(9001, 'so be it');
SELECT request, what, in_favour, outside, quorum, concerned FROM datamesh.pending_approvals ORDER BY 1;
SET ROLE regress_m3;
CALL datamesh.decide_dispute(501, 'Guests count.');
SELECT dispute, status, decision, decided_at IS NOT NULL AS decided FROM datamesh.disputes;
SELECT request, status FROM datamesh.approvals WHERE kind = 'dispute' ORDER BY 1;
-- what is decided is decided
CALL datamesh.approve(9002);
CALL datamesh.decide_dispute(501, 'Guests do not count.');
CALL datamesh.comment_dispute(501, 'Late.');
CALL datamesh.join_dispute(501);
SET ROLE regress_mkt;
CALL datamesh.open_dispute('rdsales.t', 'What is a customer?', 'And companies?');
-- nobody writes past the procedures
INSERT INTO datamesh.dispute_comment (dispute_id, comment) VALUES (501, 'x');
SELECT datamesh.store_comment(501, NULL, 'x');
RESET ROLE;

SELECT kind, details FROM datamesh.events WHERE product = 'rdsales.t' AND kind <> 'contract_loaded' ORDER BY event_id;
SELECT * FROM datamesh.verify_event_log();
SET client_min_messages = warning;
DELETE FROM datamesh.council_member;
CALL datamesh.drop_domain('rdsales');
CALL datamesh.drop_domain('rdmkt');
CALL datamesh.drop_domain('rdfin');
DELETE FROM datamesh.consumer;
DROP SCHEMA rdsales_internal, rdmkt_internal, rdfin_internal CASCADE;
DROP OWNED BY regress_exec, regress_m1, regress_m2, regress_m3;
DROP ROLE regress_sales, regress_mkt, regress_exec, regress_outsider, regress_m1, regress_m2, regress_m3;
