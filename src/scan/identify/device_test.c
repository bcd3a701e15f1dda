#include "scan/identify/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What a Linux 6.18 answered over veth, two routers away. */
static struct answer_stack linux_stack(void)
{
	return (struct answer_stack){ .ttl = 62,
				      .is_unfragmentable = true,
				      .window = 64240,
				      .mss = 1460,
				      .window_scale = 10,
				      .has_sack = true,
				      .order = { 2, 1, 1, 4, 1, 3 },
				      .order_count = 6 };
}

static struct answer_stack windows_stack(void)
{
	return (struct answer_stack){ .ttl = 128,
				      .is_unfragmentable = true,
				      .window = 65535,
				      .mss = 1460,
				      .window_scale = 8,
				      .has_sack = true,
				      .order = { 2, 1, 3, 1, 1, 4 },
				      .order_count = 6 };
}

static struct answer_stack bsd_stack(void)
{
	return (struct answer_stack){ .ttl = 64,
				      .is_unfragmentable = true,
				      .window = 65535,
				      .mss = 1460,
				      .window_scale = 6,
				      .has_sack = true,
				      .order = { 2, 1, 3, 4, 0 },
				      .order_count = 5 };
}

/* A match that says these, in pairs, ended by NULL. */
static const struct fingerprint_match *match(const char *kind, unsigned certainty,
					     const char *const *pairs)
{
	static struct fingerprint_match m;

	m.kind = span_of(kind);
	m.certainty = m.os_certainty = certainty;
	m.param_count = 0;
	for (; pairs[0] != NULL; pairs += 2) {
		m.params[m.param_count++] =
			(struct fingerprint_param){ span_of(pairs[0]), span_of(pairs[1]) };
	}
	return &m;
}

#define PAIRS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char *const debian[] = { "os.vendor", "Debian",     "os.family", "Linux", "os.product",
				      "Linux",     "os.version", "12.0",      NULL };

static void nothing_known_is_nothing_said(void **state)
{
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_guess(&d, &g);
	assert_int_equal(g.os.is.certainty, 0);
	assert_string_equal(g.os.is.family, "");
	assert_string_equal(g.os.why, "");
	assert_int_equal(g.hardware.is.certainty, 0);
	assert_int_equal(g.hops, -1);
}

static void a_stack_alone_says_a_family_and_is_not_sure(void **state)
{
	struct answer_stack stack = linux_stack();
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_stack(&d, &stack, 0);
	device_guess(&d, &g);
	assert_string_equal(g.os.is.family, "Linux");
	assert_string_equal(g.os.is.version, "");
	assert_int_equal(g.os.is.certainty, 60);
	assert_string_equal(g.os.why, "TCP stack 60%");
	assert_int_equal(g.hops, 2);
}

static void stacks_are_told_apart(void **state)
{
	struct answer_stack stacks[4] = { windows_stack(), bsd_stack(), linux_stack(),
					  linux_stack() };
	const char *families[4] = { "Windows", "FreeBSD", "OpenBSD", "" };
	struct device d;
	struct device_guess g;

	(void)state;
	stacks[2].window = 16384;
	stacks[3].ttl = 250; /* Linux's order from elsewhere */
	for (size_t i = 0; i < 4; i++) {
		device_init(&d);
		device_add_stack(&d, &stacks[i], 0);
		device_guess(&d, &g);
		assert_string_equal(g.os.is.family, families[i]);
	}
}

static void what_a_middlebox_may_have_said_is_not_believed(void **state)
{
	struct answer_stack stack = linux_stack();
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_stack(&d, &stack, MIDDLEBOX_EVERY_PORT);
	device_guess(&d, &g);
	assert_int_equal(g.os.is.certainty, 0);
	assert_int_equal(g.hops, -1);
}

static void sources_that_agree_add_up_and_never_to_certainty(void **state)
{
	struct answer_stack stack = linux_stack();
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_match(&d, match("ssh.banner", 85, debian));
	device_add_stack(&d, &stack, 0);
	device_guess(&d, &g);
	assert_string_equal(g.os.is.family, "Linux");
	assert_string_equal(g.os.is.vendor, "Debian");
	assert_string_equal(g.os.is.version, "12.0");
	assert_int_equal(g.os.is.certainty, 94);
	assert_string_equal(g.os.why, "ssh.banner 85%, TCP stack 60%");
	device_add_match(&d, match("http_header.server", 85, debian));
	device_guess(&d, &g);
	assert_int_equal(g.os.is.certainty, DEVICE_CERTAIN_MAX);
}

