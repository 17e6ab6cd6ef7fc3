-- A barrier of one's own that asks datamesh something, and keeps small groups back, stays a barrier.
-- as: finance_team
-- control: no, the view leaves the group out for everybody
-- says: I was shown a
CREATE TABLE playground.pay (dept text, amount integer);
INSERT INTO playground.pay VALUES ('a', 1), ('a', 2), ('Quillfeather', 5);
CREATE VIEW playground.groups WITH (security_barrier) AS
SELECT dept, count(*) FROM playground.pay WHERE datamesh.may_read(1) GROUP BY dept HAVING count(*) > 1;
GRANT SELECT ON playground.groups TO marketing_team;
\connect - marketing_team
CREATE FUNCTION playground.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'I was shown %', $1;
    RETURN true;
END $$;
SELECT * FROM playground.groups WHERE playground.tell(dept);
SELECT * FROM playground.groups WHERE playground.tell(dept);
