-- What is LEAKPROOF is asked before the row filter: none of ours may fail, or tell, for what it is given.
-- as: marketing_team
-- control: no, nobody but the filter keeps the rows back
-- says: functions: 7
-- silent: port \d+ cannot be read
SET datamesh.port_folding = off;
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.may_read(id);
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.mask_choice(id, id) > 5;
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.filter_choice(id, id) > 5;
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.reader_name(id) = 'x';
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.current_release(id) = 1;
SELECT count(*) FROM sales.embargoed WHERE name = datamesh.mask_constant(name, name) AND id > 10;
SELECT count(*) FROM sales.embargoed WHERE datamesh.mask_null(name) IS NOT NULL AND id > 10;
SELECT count(*) FROM sales.people_live WHERE region = 'XX' AND datamesh.may_read(id) AND datamesh.current_release(id) > 0;
RESET datamesh.port_folding;
SELECT count(*) FROM sales.embargoed WHERE id > 10 AND datamesh.may_read(id);
SELECT 'functions: ' || count(*) FROM pg_proc WHERE pronamespace = 'datamesh'::regnamespace AND proleakproof AND proname IN ('mask_null', 'mask_constant', 'mask_choice', 'filter_choice', 'reader_name');
