-- Whoever may speak for two members of the council is still one person.
-- as: mallory
-- control: no, it is about a vote
-- says: has voted on request \d+ for another member already
-- says: severity: CRITICAL
-- silent: severity: OFF
\connect - postgres
CREATE ROLE seat_one;
CREATE ROLE seat_two;
CALL datamesh.add_council_member('seat_one');
CALL datamesh.add_council_member('seat_two', 'finance');
SET datamesh.break_glass = on;
GRANT seat_one, seat_two TO mallory;
\connect - mallory
SET ROLE seat_one;
CALL datamesh.set_policy('security.pii', severity => 'OFF', why => 'I say so');
SET ROLE seat_two;
CALL datamesh.set_policy('security.pii', severity => 'OFF', why => 'so do I');
SELECT format('CALL datamesh.approve(%s)', request) FROM datamesh.pending_approvals \gexec
SELECT 'severity: ' || severity FROM datamesh.policies WHERE policy = 'security.pii' AND domain IS NULL;
\connect - postgres
DROP OWNED BY seat_one, seat_two;
DROP ROLE seat_one, seat_two;
