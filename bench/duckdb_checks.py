"""The checks of single.sql in DuckDB, on the same rows in its own format.

duckdb_checks.py load FILE CSV THREADS    reads the rows from CSV into a new database
duckdb_checks.py check FILE THREADS       prints the milliseconds of one run, after one to warm up
"""

import sys
import time

import duckdb

COLUMNS = (
    "customer_id VARCHAR, customer_name VARCHAR, ltv_score DOUBLE, total_revenue DECIMAL(18,2), "
    "order_count INTEGER, avg_order_value DECIMAL(18,2), first_order_date DATE, "
    "last_order_date DATE, segment VARCHAR, _computed_at TIMESTAMPTZ, _product_version VARCHAR"
)

CHECKS = """
SELECT count(*), count(*) FILTER (WHERE customer_id IS NULL), count(DISTINCT customer_id),
       count(*) FILTER (WHERE ltv_score IS NULL), min(ltv_score), max(ltv_score),
       count(*) FILTER (WHERE total_revenue IS NULL), min(total_revenue),
       count(*) FILTER (WHERE order_count IS NULL), min(order_count),
       count(*) FILTER (WHERE segment NOT IN ('platinum', 'gold', 'silver', 'bronze'))
FROM product
"""


def main():
    action, path, *rest = sys.argv[1:]
    database = duckdb.connect(path)
    database.execute(f"SET threads = {int(rest[-1])}")
    if action == "load":
        database.execute(f"CREATE TABLE product ({COLUMNS})")
        database.execute("COPY product FROM '%s' (HEADER false)" % rest[0].replace("'", "''"))
        database.execute("CHECKPOINT")
    else:
        database.execute(CHECKS).fetchall()
        start = time.perf_counter()
        database.execute(CHECKS).fetchall()
        print(round((time.perf_counter() - start) * 1000, 3))


main()
