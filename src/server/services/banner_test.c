/* banner_test.c - a banner names a package exactly, or none. */
#include "server/services/banner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void assert_names(const char *banner, const char *stream, const char *source,
			 const char *version)
{
	struct banner_package package;

	if (!banner_package_of(span_of(banner), &package)) {
		fail_msg("'%s' names no package", banner);
	}
	assert_string_equal(package.release.stream, stream);
	assert_string_equal(package.source, source);
	assert_string_equal(package.version, version);
}

static void a_distribution_s_revision_is_exact(void **state)
{
	(void)state;
	assert_names("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", "debian:12", "openssh",
		     "1:9.2p1-2+deb12u3");
	assert_names("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "debian:12", "openssh", "1:9.2p1-2");
	assert_names("SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3", "debian:11", "openssh",
		     "1:8.4p1-5+deb11u3");
	assert_names("SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.6", "ubuntu:22.04", "openssh",
		     "1:8.9p1-3ubuntu0.6");
	assert_names("5.5.5-10.11.6-MariaDB-0+deb12u1", "debian:12", "mariadb",
		     "1:10.11.6-0+deb12u1");
}

static void anything_else_names_nothing(void **state)
{
	static const char *const banners[] = {
		"",
		"SSH-2.0-OpenSSH_9.2p1",
		"SSH-2.0-OpenSSH_9.9p9 Debian-1",
		"SSH-2.0-OpenSSH_ Debian-1+deb12u1",
		"SSH-2.0-OpenSSH_9.2p1 Debian-",
		"SSH-2.0-OpenSSH_9.2p1;rm Debian-2+deb12u3",
		"SSH-2.0-OpenSSH_9.2p1 Debian-x+deb12u3",
		"Apache/2.4.57 (Debian)",
		"SSH-2.0-dropbear_2022.83",
		"-MariaDB-0+deb12u1",
	};
	struct banner_package package;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(banners); i++) {
		if (banner_package_of(span_of(banners[i]), &package)) {
			fail_msg("'%s' names %s", banners[i], package.version);
		}
	}
}

static void a_long_version_is_none(void **state)
{
	char banner[400] = "OpenSSH_9.2p1 Debian-2";
	struct banner_package package;

	(void)state;
	memset(banner + 22, '1', 300);
	memcpy(banner + 322, "+deb12u3", 9);
	assert_false(banner_package_of(span_of(banner), &package));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_distribution_s_revision_is_exact),
		cmocka_unit_test(anything_else_names_nothing),
		cmocka_unit_test(a_long_version_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
