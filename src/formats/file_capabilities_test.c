/* file_capabilities_test.c - texts are what getcap of libcap 2.66 printed for what setcap had set.
 */
#include "formats/file_capabilities.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define CHOWN     (1ull << 0)
#define NET_ADMIN (1ull << 12)
#define NET_RAW   (1ull << 13)
#define ALL       ((1ull << 41) - 1)

static const char *text_of(uint64_t permitted, uint64_t inheritable, bool is_effective)
{
	const struct file_capabilities c = { permitted, inheritable, is_effective, 0 };
	uint8_t text[1024];
	struct writer w = writer_over(text, sizeof text);

	file_capabilities_write(&c, &w);
	assert_true(writer_ok(&w));
	return fixture_text(writer_span(&w));
}

static void writes_what_getcap_prints(void **state)
{
	(void)state;
	assert_string_equal(text_of(NET_RAW, 0, true), "cap_net_raw=ep");
	assert_string_equal(text_of(NET_RAW | NET_ADMIN, 0, false), "cap_net_admin,cap_net_raw=p");
	assert_string_equal(text_of(NET_RAW, NET_ADMIN, true), "cap_net_admin=ei cap_net_raw+ep");
	assert_string_equal(text_of(NET_RAW | CHOWN, NET_ADMIN | CHOWN, false),
			    "cap_chown=ip cap_net_admin+i cap_net_raw+p");
	assert_string_equal(text_of(ALL, 0, true), "=ep");
	assert_string_equal(text_of(ALL & ~CHOWN, 0, true), "=ep cap_chown-ep");
	assert_string_equal(text_of(ALL, CHOWN, false), "=p cap_chown+i");
	assert_string_equal(text_of(0, 0, false), "");
}

static void reads_the_versions_of_the_attribute(void **state)
{
	struct file_capabilities c;

	(void)state;
	assert_int_equal(file_capabilities_parse(fixture("formats-file_capabilities/v2"), &c), 0);
	assert_true(c.permitted == NET_RAW && c.inheritable == 0 && c.is_effective);
	assert_int_equal(file_capabilities_parse(fixture("formats-file_capabilities/v3"), &c), 0);
	assert_true(c.permitted == 1ull << 39 && c.root_id == 100000 && !c.is_effective);
	assert_int_equal(file_capabilities_parse(fixture("formats-file_capabilities/v1"), &c), 0);
	assert_true(c.permitted == CHOWN && c.inheritable == NET_ADMIN);
	assert_int_equal(file_capabilities_parse(fixture("formats-file_capabilities/v9"), &c),
			 ERR_UNSUPPORTED);
}

static void refuse(struct span part)
{
	struct file_capabilities c;

	assert_int_equal(file_capabilities_parse(part, &c), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-file_capabilities/v3"), refuse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_getcap_prints),
		cmocka_unit_test(reads_the_versions_of_the_attribute),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
