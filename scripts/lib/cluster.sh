# shellcheck shell=bash
# cluster.sh: build datamesh, and run it in a throwaway cluster.
#
# Neither the checkout nor the system is written to: the sources are built in a copy, and installed
# into a private copy of PostgreSQL (which finds its files relative to its own programs). The
# cluster listens on a socket in $WORK that nobody else may open, and on no network.

PREFIX=
BIN=
SERVER_LOG=

# copy_tree SOURCE TARGET: the sources without what is built or left by tests.
copy_tree() {
	mkdir -p "$2"
	tar -C "$1" --exclude=./.git --exclude=./results --exclude=./output_iso --exclude=./tmp_check \
		--exclude=./bench/results --exclude='*.o' --exclude='*.bc' --exclude='*.so' \
		--exclude='./sql/datamesh--*.sql' -cf - . | tar -C "$2" --no-same-owner -xf -
}

make_prefix() {
	local dir program bindir
	PREFIX=$WORK/pg
	bindir=$("$PG_CONFIG" --bindir)
	BIN=$PREFIX$bindir
	mkdir -p "$BIN"
	for program in postgres initdb psql createdb dropdb createuser dropuser vacuumdb pgbench; do
		[ ! -x "$bindir/$program" ] || cp -p "$bindir/$program" "$BIN/"
	done
	cp -p "$bindir"/pg_* "$BIN/"
	for dir in "$("$PG_CONFIG" --sharedir)" "$("$PG_CONFIG" --pkglibdir)"; do
		mkdir -p "$PREFIX$(dirname "$dir")"
		cp -a "$dir" "$PREFIX$dir"
	done
	dir=$("$PG_CONFIG" --includedir)
	mkdir -p "$PREFIX$(dirname "$dir")"
	[ -e "$PREFIX$dir" ] || ln -s "$dir" "$PREFIX$dir"
	PG_CONFIG=$BIN/pg_config
}

# Clients below use this environment and nothing of the caller's.
client_environment() {
	local name
	for name in $(compgen -e | grep -E '^(PG|LC_|LANGUAGE)' || true); do
		[ "$name" = PG_CONFIG ] || [ "$name" = PG_MAJOR ] || unset "$name"
	done
	export PG_CONFIG PATH="$BIN:$PATH" LANG=C.UTF-8 HOME="$WORK/home" TMPDIR="$WORK/tmp"
	export PGHOST="$WORK/s" PGPORT=5432 PGUSER=postgres PGDATABASE=postgres PSQLRC=/dev/null PAGER=cat
}

# build [make arguments]: into the private copy; what the compiler says goes to $WORK/build.log.
build() {
	local jobs
	jobs=$(nproc 2>/dev/null || echo 1)
	copy_tree "$ROOT" "$WORK/src"
	make_prefix
	choose_user
	client_environment
	cd "$WORK/src" || return 1
	bounded 1200 "${AS_USER[@]}" make -s -j"$jobs" PG_CONFIG="$PG_CONFIG" "$@" all \
		>"$WORK/build.log" 2>&1 || return 1
	bounded 300 "${AS_USER[@]}" make -s PG_CONFIG="$PG_CONFIG" "$@" install >>"$WORK/build.log" 2>&1
}

# start_cluster NAME: a new cluster in $WORK/NAME; the one that ran before is stopped.
start_cluster() {
	local data=$WORK/$1 shared_memory
	stop_cluster
	DATA=$data
	SERVER_LOG=$WORK/$1.log
	bounded 120 "${AS_USER[@]}" "$BIN/initdb" -D "$data" -U postgres -A trust -E UTF8 \
		--locale=C.UTF-8 --no-sync >"$WORK/initdb.log" 2>&1 || {
		cat "$WORK/initdb.log" >&2
		die "initdb failed; its words stand above"
	}
	shared_memory=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$WORK/s'"
		echo "unix_socket_permissions = 0700"
		echo "port = 5432"
		echo "fsync = off"
		echo "full_page_writes = off"
		echo "autovacuum = off" # throwaway; and nothing may depend on when it comes
		echo "shared_buffers = 256MB"
		echo "max_wal_size = 2GB"
		echo "max_connections = 60"
		echo "timezone = 'UTC'"
		echo "log_timezone = 'UTC'"
		# small in containers; parallel queries would fail there
		[ "${shared_memory:-0}" -ge 524288 ] || echo "dynamic_shared_memory_type = mmap"
	} | "${AS_USER[@]}" tee -a "$data/postgresql.conf" >/dev/null
	restart_cluster
}

restart_cluster() {
	bounded 90 "${AS_USER[@]}" "$BIN/pg_ctl" -D "$DATA" -l "$SERVER_LOG" -w start >/dev/null 2>&1 || {
		tail -n 20 "$SERVER_LOG" >&2
		die "the throwaway server did not start; its log stands above"
	}
}

cluster_runs() { [ -n "${DATA-}" ] && "$BIN/pg_isready" -q; }

stop_cluster() {
	[ -n "${DATA-}" ] && [ -e "$DATA/postmaster.pid" ] || return 0
	bounded 60 "${AS_USER[@]}" "$BIN/pg_ctl" -D "$DATA" -m fast -w stop >/dev/null 2>&1 || true
}
