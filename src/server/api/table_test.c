/* table_test.c - table.c and openapi.yaml say the same: paths, methods, query parameters. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "server/api/embedded.h"
#include "server/api/resource.h"
#include "server/api/router.h"

/* The contract as lines "METHOD PATH parameter parameter ...", in its order. Only what openapi.yaml
 * uses of YAML is understood: two spaces a level, a path a line, parameters in braces. */
struct contract {
	char text[16384];
	struct writer out;
};

static const char *method_of(struct span line)
{
	static const char *const names[][2] = { { "    get:", "GET" },
						{ "    post:", "POST" },
						{ "    put:", "PUT" },
						{ "    delete:", "DELETE" } };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (span_is(line, names[i][0])) {
			return names[i][1];
		}
	}
	return NULL;
}

/* The text between two markers of a line; empty where they are not there. */
static struct span between(struct span line, const char *from, uint8_t to)
{
	struct span wanted = span_of(from);

	for (size_t i = 0; i + wanted.len <= line.len; i++) {
		struct span rest = span_after(line, i);

		if (span_starts_with(rest, from)) {
			rest = span_after(rest, wanted.len);
			return span_first(rest, span_find(rest, to));
		}
	}
	return (struct span){ 0 };
}

static void take_parameters(struct contract *c, struct span line)
{
	struct span name = between(line, "{ name: ", ',');
	bool is_query =
		between(line, "in: query", ' ').ptr != NULL || between(line, "in: ", ',').len == 5;

	if (name.len > 0 && is_query) {
		writer_text(&c->out, " ");
		writer_bytes(&c->out, name);
	}
	if (between(line, "parameters/Limit", '"').ptr != NULL) {
		writer_text(&c->out, " limit");
	}
}

static void read_contract(struct contract *c)
{
	struct reader r = reader_over(embedded_find(span_of("/openapi.yaml"))->plain);
	struct span path = { 0 };
	bool is_in_paths = false;

	c->out = writer_over((uint8_t *)c->text, sizeof c->text - 1);
	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		if (line.len > 0 && line.ptr[0] != ' ') {
			is_in_paths = span_is(line, "paths:");
		} else if (is_in_paths && span_starts_with(line, "  /")) {
			path = span_first(span_after(line, 2), line.len - 3);
		} else if (is_in_paths && method_of(line) != NULL) {
			writer_text(&c->out, writer_used(&c->out) > 0 ? "\n" : "");
			writer_text(&c->out, method_of(line));
			writer_text(&c->out, " ");
			writer_bytes(&c->out, path);
		} else if (is_in_paths) {
			take_parameters(c, line);
		}
	}
	assert_true(writer_ok(&c->out));
	c->text[writer_used(&c->out)] = '\0';
}

static void the_table_and_the_contract_say_the_same(void **state)
{
	static struct contract contract;
	static char ours[16384];
	size_t used = 0;

	(void)state;
	read_contract(&contract);
	for (size_t i = 0; resources[i] != NULL; i++) {
		for (size_t m = 0; m < RESOURCE_OPERATIONS_MAX; m++) {
			const struct operation *o = &resources[i]->operations[m];

			if (o->method != NULL) {
				used += (size_t)snprintf(
					ours + used, sizeof ours - used, "%s%s %s%s%s",
					used > 0 ? "\n" : "", o->method, resources[i]->path,
					o->parameters[0] != '\0' ? " " : "", o->parameters);
			}
		}
	}
	assert_string_equal(ours, contract.text);
}

static void every_resource_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; resources[i] != NULL; i++) {
		assert_non_null(resources[i]->summary);
		assert_non_null(resources[i]->operations[0].method);
		for (size_t m = 0; m < RESOURCE_OPERATIONS_MAX; m++) {
			const struct operation *o = &resources[i]->operations[m];

			assert_true((o->method == NULL) == (o->run == NULL));
			assert_true(o->method == NULL || o->parameters != NULL);
		}
	}
}

static void every_resource_is_found_by_its_own_path(void **state)
{
	struct route route;

	(void)state;
	for (size_t i = 0; resources[i] != NULL; i++) {
		assert_int_equal(router_find(resources, span_of(resources[i]->path),
					     resources[i]->operations[0].method, &route),
				 0);
		assert_ptr_equal(route.resource, resources[i]);
	}
}

static void only_what_says_nothing_is_open_to_everybody(void **state)
{
	static const char *const open[] = { "/healthz", "/openapi.yaml", "/ca.pem",
					    "/api/v1/session" };
	size_t count = 0;

	(void)state;
	for (size_t i = 0; resources[i] != NULL; i++) {
		for (size_t m = 0; m < RESOURCE_OPERATIONS_MAX; m++) {
			const struct operation *o = &resources[i]->operations[m];

			if (o->method != NULL && o->access == RESOURCE_PUBLIC) {
				assert_true(count < COUNT_OF(open));
				assert_string_equal(resources[i]->path, open[count++]);
			}
		}
	}
	assert_int_equal(count, COUNT_OF(open));
}

static void the_console_and_the_contract_are_in_the_program(void **state)
{
	(void)state;
	assert_non_null(embedded_find(span_of("/")));
	assert_non_null(embedded_find(span_of("/openapi.yaml")));
	assert_null(embedded_find(span_of("/index.html")));
	assert_true(
		span_starts_with(embedded_find(span_of("/openapi.yaml"))->plain, "openapi: 3.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_and_the_contract_say_the_same),
		cmocka_unit_test(every_resource_is_complete),
		cmocka_unit_test(every_resource_is_found_by_its_own_path),
		cmocka_unit_test(only_what_says_nothing_is_open_to_everybody),
		cmocka_unit_test(the_console_and_the_contract_are_in_the_program),
	};

	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
