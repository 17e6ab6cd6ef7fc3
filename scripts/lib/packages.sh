# shellcheck shell=bash
# packages.sh: find PostgreSQL and the tools to build with, and install what is missing with apt.
#
# What is there is taken as it is: nothing is upgraded, no cluster is made, started or stopped.
# Afterwards PG_CONFIG and PG_MAJOR name the PostgreSQL that everything uses.

OLDEST_MAJOR=15
NEWEST_MAJOR=25
MISSING=()

# need PACKAGE TEST...: remember the package unless the test succeeds.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || MISSING+=("$package")
}

have() { command -v "$1"; }
has_header() { echo "#include <$1>" | cc -E - || [ -e "/usr/include/$1" ]; }
has_extension() { [ -e "/usr/share/postgresql/$1/extension/$2.control" ]; }
has_candidate() { [[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) == *'Candidate: '[0-9]* ]]; }

# What of one PostgreSQL of Debian's or Ubuntu's packages is missing; "pgtap" also asks for that.
need_postgres() {
	local major=$1 dir=/usr/lib/postgresql/$1
	need "postgresql-$major" test -x "$dir/bin/postgres"
	need "postgresql-server-dev-$major" test -e "$dir/lib/pgxs/src/makefiles/pgxs.mk"
	need "postgresql-$major-semver" has_extension "$major" semver
	[ "${2-}" != pgtap ] || need "postgresql-$major-pgtap" has_extension "$major" pgtap
}

# The oldest major that needs no package, else the oldest that is installed, else none.
installed_major() {
	local major found=
	for ((major = OLDEST_MAJOR; major <= NEWEST_MAJOR; major++)); do
		[ -x "/usr/lib/postgresql/$major/bin/postgres" ] || continue
		found=${found:-$major}
		MISSING=()
		need_postgres "$major" "${1-}"
		if [ "${#MISSING[@]}" -eq 0 ]; then
			found=$major
			break
		fi
	done
	echo "$found"
}

offered_major() {
	local major
	for ((major = OLDEST_MAJOR; major <= NEWEST_MAJOR; major++)); do
		if has_candidate "postgresql-$major"; then
			echo "$major"
			return 0
		fi
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif have sudo >/dev/null; then
		sudo "$@"
	else
		die "these packages are missing, and neither root nor sudo is at hand: ${MISSING[*]}" \
			"Have them installed, then run this again:  apt-get install ${MISSING[*]}"
	fi
}

apt_update() {
	[ -z "${APT_UPDATED-}" ] || return 0
	say "Reading the package lists (apt-get update)"
	as_root apt-get -qq update || note "apt-get update failed; going on with the lists at hand"
	APT_UPDATED=1
}

apt_install() {
	local folder=/etc/postgresql-common/createcluster.d status=0
	local packages=("$@") package

	for package in "${packages[@]}"; do
		has_candidate "$package" || apt_update
		has_candidate "$package" ||
			die "apt knows no package \"$package\"" \
				"datamesh needs it. On Ubuntu, enable the \"universe\" component; otherwise add the PostgreSQL" \
				"project's own apt repository (package postgresql-common, /usr/share/postgresql-common/pgdg)."
	done
	say "Installing with apt: ${packages[*]}"
	[ "$(id -u)" = 0 ] || say "(through sudo, which may ask for your password)"

	# The server's package would make and start a cluster; this file, there while it installs, says no.
	as_root mkdir -p "$folder"
	APT_SETTING=$folder/datamesh-setup.conf
	echo "create_main_cluster = false" | as_root tee "$APT_SETTING" >/dev/null
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
		apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends --no-upgrade \
		install "${packages[@]}" >"$WORK/apt.log" 2>&1 || status=$?
	as_root rm -f "$APT_SETTING"
	APT_SETTING=
	as_root rmdir --ignore-fail-on-non-empty "$folder"
	if [ "$status" -ne 0 ]; then
		tail -n 20 "$WORK/apt.log" >&2
		if [ -z "${APT_UPDATED-}" ]; then
			apt_update
			apt_install "$@"
		else
			die "apt could not install ${packages[*]}" "Its last words stand above."
		fi
	fi
}

no_apt() {
	die "this machine has no apt, so nothing can be installed for you" \
		"Needed: PostgreSQL $OLDEST_MAJOR or later with its development files, the semver extension," \
		"libyaml with headers, a C compiler, GNU make and perl. Then say where PostgreSQL is:" \
		"PG_CONFIG=/path/to/pg_config bash $0"
}

install_missing() {
	[ "${#MISSING[@]}" -gt 0 ] || return 0
	have apt-get >/dev/null || no_apt
	apt_install "${MISSING[@]}"
}

# find_postgres [pgtap]: set PG_CONFIG and PG_MAJOR and add to MISSING what that major lacks.
find_postgres() {
	local version
	if [ -n "${PG_CONFIG-}" ]; then
		version=$("$PG_CONFIG" --version) || die "PG_CONFIG=$PG_CONFIG does not run"
		PG_MAJOR=${version#PostgreSQL }
		PG_MAJOR=${PG_MAJOR%%[!0-9]*}
		[ "$PG_MAJOR" -ge "$OLDEST_MAJOR" ] ||
			die "$PG_CONFIG is of $version; datamesh needs PostgreSQL $OLDEST_MAJOR or later"
		[ -e "$("$PG_CONFIG" --sharedir)/extension/semver.control" ] ||
			die "the PostgreSQL of $PG_CONFIG lacks the semver extension"
		return 0
	fi
	PG_MAJOR=$(installed_major "${1-}")
	MISSING=()
	if [ -z "$PG_MAJOR" ]; then
		have apt-get >/dev/null || no_apt
		PG_MAJOR=$(offered_major)
		if [ -z "$PG_MAJOR" ]; then
			apt_update
			PG_MAJOR=$(offered_major)
		fi
		[ -n "$PG_MAJOR" ] ||
			die "apt offers no PostgreSQL $OLDEST_MAJOR or later" \
				"Debian 12 and Ubuntu 24.04 have one, and so have later ones. On older systems add the PostgreSQL" \
				"project's own apt repository (package postgresql-common, /usr/share/postgresql-common/pgdg)."
	fi
	need_postgres "$PG_MAJOR" "${1-}"
	PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
}

# What it takes to build and to run a cluster; need_for_tests adds what the suites use.
need_for_build() {
	find_postgres "${1-}"
	need gcc have gcc
	need make have make
	need libc6-dev test -e /usr/include/stdio.h
	need libyaml-dev has_header yaml.h
}

need_for_tests() {
	need_for_build pgtap
	need perl have prove
	need libipc-run-perl perl -MIPC::Run -e 1
}

need_for_style() {
	need clang-format have clang-format
	need shellcheck have shellcheck
}
