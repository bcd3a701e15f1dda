/* alloc_test.c - memory that never fails. */
#include "sys/alloc.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"

static void gives_zeroed_memory_and_copies(void **state)
{
	OWNED(alloc_free) uint64_t *numbers = alloc_zeroed(100, sizeof *numbers);
	OWNED(alloc_free) char *text = alloc_text("bartizan");
	OWNED(alloc_free) char *part = alloc_span(span_first(span_of("bartizan"), 3));
	OWNED(alloc_free) char *nothing = alloc_zeroed(0, 8);

	(void)state;
	for (size_t i = 0; i < 100; i++) {
		assert_true(numbers[i] == 0);
	}
	assert_string_equal(text, "bartizan");
	assert_string_equal(part, "bar");
	assert_non_null(nothing);
	numbers = alloc_resize(numbers, 200, sizeof *numbers);
	assert_true(numbers[99] == 0);
	alloc_free(&numbers);
	assert_null(numbers);
}

static void ends_the_program_where_a_size_overflows(void **state)
{
	volatile size_t many = SIZE_MAX / 4;
	int status = 0;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		(void)signal(SIGABRT, SIG_DFL);
		(void)close(STDERR_FILENO);
		(void)alloc_resize(NULL, many, 8);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_memory_and_copies),
		cmocka_unit_test(ends_the_program_where_a_size_overflows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
