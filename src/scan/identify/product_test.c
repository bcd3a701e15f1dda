#include "scan/identify/product.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char ssh_xml[] =
	"<?xml version='1.0'?><fingerprints matches=\"ssh.banner\" protocol=\"ssh\" "
	"database_type=\"service\" preference=\"0.90\">"
	"<fingerprint pattern=\"^OpenSSH_(\\d+\\.\\d+p\\d+) Debian\">"
	"<description>OpenSSH on Debian</description>"
	"<param pos=\"0\" name=\"service.vendor\" value=\"OpenBSD\"/>"
	"<param pos=\"0\" name=\"service.product\" value=\"OpenSSH\"/>"
	"<param pos=\"1\" name=\"service.version\"/>"
	"<param pos=\"0\" name=\"service.cpe23\" "
	"value=\"cpe:/a:openbsd:openssh:{service.version}\"/>"
	"<param pos=\"0\" name=\"os.vendor\" value=\"Debian\"/>"
	"<param pos=\"0\" name=\"os.product\" value=\"Linux\"/>"
	"</fingerprint></fingerprints>";

static struct fingerprints *fingerprints_of(const char *xml)
{
	char path[] = "/tmp/bartizan-product-XXXXXX";
	int fd = mkstemp(path);
	struct fingerprints *f = NULL;
	struct why why;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, xml, strlen(xml)), strlen(xml));
	close(fd);
	if (fingerprints_open(path, &f, &why) != 0) {
		printf("%s\n", why.text);
	}
	unlink(path);
	assert_non_null(f);
	return f;
}

static void a_banner_becomes_product_version_and_cpe(void **state)
{
	struct fingerprints *f = fingerprints_of(ssh_xml);
	struct service_facts facts = { 0 };
	struct product p;

	(void)state;
	facts_set_protocol(&facts, "ssh");
	facts_add_text(&facts, "ssh.protocol", "2.0");
	facts_add_text(&facts, "ssh.banner", "OpenSSH_9.2p1 Debian-2+deb12u2");
	product_conclude(&facts, f, &p);
	assert_string_equal(p.service.vendor, "OpenBSD");
	assert_string_equal(p.service.product, "OpenSSH");
	assert_string_equal(p.service.version, "9.2p1");
	assert_non_null(strstr(p.service.cpe, ":openbsd:openssh:9.2"));
	assert_string_equal(p.service.kind, "ssh.banner");
	assert_string_equal(p.os.vendor, "Debian");
	assert_string_equal(p.description, "OpenSSH on Debian");
	fingerprints_free(&f);
}

static void what_a_protocol_states_itself_needs_no_fingerprint(void **state)
{
	struct service_facts facts = { 0 };
	struct product p;

	(void)state;
	facts_add_text(&facts, "service.product", "Redis");
	facts_add_text(&facts, "service.version", "7.0.15");
	facts_add_text(&facts, "hw.vendor", "ACME\x1b[2J");
	facts_add_text(&facts, "hw.product", "BX");
	product_conclude(&facts, NULL, &p);
	assert_string_equal(p.service.product, "Redis");
	assert_string_equal(p.service.version, "7.0.15");
	assert_string_equal(p.service.cpe, "cpe:2.3:a:redis:redis:7.0.15:*:*:*:*:*:*:*");
	assert_int_equal(p.service.certainty, 90);
	assert_string_equal(p.hardware.vendor, "ACME [2J");
	assert_string_equal(p.os.product, "");
	assert_int_equal(p.os.certainty, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_banner_becomes_product_version_and_cpe),
		cmocka_unit_test(what_a_protocol_states_itself_needs_no_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
