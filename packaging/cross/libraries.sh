#!/bin/sh
# libraries.sh arm64|musl - what the agent links with, for another machine, below build/cross/TARGET.
#
# arm64: Debian's packages, fetched by apt and unpacked beside, so that this machine's dpkg knows nothing of it.
# musl: Debian has no OpenSSL for it, so OpenSSL and cmocka are built from Debian's sources.
# Ends with 77 where the packages cannot be had.
set -eu
target=$1
cd "$(dirname "$0")/../.."
mkdir -p "build/cross/$target"
cd "build/cross/$target"
[ ! -e libraries.done ] || exit 0

# An apt of our own, with this machine's sources and keys.
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mkdir -p apt/lists/partial apt/archives/partial apt/sources
python3 - "$codename" "$target" >apt/sources/debian.sources <<'END'
import pathlib, re, sys
suite, target = sys.argv[1:]
kind = "deb-src" if target == "musl" else "deb"
for path in sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*.sources")):
    for paragraph in path.read_text().split("\n\n"):
        lines = [l for l in paragraph.splitlines() if not re.match(r"(#|Types:|Architectures:)", l)]
        if any(re.match(rf"Suites:.*\b{suite}", l) for l in lines):
            print("\n".join(["Types: " + kind, *lines]) + "\n")
for path in [pathlib.Path("/etc/apt/sources.list"), *sorted(pathlib.Path("/etc/apt/sources.list.d").glob("*.list"))]:
    for line in path.read_text().splitlines() if path.exists() else []:
        found = re.match(rf"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+({suite}\S*)\s+(.*)", line)
        if found:
            key = re.search(r"signed-by=(\S+)", found.group(1) or "")
            signed = f"Signed-By: {key.group(1)}\n" if key else ""
            print(f"Types: {kind}\nURIs: {found.group(2)}\nSuites: {found.group(3)}\nComponents: {found.group(4)}\n{signed}")
END
fetch() {
	apt-get -q -o Dir::State::Lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt" -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$PWD/apt/sources" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root \
		-o Acquire::Languages=none "$@"
}

arm64() {
	for words in "update" "download libssl3 libssl-dev libcmocka0 libcmocka-dev"; do
		# shellcheck disable=SC2086 # words
		fetch -o APT::Architecture=arm64 -o APT::Architectures::=arm64 $words || exit 77
	done
	for package in lib*_arm64.deb; do
		dpkg -x "$package" sysroot
	done
}

# Of OpenSSL what TLS 1.3 and certificates take, and no more.
openssl() {
	cd src/openssl-*
	CC="ccache musl-gcc" CFLAGS="-O1 -idirafter $1/kernel" ./Configure linux-x86_64 --prefix=/usr --libdir=lib --openssldir=/etc/ssl \
		no-shared no-tests no-engine no-legacy no-dso no-async no-dtls no-ssl3 no-comp no-ts no-cms no-ct no-idea no-bf no-cast \
		no-camellia no-seed no-rc2 no-rc4 no-md4 no-mdc2 no-whirlpool no-rmd160 no-dsa no-srp no-psk no-gost no-aria no-sm2 no-sm3 \
		no-sm4 no-siphash no-ocsp
	make -s -j"$(nproc)" build_generated libcrypto.a libssl.a
	make -s install_dev DESTDIR="$1/sysroot"
}

cmocka() {
	cd src/cmocka-*
	ccache musl-gcc -O1 -Iinclude -DHAVE_MALLOC_H -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_GETTIME \
		-DHAVE_STRINGS_H -DHAVE_STDINT_H -DHAVE_UNISTD_H -DHAVE_SETJMP_H -c src/cmocka.c -o cmocka.o
	ar rcs "$1/sysroot/usr/lib/libcmocka.a" cmocka.o
	cp include/cmocka.h "$1/sysroot/usr/include/"
	cat >"$1/sysroot/usr/lib/pkgconfig/cmocka.pc" <<-'END'
		Name: cmocka
		Description: unit tests
		Version: 1.1.5
		Libs: -L/usr/lib -lcmocka
		Cflags: -I/usr/include
	END
}

musl() {
	fetch update && fetch source --tar-only openssl cmocka || exit 77
	rm -rf src sysroot
	mkdir -p src kernel
	for tarball in openssl_*.orig.tar.?z cmocka_*.orig.tar.?z; do
		tar -C src -xf "$tarball"
	done
	# the kernel's headers, without glibc's beside them
	ln -sfn /usr/include/linux kernel/linux
	ln -sfn /usr/include/asm-generic kernel/asm-generic
	ln -sfn "/usr/include/$(uname -m)-linux-gnu/asm" kernel/asm
	(openssl "$PWD")
	(cmocka "$PWD")
}

"$target"
touch libraries.done
