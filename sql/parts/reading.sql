-- reading: what a query on a port gets, and time travel.

-- Queries on ports are planned for the release and the reader of the moment (src/reading/fold_plan.c).
CREATE FUNCTION datamesh.plan_support(internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'dm_plan_support';
REVOKE ALL ON FUNCTION datamesh.plan_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.plan_support(internal) IS
'Planner support of functions whose answer a plan may take for granted, because every execution asks them again.';

ALTER FUNCTION datamesh.mask_choice(integer, integer) SUPPORT datamesh.plan_support;
ALTER FUNCTION datamesh.filter_choice(integer, integer) SUPPORT datamesh.plan_support;
ALTER FUNCTION datamesh.reader_name(integer) SUPPORT datamesh.plan_support;
ALTER FUNCTION datamesh.may_read(integer) SUPPORT datamesh.plan_support;

-- What a port's view reads with, so that everyone who may read a port may call it. It tells no
-- more than a number, and refuses where that number would be wrong.
CREATE FUNCTION datamesh.current_release(port_id integer) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1 SUPPORT datamesh.plan_support
AS 'MODULE_PATHNAME', 'dm_current_release';
COMMENT ON FUNCTION datamesh.current_release(integer) IS
'The release that a port shows to the snapshot of the query that asks; the views of ports filter by it. Errors: serialization_failure where the snapshot is older than the port, or the release it would see has been dropped since.';

CREATE FUNCTION datamesh.port_switched() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_port_switched';
REVOKE ALL ON FUNCTION datamesh.port_switched() FROM PUBLIC;
COMMENT ON FUNCTION datamesh.port_switched() IS
'Has every session make its plans of queries on the port anew. Trigger on datamesh.port.';

CREATE TRIGGER port_switched AFTER UPDATE OF current_release ON datamesh.port
FOR EACH ROW EXECUTE FUNCTION datamesh.port_switched();
ALTER TABLE datamesh.port ENABLE ALWAYS TRIGGER port_switched;

CREATE FUNCTION datamesh.as_of(port anyelement, at timestamptz) RETURNS SETOF anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_as_of';
COMMENT ON FUNCTION datamesh.as_of(anyelement, timestamptz) IS
'The rows that a port showed at a time: SELECT * FROM datamesh.as_of(NULL::sales.customer_lifetime_value, ''2026-01-31 12:00+00''). Reads the port as the caller. at: null gives no rows. Errors: MD105 nothing was published then, or the release has expired; insufficient_privilege if it is of before the contract kept small groups back, for others than owners and stewards.';

CREATE FUNCTION datamesh.at_release(port anyelement, release integer) RETURNS SETOF anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_at_release';
COMMENT ON FUNCTION datamesh.at_release(anyelement, integer) IS
'The rows of one release of a port: SELECT * FROM datamesh.at_release(NULL::sales.customer_lifetime_value, 7). Reads the port as the caller. release: null gives no rows. Errors: MD105 no such release, or it has expired; insufficient_privilege if it is of before the contract kept small groups back, for others than owners and stewards.';

-- Groups of rows that look alike may have to be of some size (datamesh.kAnonymity). A release of before that
-- was asked for is held to it too: read by others than the domain, or shown again.
CREATE FUNCTION datamesh.small_group_rules(document jsonb) RETURNS TABLE (k integer, columns text[])
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT (p.property #>> '{value,k}')::integer, ARRAY(SELECT jsonb_array_elements_text(p.property #> '{value,columns}'))
FROM (VALUES (document -> 'customProperties'), (document #> '{schema,0,customProperties}')) AS l(list)
CROSS JOIN LATERAL jsonb_array_elements(l.list) AS p(property)
WHERE p.property ->> 'property' = 'datamesh.kAnonymity';
END;
REVOKE ALL ON FUNCTION datamesh.small_group_rules(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.small_group_rules(jsonb) IS
'What a contract asks of the size of groups: datamesh.kAnonymity of the document and of its object.';

CREATE FUNCTION datamesh.small_groups_unproved(release integer) RETURNS TABLE (version text, k integer, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT c.version::text, a.k, a.columns
FROM (SELECT n.contract_id FROM datamesh.release AS o JOIN datamesh.release AS n USING (port_id)
      WHERE o.release_id = release ORDER BY n.release_id DESC LIMIT 1) AS newest
JOIN datamesh.contract AS c USING (contract_id)
CROSS JOIN LATERAL datamesh.small_group_rules(c.document::jsonb) AS a
WHERE NOT EXISTS (
    SELECT FROM datamesh.release AS o JOIN datamesh.contract AS oc USING (contract_id)
    CROSS JOIN LATERAL datamesh.small_group_rules(oc.document::jsonb) AS r
    WHERE o.release_id = release AND r.k >= a.k AND r.columns @> a.columns);
END;
REVOKE ALL ON FUNCTION datamesh.small_groups_unproved(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.small_groups_unproved(integer) IS
'What the contract of the newest release of its port asks of the size of groups, and that of this release did not: it was published without that being looked at. version is that of the contract that asks. Larger k, or groups by more columns, ask for more.';
