/* sha256_test.c - the examples of FIPS 180-4 (NIST CSRC "SHA256.pdf"). */
#include "base/sha256.h"

#include "base/sha256_cpu.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_hash(struct span message, const char *wanted)
{
	uint8_t out[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	sha256_of(message, out);
	text_to_hex((struct span){ out, sizeof out }, hex);
	assert_string_equal(hex, wanted);
}

static void hashes_the_standards_examples(void **state)
{
	(void)state;
	assert_hash(span_of(""),
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash(span_of("abc"),
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hash(span_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void pieces_give_the_same_as_the_whole(void **state)
{
	static uint8_t million[1000000];
	uint8_t out[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct sha256 h;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof million; i++) {
		million[i] = 'a';
	}
	sha256_init(&h);
	for (size_t step = 1; at < sizeof million; step = step * 7 % 131 + 1) {
		size_t take = step < sizeof million - at ? step : sizeof million - at;

		sha256_add(&h, (struct span){ million + at, take });
		at += take;
	}
	sha256_done(&h, out);
	text_to_hex((struct span){ out, sizeof out }, hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Takes the processor's instructions away. */
static struct sha256 portable_init(void)
{
	struct sha256 h;

	sha256_init(&h);
	h.blocks = NULL;
	h.has_asked = true;
	return h;
}

static void two_pieces_are_hashed_one_behind_the_other(void **state)
{
	static const char message[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t wanted[SHA256_SIZE];
	uint8_t hash[SHA256_SIZE];

	(void)state;
	sha256_of(span_of(message), wanted);
	for (size_t at = 0; at < sizeof message; at++) {
		sha256_of_two(span_first(span_of(message), at), span_after(span_of(message), at),
			      hash);
		assert_memory_equal(hash, wanted, sizeof hash);
	}
}

static void the_processors_instructions_agree_with_the_portable_ones(void **state)
{
	static uint8_t bytes[64 * 141 + 63];
	uint32_t noise = 1;

	if (sha256_cpu() == NULL) {
		print_message("this processor has no instructions for SHA-256\n");
		skip();
	}
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++) {
		noise = noise * 1103515245u + 12345u;
		bytes[i] = (uint8_t)(noise >> 16);
	}
	for (size_t len = 0; len <= sizeof bytes; len += 61) {
		uint8_t fast[SHA256_SIZE];
		uint8_t portable[SHA256_SIZE];
		struct sha256 h = portable_init();

		sha256_of((struct span){ bytes, len }, fast);
		for (size_t at = 0; at < len; at += 64) {
			sha256_add(&h, (struct span){ bytes + at, len - at < 64 ? len - at : 64 });
		}
		sha256_done(&h, portable);
		assert_memory_equal(fast, portable, SHA256_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_the_standards_examples),
		cmocka_unit_test(pieces_give_the_same_as_the_whole),
		cmocka_unit_test(two_pieces_are_hashed_one_behind_the_other),
		cmocka_unit_test(the_processors_instructions_agree_with_the_portable_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
