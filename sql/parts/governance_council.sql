-- governance_council: the council, what is asked of it, and versions that wait for it.
--
-- Whatever the council decides is a request: a version that waits to be published, a waiver, the
-- decision of a dispute. Members vote on requests, and what follows from a decision is done by the
-- handler of the request's kind, in the transaction of the vote that decided it. A further kind is
-- a row of request_kind and a handler.
--
-- Who may ask and vote is decided in C (src/governance), where the caller is known; the functions
-- here do the work as the extension's owner and return the events to append.

INSERT INTO datamesh.policy_default (position, policy_name, severity, parameters, description) VALUES
(250, 'contracts.shared', 'OFF', '{}',
 'A new version of a contract that domains other than its own read waits for the council, the first version and every later one.');

-- ---- the council ----

CREATE TABLE datamesh.council_rule (
    only_row             boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    quorum               integer CHECK (quorum >= 1),
    own_domain           boolean NOT NULL DEFAULT false,
    longest_waiver_days  integer NOT NULL DEFAULT 365 CHECK (longest_waiver_days >= 1),
    set_at               timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_by               name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE datamesh.council_rule IS
'How the council decides, as the platform set it; no row until then. Read datamesh.council instead.';

CREATE FUNCTION datamesh.council_seats()
RETURNS TABLE (role_name name, since timestamptz, domain_name name, role_oid oid, current_name name)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT m.role_name, m.since, m.domain_name, r.oid, r.rolname
FROM datamesh.council_member AS m
JOIN pg_roles AS r
  ON CASE WHEN m.cluster = (pg_control_system()).system_identifier THEN r.oid = m.role_oid
          ELSE r.rolname = m.role_name
               AND EXISTS (SELECT FROM pg_namespace AS n, aclexplode(n.nspacl) AS a
                           WHERE n.nspname = 'datamesh' AND a.grantee = r.oid AND a.privilege_type = 'USAGE') END
WHERE m.until IS NULL;
END;
COMMENT ON FUNCTION datamesh.council_seats() IS
'The seats of the council that somebody holds now: the member as it was added (role_name, since), the domain that it represents, the role that this is today. A role that was dropped, or made again under the same name, holds no seat.';

CREATE VIEW datamesh.council_members AS
SELECT coalesce(s.current_name, m.role_name) AS role, m.domain_name AS domain, m.since, m.until,
       s.role_oid IS NOT NULL AS votes
FROM datamesh.council_member AS m
LEFT JOIN datamesh.council_seats() AS s ON s.role_name = m.role_name AND s.since = m.since;
GRANT SELECT ON datamesh.council_members TO PUBLIC;
COMMENT ON VIEW datamesh.council_members IS
'The members of the council, those who left too: role, the domain that it represents, from when to when (until null: still), and whether it can vote now (no: it left, or the role is gone).';

CREATE FUNCTION datamesh.council_quorum() RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT coalesce((SELECT r.quorum FROM datamesh.council_rule AS r),
                (SELECT count(*)::integer / 2 + 1 FROM datamesh.council_seats()));
END;
COMMENT ON FUNCTION datamesh.council_quorum() IS
'How many votes decide a request: as many as the platform set (datamesh.set_council), else the majority of the members.';

CREATE VIEW datamesh.council AS
SELECT (SELECT count(*) FROM datamesh.council_seats())::integer AS members,
       datamesh.council_quorum() AS quorum,
       CASE WHEN r.quorum IS NULL THEN 'majority' ELSE 'fixed' END AS quorum_is,
       coalesce(r.own_domain, false) AS own_domain,
       coalesce(r.longest_waiver_days, 365) AS longest_waiver_days,
       r.set_at, r.set_by
FROM (VALUES (1)) AS one LEFT JOIN datamesh.council_rule AS r ON true;
GRANT SELECT ON datamesh.council TO PUBLIC;
COMMENT ON VIEW datamesh.council IS
'How the council decides: members who can vote, the quorum (votes that decide; fixed, or the majority of the members), whether the votes of the domains concerned are enough by themselves (own_domain), for how many days a policy can be waived at most.';

CREATE FUNCTION datamesh.event_row(kind text, product text, version text, details jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN jsonb_build_array(jsonb_build_object('kind', kind, 'product', product, 'version', version,
                                            'details', jsonb_strip_nulls(details)));
COMMENT ON FUNCTION datamesh.event_row(text, text, text, jsonb) IS
'An array with one event, as the functions behind the council''s procedures return them.';

CREATE FUNCTION datamesh.store_member(role_oid oid, domain text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    role name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = store_member.role_oid);
    seat record;
BEGIN
    LOCK TABLE datamesh.council_member IN SHARE ROW EXCLUSIVE MODE;
    SELECT s.* INTO seat FROM datamesh.council_seats() AS s WHERE s.role_oid = store_member.role_oid;
    IF FOUND AND seat.domain_name IS NOT DISTINCT FROM domain::name THEN
        RAISE NOTICE 'role "%" is a member of the council already, nothing to do', role;
        RETURN NULL;
    ELSIF FOUND THEN
        RAISE EXCEPTION 'role "%" is a member of the council already', role
        USING ERRCODE = 'duplicate_object',
              DETAIL = coalesce(format('It represents domain "%s".', seat.domain_name), 'It represents no domain.'),
              HINT = 'Remove it first: CALL datamesh.remove_council_member(...).';
    END IF;
    -- what is left of a role of this name that is gone
    UPDATE datamesh.council_member AS m SET until = clock_timestamp() WHERE m.role_name = role AND m.until IS NULL;
    INSERT INTO datamesh.council_member (role_name, role_oid, domain_name, since)
    VALUES (role, store_member.role_oid, domain::name, clock_timestamp());
    PERFORM datamesh.end_namesakes(role);
    EXECUTE format('GRANT USAGE ON SCHEMA datamesh TO %I', role);
    RETURN datamesh.event_row('council_member_added', NULL, NULL, jsonb_build_object('role', role, 'domain', domain));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_member(oid, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_member(oid, text) IS
'The work of datamesh.add_council_member. Returns the events.';

CREATE FUNCTION datamesh.end_member(role text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seat record;
BEGIN
    LOCK TABLE datamesh.council_member IN SHARE ROW EXCLUSIVE MODE;
    SELECT m.role_name, m.since, m.domain_name INTO seat
    FROM datamesh.council_member AS m
    LEFT JOIN datamesh.council_seats() AS s ON s.role_name = m.role_name AND s.since = m.since
    WHERE m.until IS NULL AND coalesce(s.current_name, m.role_name) = end_member.role;
    IF NOT FOUND THEN
        RAISE NOTICE 'role "%" is no member of the council, nothing to do', role;
        RETURN NULL;
    END IF;
    UPDATE datamesh.council_member AS m SET until = clock_timestamp()
    WHERE m.role_name = seat.role_name AND m.since = seat.since;
    RETURN datamesh.event_row('council_member_removed', NULL, NULL,
                              jsonb_build_object('role', role, 'domain', seat.domain_name));
END $$;
REVOKE ALL ON FUNCTION datamesh.end_member(text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_member(text) IS
'The work of datamesh.remove_council_member. Returns the events.';

CREATE FUNCTION datamesh.store_council(quorum integer, own_domain boolean, longest_waiver_days integer, majority boolean)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    said datamesh.council_rule;
    rule datamesh.council_rule;
BEGIN
    IF quorum < 1 OR longest_waiver_days < 1 THEN
        RAISE EXCEPTION '% must be at least 1', CASE WHEN quorum < 1 THEN 'quorum' ELSE 'longest_waiver_days' END
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    LOCK TABLE datamesh.council_rule IN SHARE ROW EXCLUSIVE MODE;
    SELECT r.* INTO said FROM datamesh.council_rule AS r;
    INSERT INTO datamesh.council_rule AS r (quorum, own_domain, longest_waiver_days)
    VALUES (CASE WHEN NOT majority THEN coalesce(store_council.quorum, said.quorum) END,
            coalesce(store_council.own_domain, said.own_domain, false),
            coalesce(store_council.longest_waiver_days, said.longest_waiver_days, 365))
    ON CONFLICT (only_row) DO UPDATE
    SET quorum = excluded.quorum, own_domain = excluded.own_domain,
        longest_waiver_days = excluded.longest_waiver_days, set_at = clock_timestamp(), set_by = session_user
    RETURNING r.* INTO rule;
    RETURN datamesh.event_row('council_set', NULL, NULL, jsonb_build_object(
        'quorum', coalesce(to_jsonb(rule.quorum), '"majority"'), 'own_domain', rule.own_domain,
        'longest_waiver_days', rule.longest_waiver_days));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_council(integer, boolean, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_council(integer, boolean, integer, boolean) IS
'The work of datamesh.set_council. Returns the events.';

CREATE PROCEDURE datamesh.add_council_member(role text, domain text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_add_council_member';
REVOKE ALL ON PROCEDURE datamesh.add_council_member(text, text) FROM PUBLIC;
COMMENT ON PROCEDURE datamesh.add_council_member(text, text) IS
'Gives a role a seat in the council, as the representative of a domain (NULL: of none). A role has one seat and one vote; whoever has its privileges speaks for it. For the platform. Called again it does nothing.';

CREATE PROCEDURE datamesh.remove_council_member(role text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_remove_council_member';
REVOKE ALL ON PROCEDURE datamesh.remove_council_member(text) FROM PUBLIC;
COMMENT ON PROCEDURE datamesh.remove_council_member(text) IS
'Takes a role''s seat in the council away. Its votes on requests that are not decided yet do not count any more. For the platform. Called again it does nothing.';

CREATE PROCEDURE datamesh.set_council(
    quorum integer DEFAULT NULL, own_domain boolean DEFAULT NULL, longest_waiver_days integer DEFAULT NULL,
    majority boolean DEFAULT false)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_set_council';
REVOKE ALL ON PROCEDURE datamesh.set_council(integer, boolean, integer, boolean) FROM PUBLIC;
COMMENT ON PROCEDURE datamesh.set_council(integer, boolean, integer, boolean) IS
'How the council decides: quorum is the number of votes that decide (majority => true: the majority of the members again); own_domain => true lets the domains that are concerned decide by themselves; longest_waiver_days is for how long a policy can be waived at most. What is left out stays as it is. For the platform.';

-- ---- requests and votes ----

CREATE TABLE datamesh.request_kind (
    kind         text PRIMARY KEY,
    handler      name,
    description  text NOT NULL
);
COMMENT ON TABLE datamesh.request_kind IS
'What can be asked of the council. handler is the function datamesh.<handler>(request integer, approved boolean) RETURNS jsonb that does what follows from the decision and returns the events.';
INSERT INTO datamesh.request_kind (kind, handler, description) VALUES
('publish', NULL, 'a version of a contract that waits to be published'),
('waiver', 'waiver_decided', 'a policy that is not to block a product for a while'),
('dispute', 'dispute_decided', 'the decision of a dispute over shared data'),
('policy', 'policy_decided', 'a global policy that is to become looser');

CREATE TABLE datamesh.approval_request (
    request_id        integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    kind              text NOT NULL REFERENCES datamesh.request_kind,
    product_id        integer REFERENCES datamesh.product ON DELETE CASCADE,
    contract_id       integer REFERENCES datamesh.contract ON DELETE CASCADE,
    from_contract_id  integer REFERENCES datamesh.contract ON DELETE CASCADE,
    document_hash     bytea,
    subject           jsonb NOT NULL CHECK (jsonb_typeof(subject) = 'object'),
    why               text NOT NULL,
    interested        name[] NOT NULL DEFAULT '{}',
    requested_by      name NOT NULL DEFAULT session_user,
    requested_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    status            text NOT NULL DEFAULT 'pending'
                      CHECK (status IN ('pending', 'approved', 'rejected', 'void')),
    changed_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX approval_request_product_idx ON datamesh.approval_request (product_id, request_id);
CREATE INDEX approval_request_contract_idx ON datamesh.approval_request (contract_id);
CREATE INDEX approval_request_from_idx ON datamesh.approval_request (from_contract_id);
CREATE INDEX approval_request_asked_idx ON datamesh.approval_request (((subject ->> 'asked_by')::bigint)) WHERE kind = 'access' AND status IN ('pending', 'void');
CREATE INDEX approval_request_pending_idx ON datamesh.approval_request (request_id) WHERE status = 'pending';
COMMENT ON TABLE datamesh.approval_request IS
'What was asked of the council and what became of it. document_hash (SHA-256) and from_contract_id bind the approval of a version to the very document and to the version that it follows. interested: the domains that are concerned. Every vote changes the row, so that of two votes at once one waits for the other. Read datamesh.approvals and datamesh.pending_approvals instead.';
COMMENT ON SEQUENCE datamesh.approval_request_request_id_seq IS
'The numbers of datamesh.approval_request.';

CREATE TABLE datamesh.vote (
    request_id  integer NOT NULL REFERENCES datamesh.approval_request ON DELETE CASCADE,
    role_name   name NOT NULL,
    since       timestamptz NOT NULL,
    in_favour   boolean NOT NULL,
    comment     text,
    cast_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    cast_by     name NOT NULL DEFAULT session_user,
    PRIMARY KEY (request_id, role_name, since),
    FOREIGN KEY (role_name, since) REFERENCES datamesh.council_member ON DELETE CASCADE
);
CREATE INDEX vote_member_idx ON datamesh.vote (role_name, since);
COMMENT ON TABLE datamesh.vote IS
'One vote for each seat of the council and request; it counts as long as the seat is held.';

CREATE FUNCTION datamesh.document_hash(contract integer) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT sha256(convert_to(c.document::text, 'UTF8')) FROM datamesh.contract AS c WHERE c.contract_id = contract;
END;
COMMENT ON FUNCTION datamesh.document_hash(integer) IS
'SHA-256 of a stored contract''s document in UTF-8: approvals are bound to it.';

CREATE FUNCTION datamesh.request_tally(
    request integer, OUT members integer, OUT quorum integer, OUT in_favour integer, OUT against integer,
    OUT outside integer, OUT verdict text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH votes AS (
    SELECT count(*)::integer AS members,
           count(*) FILTER (WHERE v.in_favour)::integer AS in_favour,
           count(*) FILTER (WHERE NOT v.in_favour)::integer AS against,
           count(*) FILTER (WHERE v.in_favour AND s.domain_name IS NULL
                                  OR v.in_favour AND s.domain_name <> ALL (a.interested))::integer AS outside
    FROM datamesh.approval_request AS a
    CROSS JOIN datamesh.council_seats() AS s
    LEFT JOIN datamesh.vote AS v ON v.request_id = a.request_id AND v.role_name = s.role_name AND v.since = s.since
    WHERE a.request_id = request
)
SELECT v.members, c.quorum, v.in_favour, v.against, v.outside,
       CASE WHEN v.in_favour >= c.quorum AND (c.own_domain OR v.outside > 0) THEN 'approved'
            WHEN v.against >= c.quorum OR v.members >= c.quorum AND v.members - v.against < c.quorum THEN 'rejected'
            ELSE 'pending' END
FROM votes AS v, datamesh.council AS c;
END;
COMMENT ON FUNCTION datamesh.request_tally(integer) IS
'How the votes on a request stand: members who can vote, votes that decide, votes for and against, votes for it from outside the domains that are concerned, and what follows: approved (a quorum for it, one of them from outside unless datamesh.council says own_domain), rejected (a quorum against it, or too few left to reach one), else pending.';

CREATE FUNCTION datamesh.request_outdated(request integer) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT CASE a.kind
       WHEN 'publish' THEN c.status <> 'draft' OR a.document_hash IS DISTINCT FROM datamesh.document_hash(a.contract_id)
       WHEN 'access' THEN coalesce((a.subject ->> 'until')::timestamptz <= clock_timestamp(), false)
                          OR NOT EXISTS (SELECT FROM datamesh.port AS o
                                         WHERE o.product_id = a.product_id AND o.current_release IS NOT NULL)
       WHEN 'policy' THEN a.subject -> 'from' IS DISTINCT FROM datamesh.global_policy(a.subject ->> 'policy')
       ELSE false END
FROM datamesh.approval_request AS a LEFT JOIN datamesh.contract AS c ON c.contract_id = a.contract_id
WHERE a.request_id = request;
END;
COMMENT ON FUNCTION datamesh.request_outdated(integer) IS
'Whether the contract or policy that a request is about has been changed or published since, or the access that it asks for would be over or has no port to read any more, so that there is nothing left to decide.';

CREATE FUNCTION datamesh.request_label(request integer, OUT product text, OUT version text, OUT what text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT p.product, c.version::text,
       CASE a.kind
       WHEN 'publish' THEN format('version %s of data product "%s"', c.version, p.product)
       WHEN 'waiver' THEN format('a waiver of policy %s for data product "%s"', a.subject ->> 'policy', p.product)
       WHEN 'access' THEN format('access of role "%s" to data product "%s"', a.subject ->> 'role', p.product)
       WHEN 'dispute' THEN format('a decision of dispute %s over data product "%s"', a.subject ->> 'dispute', p.product)
       WHEN 'policy' THEN format('a loosening of policy %s', a.subject ->> 'policy')
       ELSE coalesce(format('%s of data product "%s"', a.kind, p.product), a.kind) END
FROM datamesh.approval_request AS a
LEFT JOIN datamesh.product AS p ON p.product_id = a.product_id
LEFT JOIN datamesh.contract AS c ON c.contract_id = a.contract_id
WHERE a.request_id = request;
END;
COMMENT ON FUNCTION datamesh.request_label(integer) IS
'What a request is about: the product, the version, and both in words.';

CREATE FUNCTION datamesh.require_open_request(request integer) RETURNS datamesh.approval_request
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no request %', request
        USING ERRCODE = 'MD403', HINT = 'datamesh.pending_approvals lists what waits for a decision.';
    END IF;
    IF r.kind = 'access' AND r.status = 'pending' AND datamesh.request_outdated(request) THEN
        RAISE EXCEPTION 'request % asks for access that there is no more', request
        USING ERRCODE = 'MD404',
              DETAIL = CASE WHEN (r.subject ->> 'until')::timestamptz <= clock_timestamp()
                            THEN format('It was to end %s.', r.subject ->> 'until') ELSE 'The product has no port to read.' END,
              HINT = format('CALL datamesh.deny(%s, why); whoever still needs access asks again.', request);
    ELSIF r.kind = 'policy' AND r.status = 'pending' AND datamesh.request_outdated(request) THEN
        RAISE EXCEPTION 'request % is about a policy that was changed since', request
        USING ERRCODE = 'MD404',
              DETAIL = format('Policy %s is %s now; the council was asked when it was %s.', r.subject ->> 'policy',
                              coalesce(datamesh.global_policy(r.subject ->> 'policy')::text, 'gone'), r.subject -> 'from'),
              HINT = 'Whoever still wants it looser asks again: CALL datamesh.set_policy(...).';
    ELSIF r.status = 'pending' AND datamesh.request_outdated(request) THEN
        RAISE EXCEPTION 'request % is about a contract that was changed or published since', request
        USING ERRCODE = 'MD404',
              DETAIL = 'An approval is bound to the very document that was shown to the council.',
              HINT = 'The next publish of the version makes a new request, if one is needed.';
    END IF;
    RETURN r;
END $$;
REVOKE ALL ON FUNCTION datamesh.require_open_request(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.require_open_request(integer) IS
'A request''s row, locked, or the error that there is none or that its contract or policy was changed. Errors: MD403, MD404.';

CREATE FUNCTION datamesh.settle_request(request integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tally record;
    label record;
    handler name;
    events jsonb := '[]';
BEGIN
    SELECT t.* INTO tally FROM datamesh.request_tally(request) AS t;
    SELECT l.* INTO label FROM datamesh.request_label(request) AS l;
    UPDATE datamesh.approval_request AS a SET status = tally.verdict, changed_at = clock_timestamp()
    WHERE a.request_id = request;
    IF tally.verdict = 'pending' THEN
        RAISE NOTICE 'request %, %, has % of the % votes that it needs', request, label.what, tally.in_favour, tally.quorum
        USING DETAIL = CASE WHEN tally.in_favour >= tally.quorum
                            THEN 'One of them has to come from a domain that is not concerned.'
                            ELSE format('Members of the council: %s.', tally.members) END,
              HINT = format('CALL datamesh.approve(%s) or CALL datamesh.reject(%s, why)', request, request);
        RETURN events;
    END IF;
    events := datamesh.event_row(
        'request_' || tally.verdict, label.product, label.version,
        jsonb_build_object('request', request, 'what', label.what, 'in_favour', tally.in_favour,
                           'against', tally.against, 'quorum', tally.quorum));
    SELECT k.handler INTO handler
    FROM datamesh.approval_request AS a JOIN datamesh.request_kind AS k ON k.kind = a.kind WHERE a.request_id = request;
    IF handler IS NOT NULL THEN
        EXECUTE format('SELECT $1 || coalesce(datamesh.%I($2, $3), ''[]'')', handler)
        INTO events USING events, request, tally.verdict = 'approved';
    END IF;
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.settle_request(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.settle_request(integer) IS
'Counts the votes of a request that is locked, and does what follows. Returns the events.';

CREATE FUNCTION datamesh.cast_vote(
    request integer, seat_role name, seat_since timestamptz, in_favour boolean, comment text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    seat record;
    earlier datamesh.vote;
    label record;
    events jsonb := '[]';
BEGIN
    r := datamesh.require_open_request(request);
    -- whoever leaves the council now waits until this vote is counted
    PERFORM FROM datamesh.council_member AS m WHERE m.until IS NULL FOR SHARE;
    SELECT s.* INTO seat FROM datamesh.council_seats() AS s WHERE s.role_name = seat_role AND s.since = seat_since;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role "%" is no member of the council any more', seat_role USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT v.* INTO earlier FROM datamesh.vote AS v
    WHERE v.request_id = request AND v.role_name = seat_role AND v.since = seat_since;
    IF FOUND AND earlier.in_favour <> cast_vote.in_favour THEN
        RAISE EXCEPTION 'role "%" has voted on request % already', seat.current_name, request
        USING ERRCODE = 'MD404',
              DETAIL = CASE WHEN earlier.in_favour THEN 'It voted for it.' ELSE 'It voted against it.' END,
              HINT = 'A member has one vote on a request, and it stands.';
    ELSIF FOUND THEN
        RAISE NOTICE 'role "%" has voted on request % already, nothing to do', seat.current_name, request;
    ELSIF r.status <> 'pending' THEN
        RAISE EXCEPTION 'request % is % already', request, CASE r.status WHEN 'void' THEN 'void' ELSE r.status END
        USING ERRCODE = 'MD404', HINT = 'datamesh.pending_approvals lists what waits for a decision.';
    ELSE
        IF EXISTS (SELECT FROM datamesh.vote AS v JOIN pg_roles AS o ON o.rolname = v.cast_by
                   WHERE v.request_id = request AND v.cast_by = session_user AND NOT o.rolsuper
                     AND (v.role_name, v.since) <> (seat_role, seat_since)) THEN
            RAISE EXCEPTION 'role "%" has voted on request % for another member already', session_user, request
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Whoever speaks for several members of the council has one vote on a request.';
        END IF;
        INSERT INTO datamesh.vote (request_id, role_name, since, in_favour, comment)
        VALUES (request, seat_role, seat_since, cast_vote.in_favour, cast_vote.comment);
        SELECT l.* INTO label FROM datamesh.request_label(request) AS l;
        events := datamesh.event_row('vote_cast', label.product, label.version, jsonb_build_object(
            'request', request, 'vote', CASE WHEN cast_vote.in_favour THEN 'for' ELSE 'against' END,
            'role', seat.current_name, 'domain', seat.domain_name, 'comment', cast_vote.comment));
    END IF;
    IF r.status = 'pending' THEN
        events := events || datamesh.settle_request(request);
    END IF;
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.cast_vote(integer, name, timestamptz, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.cast_vote(integer, name, timestamptz, boolean, text) IS
'The work of datamesh.approve and datamesh.reject, once it is clear whose seat votes. Returns the events.';

CREATE PROCEDURE datamesh.approve(request integer, comment text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_approve';
COMMENT ON PROCEDURE datamesh.approve(integer, text) IS
'Approves a request. One for access: as the owner of the data, or as whom its contract names (datamesh.access_requests); the last approval that it needs grants, at once. Any other: votes for it, as the member of the council that the current user is. The vote that completes the quorum decides, and what was asked for happens; who has logged in votes once on a request, also with several seats (unless a superuser, as whom many people may come). Called again it counts the votes again. Errors: MD403 no such request, MD404 it is decided, its contract was changed, or the member has voted otherwise.';

CREATE PROCEDURE datamesh.reject(request integer, why text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_reject';
COMMENT ON PROCEDURE datamesh.reject(integer, text) IS
'Votes against a request, and says why. The request is rejected when a quorum is against it, or too few are left to approve it. Errors as of datamesh.approve.';

-- ---- versions ----

CREATE TABLE datamesh.stated_level (
    contract_id    integer PRIMARY KEY REFERENCES datamesh.contract ON DELETE CASCADE,
    document_hash  bytea NOT NULL,
    level          text NOT NULL CHECK (level IN ('major', 'minor', 'patch')),
    why            text NOT NULL,
    stated_by      name NOT NULL DEFAULT session_user,
    stated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE datamesh.stated_level IS
'What publishers said that changes mean which a comparison of contracts cannot judge (held). Bound to the document by its hash.';

CREATE FUNCTION datamesh.version_bump(from_version text, to_version text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT CASE WHEN f.n[1] <> t.n[1] THEN 'major'
            WHEN f.n[2] <> t.n[2] THEN 'minor'
            WHEN f.n[3] <> t.n[3] THEN 'patch'
            ELSE 'none' END
FROM regexp_match(from_version, '^([0-9]+)\.([0-9]+)\.([0-9]+)') AS f(n),
     regexp_match(to_version, '^([0-9]+)\.([0-9]+)\.([0-9]+)') AS t(n);
END;
COMMENT ON FUNCTION datamesh.version_bump(text, text) IS
'Which part of the version differs first: major, minor, patch, or none of them.';

CREATE FUNCTION datamesh.contract_before(contract integer) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH versions AS (
    SELECT c.contract_id, c.status, c.version::text AS version, row_number() OVER (ORDER BY c.version) AS place
    FROM datamesh.contract AS c
    WHERE c.product_id = (SELECT t.product_id FROM datamesh.contract AS t WHERE t.contract_id = contract)
)
SELECT v.contract_id
FROM versions AS v, versions AS this
WHERE this.contract_id = contract AND v.place < this.place AND v.status <> 'draft'
  AND split_part(v.version, '+', 1) !~ '-'
ORDER BY v.place DESC LIMIT 1;
END;
COMMENT ON FUNCTION datamesh.contract_before(integer) IS
'The contract that a version is held against: the highest version below it that was published and is no pre-release. NULL: the version is a first one.';

CREATE FUNCTION datamesh.version_verdict(contract integer)
RETURNS TABLE (product text, version text, from_contract integer, from_version text, bump text, level text,
               stated text, changes jsonb, demands jsonb, consumers text[], unmasked jsonb)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH this AS (
    SELECT c.contract_id, p.product_id, p.product, p.domain_name, c.version::text AS version, c.document::jsonb AS document,
           datamesh.contract_before(c.contract_id) AS before,
           (SELECT s.level FROM datamesh.stated_level AS s
            WHERE s.contract_id = c.contract_id AND s.document_hash = datamesh.document_hash(c.contract_id)) AS stated
    FROM datamesh.contract AS c JOIN datamesh.product AS p ON p.product_id = c.product_id
    WHERE c.contract_id = contract
), policy AS (
    SELECT p.policy, p.severity, p.parameters,
           (SELECT max(w.until) FROM datamesh.waiver AS w
            WHERE w.product_id = t.product_id AND w.policy_name = p.policy
              AND w.until > clock_timestamp() AND w.revoked_at IS NULL) AS waived_until
    FROM this AS t, datamesh.domain_policies(t.domain_name) AS p
    WHERE p.policy IN ('quality.schema_evolution', 'contracts.shared', 'security.lineage')
), change AS (
    SELECT c.*
    FROM this AS t
    JOIN datamesh.contract AS f ON f.contract_id = t.before
    CROSS JOIN LATERAL datamesh.compare_contracts(
        f.document::jsonb, t.document,
        coalesce((SELECT p.parameters -> 'widening' = 'true' FROM policy AS p
                  WHERE p.policy = 'quality.schema_evolution'), false))
        WITH ORDINALITY AS c(path, change, level, needs_approval, reason, position)
), level AS (
    SELECT CASE WHEN bool_or(c.level = 'major') OR bool_or(c.level = 'held') AND t.stated = 'major' THEN 'major'
                WHEN bool_or(c.level = 'held') AND t.stated IS NULL THEN 'held'
                WHEN bool_or(c.level = 'minor') OR bool_or(c.level = 'held') AND t.stated = 'minor' THEN 'minor'
                WHEN count(c.level) > 0 THEN 'patch'
                ELSE 'none' END AS level,
           coalesce(bool_or(c.level = 'held'), false) AS held,
           coalesce(bool_or(c.needs_approval), false) AS needs_approval
    FROM this AS t LEFT JOIN change AS c ON true GROUP BY t.stated
), reader AS (
    SELECT r.role, bool_or(d.domain_name IS NOT NULL) AS is_domain
    FROM this AS t
    JOIN datamesh.contract_role AS r ON r.contract_id IN (t.contract_id, t.before)
    LEFT JOIN datamesh.domain AS d ON d.domain_name::text = r.role
    WHERE r.access = 'read' AND r.role <> t.domain_name::text
    GROUP BY r.role
), unmasked AS MATERIALIZED (
    SELECT u.*, p.policy, p.severity, p.waived_until
    FROM policy AS p CROSS JOIN LATERAL datamesh.unmasked_columns(contract, p.parameters -> 'classifications') AS u
    WHERE p.policy = 'security.lineage' AND p.severity <> 'OFF'
), demand AS (
    SELECT 1 AS place, p.policy, p.severity, p.waived_until,
           format('version %s changes the contract of version %s: %s', t.version, f.version::text,
                  CASE WHEN p.parameters -> 'levels' ? l.level
                       THEN format('its changes are %s', l.level)
                       WHEN l.held AND p.parameters -> 'levels' ? 'held'
                       THEN 'the publisher stated what some of its changes mean'
                       ELSE 'some of its changes need approval' END) AS reason
    FROM this AS t JOIN datamesh.contract AS f ON f.contract_id = t.before, level AS l, policy AS p
    WHERE p.policy = 'quality.schema_evolution' AND p.parameters -> 'approval_required' = 'true' AND l.level <> 'none'
      AND (p.parameters -> 'levels' ? l.level OR l.held AND p.parameters -> 'levels' ? 'held' OR l.needs_approval)
    UNION ALL
    SELECT 2, p.policy, p.severity, p.waived_until,
           format('version %s is shared with other domains: %s', t.version,
                  (SELECT string_agg(r.role, ', ' ORDER BY r.role) FROM reader AS r WHERE r.is_domain))
    FROM this AS t, policy AS p
    WHERE p.policy = 'contracts.shared' AND EXISTS (SELECT FROM reader AS r WHERE r.is_domain)
    UNION ALL
    SELECT 3, u.policy, u.severity, u.waived_until, u.reason FROM unmasked AS u
)
SELECT t.product, t.version, t.before, f.version::text, datamesh.version_bump(f.version::text, t.version), l.level, t.stated,
       coalesce((SELECT jsonb_agg(jsonb_build_object('path', c.path, 'change', c.change, 'level', c.level,
                                                     'needs_approval', c.needs_approval, 'reason', c.reason)
                                  ORDER BY c.position) FROM change AS c), '[]'),
       coalesce((SELECT jsonb_agg(jsonb_build_object('policy', d.policy, 'severity', d.severity,
                                                     'waived_until', d.waived_until, 'reason', d.reason)
                                  ORDER BY d.place) FROM demand AS d WHERE d.severity <> 'OFF'), '[]'),
       coalesce((SELECT array_agg(r.role ORDER BY r.role) FROM reader AS r), '{}'),
       coalesce((SELECT jsonb_agg(jsonb_build_object('column', u.column_name, 'upstream', u.upstream,
                                                     'upstream_column', u.upstream_column, 'readers', to_jsonb(u.readers)))
                 FROM unmasked AS u), '[]')
FROM this AS t CROSS JOIN level AS l LEFT JOIN datamesh.contract AS f ON f.contract_id = t.before;
END;
REVOKE ALL ON FUNCTION datamesh.version_verdict(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.version_verdict(integer) IS
'What publishing a contract would mean: the contract that it follows, by which part the version was raised (bump), the level that its changes need together (held: not stated yet), every change, which policies ask that somebody approves it and why (demands: policy, severity, waived_until, reason), who reads the product by either contract, and the columns that show more than what they are made from (unmasked).';

CREATE FUNCTION datamesh.level_rank(level text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE level WHEN 'major' THEN 3 WHEN 'minor' THEN 2 WHEN 'patch' THEN 1 ELSE 0 END;
COMMENT ON FUNCTION datamesh.level_rank(text) IS
'A level of change, or the part of a version that was raised, as a number: none 0, patch 1, minor 2, major 3.';

CREATE FUNCTION datamesh.change_lines(changes jsonb, level text, lines integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
WITH wanted AS (
    SELECT c.e, row_number() OVER (ORDER BY c.i) AS n, count(*) OVER () AS of
    FROM jsonb_array_elements(changes) WITH ORDINALITY AS c(e, i)
    WHERE CASE WHEN change_lines.level IS NULL THEN c.e ->> 'level' IN ('major', 'held') OR c.e -> 'needs_approval' = 'true'
               ELSE c.e ->> 'level' = change_lines.level END
)
SELECT string_agg(CASE WHEN w.n <= lines
                       THEN format('%s: %s: %s (%s)', w.e ->> 'level', w.e ->> 'path', w.e ->> 'change', w.e ->> 'reason')
                       ELSE format('... and %s more', w.of - lines) END, E'\n' ORDER BY w.n)
FROM wanted AS w WHERE w.n <= lines + 1;
END;
COMMENT ON FUNCTION datamesh.change_lines(jsonb, text, integer) IS
'Changes between contracts in words, at most so many lines: those of one level, or (NULL) those that a council looks at: major, held, or in need of approval. NULL if there are none.';

CREATE FUNCTION datamesh.demand_lines(demands jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
SELECT string_agg(format(E'%s\t%s\t%s', d.e ->> 'severity', d.e ->> 'policy', translate(d.e ->> 'reason', E'\t\r\n', '   ')),
                  E'\n' ORDER BY d.i)
FROM jsonb_array_elements(demands) WITH ORDINALITY AS d(e, i)
WHERE d.e -> 'waived_until' = 'null';
END;
COMMENT ON FUNCTION datamesh.demand_lines(jsonb) IS
'The demands of a verdict that are not waived, one a line: severity, policy and reason with tabs between. NULL if there are none.';

-- ---- what waits ----

CREATE FUNCTION datamesh.version_request(contract integer, OUT request_id integer, OUT status text, OUT said text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
SELECT a.request_id, a.status,
       CASE a.status
       WHEN 'pending' THEN (SELECT format('%s of the %s votes that it needs', t.in_favour, t.quorum)
                                   || CASE WHEN t.members = 0 THEN ', and the council has no members yet' ELSE '' END
                            FROM datamesh.request_tally(a.request_id) AS t)
       WHEN 'rejected' THEN (SELECT string_agg(v.comment, '; ' ORDER BY v.cast_at) FROM datamesh.vote AS v
                             WHERE v.request_id = a.request_id AND NOT v.in_favour) END
FROM datamesh.approval_request AS a
WHERE a.kind = 'publish' AND a.contract_id = version_request.contract AND a.status <> 'void'
  AND a.document_hash = datamesh.document_hash(version_request.contract)
  AND a.from_contract_id IS NOT DISTINCT FROM datamesh.contract_before(version_request.contract)
  -- what is unmasked now was unmasked when it was asked for
  AND NOT EXISTS (SELECT FROM datamesh.version_verdict(version_request.contract) AS v, jsonb_array_elements(v.unmasked) AS u(shown)
                  WHERE NOT coalesce(a.subject -> 'unmasked', '[]') @> jsonb_build_array(u.shown - 'readers'))
ORDER BY a.status = 'approved' DESC, a.request_id DESC LIMIT 1;
END;
REVOKE ALL ON FUNCTION datamesh.version_request(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.version_request(integer) IS
'The request to publish this very document after the version that it follows now: one that was approved, else the last; how many votes it has, or why it was rejected.';

CREATE FUNCTION datamesh.store_version_request(contract integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    verdict record;
    there record;
    request integer;
    product record;
BEGIN
    SELECT v.* INTO verdict FROM datamesh.version_verdict(contract) AS v;
    SELECT q.* INTO there FROM datamesh.version_request(contract) AS q;
    IF there.status IN ('pending', 'approved') THEN
        RAISE NOTICE 'request % asks for that already: %', there.request_id,
            CASE there.status WHEN 'approved' THEN 'it is approved' ELSE 'it has ' || there.said END;
        RETURN NULL;
    END IF;
    SELECT p.product_id, p.domain_name INTO product
    FROM datamesh.contract AS c JOIN datamesh.product AS p ON p.product_id = c.product_id WHERE c.contract_id = contract;
    UPDATE datamesh.approval_request AS a SET status = 'void', changed_at = clock_timestamp()
    WHERE a.kind = 'publish' AND a.contract_id = contract AND a.status = 'pending';
    INSERT INTO datamesh.approval_request
        (kind, product_id, contract_id, from_contract_id, document_hash, subject, why, interested)
    VALUES ('publish', product.product_id, contract, verdict.from_contract, datamesh.document_hash(contract),
            jsonb_build_object('version', verdict.version, 'from_version', verdict.from_version, 'level', verdict.level,
                               'stated', verdict.stated, 'changes', verdict.changes,
                               'consumers', to_jsonb(verdict.consumers))
            || CASE verdict.unmasked WHEN '[]' THEN '{}' ELSE jsonb_build_object('unmasked', verdict.unmasked) END,
            coalesce((SELECT string_agg(d.e ->> 'reason', '; ' ORDER BY d.i)
                      FROM jsonb_array_elements(verdict.demands) WITH ORDINALITY AS d(e, i)
                      WHERE d.e -> 'waived_until' = 'null'), 'the publisher asked'),
            ARRAY[product.domain_name])
    RETURNING request_id INTO request;
    RETURN datamesh.event_row('approval_requested', verdict.product, verdict.version, jsonb_build_object(
        'request', request, 'kind', 'publish', 'from_version', verdict.from_version, 'level', verdict.level,
        'document_sha256', encode(datamesh.document_hash(contract), 'hex')));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_version_request(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_version_request(integer) IS
'Asks the council to let a version be published, unless that is asked already. Returns the events, of which the first names the request.';

CREATE FUNCTION datamesh.store_level(contract integer, level text, why text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    label record;
BEGIN
    SELECT p.product, c.version::text AS version, c.status INTO label
    FROM datamesh.contract AS c JOIN datamesh.product AS p ON p.product_id = c.product_id WHERE c.contract_id = contract;
    IF lower(level) NOT IN ('major', 'minor', 'patch') THEN
        RAISE EXCEPTION 'level "%" is not one of major, minor, patch', level USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF label.status <> 'draft' THEN
        RAISE EXCEPTION 'version % of data product "%" is % already', label.version, label.product, label.status
        USING ERRCODE = 'MD202', HINT = 'The level of a version is stated before it is published.';
    END IF;
    IF EXISTS (SELECT FROM datamesh.stated_level AS s
               WHERE s.contract_id = contract AND s.level = lower(store_level.level) AND s.why = store_level.why
                 AND s.document_hash = datamesh.document_hash(contract)) THEN
        RAISE NOTICE 'that is what was stated already, nothing to do';
        RETURN NULL;
    END IF;
    INSERT INTO datamesh.stated_level AS s (contract_id, document_hash, level, why)
    VALUES (contract, datamesh.document_hash(contract), lower(store_level.level), store_level.why)
    ON CONFLICT (contract_id) DO UPDATE
    SET document_hash = excluded.document_hash, level = excluded.level, why = excluded.why,
        stated_by = session_user, stated_at = clock_timestamp();
    -- a request shows the level that was stated: another level is another request
    UPDATE datamesh.approval_request AS a SET status = 'void', changed_at = clock_timestamp()
    WHERE a.kind = 'publish' AND a.contract_id = contract AND a.status IN ('pending', 'approved')
      AND a.subject ->> 'stated' IS DISTINCT FROM lower(store_level.level);
    RETURN datamesh.event_row('level_stated', label.product, label.version, jsonb_build_object(
        'level', lower(store_level.level), 'why', store_level.why,
        'document_sha256', encode(datamesh.document_hash(contract), 'hex')));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_level(integer, text, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_level(integer, text, text) IS
'The work of datamesh.state_level. Returns the events.';

CREATE PROCEDURE datamesh.state_level(product text, version text, level text, why text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_state_level';
COMMENT ON PROCEDURE datamesh.state_level(text, text, text, text) IS
'Says what the changes of a draft that cannot be judged (held) cost: major, minor or patch, and why. Holds for this very document: a changed draft needs a new statement. For members of the domain.';

CREATE PROCEDURE datamesh.request_approval(product text, version text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_request_approval';
COMMENT ON PROCEDURE datamesh.request_approval(text, text) IS
'Asks the council to let a version be published: what a publish that is refused for want of an approval does by itself, unless it stands in a transaction of somebody else''s; and how to ask again after a rejection. For members of the domain. Called again it does nothing.';

CREATE FUNCTION datamesh.suggest_version(
    product text,
    OUT version text, OUT level text, OUT why text, OUT needs_approval boolean,
    OUT in_force text, OUT draft text)
RETURNS SETOF record
LANGUAGE sql STABLE STRICT ROWS 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
WITH known AS MATERIALIZED (
    SELECT datamesh.product_id(suggest_version.product) AS product_id
), versions AS (
    SELECT c.contract_id, c.version::text AS version, c.status, row_number() OVER (ORDER BY c.version) AS place
    FROM datamesh.contract AS c WHERE c.product_id = (SELECT k.product_id FROM known AS k)
), draft AS (
    SELECT v.contract_id, v.version, v.place FROM versions AS v WHERE v.status = 'draft' ORDER BY v.place DESC LIMIT 1
), newest AS (
    SELECT v.contract_id, v.version FROM versions AS v
    WHERE v.status IN ('published', 'deprecated') ORDER BY v.place DESC LIMIT 1
)
SELECT CASE WHEN coalesce(j.from_version, n.version) IS NULL THEN d.version
            WHEN j.level IS NULL OR j.level = 'none' THEN coalesce(j.from_version, n.version)
            ELSE datamesh.next_version(j.from_version, j.level) END,
       CASE WHEN j.from_version IS NOT NULL THEN j.level END,
       CASE WHEN d.version IS NULL THEN 'no draft is loaded'
            WHEN j.from_version IS NULL THEN 'no version is in force yet'
            WHEN j.level = 'none' THEN 'the draft says the same as the version in force'
            ELSE (SELECT string_agg(format('%s: %s (%s)', c.e ->> 'path', c.e ->> 'change', c.e ->> 'reason'), E'\n'
                                    ORDER BY c.i)
                  FROM jsonb_array_elements(j.changes) WITH ORDINALITY AS c(e, i)
                  WHERE c.e ->> 'level' = j.level OR j.stated IS NOT NULL AND c.e ->> 'level' = 'held') END,
       coalesce(jsonb_path_exists(j.demands, '$[*] ? (@.severity == "CRITICAL" && @.waived_until == null)'), false)
           OR coalesce(jsonb_path_exists(j.changes, '$[*] ? (@.needs_approval == true)'), false),
       coalesce(j.from_version, n.version),
       d.version
FROM known AS k
LEFT JOIN draft AS d ON true
LEFT JOIN newest AS n ON true
LEFT JOIN LATERAL datamesh.version_verdict(d.contract_id) AS j ON true;
END;
COMMENT ON FUNCTION datamesh.suggest_version(text) IS
'The lowest version that the product''s newest draft may have after the one that it follows: version (NULL while a change is held and the publisher has not stated its level), the level, why (the changes that need it, one a line), whether it will wait for the council or somebody has to approve a change, and the two versions compared. Whether wider numbers are minor is what the policy quality.schema_evolution says (widening). Errors: MD102.';

-- ---- waivers ----

CREATE FUNCTION datamesh.request_waiver(
    product_id integer, policy text, until timestamptz, why text, seat_role name, seat_since timestamptz) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product record;
    longest integer := (SELECT c.longest_waiver_days FROM datamesh.council AS c);
    request integer;
    events jsonb := '[]';
BEGIN
    -- two who ask for the same at once make one request
    SELECT p.product, p.domain_name INTO product FROM datamesh.product AS p
    WHERE p.product_id = request_waiver.product_id FOR NO KEY UPDATE;
    PERFORM FROM datamesh.domain_policies(product.domain_name) AS p WHERE p.policy = request_waiver.policy;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no policy "%" for data product "%"', policy, product.product
        USING ERRCODE = 'MD402', HINT = format('SELECT policy FROM datamesh.effective_policies(%L) lists them.', product.product);
    END IF;
    IF NOT until > clock_timestamp() OR until > clock_timestamp() + make_interval(days => longest) THEN
        RAISE EXCEPTION 'a waiver cannot end %', CASE WHEN until > clock_timestamp() THEN format('more than %s days from now', longest) ELSE 'in the past' END
        USING ERRCODE = 'invalid_parameter_value',
              HINT = format('Choose an end within %s days: what is waived for good is a policy to change.', longest);
    END IF;
    IF EXISTS (SELECT FROM datamesh.waiver AS w
               WHERE w.product_id = request_waiver.product_id AND w.policy_name = policy
                 AND w.until >= request_waiver.until AND w.revoked_at IS NULL) THEN
        RAISE NOTICE 'policy % is waived for data product "%" until then already, nothing to do', policy, product.product;
        RETURN NULL;
    END IF;
    SELECT a.request_id INTO request
    FROM datamesh.approval_request AS a
    WHERE a.kind = 'waiver' AND a.product_id = request_waiver.product_id AND a.status = 'pending'
      AND a.subject ->> 'policy' = policy AND (a.subject ->> 'until')::timestamptz = request_waiver.until;
    IF NOT FOUND THEN
        INSERT INTO datamesh.approval_request (kind, product_id, subject, why, interested)
        VALUES ('waiver', request_waiver.product_id,
                jsonb_build_object('policy', policy, 'until', request_waiver.until), request_waiver.why,
                ARRAY[product.domain_name])
        RETURNING request_id INTO request;
        events := datamesh.event_row('approval_requested', product.product, NULL, jsonb_build_object(
            'request', request, 'kind', 'waiver', 'policy', policy, 'until', request_waiver.until, 'why', request_waiver.why));
    END IF;
    IF seat_role IS NOT NULL THEN
        RETURN events || datamesh.cast_vote(request, seat_role, seat_since, true, request_waiver.why);
    END IF;
    RAISE NOTICE 'request % waits for the council', request
    USING HINT = format('CALL datamesh.approve(%s) or CALL datamesh.reject(%s, why)', request, request);
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.request_waiver(integer, text, timestamptz, text, name, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.request_waiver(integer, text, timestamptz, text, name, timestamptz) IS
'The work of datamesh.waive: asks, and votes for it if a member of the council asks. Returns the events.';

CREATE FUNCTION datamesh.waiver_decided(request integer, approved boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    waiver integer;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request;
    IF NOT approved THEN
        RETURN NULL;
    END IF;
    INSERT INTO datamesh.waiver (policy_name, product_id, until, why)
    VALUES (r.subject ->> 'policy', r.product_id, (r.subject ->> 'until')::timestamptz, r.why)
    RETURNING waiver_id INTO waiver;
    RETURN datamesh.event_row('policy_waived', (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = r.product_id), NULL,
                              r.subject || jsonb_build_object('waiver', waiver, 'request', request, 'why', r.why));
END $$;
REVOKE ALL ON FUNCTION datamesh.waiver_decided(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.waiver_decided(integer, boolean) IS
'What follows when a request for a waiver is decided. Returns the events.';

CREATE FUNCTION datamesh.end_waiver(product_id integer, policy text, why text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product text := (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = end_waiver.product_id);
    ended integer[];
BEGIN
    -- a publish that has begun to judge holds a lock on the table until its release is out
    WITH done AS (
        UPDATE datamesh.waiver AS w SET revoked_at = clock_timestamp()
        WHERE w.product_id = end_waiver.product_id AND w.policy_name = policy AND w.revoked_at IS NULL
          AND w.until > clock_timestamp()
        RETURNING w.waiver_id
    )
    SELECT array_agg(d.waiver_id ORDER BY d.waiver_id) INTO ended FROM done AS d;
    IF ended IS NULL THEN
        RAISE NOTICE 'policy % is not waived for data product "%", nothing to do', policy, product;
        RETURN NULL;
    END IF;
    RETURN datamesh.event_row('waiver_revoked', product, NULL,
                              jsonb_build_object('policy', policy, 'waivers', to_jsonb(ended), 'why', why));
END $$;
REVOKE ALL ON FUNCTION datamesh.end_waiver(integer, text, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.end_waiver(integer, text, text) IS
'The work of datamesh.revoke_waiver. Returns the events.';

CREATE PROCEDURE datamesh.waive(policy text, product text, until timestamptz, why text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_waive';
COMMENT ON PROCEDURE datamesh.waive(text, text, timestamptz, text) IS
'Asks that a policy blocks nothing for a product until a time, and why; a member of the council votes for it in the same call, and it holds when the quorum is reached. What the policy finds is reported all the same. For members of the council and of the product''s domain. Errors: MD402 no such policy; invalid_parameter_value if the end is past, or further than datamesh.council allows.';

CREATE PROCEDURE datamesh.revoke_waiver(policy text, product text, why text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_revoke_waiver';
COMMENT ON PROCEDURE datamesh.revoke_waiver(text, text, text) IS
'Ends the waivers of a policy for a product at once. It takes one member of the council, or of the product''s domain: the stricter state needs no quorum.';

-- ---- policies that are to become looser ----

CREATE FUNCTION datamesh.request_policy(
    policy text, severity text, parameters jsonb, function_schema name, function_name name, dropped boolean, why text,
    seat_role name, seat_since timestamptz) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted jsonb;
    request integer;
    events jsonb := '[]';
BEGIN
    SELECT jsonb_object_agg(o.key, o.value) INTO wanted
    FROM jsonb_each(jsonb_build_object(
        'policy', policy, 'from', datamesh.global_policy(policy), 'severity', upper(severity), 'parameters', parameters,
        'function_schema', function_schema, 'function_name', function_name, 'drop', nullif(dropped, false))) AS o
    WHERE o.value <> 'null';
    SELECT a.request_id INTO request FROM datamesh.approval_request AS a
    WHERE a.kind = 'policy' AND a.status = 'pending' AND a.subject = wanted;
    IF NOT FOUND THEN
        INSERT INTO datamesh.approval_request (kind, subject, why)
        VALUES ('policy', wanted, coalesce(request_policy.why, 'no reason was given'))
        RETURNING request_id INTO request;
        events := datamesh.event_row('approval_requested', NULL, NULL,
                                     wanted || jsonb_build_object('request', request, 'kind', 'policy', 'why', request_policy.why));
    END IF;
    IF seat_role IS NOT NULL THEN
        RETURN events || datamesh.cast_vote(request, seat_role, seat_since, true, request_policy.why);
    END IF;
    RAISE NOTICE 'policy % would be looser: request % waits for the council', policy, request
    USING HINT = format('CALL datamesh.approve(%s) or CALL datamesh.reject(%s, why)', request, request);
    RETURN events;
END $$;
REVOKE ALL ON FUNCTION datamesh.request_policy(text, text, jsonb, name, name, boolean, text, name, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.request_policy(text, text, jsonb, name, name, boolean, text, name, timestamptz) IS
'Asks the council to loosen a global policy, and votes for it if a member asks; bound to what the policy says now. Returns the events.';

CREATE FUNCTION datamesh.policy_decided(request integer, approved boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
    details jsonb;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request;
    IF NOT approved THEN
        RETURN NULL;
    END IF;
    -- no change between this look and the deed
    LOCK TABLE datamesh.policy IN SHARE ROW EXCLUSIVE MODE;
    IF datamesh.request_outdated(request) THEN
        RAISE EXCEPTION 'request % is about a policy that was changed since', request USING ERRCODE = 'MD404';
    END IF;
    details := CASE WHEN r.subject ? 'drop' THEN datamesh.remove_policy(r.subject ->> 'policy', NULL)
               ELSE datamesh.store_policy(r.subject ->> 'policy', r.subject ->> 'severity', r.subject -> 'parameters', NULL, r.why,
                                          (r.subject ->> 'function_schema')::name, (r.subject ->> 'function_name')::name) END;
    RETURN datamesh.event_row(CASE WHEN r.subject ? 'drop' THEN 'policy_dropped' ELSE 'policy_set' END, NULL, NULL,
                              details || jsonb_build_object('request', request));
END $$;
REVOKE ALL ON FUNCTION datamesh.policy_decided(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.policy_decided(integer, boolean) IS
'What follows when the council has decided on a looser policy. Returns the events. Errors: MD404 the policy was changed since.';

-- ---- disputes ----

CREATE TABLE datamesh.dispute (
    dispute_id   integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    product_id   integer NOT NULL REFERENCES datamesh.product ON DELETE CASCADE,
    subject      text NOT NULL,
    description  text NOT NULL,
    opened_by    name NOT NULL DEFAULT session_user,
    opened_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    decision     text,
    decided_at   timestamptz
);
CREATE INDEX dispute_product_idx ON datamesh.dispute (product_id);
COMMENT ON TABLE datamesh.dispute IS
'Disputes over shared data; open until there is a decision. Read datamesh.disputes instead.';
COMMENT ON SEQUENCE datamesh.dispute_dispute_id_seq IS
'The numbers of datamesh.dispute.';

CREATE TABLE datamesh.dispute_party (
    dispute_id  integer NOT NULL REFERENCES datamesh.dispute ON DELETE CASCADE,
    party       name NOT NULL,
    joined_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    joined_by   name NOT NULL DEFAULT session_user,
    PRIMARY KEY (dispute_id, party)
);
COMMENT ON TABLE datamesh.dispute_party IS
'The domains and consumers between which a dispute is.';

CREATE TABLE datamesh.dispute_comment (
    comment_id  integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    dispute_id  integer NOT NULL REFERENCES datamesh.dispute ON DELETE CASCADE,
    party       name,
    comment     text NOT NULL,
    made_by     name NOT NULL DEFAULT session_user,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX dispute_comment_idx ON datamesh.dispute_comment (dispute_id, comment_id);
COMMENT ON TABLE datamesh.dispute_comment IS
'What parties (party null: a member of the council) said in a dispute.';
COMMENT ON SEQUENCE datamesh.dispute_comment_comment_id_seq IS
'The numbers of datamesh.dispute_comment.';

CREATE VIEW datamesh.disputes AS
SELECT d.dispute_id AS dispute, p.product, d.subject, d.description,
       CASE WHEN d.decided_at IS NULL THEN 'open' ELSE 'decided' END AS status,
       (SELECT array_agg(y.party ORDER BY y.joined_at, y.party) FROM datamesh.dispute_party AS y
        WHERE y.dispute_id = d.dispute_id) AS parties,
       coalesce((SELECT jsonb_agg(jsonb_build_object('party', coalesce(c.party, 'council'), 'comment', c.comment,
                                                     'by', c.made_by, 'at', c.made_at) ORDER BY c.comment_id)
                 FROM datamesh.dispute_comment AS c WHERE c.dispute_id = d.dispute_id), '[]') AS comments,
       d.decision, d.opened_by, d.opened_at, d.decided_at
FROM datamesh.dispute AS d JOIN datamesh.product AS p ON p.product_id = d.product_id;
GRANT SELECT ON datamesh.disputes TO PUBLIC;
COMMENT ON VIEW datamesh.disputes IS
'Disputes over shared data: the product, what it is about, the parties (domains and consumers, the product''s own domain first), what they said, and what the council decided.';

CREATE FUNCTION datamesh.require_open_dispute(dispute integer) RETURNS datamesh.dispute
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d datamesh.dispute;
BEGIN
    SELECT t.* INTO d FROM datamesh.dispute AS t WHERE t.dispute_id = require_open_dispute.dispute FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no dispute %', dispute
        USING ERRCODE = 'MD403', HINT = 'datamesh.disputes lists them.';
    ELSIF d.decided_at IS NOT NULL THEN
        RAISE EXCEPTION 'dispute % is decided', dispute
        USING ERRCODE = 'MD404', DETAIL = format('The decision is: %s', d.decision),
              HINT = 'What has changed since is a new dispute: CALL datamesh.open_dispute(...).';
    END IF;
    RETURN d;
END $$;
REVOKE ALL ON FUNCTION datamesh.require_open_dispute(integer) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.require_open_dispute(integer) IS
'A dispute''s row, locked, or the error that there is none or that it is decided. Errors: MD403, MD404.';

CREATE FUNCTION datamesh.store_party(dispute integer, party name) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d datamesh.dispute;
BEGIN
    d := datamesh.require_open_dispute(dispute);
    INSERT INTO datamesh.dispute_party (dispute_id, party) VALUES (dispute, store_party.party) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE NOTICE '% is a party of dispute % already, nothing to do', quote_ident(party), dispute;
        RETURN NULL;
    END IF;
    -- who is a party is concerned by what is proposed already
    UPDATE datamesh.approval_request AS a SET interested = a.interested || store_party.party
    WHERE a.kind = 'dispute' AND a.status = 'pending' AND a.subject -> 'dispute' = to_jsonb(dispute);
    RETURN datamesh.event_row('dispute_joined', (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = d.product_id),
                              NULL, jsonb_build_object('dispute', dispute, 'party', party));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_party(integer, name) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_party(integer, name) IS
'The work of datamesh.join_dispute. Returns the events.';

CREATE FUNCTION datamesh.store_dispute(product_id integer, subject text, description text, party name) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product record;
    dispute integer;
BEGIN
    PERFORM datamesh.lock_requests(store_dispute.product_id, 0);
    SELECT p.product, p.domain_name INTO product FROM datamesh.product AS p WHERE p.product_id = store_dispute.product_id;
    SELECT d.dispute_id INTO dispute FROM datamesh.dispute AS d
    WHERE d.product_id = store_dispute.product_id AND d.subject = store_dispute.subject AND d.decided_at IS NULL;
    IF FOUND THEN
        RAISE NOTICE 'dispute % is about that already', dispute;
        RETURN datamesh.store_party(dispute, party);
    END IF;
    INSERT INTO datamesh.dispute (product_id, subject, description)
    VALUES (store_dispute.product_id, store_dispute.subject, store_dispute.description) RETURNING dispute_id INTO dispute;
    INSERT INTO datamesh.dispute_party (dispute_id, party) VALUES (dispute, product.domain_name);
    INSERT INTO datamesh.dispute_party (dispute_id, party) VALUES (dispute, store_dispute.party) ON CONFLICT DO NOTHING;
    RAISE NOTICE 'dispute % is open', dispute;
    RETURN datamesh.event_row('dispute_opened', product.product, NULL, jsonb_build_object(
        'dispute', dispute, 'subject', store_dispute.subject, 'description', store_dispute.description, 'party', party));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_dispute(integer, text, text, name) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_dispute(integer, text, text, name) IS
'The work of datamesh.open_dispute. Returns the events.';

CREATE FUNCTION datamesh.store_comment(dispute integer, party name, comment text) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d datamesh.dispute;
BEGIN
    d := datamesh.require_open_dispute(dispute);
    IF party IS NOT NULL AND NOT EXISTS (SELECT FROM datamesh.dispute_party AS y
                                         WHERE y.dispute_id = dispute AND y.party = store_comment.party) THEN
        RAISE EXCEPTION '% is no party of dispute %', quote_ident(party), dispute
        USING ERRCODE = 'insufficient_privilege',
              HINT = format('CALL datamesh.join_dispute(%s) first.', dispute);
    END IF;
    INSERT INTO datamesh.dispute_comment (dispute_id, party, comment) VALUES (dispute, store_comment.party, store_comment.comment);
    RETURN datamesh.event_row('dispute_commented', (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = d.product_id),
                              NULL, jsonb_build_object('dispute', dispute, 'party', coalesce(party, 'council'), 'comment', comment));
END $$;
REVOKE ALL ON FUNCTION datamesh.store_comment(integer, name, text) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.store_comment(integer, name, text) IS
'The work of datamesh.comment_dispute; party null speaks for the council. Returns the events.';

CREATE FUNCTION datamesh.propose_decision(dispute integer, decision text, seat_role name, seat_since timestamptz) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d datamesh.dispute;
    request integer;
    events jsonb := '[]';
BEGIN
    d := datamesh.require_open_dispute(dispute);
    SELECT a.request_id INTO request FROM datamesh.approval_request AS a
    WHERE a.kind = 'dispute' AND a.status = 'pending' AND a.product_id = d.product_id
      AND a.subject = jsonb_build_object('dispute', dispute, 'decision', decision);
    IF NOT FOUND THEN
        INSERT INTO datamesh.approval_request (kind, product_id, subject, why, interested)
        VALUES ('dispute', d.product_id, jsonb_build_object('dispute', dispute, 'decision', decision), d.subject,
                (SELECT coalesce(array_agg(y.party ORDER BY y.party), '{}') FROM datamesh.dispute_party AS y WHERE y.dispute_id = dispute))
        RETURNING request_id INTO request;
        events := datamesh.event_row('approval_requested', (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = d.product_id),
                                     NULL, jsonb_build_object('request', request, 'kind', 'dispute', 'dispute', dispute, 'decision', decision));
    END IF;
    RETURN events || datamesh.cast_vote(request, seat_role, seat_since, true, NULL);
END $$;
REVOKE ALL ON FUNCTION datamesh.propose_decision(integer, text, name, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.propose_decision(integer, text, name, timestamptz) IS
'The work of datamesh.decide_dispute. Returns the events.';

CREATE FUNCTION datamesh.dispute_decided(request integer, approved boolean) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r datamesh.approval_request;
BEGIN
    SELECT a.* INTO r FROM datamesh.approval_request AS a WHERE a.request_id = request;
    IF NOT approved THEN
        RETURN NULL;
    END IF;
    PERFORM datamesh.require_open_dispute((r.subject ->> 'dispute')::integer);
    UPDATE datamesh.dispute AS d SET decision = r.subject ->> 'decision', decided_at = clock_timestamp()
    WHERE d.dispute_id = (r.subject ->> 'dispute')::integer;
    UPDATE datamesh.approval_request AS a SET status = 'void', changed_at = clock_timestamp()
    WHERE a.kind = 'dispute' AND a.status = 'pending' AND a.product_id = r.product_id
      AND a.subject -> 'dispute' = r.subject -> 'dispute';
    RETURN datamesh.event_row('dispute_decided', (SELECT p.product FROM datamesh.product AS p WHERE p.product_id = r.product_id),
                              NULL, r.subject || jsonb_build_object('request', request));
END $$;
REVOKE ALL ON FUNCTION datamesh.dispute_decided(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION datamesh.dispute_decided(integer, boolean) IS
'What follows when the decision of a dispute is decided: other proposals are void. Returns the events.';

CREATE PROCEDURE datamesh.open_dispute(product text, subject text, description text, party text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_open_dispute';
COMMENT ON PROCEDURE datamesh.open_dispute(text, text, text, text) IS
'Opens a dispute over a data product between its domain and a party: a domain or consumer to which the caller belongs (NULL: the only one). Called again with the same subject the party joins the dispute that is open.';

CREATE PROCEDURE datamesh.join_dispute(dispute integer, party text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_join_dispute';
COMMENT ON PROCEDURE datamesh.join_dispute(integer, text) IS
'Makes a domain or consumer to which the caller belongs (NULL: the only one) a party of a dispute. Errors: MD403, MD404.';

CREATE PROCEDURE datamesh.comment_dispute(dispute integer, comment text, party text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_comment_dispute';
COMMENT ON PROCEDURE datamesh.comment_dispute(integer, text, text) IS
'Says something in a dispute, for a party (NULL: the only one to which the caller belongs) or, as a member of the council with party => ''council'' or without any, for the council. Errors: MD403, MD404.';

CREATE PROCEDURE datamesh.decide_dispute(dispute integer, decision text)
LANGUAGE c AS 'MODULE_PATHNAME', 'dm_decide_dispute';
COMMENT ON PROCEDURE datamesh.decide_dispute(integer, text) IS
'Proposes a decision of a dispute and votes for it; other members of the council call it with the same words, or datamesh.approve(request). The proposal that reaches the quorum first decides. Errors: MD403, MD404.';

-- ---- what people read ----

CREATE VIEW datamesh.approvals AS
SELECT a.request_id AS request, a.kind, p.product, l.what,
       a.subject ->> 'from_version' AS from_version, coalesce(a.subject ->> 'version', c.version::text) AS version,
       a.subject ->> 'level' AS level,
       CASE WHEN a.status = 'pending' AND datamesh.request_outdated(a.request_id) THEN 'void' ELSE a.status END AS status,
       a.why, a.subject -> 'changes' AS changes,
       ARRAY(SELECT jsonb_array_elements_text(a.subject -> 'consumers')) AS consumers,
       a.subject - '{version,from_version,level,changes,consumers}'::text[] AS subject,
       a.interested AS concerned, a.requested_by, a.requested_at,
       t.members, t.quorum, t.in_favour, t.against, t.outside,
       coalesce((SELECT jsonb_agg(jsonb_build_object('role', v.role_name, 'domain', m.domain_name, 'in_favour', v.in_favour,
                                                     'comment', v.comment, 'at', v.cast_at) ORDER BY v.cast_at)
                 FROM datamesh.vote AS v
                 JOIN datamesh.council_member AS m ON m.role_name = v.role_name AND m.since = v.since
                 WHERE v.request_id = a.request_id), '[]') AS votes,
       a.changed_at
FROM datamesh.approval_request AS a
LEFT JOIN datamesh.product AS p ON p.product_id = a.product_id
LEFT JOIN datamesh.contract AS c ON c.contract_id = a.contract_id
CROSS JOIN LATERAL datamesh.request_label(a.request_id) AS l
CROSS JOIN LATERAL datamesh.request_tally(a.request_id) AS t
-- what people want data for is not for everybody: datamesh.access_requests
WHERE a.kind <> 'access';
GRANT SELECT ON datamesh.approvals TO PUBLIC;
COMMENT ON VIEW datamesh.approvals IS
'Everything that was asked of the council, and how it stands: pending, approved, rejected, or void (the contract was changed, or something else decided it). For a version: from which to which, the level, every change with its reason, the consumers it concerns. The votes, and those that count now: for (in_favour), against, for from outside the domains concerned.';

CREATE VIEW datamesh.pending_approvals AS
SELECT a.request, a.kind, a.product, a.what, a.from_version, a.version, a.level, a.why, a.changes, a.consumers, a.subject,
       a.concerned, a.requested_by, a.requested_at, a.quorum, a.members, a.in_favour, a.against, a.outside, a.votes,
       format('CALL datamesh.approve(%s)', a.request) AS to_approve,
       format('CALL datamesh.reject(%s, why => ''...'')', a.request) AS to_reject
FROM datamesh.approvals AS a
WHERE a.status = 'pending'
  -- by its index: few of all requests ever made are pending
  AND a.request IN (SELECT r.request_id FROM datamesh.approval_request AS r WHERE r.status = 'pending');
GRANT SELECT ON datamesh.pending_approvals TO PUBLIC;
COMMENT ON VIEW datamesh.pending_approvals IS
'What waits for the council, with everything needed to decide in one row: what it is about, the changes with their reasons, who reads the product, who asked and why, the votes so far and how many are needed, and the calls to approve or reject.';

CREATE VIEW datamesh.waivers AS
SELECT p.product, w.policy_name AS policy, w.until, w.why,
       CASE WHEN w.revoked_at IS NOT NULL THEN 'revoked' WHEN w.until <= now() THEN 'expired' ELSE 'active' END AS status,
       w.granted_by, w.granted_at, w.revoked_at, w.waiver_id AS waiver
FROM datamesh.waiver AS w JOIN datamesh.product AS p ON p.product_id = w.product_id;
GRANT SELECT ON datamesh.waivers TO PUBLIC;
COMMENT ON VIEW datamesh.waivers IS
'Policies that the council waived for products: until when, why, by whose deciding vote, and whether that still holds (active, expired, revoked).';

SELECT pg_catalog.pg_extension_config_dump('datamesh.council_rule', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.approval_request', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.vote', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.stated_level', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.dispute', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.dispute_party', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.dispute_comment', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.approval_request_request_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.dispute_dispute_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('datamesh.dispute_comment_comment_id_seq', '');
