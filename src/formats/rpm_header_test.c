/* rpm_header_test.c - headers that rpm wrote. */
#include "formats/rpm_header.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[512];

static int parse(struct span header, struct rpm_package *out)
{
	struct writer w = writer_over(buffer, sizeof buffer);

	return rpm_header_parse(header, &w, out);
}

static void reads_what_the_inventory_wants(void **state)
{
	struct rpm_package package;

	(void)state;
	assert_int_equal(parse(fixture("formats-rpm_header/tiny"), &package), 0);
	assert_true(span_is(package.name, "tiny"));
	assert_true(span_is(package.version, "2:1.2-3"));
	assert_true(span_is(package.architecture, "noarch"));
	assert_true(span_is(package.vendor, "Example"));
	assert_true(span_is(package.group, "Tests/Formats"));
	assert_true(span_is(package.source_rpm, "tiny-1.2-3.src.rpm"));
	assert_true(package.has_size);
	assert_int_equal(parse(fixture("formats-rpm_header/plain"), &package), 0);
	assert_true(span_is(package.version, "0.1-1.el9")); /* no epoch */
	assert_int_equal(package.vendor.len, 0);
	assert_true(package.size_bytes == 5000);
	assert_int_equal(parse(fixture("formats-rpm_header/tilde"), &package), 0);
	assert_true(span_is(package.version, "0:1.0~rc1-2^git1")); /* an epoch of 0 is one */
}

static void reads_the_module_and_its_stream(void **state)
{
	struct rpm_package package;

	(void)state;
	assert_int_equal(parse(fixture("formats-rpm_header/module"), &package), 0);
	assert_true(span_is(package.name, "nodejs"));
	assert_true(span_is(package.module, "nodejs:18"));
	assert_int_equal(parse(fixture("formats-rpm_header/tiny"), &package), 0);
	assert_int_equal(package.module.len, 0);
}

