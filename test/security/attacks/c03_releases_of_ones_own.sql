-- A view like a port's on a partitioned table of one's own: nothing is found by what is no integer.
-- as: mallory
-- control: no, there is nothing to see, only a server to bring down
-- says: still here
CREATE TABLE playground.mine (datamesh_release integer, t text) PARTITION BY LIST (t);
CREATE TABLE playground.mine_a PARTITION OF playground.mine FOR VALUES IN ('a');
CREATE TABLE playground.mine_b PARTITION OF playground.mine FOR VALUES IN ('b');
CREATE VIEW playground.like_a_port WITH (security_barrier) AS SELECT * FROM playground.mine WHERE datamesh_release = datamesh.current_release(1);
SELECT * FROM playground.like_a_port;
SELECT * FROM playground.like_a_port;
CREATE TEMPORARY TABLE other (datamesh_release integer, n integer) PARTITION BY LIST (n);
CREATE TEMPORARY TABLE other_1 PARTITION OF other FOR VALUES IN (1);
CREATE TEMPORARY VIEW like_another WITH (security_barrier) AS SELECT * FROM other WHERE datamesh_release = datamesh.current_release(1);
SELECT * FROM like_another;
SELECT 'still ' || 'here';
