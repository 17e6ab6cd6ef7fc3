-- What the planner knows of values is not for readers of the port.
-- as: marketing_team
-- control: sales_team
-- says: permission denied
SELECT * FROM pg_stats WHERE schemaname LIKE 'sales%';
SELECT * FROM pg_stats_ext WHERE schemaname LIKE 'sales%';
SELECT * FROM pg_stats_ext_exprs;
SELECT * FROM pg_statistic;
SELECT * FROM pg_statistic_ext_data;
SELECT pg_get_viewdef('sales.people'::regclass);
SELECT conbin, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace IN ('sales'::regnamespace, 'sales_releases'::regnamespace);
SELECT query FROM pg_stat_activity;
SELECT * FROM datamesh.reports;
SELECT datamesh.governance_report('sales.people');