static void takes_the_source_apart(void **state)
{
	struct span name;
	struct span version;

	(void)state;
	assert_true(
		rpm_header_split_source(span_of("gcc-c++-12.2-1.el9.src.rpm"), &name, &version));
	assert_true(span_is(name, "gcc-c++"));
	assert_true(span_is(version, "12.2-1.el9"));
	assert_true(rpm_header_split_source(span_of("a-1-2.nosrc.rpm"), &name, &version));
	assert_true(span_is(version, "1-2"));
	assert_false(rpm_header_split_source(span_of("a-1.src.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of("-1-2.src.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of("a-1-2.rpm"), &name, &version));
	assert_false(rpm_header_split_source(span_of(""), &name, &version));
}

static void refuses_counts_that_lie(void **state)
{
	struct rpm_package package;

	(void)state;
	assert_int_equal(parse(fixture("formats-rpm_header/bad"), &package), ERR_MALFORMED);
	assert_int_equal(parse(fixture("formats-rpm_header/empty"), &package), ERR_MALFORMED);
	assert_int_equal(parse((struct span){ (const uint8_t *)"\0\1\0\1\0\0\0\0", 8 }, &package),
			 ERR_LIMIT);
	assert_int_equal(parse((struct span){ (const uint8_t *)"\0\0\0\1\x10\0\0\1", 8 }, &package),
			 ERR_LIMIT);
}

static void appends_nothing_where_it_does_not_fit(void **state)
{
	struct writer w = writer_over(buffer, 20);
	struct rpm_package package;

	(void)state;
	assert_int_equal(rpm_header_parse(fixture("formats-rpm_header/tiny"), &w, &package),
			 ERR_FULL);
	assert_int_equal(writer_used(&w), 0);
	assert_true(writer_ok(&w));
}

static void refuse(struct span part)
{
	struct rpm_package package;

	assert_int_equal(parse(part, &package), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-rpm_header/tiny"), refuse);
}

static void survives_every_changed_byte(void **state)
{
	struct span good = fixture("formats-rpm_header/tiny");
	static uint8_t bytes[4096];

	(void)state;
	assert_true(good.len <= sizeof bytes);
	for (size_t i = 0; i < good.len; i++) {
		struct rpm_package package;

		mem_copy(bytes, good.ptr, good.len);
		bytes[i] ^= 0xff;
		(void)!parse((struct span){ bytes, good.len }, &package);
	}
}

/* A header of up to eight tags, whose values are put one after another. */
struct builder {
	uint8_t index[8 * 16];
	uint8_t data[4096];
	struct writer iw;
	struct writer dw;
	uint32_t count;
	uint8_t bytes[8192];
};

static struct builder builder;

static void build_start(void)
{
	builder.iw = writer_over(builder.index, sizeof builder.index);
	builder.dw = writer_over(builder.data, sizeof builder.data);
	builder.count = 0;
}

static void put(uint32_t tag, uint32_t type, uint32_t offset, uint32_t count)
{
	writer_be32(&builder.iw, tag);
	writer_be32(&builder.iw, type);
	writer_be32(&builder.iw, offset);
	writer_be32(&builder.iw, count);
	builder.count++;
}

static void put_text(uint32_t tag, const char *text)
{
	put(tag, 6, (uint32_t)writer_used(&builder.dw), 1);
	writer_text(&builder.dw, text);
	writer_u8(&builder.dw, 0);
}

static struct span built(void)
{
	struct writer w = writer_over(builder.bytes, sizeof builder.bytes);

	writer_be32(&w, builder.count);
	writer_be32(&w, (uint32_t)writer_used(&builder.dw));
	writer_bytes(&w, writer_span(&builder.iw));
	writer_bytes(&w, writer_span(&builder.dw));
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static void build_nevr(const char *name)
{
	build_start();
	put_text(1000, name);
	put_text(1001, "1");
	put_text(1002, "2");
}

static void needs_name_version_and_release(void **state)
{
	struct rpm_package package;

	(void)state;
	build_nevr("a");
	assert_int_equal(parse(built(), &package), 0);
	assert_false(package.has_size);
	build_nevr("");
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	for (uint32_t left_out = 1000; left_out <= 1002; left_out++) {
		build_start();
		for (uint32_t tag = 1000; tag <= 1002; tag++) {
			if (tag != left_out) {
				put_text(tag, "x");
			}
		}
		assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	}
}

static void refuses_wrong_types_and_places(void **state)
{
	struct rpm_package package;

	(void)state;
	build_nevr("a");
	put(1011, 4, 0, 1); /* a vendor that is a number */
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	build_nevr("a");
	put(1009, 6, 0, 1); /* a size that is a text */
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	build_nevr("a");
	put(1011, 6, 6, 1); /* behind the data */
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	build_nevr("a");
	put(1011, 6, 7, 1);
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	build_nevr("a");
	put(1009, 4, 3, 1); /* sticks out */
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
	build_nevr("a");
	put(1009, 4, 2, 1); /* just fits */
	assert_int_equal(parse(built(), &package), 0);
	assert_true(package.has_size);
	build_nevr("a");
	put(1011, 4, 0, 0); /* no values: as if not there */
	assert_int_equal(parse(built(), &package), 0);
}

static void refuses_a_text_without_end_or_beyond_the_limit(void **state)
{
	static uint8_t texts[2 * RPM_HEADER_TEXT_MAX];
	struct rpm_package package;

	(void)state;
	for (size_t len = RPM_HEADER_TEXT_MAX - 1; len <= RPM_HEADER_TEXT_MAX + 1; len++) {
		static char vendor[RPM_HEADER_TEXT_MAX + 2];
		struct writer w = writer_over(texts, sizeof texts);

		for (size_t i = 0; i < len; i++) {
			vendor[i] = 'v';
		}
		build_nevr("a");
		put_text(1011, vendor);
		assert_int_equal(rpm_header_parse(built(), &w, &package),
				 len <= RPM_HEADER_TEXT_MAX ? 0 : ERR_LIMIT);
	}
	build_nevr("a");
	put(1011, 6, (uint32_t)writer_used(&builder.dw), 1);
	writer_text(&builder.dw, "no end");
	assert_int_equal(parse(built(), &package), ERR_MALFORMED);
}

static void takes_the_long_size_where_there_is_one(void **state)
{
	struct rpm_package package;

	(void)state;
	build_nevr("a");
	put(1009, 4, (uint32_t)writer_used(&builder.dw), 1);
	writer_be32(&builder.dw, 7);
	put(5009, 5, (uint32_t)writer_used(&builder.dw), 1);
	writer_be64(&builder.dw, UINT64_C(1) << 40);
	assert_int_equal(parse(built(), &package), 0);
	assert_true(package.size_bytes == UINT64_C(1) << 40);
}

/* A source whose nth read fails. */
struct failing {
	struct span header;
	size_t reads_left;
};

static int read_or_fail(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	struct failing *failing = context;

	if (failing->reads_left-- == 0) {
		return ERR_IO;
	}
	assert_true(offset + len <= failing->header.len);
	mem_copy(to, span_after(failing->header, (size_t)offset).ptr, len);
	return 0;
}

static void hands_on_every_error_of_its_source(void **state)
{
	struct failing failing = { .header = fixture("formats-rpm_header/tiny") };
	size_t reads = 0;
	int error;

	(void)state;
	do {
		struct rpm_header_source source = { read_or_fail, &failing, failing.header.len };
		struct writer w = writer_over(buffer, sizeof buffer);
		struct rpm_package package;

		failing.reads_left = reads;
		error = rpm_header_read(source, &w, &package);
		assert_true(error == 0 || (error == ERR_IO && writer_used(&w) == 0));
		reads++;
	} while (error != 0);
	assert_true(reads > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_inventory_wants),
		cmocka_unit_test(reads_the_module_and_its_stream),
		cmocka_unit_test(takes_the_source_apart),
		cmocka_unit_test(refuses_counts_that_lie),
		cmocka_unit_test(appends_nothing_where_it_does_not_fit),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(survives_every_changed_byte),
		cmocka_unit_test(needs_name_version_and_release),
		cmocka_unit_test(refuses_wrong_types_and_places),
		cmocka_unit_test(refuses_a_text_without_end_or_beyond_the_limit),
		cmocka_unit_test(takes_the_long_size_where_there_is_one),
		cmocka_unit_test(hands_on_every_error_of_its_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