static void the_same_banner_on_many_ports_is_one_witness(void **state)
{
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	for (unsigned i = 0; i < 100; i++) {
		device_add_match(&d, match("ssh.banner", 60, debian));
	}
	device_guess(&d, &g);
	assert_int_equal(g.os.is.certainty, 60);
	assert_string_equal(g.os.why, "ssh.banner 60%");
}

static void evidence_against_it_takes_away_and_is_told(void **state)
{
	struct answer_stack stack = windows_stack();
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_match(&d, match("ssh.banner", 85, debian));
	device_add_stack(&d, &stack, 0);
	device_guess(&d, &g);
	assert_string_equal(g.os.is.family, "Linux");
	assert_int_equal(g.os.is.certainty, 60); /* 85 less 85 * 60 / 200 */
	assert_string_equal(g.os.why, "ssh.banner 85%; against it: TCP stack 60% (Windows)");
}

static void two_versions_make_none(void **state)
{
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_match(&d, match("ssh.banner", 85, debian));
	device_add_match(&d, match("smtp.banner", 85,
				   PAIRS("os.vendor", "Debian", "os.family", "Linux", "os.product",
					 "Linux", "os.version", "11.0")));
	device_guess(&d, &g);
	assert_string_equal(g.os.is.product, "Linux");
	assert_string_equal(g.os.is.version, "");
	device_add_match(&d, match("snmp.sys_description", 90,
				   PAIRS("os.family", "Linux", "os.product", "Linux", "os.version",
					 "11.0")));
	device_guess(&d, &g);
	assert_string_equal(g.os.is.version, "11.0");
}

static void a_stack_that_fits_two_systems_supports_either(void **state)
{
	struct answer_stack stack = bsd_stack();
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_stack(&d, &stack, 0);
	device_guess(&d, &g);
	assert_non_null(strstr(g.os.is.also, "macOS"));
	device_add_match(
		&d, match("ssh.banner", 50, PAIRS("os.family", "macOS", "os.product", "macOS")));
	device_guess(&d, &g);
	assert_string_equal(g.os.is.family, "macOS");
	assert_null(g.os.is.also);
	assert_int_equal(g.os.is.certainty, 72);
}

static void hardware_is_of_banners_and_cards(void **state)
{
	const uint8_t card[6] = { 0x00, 0x1b, 0x21, 1, 2, 3 };
	const uint8_t made_up[6] = { 0x02, 0x42, 0xac, 1, 2, 3 };
	struct device d;
	struct device_guess g;

	(void)state;
	device_init(&d);
	device_add_mac(&d, made_up, span_of("Docker"));
	device_add_mac(&d, card, span_of(""));
	device_guess(&d, &g);
	assert_int_equal(g.hardware.is.certainty, 0);
	device_add_mac(&d, card, span_of("HP"));
	device_add_match(&d, match("hp_pjl_id", 85,
				   PAIRS("hw.vendor", "HP", "hw.product", "LaserJet", "hw.device",
					 "Printer")));
	device_guess(&d, &g);
	assert_string_equal(g.hardware.is.product, "LaserJet");
	assert_string_equal(g.hardware.is.type, "Printer");
	assert_int_equal(g.hardware.is.certainty, 91);
	assert_string_equal(g.hardware.why, "MAC address 40%, hp_pjl_id 85%");
}

static void strangers_texts_are_made_utf8_and_cut(void **state)
{
	char text[300];
	struct device d;
	struct device_guess g;

	(void)state;
	memset(text, '\xff', sizeof text);
	text[sizeof text - 1] = '\0';
	device_init(&d);
	device_add_match(&d, match("ftp.banner", 85, PAIRS("os.product", text)));
	device_guess(&d, &g);
	assert_memory_equal(g.os.is.family, "\xef\xbf\xbd\xef", 4);
	assert_true(strlen(g.os.is.family) % 3 == 0 && strlen(g.os.is.family) < DEVICE_TEXT_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_is_nothing_said),
		cmocka_unit_test(a_stack_alone_says_a_family_and_is_not_sure),
		cmocka_unit_test(stacks_are_told_apart),
		cmocka_unit_test(what_a_middlebox_may_have_said_is_not_believed),
		cmocka_unit_test(sources_that_agree_add_up_and_never_to_certainty),
		cmocka_unit_test(the_same_banner_on_many_ports_is_one_witness),
		cmocka_unit_test(evidence_against_it_takes_away_and_is_told),
		cmocka_unit_test(two_versions_make_none),
		cmocka_unit_test(a_stack_that_fits_two_systems_supports_either),
		cmocka_unit_test(hardware_is_of_banners_and_cards),
		cmocka_unit_test(strangers_texts_are_made_utf8_and_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
