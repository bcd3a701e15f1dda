/* router_test.c - the right operation, or the right refusal. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/api/router.h"

static void nothing(struct call *call)
{
	(void)call;
}

static const struct resource things = {
	.path = "/things",
	.operations = { { "GET", RESOURCE_READ, "limit after", nothing },
			{ "POST", RESOURCE_READ, "", nothing } },
};
static const struct resource part = {
	.path = "/things/{id}/parts/{part}",
	.operations = { { "DELETE", RESOURCE_READ, "", nothing } },
};
static const struct resource *const table[] = { &things, &part, NULL };

static int find(const char *path, const char *method, struct route *out)
{
	return router_find(table, span_of(path), method, out);
}

static void finds_by_path_and_method(void **state)
{
	struct route route;

	(void)state;
	assert_int_equal(find("/things", "POST", &route), 0);
	assert_ptr_equal(route.resource, &things);
	assert_ptr_equal(route.operation, &things.operations[1]);
}

static void head_goes_where_get_goes(void **state)
{
	struct route route;

	(void)state;
	assert_int_equal(find("/things", "HEAD", &route), 0);
	assert_ptr_equal(route.operation, &things.operations[0]);
	assert_int_equal(find("/things/a/parts/b", "HEAD", &route), ERR_UNSUPPORTED);
}

static void captures_segments_decoded(void **state)
{
	struct route route;

	(void)state;
	assert_int_equal(find("/things/a%2Fb/parts/c+d", "DELETE", &route), 0);
	assert_string_equal(route.captures[0], "a/b");
	assert_string_equal(route.captures[1], "c+d");
}

static void knows_nothing_beside_the_table(void **state)
{
	static const char *const paths[] = { "/",
					     "/thing",
					     "/things/",
					     "/things/a",
					     "/things//parts/b",
					     "/things/a/parts",
					     "/things/a/parts/b/",
					     "//things",
					     "/things/a/PARTS/b" };
	struct route route;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		assert_int_equal(find(paths[i], "GET", &route), ERR_NOT_FOUND);
	}
}

static void names_the_methods_that_are_allowed(void **state)
{
	struct route route;
	char allowed[64];

	(void)state;
	assert_int_equal(find("/things", "DELETE", &route), ERR_UNSUPPORTED);
	router_allowed(route.resource, allowed, sizeof allowed);
	assert_string_equal(allowed, "GET, HEAD, POST");
}

static void refuses_captures_that_cannot_be_decoded(void **state)
{
	struct route route;

	(void)state;
	assert_int_equal(find("/things/%/parts/b", "DELETE", &route), ERR_MALFORMED);
	assert_int_equal(find("/things/%00/parts/b", "DELETE", &route), ERR_MALFORMED);
}

static void takes_the_parameters_it_names(void **state)
{
	const struct operation *get = &things.operations[0];

	(void)state;
	assert_true(router_takes(get, span_of("limit")));
	assert_true(router_takes(get, span_of("after")));
	assert_true(router_takes(get, span_of("tenant")));
	assert_false(router_takes(get, span_of("lim")));
	assert_false(router_takes(get, span_of("limit after")));
	assert_false(router_takes(get, span_of("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_path_and_method),
		cmocka_unit_test(head_goes_where_get_goes),
		cmocka_unit_test(captures_segments_decoded),
		cmocka_unit_test(knows_nothing_beside_the_table),
		cmocka_unit_test(names_the_methods_that_are_allowed),
		cmocka_unit_test(refuses_captures_that_cannot_be_decoded),
		cmocka_unit_test(takes_the_parameters_it_names),
	};

	return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
