/* lz4_frame_test.c - frames that lz4(1) and apt made, and hostile ones. */
#include "formats/lz4_frame.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int take(void *context, uint8_t *to, size_t len)
{
	struct span *rest = context;

	if (len > rest->len) {
		return ERR_IO;
	}
	mem_copy(to, rest->ptr, len);
	*rest = span_after(*rest, len);
	return 0;
}

/* Decompresses all; the length, or an error. out may be NULL. */
static long decompress(struct span bytes, uint8_t *out, size_t size)
{
	struct lz4_frame *frame = calloc(1, sizeof *frame);
	struct lz4_source source = { take, &bytes };
	struct span block = { NULL, 0 };
	size_t len = 0;
	int error = lz4_frame_open(frame, source);

	while (error == 0) {
		error = lz4_frame_next(frame, &block);
		if (error != 0 || block.len == 0) {
			break;
		}
		if (out != NULL) {
			assert_true(len + block.len <= size);
			memcpy(out + len, block.ptr, block.len);
		}
		len += block.len;
	}
	free(frame);
	return error != 0 ? error : (long)len;
}

static void expect(const char *compressed, const char *plain)
{
	struct span expected = fixture(plain);
	uint8_t *out = malloc(expected.len + 1);

	assert_int_equal(decompress(fixture(compressed), out, expected.len), expected.len);
	assert_memory_equal(out, expected.ptr, expected.len);
	free(out);
}

static void decompresses_what_lz4_made(void **state)
{
	(void)state;
	expect("formats-lz4_frame/linked.lz4", "formats-apt_packages/many");
	expect("formats-lz4_frame/sums.lz4", "formats-apt_packages/many");
	expect("formats-lz4_frame/small.lz4", "formats-apt_packages/simple");
}

static void refuses_other_frames(void **state)
{
	static const uint8_t header[] = { 4, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0 };
	uint8_t bytes[sizeof header];

	(void)state;
	assert_int_equal(decompress((struct span){ header, sizeof header }, NULL, 0), ERR_IO);
	memcpy(bytes, header, sizeof bytes);
	bytes[0] = 5;
	assert_int_equal(decompress((struct span){ bytes, sizeof bytes }, NULL, 0), ERR_MALFORMED);
	memcpy(bytes, header, sizeof bytes);
	bytes[5] = 0x70; /* blocks of 4 MiB */
	assert_int_equal(decompress((struct span){ bytes, sizeof bytes }, NULL, 0),
			 ERR_UNSUPPORTED);
	memcpy(bytes, header, sizeof bytes);
	bytes[4] = 0x41; /* a dictionary */
	assert_int_equal(decompress((struct span){ bytes, sizeof bytes }, NULL, 0),
			 ERR_UNSUPPORTED);
}

/* One block, and the end. */
static long block(const uint8_t *bytes, uint8_t len)
{
	uint8_t frame[64] = { 4, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0, len };

	memcpy(frame + 11, bytes, len);
	return decompress((struct span){ frame, 11u + len + 4u }, NULL, 0);
}

static void refuses_matches_that_lead_out_of_the_window(void **state)
{
	static const uint8_t before_all[] = { 0x10, 'a', 2, 0, 0x10, 'b' };
	static const uint8_t nowhere[] = { 0x10, 'a', 0, 0, 0x10, 'b' };
	static const uint8_t good[] = { 0x10, 'a', 1, 0, 0x10, 'b' };
	static const uint8_t no_end[] = { 0x10, 'a', 1, 0 };
	static const uint8_t literals_missing[] = { 0x50, 'a' };

	(void)state;
	assert_int_equal(block(before_all, sizeof before_all), ERR_MALFORMED);
	assert_int_equal(block(nowhere, sizeof nowhere), ERR_MALFORMED);
	assert_int_equal(block(good, sizeof good), 6);
	assert_int_equal(block(no_end, sizeof no_end), ERR_MALFORMED);
	assert_int_equal(block(literals_missing, sizeof literals_missing), ERR_MALFORMED);
}

static void a_block_that_grows_beyond_its_size_is_refused(void **state)
{
	/* one literal, then a match of some 66,000 bytes */
	uint8_t frame[11 + 300 + 4] = { 4, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0 };
	const size_t len = 4 + 260 + 2;

	(void)state;
	frame[7] = (uint8_t)len;
	frame[8] = (uint8_t)(len >> 8);
	memcpy(frame + 11,
	       "\x1f"
	       "a\x01\x00",
	       4);
	memset(frame + 15, 255, 259);
	frame[11 + 4 + 259] = 0;
	frame[11 + 4 + 260] = 0x10;
	assert_int_equal(decompress((struct span){ frame, sizeof frame }, NULL, 0), ERR_MALFORMED);
}

static void parse(struct span part)
{
	assert_true(decompress(part, NULL, 0) < 0);
}

static void stops_at_every_truncation(void **state)
{
	struct span good = fixture("formats-lz4_frame/small.lz4");

	(void)state;
	good.len -= 4; /* apt's frames end in a checksum, which is not read */
	fixture_truncate(good, parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decompresses_what_lz4_made),
		cmocka_unit_test(refuses_other_frames),
		cmocka_unit_test(refuses_matches_that_lead_out_of_the_window),
		cmocka_unit_test(a_block_that_grows_beyond_its_size_is_refused),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
