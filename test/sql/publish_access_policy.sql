-- publish_access_policy: the lesson's access_policy, as one custom property: whose the product is, who may read it, what is
-- personal, and what hides it; and one that contradicts the rest of its contract.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_policy_owner;
CREATE ROLE regress_policy_marketing;
CREATE ROLE regress_policy_executive;
CREATE ROLE regress_policy_other;
CALL datamesh.create_domain('rpolicy', owner => 'regress_policy_owner');
CALL datamesh.create_domain('rpolicy_marketing', owner => 'regress_policy_marketing');
CALL datamesh.create_consumer('rpolicy_executive', role => 'regress_policy_executive');
SET ROLE regress_policy_owner;
CREATE TABLE rpolicy_internal.clv (customer_id integer, customer_name text, email text, total_revenue numeric(18,2));
INSERT INTO rpolicy_internal.clv VALUES (1, 'Jane Smith', 'jane@example.com', 10), (2, 'Al', 'al@example.com', 20);
CREATE TABLE rpolicy_internal.against (LIKE rpolicy_internal.clv);
CREATE PROCEDURE rpolicy_internal.load(product text, version text, policy text, roles text) LANGUAGE plpgsql AS $$
BEGIN
    CALL datamesh.load_contract(format($doc$
apiVersion: v3.1.0
kind: DataContract
id: rpolicy
name: %s
domain: rpolicy
version: %s
status: active
schema:
- name: clv
  physicalName: %s
  properties: [{name: customer_id, primaryKey: true}, {name: customer_name}, {name: email}, {name: total_revenue}]
roles: %s
servers: [{server: here, type: postgres, host: localhost, port: 5432, database: d, schema: rpolicy_internal}]
customProperties:
- property: access_policy
  value: %s
$doc$, product, version, product, roles, policy));
END $$;
CALL rpolicy_internal.load('clv', '1.0.0', '{owner_domain: rpolicy, allowed_consumers: [rpolicy_marketing, rpolicy_executive], pii_columns: [customer_name, email], masking_rules: {customer_name: partial_mask}}', '[]');
CALL datamesh.publish('rpolicy.clv');
\echo -- who is allowed reads: what has a mask named through it, what is only personal redacted
SELECT grantee::regrole, privilege_type FROM pg_class AS c, aclexplode(c.relacl) WHERE c.oid = 'rpolicy.clv'::regclass AND grantee <> c.relowner ORDER BY 1::text COLLATE "C";
SET ROLE regress_policy_marketing;
SELECT * FROM rpolicy.clv ORDER BY customer_id;
SET ROLE regress_policy_executive;
SELECT * FROM rpolicy.clv ORDER BY customer_id;
SET ROLE regress_policy_other;
SELECT * FROM rpolicy.clv;
SET ROLE regress_policy_owner;
SELECT * FROM rpolicy.clv ORDER BY customer_id;
\echo -- it is masked, and no policy says that it is not
SELECT v ->> 'rule' AS rule, v ->> 'column' AS "column" FROM jsonb_array_elements(datamesh.governance_report('rpolicy.clv') -> 'violations') AS v
WHERE v ->> 'rule' LIKE 'security.%mask%';

\echo -- what roles say of a reader holds: one that has to ask; reading the documents again changes nothing
CALL rpolicy_internal.load('clv', '2.0.0', '{allowed_consumers: [rpolicy_marketing, rpolicy_executive, rpolicy_executive]}',
    '[{role: rpolicy_marketing, access: request}]');
RESET ROLE;
CALL datamesh.rebuild_catalog();
SELECT c.version, r.position, r.role, r.access FROM datamesh.contract_role AS r JOIN datamesh.contract AS c USING (contract_id)
WHERE r.role LIKE 'rpolicy%' ORDER BY 1, 2;
SET ROLE regress_policy_owner;
CALL datamesh.drop_draft('rpolicy.clv', '2.0.0');

\echo -- contradictions are refused, all of them at once
CALL rpolicy_internal.load('against', '1.0.0', '{owner_domain: rpolicy_marketing, allowed_consumers: [rpolicy_executive]}', '[{role: rpolicy_marketing}]');
CALL datamesh.publish('rpolicy.against');
CALL rpolicy_internal.load('against', '1.0.0', '{owner_domain: [rpolicy], allowed_consumers: rpolicy_executive}', '[]');
CALL datamesh.publish('rpolicy.against');
CALL rpolicy_internal.load('against', '1.0.0', '{allowed_consumers: [7, {role: rpolicy_executive}]}', '[]');
CALL datamesh.publish('rpolicy.against');
CALL rpolicy_internal.load('against', '1.0.0', 'strict', '[]');
CALL datamesh.publish('rpolicy.against');
CALL rpolicy_internal.load('against', '1.0.0', '{allowed_consumers: ["nobody; drop"]}', '[]');
CALL datamesh.publish('rpolicy.against');
SELECT count(*) AS ports FROM datamesh.ports WHERE product = 'rpolicy.against';
RESET ROLE;
SET client_min_messages = error;
CALL datamesh.deprecate('rpolicy.clv', '1.0.0', end_of_life => current_date);
CALL datamesh.retire('rpolicy.clv');
CALL datamesh.drop_domain('rpolicy');
CALL datamesh.drop_domain('rpolicy_marketing');
DELETE FROM datamesh.consumer WHERE consumer_name = 'rpolicy_executive';
DROP SCHEMA rpolicy_internal, rpolicy_marketing_internal CASCADE;
DROP OWNED BY regress_policy_executive, regress_policy_marketing, regress_policy_owner;
DROP ROLE regress_policy_owner, regress_policy_marketing, regress_policy_executive, regress_policy_other;
