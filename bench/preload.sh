#!/usr/bin/env bash
# preload.sh: what the hooks of a preloaded library cost: utility statements that are none of their business,
# statements that they judge, and EXPLAIN.
#
#	bench/preload.sh [STATEMENTS [ROUNDS]]		of each kind 20,000, in 7 rounds
#
# Makes two servers of its own, one with shared_preload_libraries = 'datamesh' and one without, and takes them
# away again; not as root. Needs initdb and pg_ctl in the PATH, with the extension installed. Both servers have the
# same mesh. They take turns within every round; the ratio is that of the medians. The statements of a run are one
# DO block, so that no client is measured.
set -euo pipefail

statements=${1:-20000}
rounds=${2:-7}
work=$(mktemp -d)
export PGUSER=postgres PGHOST=$work PGOPTIONS='-c client_min_messages=error'

clean_up() {
	for name in with without; do
		pg_ctl -D "$work/$name" -m immediate -w stop >/dev/null 2>&1 || true
	done
	rm -rf "$work"
}
trap clean_up EXIT

port_of() { [ "$1" = with ] && echo 6543 || echo 6544; }
run_sql() { PGPORT=$(port_of "$1") psql -XqAt -v ON_ERROR_STOP=1 -d postgres "${@:2}"; }

libraries_of() { if [ "$1" = with ]; then echo datamesh; fi; }

for name in with without; do
	initdb -D "$work/$name" -U postgres -A trust --no-sync >/dev/null
	cat >>"$work/$name/postgresql.conf" <<-EOF
		listen_addresses = ''
		unix_socket_directories = '$work'
		port = $(port_of $name)
		fsync = off
		autovacuum = off
		shared_preload_libraries = '$(libraries_of $name)'
	EOF
	pg_ctl -D "$work/$name" -l "$work/$name.log" -w start >/dev/null
	run_sql $name <<-'SQL'
		CREATE EXTENSION datamesh CASCADE;
		CREATE ROLE team;
		CREATE ROLE person;
		CALL datamesh.create_domain('bench', owner => 'team');
		CREATE TABLE t (i integer);
		CREATE PROCEDURE measure(statement text, times integer) LANGUAGE plpgsql AS $$
		DECLARE
		    began timestamptz;
		BEGIN
		    FOR i IN 1 .. times / 10 LOOP EXECUTE statement; END LOOP;
		    began := clock_timestamp();
		    FOR i IN 1 .. times LOOP EXECUTE statement; END LOOP;
		    RAISE EXCEPTION USING MESSAGE = 'took ' || extract(epoch FROM clock_timestamp() - began) * 1000;
		END $$;
	SQL
done

# milliseconds; the statements are rolled back
measure() { { run_sql "$1" -c "CALL measure('$2', $3)" 2>&1 || true; } | sed -n 's/.*took //p'; }
median() { tr ' ' '\n' | sed '/^$/d' | sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

echo "$statements statements of each kind; $rounds rounds; $(run_sql with -c 'SELECT version()' | cut -d' ' -f1-2)"
while IFS='|' read -r label statement part; do
	on=
	off=
	times=$((statements / part))
	for ((round = 1; round <= rounds; round++)); do
		for name in $([ $((round % 2)) = 0 ] && echo with without || echo without with); do
			took=$(measure "$name" "$statement" "$times")
			[ -n "$took" ]
			if [ "$name" = with ]; then on+=" $took"; else off+=" $took"; fi
		done
	done
	awk -v l="$label" -v a="$(median <<<"$on")" -v b="$(median <<<"$off")" -v n="$times" \
		'BEGIN { printf "%-28s preloaded %8.2f us, not %8.2f us: %.3f\n", l, a / n * 1000, b / n * 1000, a / b }'
done <<'EOF'
SET, none of its business|SET LOCAL work_mem = 8192|1
LOCK, neither|LOCK TABLE t IN ACCESS SHARE MODE|1
ALTER TABLE, neither|ALTER TABLE t SET (fillfactor = 90)|20
GRANT and REVOKE of a role|GRANT team TO person; REVOKE team FROM person|50
EXPLAIN of a plain table|EXPLAIN SELECT * FROM t|2
EOF
