# shellcheck shell=bash
# common.sh: messages, children that end in time, and a clean end however the script ends.
#
# Sourced by the scripts one folder up. What it keeps true: everything a script makes stands
# below $WORK; when the script ends, by itself, by Ctrl-C or by a signal, no process that runs
# from $WORK is left, and $WORK is gone. (KEEP=1 keeps the folder, KEEP=running the servers too.)

unset CDPATH
# shellcheck disable=SC2034 # for those who source this
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORK=
KEEP=${KEEP-}
CHILD=
APT_SETTING= # a file that stands on the system while packages are installed
# shellcheck disable=SC2034
AS_USER=()

say() { printf '%s\n' "$@"; }
note() { printf '%s\n' "$*" >&2; }

die() {
	printf '%s: %s\n' "$(basename "$0")" "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit 2
}

# bounded SECONDS COMMAND...: run it in the background and wait, so that a signal to this script
# is acted on at once; 124 means that its time was up.
bounded() {
	local seconds=$1 status=0
	shift
	timeout -k 15 "$seconds" "$@" </dev/null &
	CHILD=$!
	wait "$CHILD" || status=$?
	CHILD=
	return "$status"
}

# Processes whose program stands below $WORK: servers above all, also those of TAP tests.
our_processes() {
	find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$WORK/*" 2>/dev/null | cut -d/ -f3
}

end_our_processes() {
	local pids try
	for try in QUIT QUIT KILL; do
		mapfile -t pids < <(our_processes)
		[ "${#pids[@]}" -gt 0 ] || return 0
		kill "-$try" "${pids[@]}" 2>/dev/null || true
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ -n "$(our_processes)" ] || return 0
			sleep 0.2
		done
	done
}

# What a script does last; those that have something to say there define it anew.
at_exit() { :; }

clean_up() {
	trap '' INT TERM HUP
	if [ -n "$CHILD" ]; then
		kill -TERM "$CHILD" 2>/dev/null || true
		wait "$CHILD" 2>/dev/null || true
	fi
	if [ -n "$APT_SETTING" ]; then
		as_root rm -f "$APT_SETTING" || true
	fi
	if [ -n "$WORK" ]; then
		cd /
		[ "$KEEP" = running ] || end_our_processes
		if [ -n "$KEEP" ]; then
			note "The working folder stays: $WORK"
		else
			rm -rf "$WORK"
		fi
	fi
	at_exit
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# A folder of our own, on a file system that may run programs; the socket's path must stay short.
make_work() {
	local base
	for base in "${TMPDIR:-/tmp}" /tmp /var/tmp; do
		# make cannot live with blanks in names
		if [ ! -d "$base" ] || [ ! -w "$base" ] || [[ ! $base =~ ^/[A-Za-z0-9/._-]{1,60}$ ]]; then
			continue
		fi
		WORK=$(mktemp -d "$base/datamesh.XXXXXX") || continue
		printf '#!/bin/sh\nexit 0\n' >"$WORK/probe"
		chmod +x "$WORK/probe"
		if "$WORK/probe" 2>/dev/null; then
			rm "$WORK/probe"
			mkdir "$WORK/tmp" "$WORK/s" "$WORK/home"
			return 0
		fi
		rm -rf "$WORK"
		WORK=
	done
	die "no folder for temporary files" "Set TMPDIR to a folder that is writable and may run programs."
}

# PostgreSQL refuses to run as root: as root, everything below $WORK belongs to another user.
choose_user() {
	local user=nobody
	[ "$(id -u)" = 0 ] || return 0
	if id postgres >/dev/null 2>&1; then
		user=postgres
	fi
	# shellcheck disable=SC2034
	AS_USER=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups)
	chown -R "$user" "$WORK"
}
