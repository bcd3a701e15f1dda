/* exposed_test.c - each rule finds what it is for, and nothing else. */
#include "server/services/exposed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NOW      INT64_C(1800000000)
#define DAY      86400
#define PUBLIC   "45.33.32.7"
#define INTERNAL "10.1.2.3"

static char found[2048];

static void take(void *context, const struct exposed_finding *f)
{
	size_t used = strlen(found);

	(void)context;
	assert_in_range(f->priority, 1, 100);
	assert_true(f->advice[0] != '\0' && f->what[0] != '\0' && f->subject[0] != '\0');
	snprintf(found + used, sizeof found - used, "%s%s %s", used > 0 ? "; " : "", f->id,
		 exposed_level(f->priority));
}

/* What all families say of a row: "rule level; rule level". */
static const char *judge(const struct row *row)
{
	found[0] = '\0';
	for (size_t i = 0; exposed_families[i] != NULL; i++) {
		if (exposed_families[i]->table == row->table->number) {
			exposed_families[i]->judge(row, NOW, take, NULL);
		}
	}
	return found;
}

static const char *service(const char *address, const char *protocol, const char *access,
			   bool is_tls)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_NETWORK_SERVICES));
	row_set_text(&row, NETWORK_SERVICES_ADDRESS, span_of(address));
	row_set_text(&row, NETWORK_SERVICES_TRANSPORT, span_of("tcp"));
	row_set_integer(&row, NETWORK_SERVICES_PORT, 1234);
	row_set_text(&row, NETWORK_SERVICES_PROTOCOL, span_of(protocol));
	row_set_text_if_any(&row, NETWORK_SERVICES_ACCESS, span_of(access));
	row_set_boolean(&row, NETWORK_SERVICES_IS_TLS, is_tls);
	return judge(&row);
}

static void a_service_is_judged_by_who_reaches_it(void **state)
{
	(void)state;
	assert_string_equal(service(PUBLIC, "mysql", "required", false), "database-open critical");
	assert_string_equal(service(INTERNAL, "mysql", "required", false), "");
	assert_string_equal(service(INTERNAL, "redis", "anyone", false), "database-open high");
	assert_string_equal(service("fd00::1", "redis", "required", false), "");
	assert_string_equal(service("2606:4700::1", "redis", "required", false),
			    "database-open critical");
	assert_string_equal(service(INTERNAL, "telnet", "", false), "telnet medium");
	assert_string_equal(service(PUBLIC, "snmp", "default", false),
			    "snmp-default-community critical");
	assert_string_equal(service(INTERNAL, "snmp", "required", false), "");
	assert_string_equal(service(INTERNAL, "docker", "anyone", false),
			    "container-api-open critical");
	assert_string_equal(service(PUBLIC, "kubernetes", "required", true),
			    "container-api-open medium");
	assert_string_equal(service(PUBLIC, "http", "", false), "");
	assert_string_equal(service(PUBLIC, "ssh", "", false), "");
}

static void ftp_within_tls_is_not_plain(void **state)
{
	(void)state;
	assert_string_equal(service(INTERNAL, "ftp", "", false), "ftp-plain low");
	assert_string_equal(service(INTERNAL, "ftp", "", true), "");
}

static struct row served(int64_t days)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_SERVED_CERTIFICATES));
	row_set_text(&row, SERVED_CERTIFICATES_ADDRESS, span_of(INTERNAL));
	row_set_integer(&row, SERVED_CERTIFICATES_PORT, 443);
	row_set_integer(&row, SERVED_CERTIFICATES_NOT_BEFORE, NOW - DAY);
	row_set_integer(&row, SERVED_CERTIFICATES_NOT_AFTER, NOW + days * DAY);
	row_set_text(&row, SERVED_CERTIFICATES_KEY_TYPE, span_of("rsa"));
	row_set_integer(&row, SERVED_CERTIFICATES_KEY_BITS, 2048);
	row_set_text(&row, SERVED_CERTIFICATES_SIGNATURE, span_of("sha256WithRSAEncryption"));
	return row;
}

