-- access_request: who asks to read a product, who decides, and what they get.
--
-- A request for access is a request like those to the council (governance_council.sql), with the data's
-- owner in the council's place: its stages (the domain, or the approvers whom the contract names; the
-- council where a policy says so) are fixed when it is made, and the decision of the last one grants,
-- in its own transaction. Who may ask and decide is found out in C (src/governance/access_request.c);
-- GRANT and REVOKE are done by src/publish/grant.c, which publish uses too.

INSERT INTO datamesh.policy_default (position, policy_name, severity, parameters, description) VALUES
(345, 'access.approval', 'OFF', '{"classifications": ["pii"]}',
 'Access to a product with personal data is for the council to approve, after the owner of the data.');
INSERT INTO datamesh.policy_parameter (policy_name, parameter, direction, kind, description) VALUES
('access.approval', 'classifications', 'superset', 'names', 'classifications that mean personal data');
INSERT INTO datamesh.request_kind (kind, handler, description) VALUES
('access', 'access_decided', 'access of a role to a data product');

CREATE TABLE datamesh.access_decision (
    request_id   integer NOT NULL REFERENCES datamesh.approval_request ON DELETE CASCADE,
    stage        text NOT NULL,
    in_favour    boolean NOT NULL,
    comment      text,
    decided_by   name NOT NULL,
    decided_for  name NOT NULL,
    decided_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (request_id, stage)
);
COMMENT ON TABLE datamesh.access_decision IS
'What was decided of requests for access, stage by stage: decided_by is the role that called, decided_for the one whose word it gave (the owner of the domain, an approver). The votes of the council are in datamesh.vote. Read datamesh.access_requests instead.';

-- ---- roles ----

CREATE FUNCTION datamesh.speaks_for(member oid, role oid) RETURNS boolean
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'dm_speaks_for';
COMMENT ON FUNCTION datamesh.speaks_for(oid, oid) IS
'Whether a role is another or has its privileges by membership. A superuser is a member like anybody else, or is not.';

CREATE FUNCTION datamesh.consumer_role(consumer text) RETURNS oid
LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'dm_consumer_role';
COMMENT ON FUNCTION datamesh.consumer_role(text) IS
'The role that a name in the roles of a contract means: a consumer''s, else the owner of the domain of that name; null if it is neither, or the role is gone.';

CREATE FUNCTION datamesh.known_role(role_name name, role_oid oid, cluster bigint, OUT role oid, OUT current_name name)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT r.oid, r.rolname FROM pg_roles AS r
WHERE CASE WHEN known_role.cluster = (pg_control_system()).system_identifier THEN r.oid = known_role.role_oid
           ELSE r.rolname = known_role.role_name
                AND EXISTS (SELECT FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
                            WHERE n.nspname = 'datamesh' AND a.grantee = r.oid AND a.privilege_type = 'USAGE') END;
END;
COMMENT ON FUNCTION datamesh.known_role(name, oid, bigint) IS
'The role that was recorded with its name, its OID and the cluster where it has that: in that cluster the OID decides; elsewhere, after a restore, the name does, if the role has a grant of USAGE on schema datamesh of its own. Null for a role that is gone, and for a new one of the same name.';

