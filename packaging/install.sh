#!/bin/sh
# install.sh - installs Bartizan's programs where there is no package for the system; needs no network.
#
# It is also what the Debian packages and the RPM are staged with, so that all lay out the same files.
set -eu

usage() {
	cat <<'END'
usage: packaging/install.sh [options]         after ./dev build, as root

  --part agent|server|cli|scanner
                            install this part (more than once for more; default: the first three)
  --from DIR                where the programs are (default: build/release)
  --prefix DIR              default: /usr/local
  --init systemd|openrc|none
                            which service files (default: what this machine runs)
  --unit-dir DIR            default: /etc/systemd/system
  --uninstall               remove programs and service files; configuration and data stay
  --purge                   with --uninstall: remove the configuration and the agent's state, too.
                            The server's data stays: it holds the key of every sensor's certificate
  DESTDIR=DIR               in the environment: only lay out files below DIR; no user is made,
                            nothing is started or stopped
END
}

die() {
	echo "install.sh: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
from=$here/../build/release
prefix=/usr/local
unit_dir=/etc/systemd/system
init=
parts=
action=install
is_purging=no
DESTDIR=${DESTDIR:-}
umask 022

while [ $# -gt 0 ]; do
	option=$1
	case $option in
	--part | --from | --prefix | --init | --unit-dir)
		[ $# -ge 2 ] || die "$option needs a value"
		shift
		;;
	esac
	case $option in
	--part)
		case $1 in agent | server | cli | scanner) parts="$parts $1" ;; *) die "--part is agent, server, cli or scanner, not $1" ;; esac
		;;
	--from) from=$1 ;;
	--prefix) prefix=${1%/} ;;
	--unit-dir) unit_dir=$1 ;;
	--init)
		case $1 in systemd | openrc | none) init=$1 ;; *) die "--init is systemd, openrc or none, not $1" ;; esac
		;;
	--uninstall) action=uninstall ;;
	--purge) is_purging=yes ;;
	--help | -h)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
	shift
done
[ -n "$parts" ] || parts="agent server cli"
if [ -z "$init" ]; then
	init=none
	if [ -d /run/systemd/system ]; then
		init=systemd
	elif [ -x /sbin/openrc-run ]; then
		init=openrc
	fi
fi
[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || die "only root can install; or set DESTDIR to lay out files somewhere"

# Of each part: program, where below the prefix, manual page, service, its user.
facts() {
	case $1 in
	agent) program=bartizan-agent where=sbin page=bartizan-agent.8 service=bartizan-agent config=agent.conf user=bartizan-agent ;;
	server) program=bartizand where=sbin page=bartizand.8 service=bartizan-server config=server.conf user=bartizan ;;
	scanner) program=bartizan-scanner where=sbin page=bartizan-scanner.8 service=bartizan-scanner config=scanner.conf user=bartizan-scanner ;;
	cli) program=bartizan where=bin page=bartizan.1 service='' config='' user='' ;;
	esac
	section=${page##*.}
	man=$prefix/share/man/man$section/$page
	if [ "$init" != systemd ] && { [ "$part" = agent ] || [ "$part" = scanner ]; }; then
		user='' # started by root, it gives up root's powers itself
	fi
}

# put MODE SOURCE TARGET: a file below DESTDIR, replaced as a whole so that a running program is not written to.
put() {
	mkdir -p "$DESTDIR$(dirname "$3")"
	sed -e "s|/usr/sbin/|$prefix/sbin/|g" "$2" >"$DESTDIR$3.new"
	chmod "$1" "$DESTDIR$3.new"
	mv -f "$DESTDIR$3.new" "$DESTDIR$3"
}

put_program() {
	mkdir -p "$DESTDIR$prefix/$where"
	cp "$from/$program" "$DESTDIR$prefix/$where/$program.new"
	chmod 755 "$DESTDIR$prefix/$where/$program.new"
	mv -f "$DESTDIR$prefix/$where/$program.new" "$DESTDIR$prefix/$where/$program"
}