static void a_certificate_is_told_of_at_30_14_and_7_days(void **state)
{
	static const struct {
		int64_t days;
		const char *expected;
	} cases[] = {
		{ 31, "" },
		{ 30, "certificate-expires-30 low" },
		{ 14, "certificate-expires-14 medium" },
		{ 7, "certificate-expires-7 high" },
		{ 0, "certificate-expired high" },
		{ -400, "certificate-expired high" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct row row = served(cases[i].days);

		assert_string_equal(judge(&row), cases[i].expected);
	}
}

static void a_finding_stays_the_same_from_day_to_day(void **state)
{
	struct row row = served(6);
	char first[sizeof found];

	(void)state;
	snprintf(first, sizeof first, "%s", judge(&row));
	row = served(5);
	assert_string_equal(judge(&row), first);
}

static void a_weak_or_wrong_certificate_is_told_of(void **state)
{
	struct row row = served(100);

	(void)state;
	row_set_integer(&row, SERVED_CERTIFICATES_KEY_BITS, 1024);
	assert_string_equal(judge(&row), "certificate-weak-key medium");
	row = served(100);
	row_set_text(&row, SERVED_CERTIFICATES_SIGNATURE, span_of("sha1WithRSAEncryption"));
	assert_string_equal(judge(&row), "certificate-weak-signature medium");
	row = served(100);
	row_set_boolean(&row, SERVED_CERTIFICATES_IS_NAME_MATCHED, false);
	row_set_text(&row, SERVED_CERTIFICATES_NAME, span_of("a.example.org"));
	assert_string_equal(judge(&row), "certificate-wrong-name medium");
	/* what comes with it is judged by its time alone */
	row_set_integer(&row, SERVED_CERTIFICATES_CHAIN, 1);
	assert_string_equal(judge(&row), "");
}

static void a_file_counts_only_where_it_is_served(void **state)
{
	const struct span at = span_of("nginx 0.0.0.0:443");
	struct row row;

	(void)state;
	row_init(&row, schema_by_number(TABLE_CERTIFICATES));
	row_set_text(&row, CERTIFICATES_PATH, span_of("/etc/ssl/a.pem"));
	row_set_integer(&row, CERTIFICATES_NOT_AFTER, NOW - 1);
	assert_string_equal(judge(&row), "");
	row_set_list(&row, CERTIFICATES_SERVED_AT, &at, 1);
	assert_string_equal(judge(&row), "certificate-expired high");
}

static void a_program_that_listens_beyond_the_machine_is_told_of(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, schema_by_number(TABLE_LISTENERS));
	row_set_text(&row, LISTENERS_PROTOCOL, span_of("tcp"));
	row_set_text(&row, LISTENERS_PROCESS, span_of("redis-server"));
	row_set_integer(&row, LISTENERS_PORT, 6379);
	row_set_text(&row, LISTENERS_ADDRESS, span_of("127.0.0.1"));
	assert_string_equal(judge(&row), "");
	row_set_text(&row, LISTENERS_ADDRESS, span_of("0.0.0.0"));
	assert_string_equal(judge(&row), "database-open low");
	row_set_text(&row, LISTENERS_ADDRESS, span_of(PUBLIC));
	assert_string_equal(judge(&row), "database-open critical");
	row_set_text(&row, LISTENERS_PROCESS, span_of("sshd"));
	assert_string_equal(judge(&row), "");
}

static void tls_is_judged_by_its_grade_without_trust(void **state)
{
	const struct span poodle = span_of("poodle_ssl");
	struct row row;

	(void)state;
	row_init(&row, schema_by_number(TABLE_TLS_ENDPOINTS));
	row_set_text(&row, TLS_ENDPOINTS_ADDRESS, span_of(PUBLIC));
	row_set_integer(&row, TLS_ENDPOINTS_PORT, 443);
	row_set_text(&row, TLS_ENDPOINTS_GRADE, span_of("A"));
	assert_string_equal(judge(&row), "");
	row_set_text(&row, TLS_ENDPOINTS_GRADE, span_of("F"));
	assert_string_equal(judge(&row), "tls-weak high");
	row_set_text(&row, TLS_ENDPOINTS_GRADE, span_of("T"));
	row_set_text(&row, TLS_ENDPOINTS_GRADE_WITHOUT_TRUST, span_of("C"));
	row_set_boolean(&row, TLS_ENDPOINTS_IS_TRUSTED, false);
	assert_string_equal(judge(&row), "tls-weak medium; certificate-not-trusted medium");
	row_set_text(&row, TLS_ENDPOINTS_GRADE_WITHOUT_TRUST, span_of("A"));
	row_set_list(&row, TLS_ENDPOINTS_VULNERABILITIES, &poodle, 1);
	row_set_boolean(&row, TLS_ENDPOINTS_IS_TRUSTED, true);
	assert_string_equal(judge(&row), "tls-vulnerable high");
}

