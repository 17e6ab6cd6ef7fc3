-- publish: the one door, the lifecycle, reports and progress.

CREATE PROCEDURE datamesh.publish(product text, version text DEFAULT NULL, dry_run boolean DEFAULT false)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_publish';
COMMENT ON PROCEDURE datamesh.publish(text, text, boolean) IS
'Publishes a release of a data product: copies and measures its source, and lets consumers see the copy if every gate is open. version: NULL is the highest that is not retired. dry_run: everything up to the verdict, which comes as messages and a stored report, and never as an error. For members of the domain. Errors: MD201 a gate is closed (nothing a consumer sees has changed; see datamesh.governance_report), MD202 the lifecycle does not allow it, MD203 the contract asks for protection that cannot be given (see DETAIL), MD204 a port that changes its columns was in use for longer than datamesh.switch_timeout, MD104 an unknown consumer.';

CREATE PROCEDURE datamesh.rollback(product text, release integer)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_rollback';
COMMENT ON PROCEDURE datamesh.rollback(text, integer) IS
'Shows an earlier (or later) release of a data product again. Readers take no notice but of the data. For members of the domain. Errors: MD105 no such release, or its data has expired, MD201 the release has smaller groups than the newest contract asks for (datamesh.kAnonymity).';

CREATE PROCEDURE datamesh.deprecate(product text, version text, end_of_life date)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_deprecate';
COMMENT ON PROCEDURE datamesh.deprecate(text, text, date) IS
'Announces the end of a version and all others of its major version: they stay readable, and can be published, until they are retired. Called again it changes the day. For members of the domain.';