# What the administrator changed stays.
put_config() {
	if [ -z "$DESTDIR" ] && [ -e "/etc/bartizan/$config" ]; then
		put 644 "$here/conf/$config" "/etc/bartizan/$config.new"
		cmp -s "/etc/bartizan/$config" "/etc/bartizan/$config.new" && rm -f "/etc/bartizan/$config.new" ||
			echo "/etc/bartizan/$config stays as it is; the new one is /etc/bartizan/$config.new"
	else
		put 644 "$here/conf/$config" "/etc/bartizan/$config"
	fi
}

make_user() {
	[ -n "$user" ] && [ -z "$DESTDIR" ] && ! id "$user" >/dev/null 2>&1 || return 0
	if command -v useradd >/dev/null; then
		useradd --system --user-group --home-dir "/var/lib/$user" --no-create-home --shell /usr/sbin/nologin "$user"
	elif command -v adduser >/dev/null; then # busybox
		addgroup -S "$user"
		adduser -S -D -H -h "/var/lib/$user" -s /sbin/nologin -G "$user" "$user"
	else
		die "there is neither useradd nor adduser to make the user $user with"
	fi
}

service_file() {
	case $init in
	systemd) echo "$unit_dir/$service.service" ;;
	openrc) echo "/etc/init.d/$service" ;;
	*) ;;
	esac
}

install_part() {
	[ -x "$from/$program" ] || die "$from/$program is not there: build it first (./dev build), or say --from"
	put_program
	put 644 "$here/man/$page" "$man"
	[ -n "$service" ] || return 0
	put_config
	make_user
	case $init in
	systemd) put 644 "$here/systemd/$service.service" "$(service_file)" ;;
	openrc) put 755 "$here/openrc/$service" "$(service_file)" ;;
	*) ;;
	esac
	[ -z "$DESTDIR" ] || return 0
	case $init in
	systemd)
		systemctl daemon-reload
		systemctl try-restart "$service"
		echo "edit /etc/bartizan/$config, then: systemctl enable --now $service"
		;;
	openrc) echo "edit /etc/bartizan/$config, then: rc-update add $service && rc-service $service start" ;;
	*) echo "no service was set up; by hand: $prefix/$where/$program --help" ;;
	esac
}

uninstall_part() {
	if [ -n "$service" ] && [ -z "$DESTDIR" ]; then
		case $init in
		systemd) systemctl disable --now "$service" || true ;;
		openrc)
			rc-service "$service" stop || true
			rc-update del "$service" || true
			;;
		*) ;;
		esac
	fi
	rm -f "$DESTDIR$prefix/$where/$program" "$DESTDIR$man"
	[ -n "$service" ] || return 0
	[ "$init" = none ] || rm -f "$DESTDIR$(service_file)"
	[ "$is_purging" = yes ] || return 0
	rm -f "$DESTDIR/etc/bartizan/$config" "$DESTDIR/etc/bartizan/$config.new"
	if [ "$part" = agent ]; then
		echo "removing the agent's state, /var/lib/bartizan-agent: its key and what the server acknowledged"
		rm -f "$DESTDIR/etc/bartizan/token" "$DESTDIR/etc/bartizan/ca.pem"
		rm -rf "$DESTDIR/var/lib/bartizan-agent"
	elif [ "$part" = scanner ]; then
		echo "removing the scanner's state, /var/lib/bartizan-scanner: its key and what it found"
		rm -f "$DESTDIR/etc/bartizan/scanner-token"
		rm -rf "$DESTDIR/var/lib/bartizan-scanner"
	elif [ -e "$DESTDIR/var/lib/bartizan" ]; then
		echo "the server's data stays: /var/lib/bartizan. To remove it and every sensor's access: rm -r /var/lib/bartizan"
	fi
	rmdir "$DESTDIR/etc/bartizan" 2>/dev/null || true
}

for part in $parts; do
	facts "$part"
	"${action}_part"
done
if [ "$action" = uninstall ] && [ "$init" = systemd ] && [ -z "$DESTDIR" ]; then
	systemctl daemon-reload
fi