static void a_sign_in_over_https_is_as_it_should_be(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, schema_by_number(TABLE_WEB));
	row_set_text(&row, WEB_ADDRESS, span_of(PUBLIC));
	row_set_integer(&row, WEB_PORT, 80);
	row_set_text(&row, WEB_PAGE, span_of("login"));
	assert_string_equal(judge(&row), "login-page medium");
	row_set_boolean(&row, WEB_IS_TLS, true);
	assert_string_equal(judge(&row), "");
	row_set_text(&row, WEB_PAGE, span_of("admin"));
	assert_string_equal(judge(&row), "admin-page high");
}

static void a_new_port_is_news_for_a_week(void **state)
{
	struct row row;

	(void)state;
	row_init(&row, schema_by_number(TABLE_OPEN_PORTS));
	row_set_text(&row, OPEN_PORTS_ADDRESS, span_of(INTERNAL));
	row_set_text(&row, OPEN_PORTS_TRANSPORT, span_of("tcp"));
	row_set_integer(&row, OPEN_PORTS_PORT, 80);
	assert_string_equal(judge(&row), "");
	row_set_integer(&row, OPEN_PORTS_APPEARED, NOW - 6 * DAY);
	assert_string_equal(judge(&row), "new-port low");
	row_set_integer(&row, OPEN_PORTS_APPEARED, NOW - 7 * DAY);
	assert_string_equal(judge(&row), "");
}

static void an_empty_row_of_any_table_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; exposed_families[i] != NULL; i++) {
		struct row row;

		row_init(&row, schema_by_number(exposed_families[i]->table));
		assert_string_equal(judge(&row), "");
	}
}

static char identity[EXPOSED_TEXT_SIZE];

static void take_identity(void *context, const struct exposed_finding *f)
{
	(void)context;
	snprintf(identity, sizeof identity, "%s", f->identity);
}

static const char *identity_of(const char *product, const char *version)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_NETWORK_SERVICES));
	row_set_text(&row, NETWORK_SERVICES_ADDRESS, span_of(PUBLIC));
	row_set_text(&row, NETWORK_SERVICES_TRANSPORT, span_of("tcp"));
	row_set_integer(&row, NETWORK_SERVICES_PORT, 1234);
	row_set_text(&row, NETWORK_SERVICES_PROTOCOL, span_of("mysql"));
	row_set_text(&row, NETWORK_SERVICES_PRODUCT, span_of(product));
	row_set_text(&row, NETWORK_SERVICES_VERSION, span_of(version));
	identity[0] = '\0';
	for (size_t i = 0; exposed_families[i] != NULL; i++) {
		if (exposed_families[i]->table == TABLE_NETWORK_SERVICES) {
			exposed_families[i]->judge(&row, NOW, take_identity, NULL);
		}
	}
	return identity;
}

static void a_finding_is_the_same_while_the_program_is(void **state)
{
	char before[EXPOSED_TEXT_SIZE];

	(void)state;
	snprintf(before, sizeof before, "%s", identity_of("MySQL", "8.0.36"));
	assert_string_equal(identity_of("MySQL", "8.4.0"), before);
	assert_string_not_equal(identity_of("MariaDB", "8.0.36"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_judged_by_who_reaches_it),
		cmocka_unit_test(ftp_within_tls_is_not_plain),
		cmocka_unit_test(a_certificate_is_told_of_at_30_14_and_7_days),
		cmocka_unit_test(a_finding_stays_the_same_from_day_to_day),
		cmocka_unit_test(a_weak_or_wrong_certificate_is_told_of),
		cmocka_unit_test(a_file_counts_only_where_it_is_served),
		cmocka_unit_test(a_program_that_listens_beyond_the_machine_is_told_of),
		cmocka_unit_test(tls_is_judged_by_its_grade_without_trust),
		cmocka_unit_test(a_sign_in_over_https_is_as_it_should_be),
		cmocka_unit_test(a_new_port_is_news_for_a_week),
		cmocka_unit_test(an_empty_row_of_any_table_is_judged),
		cmocka_unit_test(a_finding_is_the_same_while_the_program_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
