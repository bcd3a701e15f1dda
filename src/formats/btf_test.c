/* btf_test.c - members of structs by BTF. */
#include "formats/btf.h"

#include "base/error.h"
#include "base/writer.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define KIND(kind, count, has_bitfields)                                                           \
	((uint32_t)(kind) << 24 | (uint32_t)(count) | (uint32_t)(has_bitfields) << 31)

/* "" 0, "int" 1, "file" 5, "f_path" 10, "flags" 17, "task_struct" 23, "mm" 35 */
static const char strings[] = "\0int\0file\0f_path\0flags\0task_struct\0mm";

static void put(struct writer *w, uint32_t a, uint32_t b, uint32_t c)
{
	writer_le32(w, a);
	writer_le32(w, b);
	writer_le32(w, c);
}

/* struct file { int flags : 3; union { struct { int mm; int f_path; }; }; }; struct task_struct {
 * int *mm; }, with each other kind somewhere in between. */
static struct span good(void)
{
	static uint8_t bytes[512];
	static uint8_t types[256];
	struct writer t = writer_over(types, sizeof types);
	struct writer w = writer_over(bytes, sizeof bytes);

	put(&t, 1, KIND(1, 0, 0), 4); /* 1: int */
	writer_le32(&t, 32);
	put(&t, 0, KIND(2, 0, 0), 1); /* 2: int * */
	put(&t, 0, KIND(3, 0, 0), 0); /* 3: an array */
	put(&t, 1, 1, 8);
	put(&t, 0, KIND(4, 2, 0), 8); /* 4: the nameless struct */
	put(&t, 35, 1, 0);
	put(&t, 10, 1, 32);
	put(&t, 0, KIND(5, 1, 0), 8); /* 5: the nameless union */
	put(&t, 0, 4, 0);
	put(&t, 5, KIND(4, 2, 1), 16); /* 6: file */
	put(&t, 17, 1, 3u << 24);
	put(&t, 0, 5, 64);
	put(&t, 0, KIND(6, 1, 0), 4); /* an enum of one */
	writer_be64(&t, 0);
	put(&t, 0, KIND(13, 1, 0), 1); /* a function's prototype */
	writer_be64(&t, 0);
	put(&t, 23, KIND(4, 1, 0), 8); /* task_struct */
	put(&t, 35, 2, 24);

	writer_le32(&w, 0x0001eb9f);
	writer_le32(&w, 24);
	writer_le32(&w, 0);
	writer_le32(&w, (uint32_t)writer_used(&t));
	writer_le32(&w, (uint32_t)writer_used(&t));
	writer_le32(&w, sizeof strings);
	writer_bytes(&w, writer_span(&t));
	writer_bytes(&w, (struct span){ (const uint8_t *)strings, sizeof strings });
	return writer_span(&w);
}

static void finds_members_also_in_nameless_structs(void **state)
{
	struct btf_member wanted[] = { { "file", "f_path" },
				       { "task_struct", "mm" },
				       { "file", "flags" },
				       { "task_struct", "absent" },
				       { "absent", "mm" } };

	(void)state;
	assert_int_equal(btf_find(good(), wanted, 5), 0);
	assert_true(wanted[0].is_found);
	assert_int_equal(wanted[0].offset, 12);
	assert_true(wanted[1].is_found);
	assert_int_equal(wanted[1].offset, 3);
	assert_true(wanted[2].is_found);
	assert_int_equal(wanted[2].offset, 0);
	assert_false(wanted[3].is_found);
	assert_false(wanted[4].is_found);
}

static void truncated(struct span part)
{
	struct btf_member wanted[] = { { "task_struct", "mm" } };

	assert_int_equal(btf_find(part, wanted, 1), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(span_first(good(), good().len), truncated);
}

static void refuses_what_is_no_btf(void **state)
{
	struct btf_member wanted[] = { { "task_struct", "mm" } };

	(void)state;
	assert_int_equal(btf_find(span_of("\177ELF and then some more bytes"), wanted, 1),
			 ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_members_also_in_nameless_structs),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_is_no_btf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