CREATE FUNCTION datamesh.end_namesakes(role name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here bigint := (pg_control_system()).system_identifier;
BEGIN
    IF EXISTS (SELECT FROM pg_namespace AS n, aclexplode(n.nspacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
               WHERE n.nspname = 'datamesh' AND r.rolname = role AND a.privilege_type = 'USAGE') THEN
        RETURN;
    END IF;
    UPDATE datamesh.access_grant AS g SET revoked_at = clock_timestamp(), revoked_by = session_user, why = 'the role is gone'
    WHERE g.role_name = role AND g.cluster <> here AND g.revoked_at IS NULL;
    UPDATE datamesh.council_member AS m SET until = clock_timestamp()
    WHERE m.role_name = role AND m.cluster <> here AND m.until IS NULL;
    UPDATE datamesh.consumer AS c SET role_oid = 0, cluster = here WHERE c.role_name = role AND c.cluster <> here;
END $$;
REVOKE ALL ON FUNCTION datamesh.end_namesakes(name) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_namesakes(name) IS
'Called before a role gets the grant of USAGE on schema datamesh by which roles are known again after a restore. A role that has none is another one than the role of its name whose access, seat or name as a consumer a dump brought along: those end here, or the grant would bring them back.';

CREATE FUNCTION datamesh.contract_stewards(contract integer) RETURNS TABLE (steward name, role oid)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT DISTINCT r.rolname, r.oid
FROM datamesh.contract AS c
CROSS JOIN LATERAL (SELECT c.document::jsonb -> 'team') AS t(team)
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(t.team) = 'array' THEN t.team
         WHEN jsonb_typeof(t.team -> 'members') = 'array' THEN t.team -> 'members' ELSE '[]' END) AS m(member)
JOIN pg_roles AS r ON r.rolname = m.member ->> 'username' AND NOT r.rolsuper
WHERE c.contract_id = contract AND m.member ->> 'role' ILIKE '%steward%'
  AND coalesce(left(m.member ->> 'dateIn', 10), '') COLLATE "C" <= to_char(current_date, 'YYYY-MM-DD')
  AND coalesce(nullif(left(m.member ->> 'dateOut', 10), ''), '9999-12-31') COLLATE "C" > to_char(current_date, 'YYYY-MM-DD');
END;
COMMENT ON FUNCTION datamesh.contract_stewards(integer) IS
'The stewards that a contract names: members of its team whose role contains the word steward, who have come (dateIn) and not left (dateOut), and whose username is a database role.';

CREATE FUNCTION datamesh.lock_readers(product integer) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'dm_lock_readers';
REVOKE ALL ON FUNCTION datamesh.lock_readers(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.lock_readers(integer) IS
'Keeps others from changing who reads a product until the transaction ends. A publish holds the same lock from its switch on.';

CREATE FUNCTION datamesh.lock_requests(product integer, role oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'dm_lock_requests';
REVOKE ALL ON FUNCTION datamesh.lock_requests(integer, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.lock_requests(integer, oid) IS
'Keeps others from asking for the same until the transaction ends: what a role (0: anybody) asks about a product. Stops nothing else.';

CREATE FUNCTION datamesh.hold_role(role oid) RETURNS boolean
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'dm_hold_role';
REVOKE ALL ON FUNCTION datamesh.hold_role(oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.hold_role(oid) IS
'Keeps a role from being dropped until the transaction ends; false if it is gone already.';

CREATE FUNCTION datamesh.settle_reader(product text, role oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'dm_settle_reader';
REVOKE ALL ON FUNCTION datamesh.settle_reader(text, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.settle_reader(text, oid) IS
'Grants a role SELECT on the ports of a product that it may read by datamesh.port_reader and revokes everything on the others, with USAGE on the port schema and on schema datamesh as they follow from that.';

-- ---- who may read what ----

CREATE VIEW datamesh.port_reader AS
SELECT p.product_id, o.port_id, o.major, 'owner' AS basis, NULL::text AS consumer, datamesh.consumer_role(p.domain_name::text) AS role_oid,
       NULL::text AS purpose, d.created_at AS since, NULL::timestamptz AS until, d.created_by AS granted_by,
       NULL::integer AS request_id, NULL::integer AS grant_id
FROM datamesh.product AS p
JOIN datamesh.domain AS d ON d.domain_name = p.domain_name
JOIN datamesh.port AS o ON o.product_id = p.product_id AND o.current_release IS NOT NULL
UNION ALL
SELECT o.product_id, o.port_id, o.major, 'steward', NULL, s.role, NULL, c.published_at, NULL, c.loaded_by, NULL, NULL
FROM datamesh.port AS o
JOIN datamesh.contract AS c ON c.contract_id = o.contract_id
CROSS JOIN LATERAL datamesh.contract_stewards(o.contract_id) AS s
WHERE o.current_release IS NOT NULL
UNION ALL
SELECT o.product_id, o.port_id, o.major, 'contract', r.role, datamesh.consumer_role(r.role), r.definition ->> 'description',
       -- since the version from which on each one named it
       (SELECT min(x.published_at) FROM datamesh.contract AS x
        WHERE x.product_id = c.product_id AND x.published_at <= c.published_at
          AND x.published_at > coalesce((
              SELECT max(y.published_at) FROM datamesh.contract AS y
              WHERE y.product_id = c.product_id AND y.published_at <= c.published_at
                AND NOT EXISTS (SELECT FROM datamesh.contract_role AS z
                                WHERE z.contract_id = y.contract_id AND z.role = r.role AND z.access = 'read')), '-infinity')),
       NULL, c.loaded_by, NULL, NULL
FROM datamesh.port AS o
JOIN datamesh.contract AS c ON c.contract_id = o.contract_id
JOIN datamesh.contract_role AS r ON r.contract_id = o.contract_id AND r.access = 'read'
WHERE o.current_release IS NOT NULL
UNION ALL
SELECT o.product_id, o.port_id, o.major, 'grant', NULL, k.role, g.purpose, g.since, g.until, g.granted_by, g.request_id, g.grant_id
FROM datamesh.port AS o
JOIN datamesh.access_grant AS g ON g.product_id = o.product_id
CROSS JOIN LATERAL datamesh.known_role(g.role_name, g.role_oid, g.cluster) AS k
WHERE o.current_release IS NOT NULL AND g.revoked_at IS NULL AND (g.until IS NULL OR g.until > clock_timestamp());
COMMENT ON VIEW datamesh.port_reader IS
'Which role may read which port, and on which basis: the owner of its domain, the stewards and the readers that the contract in force names, and grants of access that have not ended. Everything else that a role holds on a port was granted by hand. Read datamesh.access instead.';

-- ---- the stages of a request ----

CREATE FUNCTION datamesh.access_stage(request integer, OUT stage text, OUT roles oid[], OUT deciders text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH open AS (
    SELECT p.domain_name, s.stage ->> 'stage' AS stage, s.stage -> 'approvers' AS approvers
    FROM datamesh.approval_request AS a
    JOIN datamesh.product AS p ON p.product_id = a.product_id
    CROSS JOIN LATERAL jsonb_array_elements(a.subject -> 'stages') WITH ORDINALITY AS s(stage, i)
    WHERE a.request_id = request AND a.kind = 'access'
      AND NOT EXISTS (SELECT FROM datamesh.access_decision AS d
                      WHERE d.request_id = a.request_id AND d.stage = s.stage ->> 'stage' AND d.in_favour)
    ORDER BY s.i LIMIT 1
), named AS (
    SELECT array_agg(r.role) AS roles, string_agg(DISTINCT format('role "%s"', pg_get_userbyid(r.role)), ', ') AS deciders
    FROM open AS o
    CROSS JOIN LATERAL jsonb_to_recordset(coalesce(o.approvers, '[]')) AS e(name text, oid oid, cluster bigint)
    CROSS JOIN LATERAL (SELECT CASE WHEN e.oid IS NULL THEN datamesh.consumer_role(e.name)
                                    ELSE (SELECT k.role FROM datamesh.known_role(e.name::name, e.oid, e.cluster) AS k) END) AS r(role)
    WHERE r.role IS NOT NULL
), owner AS (
    SELECT datamesh.consumer_role(o.domain_name::text) AS role FROM open AS o
)
SELECT o.stage,
       CASE WHEN o.stage <> 'council' THEN coalesce(n.roles, ARRAY[w.role]) END,
       CASE WHEN o.stage = 'council' THEN 'the council'
            ELSE coalesce(n.deciders, format('role "%s"', pg_get_userbyid(w.role))) END
FROM open AS o, named AS n, owner AS w;
END;
COMMENT ON FUNCTION datamesh.access_stage(integer) IS
'Where a request for access stands: the stage that has not approved it yet (owner, first level, second level, council; null: all have), the roles of which one has to, and both in words. Named approvers of whom none is there leave the decision to the owner of the domain.';

CREATE FUNCTION datamesh.access_needs_council(product integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT y.severity
FROM datamesh.product AS p
CROSS JOIN LATERAL datamesh.domain_policies(p.domain_name) AS y
WHERE p.product_id = access_needs_council.product AND y.policy = 'access.approval' AND y.severity <> 'OFF'
  AND EXISTS (SELECT FROM datamesh.port AS o
              CROSS JOIN LATERAL datamesh.personal_columns(o.contract_id, y.parameters -> 'classifications') AS c
              WHERE o.product_id = p.product_id AND o.current_release IS NOT NULL)
  AND NOT EXISTS (SELECT FROM datamesh.waiver AS w
                  WHERE w.product_id = p.product_id AND w.policy_name = y.policy
                    AND w.until > clock_timestamp() AND w.revoked_at IS NULL);
END;
REVOKE ALL ON FUNCTION datamesh.access_needs_council(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.access_needs_council(integer) IS
'How the policy access.approval holds for a product: CRITICAL or WARNING if one of its ports has columns with personal data and the policy is not waived for it; else null.';

CREATE FUNCTION datamesh.access_stages(product integer, role_oid oid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH entry AS (
    -- what the contract in force says of the role by its own name, else of a consumer to which it belongs
    SELECT r.definition
    FROM datamesh.contract_role AS r
    WHERE r.contract_id = (SELECT o.contract_id FROM datamesh.port AS o
                           WHERE o.product_id = access_stages.product AND o.current_release IS NOT NULL
                           ORDER BY o.major DESC LIMIT 1)
      AND (datamesh.consumer_role(r.role) = role_oid
           OR pg_has_role(role_oid, datamesh.consumer_role(r.role), 'MEMBER')
           OR r.role = pg_get_userbyid(role_oid)::text)
    ORDER BY coalesce(datamesh.consumer_role(r.role) = role_oid, false) DESC, r.position LIMIT 1
), named AS (
    SELECT l.place, l.stage,
           (SELECT jsonb_agg(CASE WHEN datamesh.consumer_role(x.name) IS NOT NULL THEN jsonb_build_object('name', x.name)
                             ELSE jsonb_build_object('name', x.name, 'oid', coalesce(b.oid, 0)::bigint,
                                                     'cluster', (pg_control_system()).system_identifier) END ORDER BY x.i)
            FROM (SELECT trim(BOTH FROM s.name) AS name, s.i
                  FROM regexp_split_to_table(e.definition ->> l.key, ',') WITH ORDINALITY AS s(name, i)) AS x
            LEFT JOIN pg_roles AS b ON b.rolname = x.name
            WHERE x.name <> '') AS approvers
    FROM entry AS e
    CROSS JOIN (VALUES (1, 'first level', 'firstLevelApprovers'), (2, 'second level', 'secondLevelApprovers')) AS l(place, stage, key)
), stages AS (
    SELECT n.place, jsonb_build_object('stage', n.stage, 'approvers', n.approvers) AS stage
    FROM named AS n WHERE n.approvers IS NOT NULL
    UNION ALL
    SELECT 0, '{"stage": "owner"}' WHERE NOT EXISTS (SELECT FROM named AS n WHERE n.approvers IS NOT NULL)
    UNION ALL
    SELECT 3, '{"stage": "council"}' WHERE datamesh.access_needs_council(access_stages.product) = 'CRITICAL'
)
SELECT jsonb_agg(s.stage ORDER BY s.place) FROM stages AS s;
END;
REVOKE ALL ON FUNCTION datamesh.access_stages(integer, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.access_stages(integer, oid) IS
'Who has to approve that a role reads a product, one after the other: the approvers that the contract in force names in its entry for the role or for a consumer to which it belongs (firstLevelApprovers, then secondLevelApprovers: names of consumers, domains or database roles with commas between), else the owner of the domain; then the council, where the policy access.approval is CRITICAL.';

-- ---- asking ----

CREATE FUNCTION datamesh.access_already(product integer, role_oid oid, until timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH basis AS (
    SELECT r.port_id,
           CASE r.basis WHEN 'owner' THEN 1 WHEN 'steward' THEN 2 WHEN 'contract' THEN 3 ELSE 4 END AS place,
           CASE r.basis
           WHEN 'owner' THEN format('as the owner of the domain%s', t.who)
           WHEN 'steward' THEN format('as a steward of the product%s', t.who)
           WHEN 'contract' THEN format('by its contract, as %s', quote_ident(r.consumer))
           ELSE format('by a grant%s%s', t.who, coalesce(' until ' || r.until, '')) END AS words
    FROM datamesh.port_reader AS r
    CROSS JOIN LATERAL (SELECT CASE WHEN r.role_oid <> access_already.role_oid
                                    THEN format(' (role "%s")', pg_get_userbyid(r.role_oid)) ELSE '' END) AS t(who)
    WHERE r.product_id = access_already.product
      AND (r.role_oid = access_already.role_oid OR pg_has_role(access_already.role_oid, r.role_oid, 'USAGE'))
      AND (r.until IS NULL OR r.until >= access_already.until)
)
SELECT (SELECT b.words FROM basis AS b ORDER BY b.place LIMIT 1)
WHERE NOT EXISTS (SELECT FROM datamesh.port AS o
                  WHERE o.product_id = access_already.product AND o.current_release IS NOT NULL
                    AND o.port_id NOT IN (SELECT b.port_id FROM basis AS b));
END;
REVOKE ALL ON FUNCTION datamesh.access_already(integer, oid, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.access_already(integer, oid, timestamptz) IS
'On which basis a role reads all ports of a product already, until that time at least (null: for good), in words; null if it does not.';

CREATE FUNCTION datamesh.store_access_request(
    product integer, role_oid oid, purpose text, until timestamptz, asked_by oid, asked_in oid, most integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    label text := (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = store_access_request.product);
    role name := pg_get_userbyid(role_oid);
    already text;
    request integer;
    stage record;
    figures record;
BEGIN
    -- two who ask for the same at once make one request; what a publish waits for is not for strangers to lock
    PERFORM datamesh.lock_requests(product, role_oid);
    IF NOT until > clock_timestamp() THEN
        RAISE EXCEPTION 'access cannot end in the past' USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('until is %s.', until), HINT = 'Choose a time to come, or leave it out.';
    END IF;
    IF length(purpose) > 2000 THEN
        RAISE EXCEPTION 'the purpose is longer than 2000 characters' USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('It has %s.', length(purpose)), HINT = 'Say in a few sentences what the data is for.';
    END IF;
    IF NOT EXISTS (SELECT FROM datamesh.port AS o
                   WHERE o.product_id = store_access_request.product AND o.current_release IS NOT NULL) THEN
        RAISE EXCEPTION 'data product "%" has no port to read', label
        USING ERRCODE = 'MD202', DETAIL = 'It is not published yet, or retired.',
              HINT = 'datamesh.ports lists what can be read.';
    END IF;
    already := datamesh.access_already(product, role_oid, until);
    IF already IS NOT NULL THEN
        RAISE NOTICE 'role "%" has access to data product "%" already, %; nothing to do', role, label, already;
        RETURN NULL;
    END IF;
    SELECT a.request_id INTO request FROM datamesh.approval_request AS a
    WHERE a.kind = 'access' AND a.product_id = store_access_request.product AND a.status = 'pending' AND a.why = purpose
      AND (a.subject ->> 'role_oid')::oid = store_access_request.role_oid
      AND (a.subject ->> 'until')::timestamptz IS NOT DISTINCT FROM store_access_request.until
      AND (a.subject ->> 'cluster')::bigint = (pg_control_system()).system_identifier;
    IF FOUND THEN
        RAISE NOTICE 'request % asks for that already, nothing to do', request
        USING DETAIL = (SELECT format('It waits for %s.', s.deciders) FROM datamesh.access_stage(request) AS s);
        RETURN NULL;
    END IF;
    -- of two at once each counts what is there: a few too many do no harm, and nobody waits for anybody
    SELECT count(*) FILTER (WHERE a.status = 'pending') AS open, count(*) AS counted INTO figures
    FROM datamesh.approval_request AS a
    WHERE a.kind = 'access' AND a.status IN ('pending', 'void') AND (a.subject ->> 'asked_by')::bigint = asked_by::bigint
      AND (a.status = 'pending' OR a.changed_at > clock_timestamp() - interval '1 day')
      AND (a.subject ->> 'cluster')::bigint = (pg_control_system()).system_identifier;
    IF figures.counted >= most THEN
        RAISE EXCEPTION 'role "%" has asked for access too often', pg_get_userbyid(asked_by)
        USING ERRCODE = 'configuration_limit_exceeded',
              DETAIL = format('It has %s open requests and withdrew %s within a day; datamesh.open_access_requests allows %s.',
                              figures.open, figures.counted - figures.open, most),
              HINT = 'datamesh.access_requests lists them: withdraw what is not needed, remind those for whom it waits, or ask a superuser to allow more.';
    END IF;
    INSERT INTO datamesh.approval_request (kind, product_id, subject, why, interested, requested_by)
    VALUES ('access', product,
            jsonb_build_object('role', role, 'role_oid', role_oid::bigint, 'cluster', (pg_control_system()).system_identifier,
                               'until', until, 'asked_by', asked_by::bigint, 'asked_in', asked_in::bigint,
                               'stages', datamesh.access_stages(product, role_oid)),
            purpose, ARRAY(SELECT p.domain_name FROM datamesh.product AS p WHERE p.product_id = store_access_request.product),
            pg_get_userbyid(asked_by))
    RETURNING request_id INTO request;
    SELECT s.* INTO stage FROM datamesh.access_stage(request) AS s;
    RAISE NOTICE 'request % waits for %', request, stage.deciders
    USING HINT = format('CALL datamesh.approve(%s) or CALL datamesh.deny(%s, why)', request, request);
    RETURN datamesh.event_row('access_requested', label, NULL, jsonb_build_object(
        'request', request, 'role', role, 'until', until, 'waits_for', stage.deciders,
        'purpose_sha256', encode(sha256(convert_to(purpose, 'UTF8')), 'hex')));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_access_request(integer, oid, text, timestamptz, oid, oid, integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_access_request(integer, oid, text, timestamptz, oid, oid, integer) IS
'The work of datamesh.request_access: asked_by is the role that called, asked_in the session''s, most how many requests of asked_by may be open. Returns the events.';

CREATE PROCEDURE datamesh.request_access(product text, purpose text, until timestamptz DEFAULT NULL, role text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_request_access';
COMMENT ON PROCEDURE datamesh.request_access(text, text, timestamptz, text) IS
'Asks that a role (NULL: the caller; else one of which the caller is a member) may read a data product, for a purpose and until a time (NULL: until it is revoked). A notice says who decides and how. Called again, or by whom has access already, it does nothing. Errors: MD102 no such product, MD202 it has no port to read, invalid_parameter_value the end is past, or the purpose longer than 2000 characters, configuration_limit_exceeded more open requests than datamesh.open_access_requests.';

-- ---- deciding ----

CREATE FUNCTION datamesh.access_turn(request integer) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT coalesce((SELECT s.stage FROM datamesh.access_stage(request) AS s), 'owner')
FROM datamesh.approval_request AS a WHERE a.request_id = request AND a.kind = 'access';
END;
COMMENT ON FUNCTION datamesh.access_turn(integer) IS
'Whose turn it is with a request for access: the stage of datamesh.access_stage (owner, if all have decided); null for any other request.';

CREATE FUNCTION datamesh.access_speaker(request integer, caller oid) RETURNS oid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT r.role FROM datamesh.access_stage(request) AS s, unnest(s.roles) AS r(role)
WHERE datamesh.speaks_for(caller, r.role) ORDER BY r.role = caller DESC, r.role LIMIT 1;
END;
REVOKE ALL ON FUNCTION datamesh.access_speaker(integer, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.access_speaker(integer, oid) IS
'The role for which a caller can decide on a request for access now; null if it can for none.';

CREATE FUNCTION datamesh.is_own_request(request integer, caller oid, session oid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT a.subject ->> 'cluster' = (pg_control_system()).system_identifier::text
       AND (caller IN ((a.subject ->> 'asked_by')::oid, (a.subject ->> 'role_oid')::oid)
            OR session = (a.subject ->> 'asked_in')::oid AND NOT (SELECT o.rolsuper FROM pg_roles AS o WHERE o.oid = session))
FROM datamesh.approval_request AS a WHERE a.request_id = request AND a.kind = 'access';
END;
REVOKE ALL ON FUNCTION datamesh.is_own_request(integer, oid, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.is_own_request(integer, oid, oid) IS
'Whether a request for access was made by the caller, for the caller, or by the role that began the caller''s session (unless that is a superuser, as whom many people may come).';

CREATE FUNCTION datamesh.decide_access(request integer, caller oid, session oid, approves boolean, comment text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    label record;
    stage record;
    next record;
    owner oid;
    speaker oid;
    took_part boolean;
    events jsonb;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request FOR NO KEY UPDATE;
    SELECT l.* INTO label FROM datamesh.request_label(request) AS l;
    SELECT s.* INTO stage FROM datamesh.access_stage(request) AS s;
    SELECT datamesh.consumer_role(p.domain_name::text) INTO owner FROM datamesh.product AS p WHERE p.product_id = r.product_id;
    took_part := EXISTS (SELECT FROM datamesh.access_decision AS d JOIN pg_roles AS o ON o.rolname = d.decided_for
                         WHERE d.request_id = request AND datamesh.speaks_for(caller, o.oid));
    speaker := datamesh.access_speaker(request, caller);
    -- the owner of the data may say no at any time
    IF speaker IS NULL AND NOT approves AND datamesh.speaks_for(caller, owner) THEN
        speaker := owner;
    END IF;
    IF r.status <> 'pending' AND (took_part OR datamesh.speaks_for(caller, owner)) THEN
        IF r.status = (CASE WHEN approves THEN 'approved' ELSE 'rejected' END) THEN
            RAISE NOTICE 'request % is % already, nothing to do', request, CASE WHEN approves THEN 'approved' ELSE 'denied' END;
            RETURN NULL;
        END IF;
        RAISE EXCEPTION 'request % is % already', request,
            CASE r.status WHEN 'rejected' THEN 'denied' WHEN 'void' THEN 'withdrawn' ELSE r.status END
        USING ERRCODE = 'MD404',
              HINT = CASE r.status WHEN 'approved' THEN 'CALL datamesh.revoke_access(product, role) ends the access.'
                     ELSE 'Whoever still wants access asks again: CALL datamesh.request_access(...).' END;
    ELSIF speaker IS NULL AND took_part AND approves THEN
        RAISE NOTICE 'request % has that approval already, and waits for %', request, stage.deciders;
        RETURN NULL;
    ELSIF speaker IS NULL THEN
        RAISE EXCEPTION 'role "%" cannot decide on request %', pg_get_userbyid(caller), request
        USING ERRCODE = 'insufficient_privilege',
              DETAIL = format('Request %s, %s, is for %s to decide.', request, label.what,
                              coalesce(stage.deciders, format('role "%s"', pg_get_userbyid(owner)))),
              HINT = 'SET ROLE to a role that can, or ask one of its members.';
    END IF;
    r := datamesh.require_open_request(request);
    IF approves AND datamesh.is_own_request(request, caller, session) THEN
        RAISE EXCEPTION 'nobody approves what they asked for themselves'
        USING ERRCODE = 'insufficient_privilege', DETAIL = format('Request %s was made by role "%s".', request, r.requested_by),
              HINT = 'Somebody else of those who decide has to.';
    END IF;
    INSERT INTO datamesh.access_decision AS d (request_id, stage, in_favour, comment, decided_by, decided_for)
    VALUES (request, stage.stage, approves, comment, pg_get_userbyid(caller), pg_get_userbyid(speaker));
    IF NOT approves THEN
        UPDATE datamesh.approval_request AS a SET status = 'rejected', changed_at = clock_timestamp() WHERE a.request_id = request;
        RETURN datamesh.event_row('access_denied', label.product, NULL, jsonb_build_object(
            'request', request, 'role', r.subject -> 'role', 'stage', stage.stage, 'for', pg_get_userbyid(speaker)));
    END IF;
    events := datamesh.event_row('access_approved', label.product, NULL, jsonb_build_object(
        'request', request, 'role', r.subject -> 'role', 'stage', stage.stage, 'for', pg_get_userbyid(speaker)));
    SELECT s.* INTO next FROM datamesh.access_stage(request) AS s;
    UPDATE datamesh.approval_request AS a
    SET status = CASE WHEN next.stage IS NULL THEN 'approved' ELSE 'pending' END, changed_at = clock_timestamp()
    WHERE a.request_id = request;
    IF next.stage IS NOT NULL THEN
        RAISE NOTICE 'request % waits for %', request, next.deciders
        USING HINT = format('CALL datamesh.approve(%s) or CALL datamesh.deny(%s, why)', request, request);
        RETURN events;
    END IF;
    RETURN events || datamesh.access_decided(request, true);
END $$;
REVOKE ALL ON FUNCTION datamesh.decide_access(integer, oid, oid, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.decide_access(integer, oid, oid, boolean, text) IS
'The work of datamesh.approve and datamesh.deny for a request for access that is not before the council: who calls, as whom the session began, and the verdict. Returns the events.';

CREATE FUNCTION datamesh.access_decided(request integer, approved boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    product text;
    known record;
    made integer;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request;
    SELECT p.product INTO product FROM datamesh.product AS p WHERE p.product_id = r.product_id;
    IF NOT approved THEN
        RETURN datamesh.event_row('access_denied', product, NULL, jsonb_build_object(
            'request', request, 'role', r.subject -> 'role', 'stage', 'council'));
    END IF;
    PERFORM datamesh.lock_readers(r.product_id);
    SELECT k.* INTO known
    FROM datamesh.known_role((r.subject ->> 'role')::name, (r.subject ->> 'role_oid')::oid, (r.subject ->> 'cluster')::bigint) AS k;
    IF known.role IS NULL OR NOT datamesh.hold_role(known.role) THEN
        RAISE EXCEPTION 'role "%", for which access was asked, is gone', r.subject ->> 'role'
        USING ERRCODE = 'MD404', DETAIL = 'A role made again under the same name is another one.',
              HINT = format('CALL datamesh.deny(%s, why); the new role can ask for itself.', request);
    END IF;
    IF datamesh.access_needs_council(r.product_id) = 'WARNING' THEN
        RAISE WARNING 'the council has not approved access of role "%" to data product "%"', known.current_name, product
        USING DETAIL = 'The product has personal data; policy access.approval only warns.';
    END IF;
    INSERT INTO datamesh.access_grant (request_id, product_id, role_name, role_oid, cluster, purpose, since, until, granted_by)
    VALUES (request, r.product_id, known.current_name, known.role, (pg_control_system()).system_identifier, r.why,
            clock_timestamp(), (r.subject ->> 'until')::timestamptz,
            coalesce((SELECT d.decided_by FROM datamesh.access_decision AS d
                      WHERE d.request_id = request ORDER BY d.decided_at DESC LIMIT 1), session_user))
    RETURNING grant_id INTO made;
    PERFORM datamesh.settle_reader(product, known.role);
    RETURN datamesh.event_row('access_granted', product, NULL, jsonb_build_object(
        'request', request, 'grant', made, 'role', known.current_name, 'until', r.subject -> 'until',
        'purpose_sha256', encode(sha256(convert_to(r.why, 'UTF8')), 'hex')));
END $$;
REVOKE ALL ON FUNCTION datamesh.access_decided(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.access_decided(integer, boolean) IS
'What follows when a request for access is decided: the grant, and SELECT on the ports. Returns the events. Errors: MD404 the role is gone.';

CREATE PROCEDURE datamesh.deny(request integer, why text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_reject';
COMMENT ON PROCEDURE datamesh.deny(integer, text) IS
'Denies a request for access, and says why; for a request to the council the same as datamesh.reject. For those who could approve it, and for the owner of the data at any stage. Called again it does nothing. Errors: MD403 no such request, MD404 it is decided already.';

CREATE FUNCTION datamesh.end_request(request integer, caller oid, may_all boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    label record;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a
    WHERE a.request_id = request AND a.kind = 'access' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no request % for access', request
        USING ERRCODE = 'MD403', HINT = 'datamesh.access_requests lists them.';
    END IF;
    IF NOT (may_all OR caller = (r.subject ->> 'asked_by')::oid
            OR EXISTS (SELECT FROM datamesh.known_role((r.subject ->> 'role')::name, (r.subject ->> 'role_oid')::oid,
                                                       (r.subject ->> 'cluster')::bigint) AS k
                       WHERE datamesh.speaks_for(caller, k.role))) THEN
        RAISE EXCEPTION 'role "%" cannot withdraw request %', pg_get_userbyid(caller), request
        USING ERRCODE = 'insufficient_privilege',
              DETAIL = format('It was made by role "%s" for role "%s".', r.requested_by, r.subject ->> 'role');
    END IF;
    IF r.status = 'void' THEN
        RAISE NOTICE 'request % is withdrawn already, nothing to do', request;
        RETURN NULL;
    ELSIF r.status <> 'pending' THEN
        RAISE EXCEPTION 'request % is % already', request, CASE r.status WHEN 'rejected' THEN 'denied' ELSE r.status END
        USING ERRCODE = 'MD404',
              HINT = CASE r.status WHEN 'approved' THEN 'CALL datamesh.revoke_access(product, role) gives the access back.'
                     ELSE 'There is nothing left to withdraw.' END;
    END IF;
    UPDATE datamesh.approval_request AS a SET status = 'void', changed_at = clock_timestamp() WHERE a.request_id = request;
    SELECT l.* INTO label FROM datamesh.request_label(request) AS l;
    RETURN datamesh.event_row('access_request_withdrawn', label.product, NULL,
                              jsonb_build_object('request', request, 'role', r.subject -> 'role'));
END $$;
REVOKE ALL ON FUNCTION datamesh.end_request(integer, oid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_request(integer, oid, boolean) IS
'The work of datamesh.withdraw_request. Returns the events.';

CREATE PROCEDURE datamesh.withdraw_request(request integer)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_withdraw_request';
COMMENT ON PROCEDURE datamesh.withdraw_request(integer) IS
'Takes a request for access back that nobody has decided yet. For the role that asked, and members of the role for which it asked. Called again it does nothing. Errors: MD403 no such request, MD404 it is decided already.';

-- ---- the end of access ----

CREATE VIEW datamesh.port_privilege AS
WITH ports AS (
    SELECT p.product_id, o.port_id, p.domain_name, v.name
    FROM datamesh.product AS p
    JOIN datamesh.port AS o ON o.product_id = p.product_id AND o.current_release IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT p.product_name || '_v' || o.major AS name
        UNION ALL
        SELECT p.product_name::text
        WHERE o.major = (SELECT max(n.major) FROM datamesh.port AS n
                         WHERE n.product_id = p.product_id AND n.current_release IS NOT NULL)) AS v
), relations AS (
    SELECT s.product_id, s.port_id, quote_ident(s.domain_name) || '.' || quote_ident(s.name) AS port, c.oid AS relid, c.relowner, c.relacl
    FROM ports AS s
    JOIN pg_namespace AS n ON n.nspname = s.domain_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.name::name
)
SELECT r.product_id, r.port_id, r.port, a.grantee,
       a.privilege_type || CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END AS privilege
FROM relations AS r CROSS JOIN LATERAL aclexplode(r.relacl) AS a
WHERE a.grantee <> r.relowner
UNION ALL
SELECT r.product_id, r.port_id, r.port, a.grantee, format('%s (%s)', a.privilege_type, quote_ident(t.attname))
FROM relations AS r
JOIN pg_attribute AS t ON t.attrelid = r.relid AND t.attacl IS NOT NULL
CROSS JOIN LATERAL aclexplode(t.attacl) AS a
WHERE a.grantee <> r.relowner;
COMMENT ON VIEW datamesh.port_privilege IS
'What every role (0: PUBLIC) but their owner holds on ports, columns included. Held against datamesh.port_reader by datamesh.access_review().';

CREATE FUNCTION datamesh.grants_by_hand(product integer, role_oid oid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT string_agg(format('%s on %s', v.privilege, v.port), ', ' ORDER BY v.port, v.privilege)
FROM datamesh.port_privilege AS v
WHERE v.product_id = grants_by_hand.product AND v.grantee = grants_by_hand.role_oid
  AND NOT (v.privilege = 'SELECT'
           AND EXISTS (SELECT FROM datamesh.port_reader AS r WHERE r.port_id = v.port_id AND r.role_oid = v.grantee))
  AND NOT (v.privilege = 'SELECT'
           AND EXISTS (SELECT FROM datamesh.access_grant AS g, datamesh.known_role(g.role_name, g.role_oid, g.cluster) AS k
                       WHERE g.product_id = v.product_id AND k.role = v.grantee AND g.revoked_at IS NULL));
END;
REVOKE ALL ON FUNCTION datamesh.grants_by_hand(integer, oid) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.grants_by_hand(integer, oid) IS
'What a role (0: PUBLIC) holds on the ports of a product without any basis, in words; null if nothing.';

CREATE FUNCTION datamesh.end_access(product integer, role text, caller oid, why text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    label text := (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = end_access.product);
    reader oid := coalesce((SELECT r.oid FROM pg_roles AS r WHERE r.rolname = end_access.role),
                           CASE end_access.role WHEN 'PUBLIC' THEN 0::oid END);
    standing text;
    ended jsonb;
    by_hand text;
BEGIN
    PERFORM datamesh.lock_readers(product);
    by_hand := datamesh.grants_by_hand(product, reader);
    WITH done AS (
        UPDATE datamesh.access_grant AS g
        SET revoked_at = clock_timestamp(), revoked_by = pg_get_userbyid(caller), why = end_access.why
        FROM datamesh.access_grant AS o
        LEFT JOIN LATERAL datamesh.known_role(o.role_name, o.role_oid, o.cluster) AS k ON true
        WHERE o.grant_id = g.grant_id AND g.product_id = end_access.product AND g.revoked_at IS NULL
          AND CASE WHEN k.role IS NULL THEN g.role_name = end_access.role ELSE k.role = reader END
        RETURNING g.grant_id
    )
    SELECT jsonb_agg(d.grant_id ORDER BY d.grant_id) INTO ended FROM done AS d;
    SELECT format('its contract names %s', string_agg(DISTINCT quote_ident(r.consumer), ', ')) INTO standing
    FROM datamesh.port_reader AS r
    WHERE r.product_id = end_access.product AND r.basis = 'contract' AND (r.role_oid = reader OR r.consumer = end_access.role)
    HAVING count(*) > 0;
    standing := coalesce(standing, (
        SELECT CASE r.basis WHEN 'owner' THEN 'it owns the domain' ELSE 'its contract names it as a steward' END
        FROM datamesh.port_reader AS r
        WHERE r.product_id = end_access.product AND r.basis IN ('owner', 'steward') AND r.role_oid = reader
        ORDER BY r.basis LIMIT 1));
    IF ended IS NULL AND by_hand IS NULL AND standing IS NOT NULL THEN
        RAISE EXCEPTION 'the access of "%" to data product "%" is no grant that can be revoked', role, label
        USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It stands: %s.', standing),
              HINT = CASE WHEN standing LIKE 'it owns%' THEN 'The owner of the data reads it as long as it owns it.'
                     ELSE 'Publish a version of the contract that no longer names it.' END;
    ELSIF ended IS NULL AND by_hand IS NULL AND reader IS NULL THEN
        RAISE EXCEPTION 'role "%" does not exist', role USING ERRCODE = 'undefined_object',
              HINT = 'datamesh.access lists who has access.';
    ELSIF ended IS NULL AND by_hand IS NULL THEN
        RAISE NOTICE 'role "%" has no grant of access to data product "%", nothing to do', role, label
        USING DETAIL = coalesce((SELECT format('It reads it as a member of role "%s".', min(pg_get_userbyid(r.role_oid)))
                                 FROM datamesh.port_reader AS r
                                 WHERE r.product_id = end_access.product AND pg_has_role(reader, r.role_oid, 'USAGE')
                                 HAVING count(*) > 0), 'It does not read it.');
        RETURN NULL;
    END IF;
    IF reader IS NOT NULL THEN
        PERFORM datamesh.settle_reader(label, reader);
    END IF;
    IF standing IS NOT NULL THEN
        RAISE NOTICE 'role "%" still reads data product "%": %', role, label, standing
        USING HINT = 'What is standing ends with a version of the contract that no longer says it.';
    END IF;
    RETURN datamesh.event_row('access_revoked', label, NULL, jsonb_build_object(
        'role', role, 'grants', ended, 'by_hand', by_hand, 'for', pg_get_userbyid(caller)));
END $$;
REVOKE ALL ON FUNCTION datamesh.end_access(integer, text, oid, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_access(integer, text, oid, text) IS
'The work of datamesh.revoke_access. Returns the events.';

CREATE PROCEDURE datamesh.revoke_access(product text, role text, why text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_revoke_access';
COMMENT ON PROCEDURE datamesh.revoke_access(text, text, text) IS
'Ends a role''s access to a data product at once: open sessions and prepared statements fail at their next query. Takes what was granted by hand away too, from the role PUBLIC as well. For members of the domain, and for members of the role that give access back. What the contract grants is not revoked here but by its next version (object_not_in_prerequisite_state). Called again it does nothing.';

CREATE FUNCTION datamesh.end_expired_access(product integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    label text := (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = end_expired_access.product);
    ended record;
    events jsonb := '[]';
BEGIN
    PERFORM datamesh.lock_readers(product);
    FOR ended IN
        WITH done AS (
            UPDATE datamesh.access_grant AS g
            SET revoked_at = clock_timestamp(), revoked_by = session_user,
                why = CASE WHEN g.until <= clock_timestamp() THEN 'expired' ELSE 'the role is gone' END
            FROM datamesh.access_grant AS o
            LEFT JOIN LATERAL datamesh.known_role(o.role_name, o.role_oid, o.cluster) AS k ON true
            WHERE o.grant_id = g.grant_id AND g.product_id = end_expired_access.product AND g.revoked_at IS NULL
              AND (g.until <= clock_timestamp() OR k.role IS NULL AND g.cluster = (pg_control_system()).system_identifier)
            RETURNING g.grant_id, g.request_id, coalesce(k.current_name, g.role_name) AS role, k.role AS role_oid, g.until, g.why
        )
        SELECT * FROM done ORDER BY grant_id
    LOOP
        events := events || datamesh.event_row('access_expired', label, NULL, jsonb_build_object(
            'grant', ended.grant_id, 'request', ended.request_id, 'role', ended.role, 'until', ended.until, 'why', ended.why));
        IF ended.role_oid IS NOT NULL THEN
            PERFORM datamesh.settle_reader(label, ended.role_oid);
        END IF;
    END LOOP;
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.end_expired_access(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_expired_access(integer) IS
'Revokes the grants of a product whose time is over, and those of roles that were dropped. Returns the events.';

CREATE FUNCTION datamesh.expire_grants(products integer[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product integer;
    events jsonb := '[]';
BEGIN
    -- the events are appended when all is done: nobody waits for a lock with the log's head in hand
    FOREACH product IN ARRAY products LOOP
        events := events || datamesh.end_expired_access(product);
    END LOOP;
    RAISE NOTICE '%', CASE jsonb_array_length(events) WHEN 1 THEN '1 grant of access has ended'
                      ELSE format('%s grants of access have ended', jsonb_array_length(events)) END;
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.expire_grants(integer[]) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.expire_grants(integer[]) IS
'The work of datamesh.expire_access, product after product. Returns the events.';

CREATE FUNCTION datamesh.end_all_access(product integer, why text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    label text := (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = end_all_access.product);
    ended record;
    events jsonb := '[]';
BEGIN
    PERFORM datamesh.lock_readers(product);
    UPDATE datamesh.approval_request AS a SET status = 'void', changed_at = clock_timestamp()
    WHERE a.kind = 'access' AND a.product_id = end_all_access.product AND a.status = 'pending';
    FOR ended IN
        WITH done AS (
            UPDATE datamesh.access_grant AS g
            SET revoked_at = clock_timestamp(), revoked_by = session_user, why = end_all_access.why
            FROM datamesh.access_grant AS o
            LEFT JOIN LATERAL datamesh.known_role(o.role_name, o.role_oid, o.cluster) AS k ON true
            WHERE o.grant_id = g.grant_id AND g.product_id = end_all_access.product AND g.revoked_at IS NULL
            RETURNING g.grant_id, g.request_id, coalesce(k.current_name, g.role_name) AS role, k.role AS role_oid
        )
        SELECT * FROM done ORDER BY grant_id
    LOOP
        events := events || datamesh.event_row('access_revoked', label, NULL, jsonb_build_object(
            'role', ended.role, 'grants', jsonb_build_array(ended.grant_id), 'why', end_all_access.why));
        IF ended.role_oid IS NOT NULL THEN
            PERFORM datamesh.settle_reader(label, ended.role_oid);
        END IF;
    END LOOP;
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.end_all_access(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_all_access(integer, text) IS
'Ends all grants of a product and withdraws what was asked, because its last port is gone. Returns the events.';

CREATE PROCEDURE datamesh.expire_access(product text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_expire_access';
COMMENT ON PROCEDURE datamesh.expire_access(text) IS
'Revokes what has expired, of one product or of all in the caller''s domains, and says how many grants that were. Expired access is refused without it; this takes the privileges away. Safe to call again and by a schedule; a publish does the same for its product.';

-- ---- what people read ----

CREATE VIEW datamesh.access WITH (security_barrier = true) AS
SELECT p.product, pg_get_userbyid(r.role_oid) AS role, r.consumer, r.basis, r.purpose, min(r.since) AS since, r.until, r.granted_by,
       r.request_id AS request,
       array_agg(quote_ident(p.domain_name) || '.' || quote_ident(p.product_name || '_v' || r.major) ORDER BY r.major) AS ports
FROM datamesh.port_reader AS r
JOIN datamesh.product AS p ON p.product_id = r.product_id
WHERE r.role_oid IS NOT NULL
  AND (pg_has_role(r.role_oid, 'USAGE') OR pg_has_role(datamesh.consumer_role(p.domain_name::text), 'USAGE'))
GROUP BY p.product, p.domain_name, r.role_oid, r.consumer, r.basis, r.purpose, r.until, r.granted_by, r.request_id, r.grant_id;
GRANT SELECT ON datamesh.access TO PUBLIC;
COMMENT ON VIEW datamesh.access IS
'Who has access to what, and why: role, basis (owner of the domain; steward or contract: the contract in force names it, under the name consumer; grant: it asked and was granted), purpose, since when, until when (null: open), granted by whom (for what a contract grants: who loaded it), by which request, and the ports. Members of a domain see all of its products, everybody the rows of their own roles. Who only inherits a role''s access has no row.';

CREATE VIEW datamesh.access_requests WITH (security_barrier = true) AS
SELECT a.request_id AS request, p.product, coalesce(k.current_name, (a.subject ->> 'role')::name) AS role, a.why AS purpose,
       (a.subject ->> 'until')::timestamptz AS until,
       CASE WHEN a.status = 'pending' AND (k.role IS NULL OR datamesh.request_outdated(a.request_id)) THEN 'outdated'
            WHEN a.status = 'rejected' THEN 'denied' WHEN a.status = 'void' THEN 'withdrawn' ELSE a.status END AS status,
       CASE WHEN a.status = 'pending' THEN s.deciders END AS waits_for,
       a.requested_by, a.requested_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('stage', d.stage, 'in_favour', d.in_favour, 'by', d.decided_by,
                                                     'for', d.decided_for, 'comment', d.comment, 'at', d.decided_at)
                                  ORDER BY d.decided_at)
                 FROM datamesh.access_decision AS d WHERE d.request_id = a.request_id), '[]')
       || coalesce((SELECT jsonb_agg(jsonb_build_object('stage', 'council', 'in_favour', v.in_favour, 'by', v.role_name,
                                                        'comment', v.comment, 'at', v.cast_at) ORDER BY v.cast_at)
                    FROM datamesh.vote AS v WHERE v.request_id = a.request_id), '[]') AS decisions,
       CASE WHEN a.status = 'pending' THEN format('CALL datamesh.approve(%s)', a.request_id) END AS to_approve,
       CASE WHEN a.status = 'pending' THEN format('CALL datamesh.deny(%s, why => ''...'')', a.request_id) END AS to_deny
FROM datamesh.approval_request AS a
JOIN datamesh.product AS p ON p.product_id = a.product_id
LEFT JOIN LATERAL datamesh.known_role((a.subject ->> 'role')::name, (a.subject ->> 'role_oid')::oid,
                                      (a.subject ->> 'cluster')::bigint) AS k ON true
LEFT JOIN LATERAL datamesh.access_stage(a.request_id) AS s ON true
WHERE a.kind = 'access'
  AND (pg_has_role(k.role, 'USAGE') OR a.subject ->> 'asked_by' = (SELECT u.oid::bigint::text FROM pg_roles AS u WHERE u.rolname = current_user)
       OR pg_has_role(datamesh.consumer_role(p.domain_name::text), 'USAGE')
       OR EXISTS (SELECT FROM unnest(s.roles) AS o(role) WHERE pg_has_role(o.role, 'USAGE'))
       OR s.stage = 'council' AND EXISTS (SELECT FROM datamesh.council_seats() AS c WHERE pg_has_role(c.role_oid, 'USAGE')));
GRANT SELECT ON datamesh.access_requests TO PUBLIC;
COMMENT ON VIEW datamesh.access_requests IS
'Requests for access: for which role, for what purpose, until when; how each stands (pending, approved, denied, withdrawn; outdated: the role or the ports are gone, or its end is past), for whom it waits, what was decided so far and why, and the calls that decide. Seen by those who asked, by the domain, and by those for whom it waits.';

-- ---- review ----

CREATE VIEW datamesh.access_finding WITH (security_barrier = true) AS
WITH live AS (
    -- grants that nobody has revoked, with the role as it is today
    SELECT g.product_id, g.grant_id, g.request_id, coalesce(k.current_name, g.role_name) AS role, k.role AS role_oid, g.since, g.until,
           g.until <= clock_timestamp() AS expired,
           floor(extract(epoch FROM clock_timestamp() - g.since) / 86400)::integer AS days
    FROM datamesh.access_grant AS g
    LEFT JOIN LATERAL datamesh.known_role(g.role_name, g.role_oid, g.cluster) AS k ON true
    WHERE g.revoked_at IS NULL
), found AS (
    SELECT l.product_id, l.role::text AS role, 'expired' AS finding, 'WARNING' AS severity,
           'access has expired and is refused; the privileges are still there' AS message,
           jsonb_build_object('grant', l.grant_id, 'until', l.until) AS figures, NULL::integer AS days,
           'CALL datamesh.expire_access(%1$L)' AS mend
    FROM live AS l WHERE l.expired AND l.role_oid IS NOT NULL
    UNION ALL
    SELECT l.product_id, l.role, 'role gone', 'WARNING',
           'the role was dropped; another one of the same name has no access by this grant',
           jsonb_build_object('grant', l.grant_id, 'since', l.since), NULL, 'CALL datamesh.revoke_access(%1$L, %2$L)'
    FROM live AS l WHERE l.role_oid IS NULL
    UNION ALL
    SELECT l.product_id, l.role, 'no end', 'INFO', 'access was granted without an end: it had better be asked for again, with one',
           jsonb_build_object('grant', l.grant_id, 'since', l.since, 'days', l.days), NULL,
           'CALL datamesh.revoke_access(%1$L, %2$L)'
    FROM live AS l WHERE NOT coalesce(l.expired, false) AND l.role_oid IS NOT NULL AND l.until IS NULL
    UNION ALL
    SELECT l.product_id, l.role, 'old', 'WARNING', format('access was granted %s days ago, is it still needed?', l.days),
           jsonb_build_object('grant', l.grant_id, 'since', l.since, 'days', l.days), l.days,
           'CALL datamesh.revoke_access(%1$L, %2$L)'
    FROM live AS l WHERE NOT coalesce(l.expired, false) AND l.role_oid IS NOT NULL
    UNION ALL
    SELECT u.product_id, pg_get_userbyid(u.role_oid), 'unused', 'WARNING',
           format(CASE WHEN u.used IS NULL THEN 'has not read it in the %s days that were looked at' ELSE 'has not read it for %s days' END, u.days),
           jsonb_strip_nulls(jsonb_build_object('basis', u.basis, 'used', u.used, 'looked_since', u.looked_since, 'days', u.days)), u.days,
           CASE u.basis WHEN 'grant' THEN 'CALL datamesh.revoke_access(%1$L, %2$L)'
                ELSE '-- publish a version of the contract that does not name it, if it is needed no more' END
    FROM (SELECT r.product_id, r.role_oid, r.basis, l.used, l.since AS looked_since,
                 floor(extract(epoch FROM clock_timestamp() - greatest(l.used, l.since, r.since)) / 86400)::integer AS days
          FROM (SELECT x.product_id, x.role_oid, x.basis, min(x.since) AS since FROM datamesh.port_reader AS x
                WHERE x.basis <> 'owner' AND x.role_oid IS NOT NULL GROUP BY 1, 2, 3) AS r
          CROSS JOIN LATERAL datamesh.last_use(r.product_id, r.role_oid) AS l WHERE l.since IS NOT NULL) AS u
    UNION ALL
    SELECT r.product_id, pg_get_userbyid(r.role_oid), 'nobody', 'INFO',
           'nobody can use this access: the role cannot log in and has no members',
           jsonb_build_object('basis', r.basis), NULL,
           CASE r.basis WHEN 'grant' THEN 'CALL datamesh.revoke_access(%1$L, %2$L)'
                ELSE '-- publish a version of the contract that does not name it, or GRANT the role to those who are to read' END
    FROM (SELECT DISTINCT x.product_id, x.role_oid, x.basis FROM datamesh.port_reader AS x WHERE x.basis <> 'owner') AS r
    JOIN pg_roles AS o ON o.oid = r.role_oid AND NOT o.rolcanlogin
    WHERE NOT EXISTS (SELECT FROM pg_auth_members AS m WHERE m.roleid = r.role_oid)
    UNION ALL
    SELECT r.product_id, r.consumer, 'consumer gone', 'WARNING',
           'the contract in force names a reader that is no consumer and no domain any more',
           jsonb_build_object('major', r.major), NULL,
           '-- CALL datamesh.create_consumer(%2$L, role => ...), or publish a version of the contract that does not name it'
    FROM datamesh.port_reader AS r WHERE r.basis = 'contract' AND r.role_oid IS NULL
    UNION ALL
    SELECT v.product_id, CASE v.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(v.grantee) END, 'by hand', 'CRITICAL',
           format('holds %s on %s, which neither the contract nor a grant of access gives', string_agg(v.privilege, ', ' ORDER BY v.privilege), v.port),
           jsonb_build_object('port', v.port, 'privileges', jsonb_agg(v.privilege ORDER BY v.privilege)), NULL,
           -- a publish takes what is too much from whom a grant gives the rest
           CASE WHEN EXISTS (SELECT FROM live AS l WHERE l.product_id = v.product_id AND l.role_oid = v.grantee)
                THEN 'CALL datamesh.publish(%1$L)' ELSE 'CALL datamesh.revoke_access(%1$L, %2$L)' END
    FROM datamesh.port_privilege AS v
    WHERE (v.privilege <> 'SELECT' OR NOT EXISTS (SELECT FROM datamesh.port_reader AS r WHERE r.port_id = v.port_id AND r.role_oid = v.grantee))
      AND NOT EXISTS (SELECT FROM live AS l WHERE l.product_id = v.product_id AND l.role_oid = v.grantee AND l.expired)
    GROUP BY v.product_id, v.grantee, v.port
    UNION ALL
    SELECT r.product_id, pg_get_userbyid(r.role_oid), 'missing', 'INFO',
           format('may read %s and does not hold the privilege', p.port), jsonb_build_object('port', p.port), NULL,
           'CALL datamesh.publish(%1$L)'
    FROM (SELECT DISTINCT x.product_id, x.port_id, x.role_oid FROM datamesh.port_reader AS x WHERE x.role_oid IS NOT NULL) AS r
    JOIN (SELECT DISTINCT o.port_id, quote_ident(d.domain_name) || '.' || quote_ident(d.product_name || '_v' || o.major) AS port
          FROM datamesh.port AS o JOIN datamesh.product AS d ON d.product_id = o.product_id) AS p ON p.port_id = r.port_id
    WHERE NOT EXISTS (SELECT FROM datamesh.port_privilege AS v
                      WHERE v.port_id = r.port_id AND v.port = p.port AND v.grantee = r.role_oid AND v.privilege = 'SELECT')
    UNION ALL
    SELECT a.product_id, coalesce(k.current_name, (a.subject ->> 'role')::name), 'waiting', 'INFO',
           format('request %s has waited for a decision for %s days', a.request_id, w.days),
           jsonb_build_object('request', a.request_id, 'days', w.days), NULL,
           format('-- CALL datamesh.approve(%1$s) or CALL datamesh.deny(%1$s, why)', a.request_id)
    FROM datamesh.approval_request AS a
    LEFT JOIN LATERAL datamesh.known_role((a.subject ->> 'role')::name, (a.subject ->> 'role_oid')::oid,
                                          (a.subject ->> 'cluster')::bigint) AS k ON true
    CROSS JOIN LATERAL (SELECT floor(extract(epoch FROM clock_timestamp() - a.requested_at) / 86400)::integer AS days) AS w
    WHERE a.kind = 'access' AND a.status = 'pending' AND w.days >= 7
)
SELECT p.product_id, p.product, f.role, f.finding, f.severity, f.message, f.figures, f.days, f.mend
FROM found AS f JOIN datamesh.product AS p ON p.product_id = f.product_id
WHERE pg_has_role(datamesh.consumer_role(p.domain_name::text), 'USAGE');
GRANT SELECT ON datamesh.access_finding TO PUBLIC;
COMMENT ON VIEW datamesh.access_finding IS
'What datamesh.access_review chooses from, for the products of the reader''s domains: finding old stands for every grant, with its days. mend is a format of product and role.';

CREATE FUNCTION datamesh.access_review(product text DEFAULT NULL, older_than interval DEFAULT '180 days')
RETURNS TABLE (data_product text, role text, finding text, severity text, message text, figures jsonb, mend text)
LANGUAGE plpgsql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    wanted integer := datamesh.product_id(access_review.product);
BEGIN
    RETURN QUERY
    SELECT f.product, f.role, f.finding, f.severity, f.message, f.figures, format(f.mend, f.product, f.role)
    FROM datamesh.access_finding AS f
    WHERE (wanted IS NULL OR f.product_id = wanted)
      AND (f.days IS NULL OR f.days * interval '1 day' >= older_than)
    ORDER BY CASE f.severity WHEN 'CRITICAL' THEN 1 WHEN 'WARNING' THEN 2 ELSE 3 END, f.product, f.finding, f.role, f.message;
END $$;
COMMENT ON FUNCTION datamesh.access_review(text, interval) IS
'What is stale, unused or wrong about access to a data product (NULL: to all of the caller''s domains): data_product, role, finding, severity, message, figures, and the statement that mends it (a comment where it takes more than a statement). Findings: by hand (a privilege on a port without any basis; CRITICAL), expired (over, and not revoked yet), role gone (a grant to a role that was dropped), consumer gone (the contract names a reader that is none any more), old (a grant older than older_than), unused (a reader who has not read for as long as older_than, as far as a preloaded server remembers since its start), no end (a grant without until), nobody (a role that cannot log in and has no members), missing (a reader without the privilege), waiting (a request that nobody has decided for a week). Errors: MD102.';

SELECT pg_catalog.pg_extension_config_dump('datamesh.access_decision', '');