CREATE PROCEDURE datamesh.retire(product text, version text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_retire';
COMMENT ON PROCEDURE datamesh.retire(text, text) IS
'Takes the ports of a deprecated product, or of the major version of one version, away with their releases; contracts, reports and events stay. For members of the domain. Errors: MD205 before the end of life while there are consumers, who are named; MD202 not deprecated yet.';

CREATE PROCEDURE datamesh.clean_up(product text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_clean_up';
COMMENT ON PROCEDURE datamesh.clean_up(text) IS
'Drops releases beyond what contracts keep (datamesh.retention), of one product or of all that the caller''s domains own. What is being read is left for the next time; nobody waits. A publish does the same for its product.';

-- Reports. Samples of keys are data of the domain.

CREATE FUNCTION datamesh.result_without_samples(result jsonb, withheld jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (result - 'sample_keys' - 'error' - CASE WHEN is_data THEN ARRAY['metric_value', 'value'] ELSE '{}' END)
        || CASE WHEN result ->> 'message' ~ '^(the check could not run|[0-9]+ of [0-9]+ groups fail|Completeness of .* could not be measured|It could not be seen whether there is personal data):'
           THEN jsonb_build_object('message', split_part(result ->> 'message', ':', 1))
           WHEN is_data THEN '{"message": "the figure is for members of the domain"}' ELSE '{}' END
    FROM (SELECT coalesce(result ->> 'check' = 'sql' OR
        result ->> 'check' IN ('statistic', 'freshness') AND withheld ? (result ->> 'column'), false)) AS x(is_data);
END;
COMMENT ON FUNCTION datamesh.result_without_samples(jsonb, jsonb) IS
'The result of one check as others than the domain see it: without the keys of failing rows and the values of failing groups, without the text of an error, which may quote data, and without figures that are themselves data: what a query returned, and statistics of columns (withheld, names) that readers do not see as they are.';

CREATE FUNCTION datamesh.report_without_samples(report jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT (report
        || coalesce((SELECT jsonb_object_agg(list, coalesce(
               (SELECT jsonb_agg(datamesh.result_without_samples(v, report -> 'withheld') ORDER BY n)
                FROM jsonb_array_elements(report -> list) WITH ORDINALITY AS x(v, n)), '[]'))
            FROM unnest(ARRAY['violations', 'waived', 'checks']) AS list WHERE report ? list), '{}')
        || CASE WHEN report ? 'figures' THEN jsonb_build_object('figures', (report -> 'figures') - 'errors' - 'pii_error') ELSE '{}' END)
        - 'error';
END;
COMMENT ON FUNCTION datamesh.report_without_samples(jsonb) IS
'A report as others than the domain see it: without the keys of failing rows, the values of failing groups, the text of errors and figures that are data; see result_without_samples.';

CREATE FUNCTION datamesh.governance_report(product text) RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'dm_governance_report';
COMMENT ON FUNCTION datamesh.governance_report(text) IS
'The report of the last publish or dry run of a data product: product, version, release, rows, total_violations, critical, warnings, passed, violations (product, rule, severity, message, column, figures), waived (the same, of policies that the council waived), policies (what became of each), figures (what was measured for them), withheld (columns that not every reader sees as they are) and checks (every result). Keys of failing rows, and figures that are values of withheld columns, are shown to members of the domain only. NULL if it was never tried.';

CREATE VIEW datamesh.reports WITH (security_barrier = true) AS
SELECT pg_catalog.format('%I.%I', d.domain_name, d.product_name) AS product, c.version, r.report_id, r.created_at,
       r.created_by, r.kind, r.outcome, r.release_id AS release,
       CASE WHEN coalesce(pg_catalog.pg_has_role(n.nspowner, 'USAGE'), false) THEN r.report
            ELSE datamesh.report_without_samples(r.report) END AS report
FROM datamesh.report r
JOIN datamesh.product d ON d.product_id = r.product_id
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = d.domain_name || '_internal'
JOIN datamesh.contract c ON c.contract_id = r.contract_id;
COMMENT ON VIEW datamesh.reports IS
'Every report kept, of publishes that passed, were refused or failed, and of dry runs; keys of failing rows, and figures that are values of masked columns, only for members of the domain.';
GRANT SELECT ON datamesh.reports TO PUBLIC;

CREATE VIEW datamesh.releases WITH (security_barrier = true) AS
SELECT pg_catalog.format('%I.%I', d.domain_name, d.product_name) AS product, c.version, r.release_id AS release,
       r.release_id = p.current_release AS is_current, r.row_count AS rows, r.published_at,
       r.published_by, r.source_as_of, r.expired_at
FROM datamesh.release r
JOIN datamesh.port p ON p.port_id = r.port_id
JOIN datamesh.product d ON d.product_id = p.product_id
JOIN datamesh.contract c ON c.contract_id = r.contract_id;
COMMENT ON VIEW datamesh.releases IS
'Every release ever published. Those without expired_at can be read with datamesh.as_of and datamesh.at_release, and shown again with datamesh.rollback (products in live mode have no data of their own).';
GRANT SELECT ON datamesh.releases TO PUBLIC;

CREATE VIEW datamesh.ports WITH (security_barrier = true) AS
SELECT pg_catalog.format('%I.%I', d.domain_name, d.product_name) AS product,
       pg_catalog.format('%I.%I', d.domain_name, d.product_name || '_v' || p.major) AS port,
       p.major, c.version, c.status, p.mode, p.current_release AS release, r.row_count AS rows,
       r.published_at, r.source_as_of, c.end_of_life
FROM datamesh.port p
JOIN datamesh.product d ON d.product_id = p.product_id
JOIN datamesh.contract c ON c.contract_id = p.contract_id
JOIN datamesh.release r ON r.release_id = p.current_release;
COMMENT ON VIEW datamesh.ports IS
'What consumers can read now: one row for each product and major version, with the release that it shows. The newest major version is also read by the product''s plain name.';
GRANT SELECT ON datamesh.ports TO PUBLIC;

-- Progress. A publish reports itself as a COPY with a magic value in a slot that COPY leaves
-- alone (src/publish/progress.c says why); param15 is its slot 14. The numbers of other roles'
-- sessions are shown to monitoring roles only, hence the function with its owner's rights.
CREATE FUNCTION datamesh.running_publishes()
RETURNS TABLE (pid integer, product_id integer, phase integer, rows_done bigint, rows_expected bigint,
               started timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
AS $$
    SELECT i.pid, i.param12::integer, i.param13::integer, i.param3, nullif(i.param14, 0),
           'epoch'::timestamptz + (i.param15 + 946684800000000) * interval '1 microsecond'
    FROM pg_stat_get_progress_info('COPY') AS i
    WHERE i.param11 = x'646d7075626c6973'::bigint
      AND i.datid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;
COMMENT ON FUNCTION datamesh.running_publishes() IS
'The publishes that are running in this database, as numbers. Read datamesh.progress instead.';

CREATE VIEW datamesh.progress WITH (security_barrier = true) AS
SELECT i.pid, pg_catalog.format('%I.%I', d.domain_name, d.product_name) AS product,
       (ARRAY['waiting for another publish', 'checking the contract', 'copying and measuring',
              'checking', 'building indexes', 'waiting for readers', 'switching',
              'cleaning up'])[i.phase + 1] AS phase,
       i.rows_done, i.rows_expected, i.started
FROM datamesh.running_publishes() AS i
LEFT JOIN datamesh.product d ON d.product_id = i.product_id;
COMMENT ON VIEW datamesh.progress IS
'The publishes that are running now: server process, product, phase, rows copied so far, rows expected (an estimate of the planner), time of the start.';
GRANT SELECT ON datamesh.progress TO PUBLIC;
