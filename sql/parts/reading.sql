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
'The rows that a port showed at a time: SELECT * FROM datamesh.as_of(NULL::sales.customer_lifetime_value, ''2026-01-31 12:00+00''). Reads the port as the caller. at: null gives no rows. Errors: MD105 nothing was published then, or the release has expired.';

CREATE FUNCTION datamesh.at_release(port anyelement, release integer) RETURNS SETOF anyelement
LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_at_release';
COMMENT ON FUNCTION datamesh.at_release(anyelement, integer) IS
'The rows of one release of a port: SELECT * FROM datamesh.at_release(NULL::sales.customer_lifetime_value, 7). Reads the port as the caller. release: null gives no rows. Errors: MD105 no such release, or it has expired.';
