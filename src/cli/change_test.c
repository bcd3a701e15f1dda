/* change_test.c - a change in one line. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/change.h"

static const char updated[] =
	"{\"no\":7,\"index\":0,\"at\":\"2026-11-21T12:00:00.123Z\",\"observed_at\":"
	"\"2026-11-21T12:00:00.100Z\",\"asset\":\"00112233445566ff\",\"asset_name\":\"web1\","
	"\"table\":"
	"\"packages\",\"op\":\"updated\",\"key\":\"dpkg openssl "
	"amd64\",\"row\":{\"name\":\"openssl\","
	"\"version\":\"3.0.15\",\"size_bytes\":2},\"old\":{\"name\":\"openssl\",\"version\":\"3.0."
	"14\","
	"\"size_bytes\":2}}";
static const char added[] =
	"{\"no\":8,\"index\":0,\"at\":\"2026-11-21T12:00:01.000Z\",\"observed_at\":"
	"\"2026-11-21T12:00:01.000Z\",\"asset\":\"00112233445566ff\",\"asset_name\":\"web1\","
	"\"table\":"
	"\"users\",\"op\":\"added\",\"key\":\"eve\\u001b[2J\",\"row\":{\"name\":\"eve\\u001b[2J\","
	"\"uid\":0,"
	"\"shell\":null},\"old\":null}";

static char *line_of(const char *text, enum output output, bool is_first)
{
	json_t *change = json_loads(text, 0, NULL);
	char *line = NULL;
	size_t size;
	FILE *to = open_memstream(&line, &size);

	assert_non_null(change);
	change_print_line(change, output, is_first, to);
	fclose(to);
	json_decref(change);
	return line;
}

static void an_update_says_what_is_different(void **state)
{
	char *line = line_of(updated, OUTPUT_TABLE, true);

	(void)state;
	assert_string_equal(line,
			    "12:00:00.123  web1  ~ packages  dpkg openssl amd64  version: 3.0.14 "
			    "-> 3.0.15\n");
	free(line);
}

static void what_came_says_its_values_beside_the_key(void **state)
{
	char *line = line_of(added, OUTPUT_TABLE, true);

	(void)state;
	assert_string_equal(line, "12:00:01.000  web1  + users  eve\\x1b[2J  uid=0\n");
	free(line);
}

static void csv_has_a_head_once(void **state)
{
	char *first = line_of(updated, OUTPUT_CSV, true);
	char *second = line_of(updated, OUTPUT_CSV, false);

	(void)state;
	assert_string_equal(first,
			    "no,index,at,observed_at,asset,asset_name,table,op,key,detail\r\n"
			    "7,0,2026-11-21T12:00:00.123Z,2026-11-21T12:00:00.100Z,"
			    "00112233445566ff,web1,packages,updated,dpkg openssl amd64,version: "
			    "3.0.14 -> 3.0.15\r\n");
	assert_string_equal(second, strchr(first, '\n') + 1);
	free(first);
	free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_update_says_what_is_different),
		cmocka_unit_test(what_came_says_its_values_beside_the_key),
		cmocka_unit_test(csv_has_a_head_once),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
