-- catalog_names: whatever takes the name of a product or domain, a version, or the number of a request or
-- dispute says the same of a wrong one, with a hint: all functions and procedures that people can call, found
-- in the catalog by the names of their arguments. Null is an error of a procedure, and no row of a function.
\set VERBOSITY terse
CREATE ROLE regress_team;
CREATE ROLE regress_stranger;
CALL datamesh.create_domain('regress_w', 'regress_team');
SET ROLE regress_team;
CREATE TABLE regress_w_internal.p (id int);
CALL datamesh.load_contract('{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "status": "active", "version": "1.0.0", "domain": "regress_w", "dataProduct": "p", "schema": [{"name": "p", "physicalName": "p", "properties": [{"name": "id"}]}]}');
RESET ROLE;

CREATE SCHEMA regress_walk;
-- What a call comes to, as somebody who has no part in the mesh.
CREATE FUNCTION regress_walk.outcome(call text, who name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rows bigint;
    state text;
    message text;
    hint text;
BEGIN
    PERFORM set_config('role', who, true);
    IF call LIKE 'CALL %' THEN
        EXECUTE call;
    ELSE
        EXECUTE format('SELECT count(*) FROM (%s) AS x WHERE NOT x IS NULL', call) INTO rows;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'XX999', MESSAGE = CASE rows WHEN 0 THEN 'nothing' ELSE 'goes through' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    IF state = 'XX999' THEN
        RETURN message;
    END IF;
    RETURN format('%s %s%s', state, regexp_replace(message, '(.)\1{50,}', '\1\1\1\1 and so on'), CASE hint WHEN '' THEN ' (no hint)' ELSE '' END);
END $$;
-- All calls with an argument of this name, which gets this value; the others get one that is right.
CREATE FUNCTION regress_walk.calls(argument text, type regtype, value text) RETURNS TABLE (name text, call text) LANGUAGE sql AS $$
SELECT p.proname, CASE p.prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT * FROM ' END || format('datamesh.%I(%s)', p.proname, string_agg(
       format('%I => %s', a.name,
           CASE WHEN a.name = argument THEN value
                WHEN a.name = 'product' THEN '''regress_w.p'''
                WHEN a.name = 'policy' THEN '''quality'''
                WHEN a.name = 'level' THEN '''minor'''
                WHEN a.name LIKE '%version' THEN '''1.0.0'''
                WHEN a.type = 'text'::regtype THEN '''x'''
                WHEN a.type = 'integer'::regtype THEN '1'
                WHEN a.type IN ('date'::regtype, 'timestamptz'::regtype) THEN 'current_date + 1'
                ELSE 'NULL' END), ', ' ORDER BY a.i))
FROM pg_proc AS p
CROSS JOIN LATERAL unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) WITH ORDINALITY AS a(name, type, mode, i)
WHERE p.pronamespace = 'datamesh'::regnamespace AND coalesce(a.mode, 'i') = 'i'
  AND (a.i <= p.pronargs - p.pronargdefaults OR a.name = argument)
  AND EXISTS (SELECT FROM unnest(p.proargnames, p.proargtypes::oid[]) AS t(name, type) WHERE t.name = calls.argument AND t.type = calls.type)
  AND (has_function_privilege('regress_stranger', p.oid, 'EXECUTE') OR p.prokind = 'p')
  -- these take what they are given, the next are for views of ours, and the last takes a port
  AND p.proname NOT IN ('event_hash', 'event_row', 'domain_policies', 'version_bump', 'version_meets', 'next_version',
    'access_stage', 'access_turn', 'request_label', 'request_outdated', 'request_tally', 'at_release')
GROUP BY p.oid, p.proname, p.prokind
$$;
CREATE FUNCTION regress_walk.walk(argument text, type regtype, value text, who name DEFAULT 'regress_stranger')
RETURNS TABLE (outcome text, functions text) LANGUAGE sql AS $$
SELECT o.outcome, CASE WHEN count(*) > 12 THEN 'all others' ELSE string_agg(DISTINCT c.name, ' ' ORDER BY c.name) END
FROM regress_walk.calls(argument, type, value) AS c
CROSS JOIN LATERAL regress_walk.outcome(c.call, who) AS o(outcome)
GROUP BY o.outcome ORDER BY count(*) DESC, o.outcome COLLATE "C"
$$;

-- products
SELECT count(*) > 20 AS many FROM regress_walk.calls('product', 'text', 'NULL');
SELECT w.*, v.wrong
FROM (VALUES ('regress_w.absent'), ('regress_w."A b"'), ('nowhere.p'), (''), ('  '), ('.'), ('a'), ('a.'), ('.a'), ('a.b.c'), ('a".b'), ('a"."b'), ('"a"."b"')) AS v(wrong)
CROSS JOIN LATERAL regress_walk.walk('product', 'text', quote_literal(v.wrong)) AS w;
SELECT * FROM regress_walk.walk('product', 'text', 'repeat(''a'', 10000)');
SELECT * FROM regress_walk.walk('product', 'text', 'repeat(''a'', 10000) || ''.b''');
SELECT * FROM regress_walk.walk('product', 'text', 'NULL');

-- domains
SELECT w.*, v.wrong FROM unnest('{absent,"",.,"a\".\"b"}'::text[]) AS v(wrong)
CROSS JOIN LATERAL regress_walk.walk('domain', 'text', quote_literal(v.wrong), current_user) AS w;

-- versions
SELECT w.*, v.wrong FROM unnest('{7.7.7,"",x,1,1.0.0.0}'::text[]) AS v(wrong)
CROSS JOIN LATERAL regress_walk.walk('version', 'text', quote_literal(v.wrong), 'regress_team') AS w;
SELECT * FROM regress_walk.walk('version', 'text', 'repeat(''1'', 10000)', 'regress_team');
SELECT * FROM regress_walk.walk('from_version', 'text', '''7.7.7''');
SELECT * FROM regress_walk.walk('to_version', 'text', '''x''');

-- requests, disputes, releases: nobody is told of councils and rights before there is something to decide
SELECT w.*, v.wrong FROM unnest('{1000000,-1}'::int[]) AS v(wrong), unnest('{request,dispute,release}'::text[]) AS x(argument)
CROSS JOIN LATERAL regress_walk.walk(x.argument, 'integer', v.wrong::text, 'regress_team') AS w ORDER BY x.argument, v.wrong;
SELECT w.* FROM unnest('{request,dispute,release}'::text[]) AS x(argument)
CROSS JOIN LATERAL regress_walk.walk(x.argument, 'integer', 'NULL', 'regress_team') AS w ORDER BY x.argument;

-- who and for whom
SELECT w.* FROM unnest('{role,party}'::text[]) AS x(argument)
CROSS JOIN LATERAL regress_walk.walk(x.argument, 'text', '''absent''', current_user) AS w ORDER BY x.argument;

-- hints tell where to look
\set VERBOSITY default
\set SHOW_CONTEXT never
CALL datamesh.deny(1000000, 'no');
CALL datamesh.decide_dispute(1000000, 'no');
SELECT * FROM datamesh.lineage('regress_w.q');
SELECT datamesh.compliance_percentage('regress_x');

DROP SCHEMA regress_walk CASCADE;
CALL datamesh.drop_draft('regress_w.p', '1.0.0');
CALL datamesh.drop_domain('regress_w');
DROP SCHEMA regress_w_internal CASCADE;
DROP ROLE regress_team, regress_stranger;
