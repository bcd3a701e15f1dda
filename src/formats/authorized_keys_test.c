/* authorized_keys_test.c - what ssh-keygen -l says of the same keys. */
#include "formats/authorized_keys.h"

#include "base/writer.h"
#include "formats/base64.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

struct expected {
	const char *type;
	unsigned bits;
	const char *fingerprint;
	const char *comment;
};

static void check_next(struct authorized_keys_iterator *it, const struct expected *expected)
{
	struct authorized_key key;

	assert_true(authorized_keys_next(it, &key));
	assert_true(span_is(key.type, expected->type));
	assert_int_equal(key.bits, expected->bits);
	assert_string_equal(key.fingerprint, expected->fingerprint);
	assert_true(span_is(key.comment, expected->comment));
	assert_int_equal(key.options.len, 0);
}

static void check_all(const char *path, const struct expected *expected, size_t count)
{
	struct authorized_keys_iterator it = authorized_keys_over(fixture(path));
	struct authorized_key key;

	for (size_t i = 0; i < count; i++) {
		check_next(&it, &expected[i]);
	}
	assert_false(authorized_keys_next(&it, &key));
	assert_int_equal(it.malformed, 0);
}

static void agrees_on_plain_keys(void **state)
{
	static const struct expected expected[] = {
		{ "ssh-rsa", 1024, "SHA256:FehkQ5uIgUtBrMdFVmThbv/F3WMNGMajJvEKe0v14zk",
		  "user@rsa 1024" },
		{ "ssh-rsa", 3072, "SHA256:8q6oTHSxub0yNJr6oxiFWQ+Sc+nBlDNTg1+pxVwuo1A",
		  "user@rsa 3072" },
		{ "ssh-dss", 1024, "SHA256:bmOESnNAazQDQjiDIN++atzkTiMwmJBw3LVxFRYf83U",
		  "user@dsa 1024" },
		{ "ecdsa-sha2-nistp256", 256, "SHA256:nT3dPhpRm5EW8OS7V0/YhP8lqrqvEUE/kj3tMsctgHw",
		  "user@ecdsa 256" },
		{ "ecdsa-sha2-nistp384", 384, "SHA256:pM4Bkf+sqK8y7Tjf84e3FJ0wmm5LdgJcV1IgEYKunZw",
		  "user@ecdsa 384" },
		{ "ecdsa-sha2-nistp521", 521, "SHA256:xcZnXxFyVk3eP2MSl4ZhbxUprxeONb4p02e89EIFH4E",
		  "user@ecdsa 521" },
		{ "ssh-ed25519", 256, "SHA256:vFIAlpMpnkCZ2IpajFcpyHoRde3rwIklk/KwxL9laLE",
		  "user@ed25519 256" },
	};

	(void)state;
	check_all("formats-authorized_keys/plain", expected, COUNT_OF(expected));
}

static void gives_certificates_the_fingerprint_of_their_key(void **state)
{
	static const struct expected expected[] = {
		{ "ssh-rsa-cert-v01@openssh.com", 3072,
		  "SHA256:8q6oTHSxub0yNJr6oxiFWQ+Sc+nBlDNTg1+pxVwuo1A", "user@rsa 3072" },
		{ "ecdsa-sha2-nistp384-cert-v01@openssh.com", 384,
		  "SHA256:pM4Bkf+sqK8y7Tjf84e3FJ0wmm5LdgJcV1IgEYKunZw", "user@ecdsa 384" },
		{ "ssh-ed25519-cert-v01@openssh.com", 256,
		  "SHA256:vFIAlpMpnkCZ2IpajFcpyHoRde3rwIklk/KwxL9laLE", "user@ed25519 256" },
	};

	(void)state;
	check_all("formats-authorized_keys/certificates", expected, COUNT_OF(expected));
}

static void agrees_on_keys_of_hardware_tokens(void **state)
{
	static const struct expected expected[] = {
		{ "sk-ssh-ed25519@openssh.com", 256,
		  "SHA256:5Uq2zlVWMs0t1sAgctLtN1Ajr5OJOy113KJIUwC7Qv0", "token" },
		{ "sk-ecdsa-sha2-nistp256@openssh.com", 256,
		  "SHA256:5W1BdR0DqfvVZZq/ESfcWyVTYS7v/efLTl/my/leakw", "token2" },
	};

	(void)state;
	check_all("formats-authorized_keys/security_keys", expected, COUNT_OF(expected));
}

