-- a document around what is tested
CREATE FUNCTION pg_temp.doc(fields jsonb, writer boolean) RETURNS jsonb LANGUAGE sql AS $$
SELECT '{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders", "version": "1.0.0", "status": "active"}'
    || fields
    || CASE WHEN writer THEN jsonb_build_object('roles',
           coalesce(fields -> 'roles', '[]') || '[{"role": "loader", "access": "write"}]') ELSE '{}' END;
$$;
-- one line for each change, there (->) and back (<-); a level that is another one when a role
-- has write access is shown beside
CREATE FUNCTION pg_temp.changes(label text, old jsonb, new jsonb) RETURNS SETOF text LANGUAGE sql AS $$
SELECT coalesce(label || ' ', '') || way
    || CASE WHEN d.path IS NULL THEN ' nothing' ELSE format(' %s%s%s %s: %s. Why: %s', upper(d.level),
           CASE WHEN d.level <> w.level THEN ' (' || upper(w.level) || ' with a writer)' END,
           CASE WHEN d.needs_approval THEN ' (needs approval)' END, d.path, d.change, d.reason) END
FROM (VALUES (1, '->', old, new), (2, '<-', new, old)) AS v(o, way, a, b)
LEFT JOIN LATERAL datamesh.compare_contracts(pg_temp.doc(a, false), pg_temp.doc(b, false))
    WITH ORDINALITY AS d(path, change, level, needs_approval, reason, n) ON true
LEFT JOIN LATERAL datamesh.compare_contracts(pg_temp.doc(a, true), pg_temp.doc(b, true))
    WITH ORDINALITY AS w(path, change, level, needs_approval, reason, n) USING (n)
ORDER BY o, n;
$$;
