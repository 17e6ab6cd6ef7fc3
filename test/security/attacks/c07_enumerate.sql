-- The key of a hash cannot be lent: no value of one's own gets hashed for the port's policy.
-- as: marketing_team
-- control: no, the domain cannot either
-- says: permission denied to make a mask policy reference
-- silent: own: [0-9a-zA-Z]
SELECT 'own: ' || datamesh.mask_hash('4929555555550107', 'sales.people.card');
SELECT 'own: ' || datamesh.mask_hash('4929555555550107', 'sales.people.card'::text::datamesh.mask_policy);
SELECT 'own: ' || datamesh.mask_hash('4929555555550107', CAST(NULL AS datamesh.mask_policy));
SELECT 'own: ' || datamesh.mask_pseudonym('quillsy', 'sales.people.nick', 'marketing');
PREPARE own(datamesh.mask_policy) AS SELECT 'own: ' || datamesh.mask_hash('4929555555550107', $1);
EXECUTE own('sales.people.card');
CREATE TYPE playground.holder AS (policy datamesh.mask_policy);
SELECT 'own: ' || datamesh.mask_hash('x', (json_populate_record(NULL::playground.holder, '{"policy": "sales.people.card"}')).policy);
CREATE TEMP TABLE holder (policy datamesh.mask_policy);
COPY holder FROM STDIN;
sales.people.card
\.
CREATE FUNCTION playground.make() RETURNS datamesh.mask_policy LANGUAGE plpgsql AS $$ BEGIN RETURN 'sales.people.card'; END $$;
SELECT 'own: ' || datamesh.mask_hash('x', playground.make());
CREATE DOMAIN playground.policy AS datamesh.mask_policy;
SELECT 'own: ' || datamesh.mask_hash('x', 'sales.people.card'::playground.policy);
CREATE CAST (text AS datamesh.mask_policy) WITHOUT FUNCTION;
CREATE CAST (text AS datamesh.mask_policy) WITH INOUT;
CREATE FUNCTION playground.raw(text) RETURNS datamesh.mask_policy LANGUAGE internal AS 'textin';
SELECT 'own: ' || datamesh.mask_hash('x', u) FROM unnest('{sales.people.card}'::datamesh.mask_policy[]) AS u;
DO $$
DECLARE p datamesh.mask_policy := 'sales.people.card';
BEGIN
    RAISE NOTICE 'own: %', datamesh.mask_hash('x', p);
END $$;
\connect - sales_team
SELECT 'own: ' || datamesh.mask_hash('4929555555550107', 'sales.people.card');