static void keeps_quoted_options_together(void **state)
{
	struct authorized_keys_iterator it =
		authorized_keys_over(fixture("formats-authorized_keys/options"));
	struct authorized_key key;

	(void)state;
	assert_true(authorized_keys_next(&it, &key));
	assert_true(span_is(key.options, "restrict,command=\"echo \\\"a, b\\\" c\","
					 "from=\"10.0.0.0/8,*.example.org\""));
	assert_true(span_is(key.type, "ssh-ed25519"));
	assert_true(authorized_keys_next(&it, &key));
	assert_true(span_is(key.options, "no-pty"));
	assert_true(span_is(key.comment, "user@ed25519 256"));
	assert_false(authorized_keys_next(&it, &key));
	assert_int_equal(it.malformed, 0);
}

static void skips_and_counts_what_is_no_key(void **state)
{
	struct authorized_keys_iterator it =
		authorized_keys_over(fixture("formats-authorized_keys/bad"));
	struct authorized_key key;

	(void)state;
	assert_false(authorized_keys_next(&it, &key));
	assert_int_equal(it.malformed, 8);
}

static void walk(struct span part)
{
	struct authorized_keys_iterator it = authorized_keys_over(part);
	struct authorized_key key;

	while (authorized_keys_next(&it, &key)) {
		assert_true(key.bits > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-authorized_keys/options"), walk);
	fixture_truncate(fixture("formats-authorized_keys/security_keys"), walk);
}

static void put(struct writer *w, struct span bytes)
{
	writer_be32(w, (uint32_t)bytes.len);
	writer_bytes(w, bytes);
}

/* True where a line with an RSA key of this modulus is taken. */
static bool takes_modulus(const char *modulus, size_t len)
{
	static uint8_t blob[512];
	static uint8_t line[1024];
	struct writer w = writer_over(blob, sizeof blob);
	struct writer lw = writer_over(line, sizeof line);
	struct authorized_keys_iterator it;
	struct authorized_key key;

	put(&w, span_of("ssh-rsa"));
	put(&w, span_of("\x03"));
	put(&w, (struct span){ (const uint8_t *)modulus, len });
	writer_text(&lw, "ssh-rsa ");
	base64_encode(writer_span(&w), &lw);
	it = authorized_keys_over(writer_span(&lw));
	return authorized_keys_next(&it, &key);
}

static void refuses_numbers_that_are_not_in_their_shortest_form(void **state)
{
	(void)state;
	assert_true(takes_modulus("\x7f\xff", 2));
	assert_true(takes_modulus("\0\xff", 2));
	assert_false(takes_modulus("\0\x7f", 2));   /* a needless zero */
	assert_false(takes_modulus("\xff\xff", 2)); /* negative */
	assert_false(takes_modulus("\0", 1));
	assert_false(takes_modulus("", 0));
}

/* True where a P-256 key with a point of this length and first byte is taken. */
static bool takes_point(size_t len, uint8_t form)
{
	static uint8_t point[80];
	static uint8_t blob[512];
	static uint8_t line[1024];
	struct writer w = writer_over(blob, sizeof blob);
	struct writer lw = writer_over(line, sizeof line);
	struct authorized_keys_iterator it;
	struct authorized_key key;

	point[0] = form;
	put(&w, span_of("ecdsa-sha2-nistp256"));
	put(&w, span_of("nistp256"));
	put(&w, (struct span){ point, len });
	writer_text(&lw, "ecdsa-sha2-nistp256 ");
	base64_encode(writer_span(&w), &lw);
	it = authorized_keys_over(writer_span(&lw));
	return authorized_keys_next(&it, &key);
}

static void wants_an_uncompressed_point_of_the_curve(void **state)
{
	(void)state;
	assert_true(takes_point(65, 4));
	assert_false(takes_point(64, 4));
	assert_false(takes_point(66, 4));
	assert_false(takes_point(0, 4));
	assert_false(takes_point(65, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_on_plain_keys),
		cmocka_unit_test(gives_certificates_the_fingerprint_of_their_key),
		cmocka_unit_test(agrees_on_keys_of_hardware_tokens),
		cmocka_unit_test(keeps_quoted_options_together),
		cmocka_unit_test(skips_and_counts_what_is_no_key),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(refuses_numbers_that_are_not_in_their_shortest_form),
		cmocka_unit_test(wants_an_uncompressed_point_of_the_curve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
