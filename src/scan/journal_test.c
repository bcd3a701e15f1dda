/* journal_test.c - what is written comes back, up to where a crash cut it off. */
#include "scan/journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "sys/file.h"

static char folder[] = "/tmp/journal-test-XXXXXX";
static char path[64];
static const uint8_t key[DISCOVERY_KEY_SIZE] = "a key of 24 bytes, here";

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof path, "%s/scan", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static struct result row_number(unsigned n)
{
	return (struct result){ .address = address_v4(n),
				.port = (uint16_t)n,
				.transport = 6,
				.state = PORT_OPEN,
				.reason = ANSWER_SYN_ACK,
				.passes = 1,
				.stack = { .ttl = 64, .window_scale = -1, .mss = 1460 } };
}

static void write_one(unsigned rows)
{
	const uint64_t positions[DISCOVERY_LEGS] = { 77, 5 };
	struct journal *journal = NULL;
	struct why why;

	assert_int_equal(journal_create(path, "targets: some\nports: 80\n", key, &journal, &why),
			 0);
	for (unsigned i = 0; i < rows; i++) {
		struct result row = row_number(i);

		journal_row(journal, &row);
	}
	assert_int_equal(journal_commit(journal, positions, false, &why), 0);
	journal_close(&journal);
}

static int open_one(const char *plan, struct results *results, struct journal_state *state,
		    struct why *why)
{
	struct journal *journal = NULL;
	int error = journal_open(path, plan, &(struct journal_into){ results, NULL }, state,
				 &journal, why);

	journal_close(&journal);
	return error;
}

static void what_was_committed_comes_back(void **state)
{
	struct results *results = results_new();
	struct journal_state read;
	struct why why;

	(void)state;
	write_one(100);
	assert_int_equal(open_one("targets: some\nports: 80\n", results, &read, &why), 0);
	assert_int_equal(read.rows, 100);
	assert_int_equal(results_count(results), 100);
	assert_int_equal(read.positions[0], 77);
	assert_int_equal(read.positions[1], 5);
	assert_memory_equal(read.key, key, sizeof key);
	assert_int_equal(results_at(results, 42)->port, 42);
	assert_int_equal(results_at(results, 42)->stack.mss, 1460);
	results_free(&results);
}

static void another_scan_is_refused_with_the_line_that_differs(void **state)
{
	struct results *results = results_new();
	struct journal_state read;
	struct why why;

	(void)state;
	write_one(1);
	assert_int_equal(open_one("targets: some\nports: 81\n", results, &read, &why),
			 ERR_CONFLICT);
	assert_non_null(strstr(why.text, "ports: 80"));
	assert_non_null(strstr(why.text, "ports: 81"));
	results_free(&results);
}

/* Every length that a crash may leave: never refused behind the head, never more than was said. */
static void every_truncation_is_mended_and_can_be_gone_on_with(void **state)
{
	struct why why;
	struct buffer whole;
	size_t refused = 0;

	(void)state;
	write_one(3);
	buffer_init(&whole, 1u << 20);
	assert_int_equal(file_read(path, &whole), 0);
	for (size_t len = 0; len < whole.len; len++) {
		struct results *results = results_new();
		struct journal_state read = { .rows = 0 };
		int error;

		assert_int_equal(
			file_replace(path, span_first(buffer_span(&whole), len), 0600, &why), 0);
		error = open_one("targets: some\nports: 80\n", results, &read, &why);
		refused += error != 0 ? 1 : 0;
		assert_true(error == 0 || error == ERR_MALFORMED);
		assert_true(read.rows <= 3 && read.positions[0] == 0);
		if (error == 0) {
			/* mended: nothing half written is left */
			assert_int_equal(
				open_one("targets: some\nports: 80\n", results, &read, &why), 0);
		}
		results_free(&results);
	}
	assert_true(refused > 0 && refused < 120); /* the head only */
	buffer_done(&whole);
}

static void a_file_that_is_none_is_refused(void **state)
{
	struct results *results = results_new();
	struct journal_state read;
	struct why why;

	(void)state;
	assert_int_equal(file_replace(path, span_of("something else\n"), 0600, &why), 0);
	assert_int_equal(open_one("", results, &read, &why), ERR_MALFORMED);
	unlink(path);
	assert_int_equal(open_one("", results, &read, &why), ERR_NOT_FOUND);
	results_free(&results);
}

static void what_was_identified_comes_back_beside_its_row(void **state)
{
	const uint64_t positions[DISCOVERY_LEGS] = { 1, 0 };
	struct journal_into into = { results_new(), services_new() };
	struct result row = row_number(7);
	struct result other = row_number(8);
	struct journal *journal = NULL;
	struct journal_state read;
	struct why why;

	(void)state;
	write_one(8);
	assert_int_equal(
		journal_open(path, "targets: some\nports: 80\n", &into, &read, &journal, &why), 0);
	journal_service(journal, &row, span_of("packed"));
	journal_service(journal, &other, span_of("of no row"));
	assert_int_equal(journal_commit(journal, positions, true, &why), 0);
	journal_close(&journal);
	results_free(&into.results);
	into.results = results_new();
	assert_int_equal(
		journal_open(path, "targets: some\nports: 80\n", &into, &read, &journal, &why), 0);
	assert_int_equal(services_count(into.services), 1);
	assert_true(span_is(services_packed(into.services, 7), "packed"));
	assert_false(services_has(into.services, 0));
	journal_close(&journal);
	results_free(&into.results);
	services_free(&into.services);
}

static int open_in_a_child(void)
{
	struct results *results = results_new();
	struct journal_state read;
	struct why why;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		_exit(-open_one("targets: some\nports: 80\n", results, &read, &why));
	}
	results_free(&results);
	assert_int_equal(waitpid(child, &status, 0), child);
	return -WEXITSTATUS(status);
}

static void a_file_that_another_scan_uses_is_refused(void **state)
{
	struct journal_into into = { results_new(), NULL };
	struct journal *journal = NULL;
	struct journal_state read;
	struct why why;

	(void)state;
	write_one(1);
	assert_int_equal(
		journal_open(path, "targets: some\nports: 80\n", &into, &read, &journal, &why), 0);
	assert_int_equal(open_in_a_child(), ERR_CONFLICT);
	journal_close(&journal);
	assert_int_equal(open_in_a_child(), 0);
	results_free(&into.results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_committed_comes_back),
		cmocka_unit_test(another_scan_is_refused_with_the_line_that_differs),
		cmocka_unit_test(every_truncation_is_mended_and_can_be_gone_on_with),
		cmocka_unit_test(a_file_that_is_none_is_refused),
		cmocka_unit_test(what_was_identified_comes_back_beside_its_row),
		cmocka_unit_test(a_file_that_another_scan_uses_is_refused),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
