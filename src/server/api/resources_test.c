/* resources_test.c - every resource over a real inventory: what is shown, what is refused, to whom.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "server/api/server_harness.h"
#include "server/bus/bus.h"
#include "sys/clock.h"

static struct exchange e;

static void assert_ask(struct server_harness *s, const char *method, const char *path,
		       const char *body, long status, const char *expected)
{
	long got = server_harness_ask(s, &e, method, path, body);

	if (got != status || !client_harness_has(&e, expected)) {
		print_message("%s %s: %ld %s\n", method, path, got, e.body);
	}
	assert_int_equal(got, status);
	assert_true(client_harness_has(&e, expected));
}

static void assert_get(struct server_harness *s, const char *path, long status,
		       const char *expected)
{
	assert_ask(s, "GET", path, NULL, status, expected);
}

static void assets_are_listed_and_searched(void **state)
{
	assert_get(*state, "/api/v1/assets", 200,
		   "{\"items\":[{\"id\":\"" TEST_ASSET "\",\"name\":\"web1\"");
	assert_true(client_harness_has(&e, "\"next\":null,\"total\":1}"));
	assert_get(*state, "/api/v1/assets?search=WEB", 200, "\"total\":1}");
	assert_get(*state, "/api/v1/assets?search=db", 200,
		   "{\"items\":[],\"next\":null,\"total\":0}");
	assert_get(*state, "/api/v1/assets?after=" TEST_ASSET, 200, "{\"items\":[],\"next\":null");
}

static void an_asset_is_found_by_id_prefix_and_name(void **state)
{
	assert_get(*state, "/api/v1/assets/" TEST_ASSET, 200,
		   "\"rows\":4,\"tags\":[],\"kind\":\"agent\",\"gone\":null,\"tables\":[{\"name\":"
		   "\"os\"");
	assert_get(*state, "/api/v1/assets/0000", 200, "\"id\":\"" TEST_ASSET "\"");
	assert_get(*state, "/api/v1/assets/web1", 200, "\"id\":\"" TEST_ASSET "\"");
	assert_get(*state, "/api/v1/assets/000", 404, "there is no asset '000'");
	assert_get(*state, "/api/v1/assets/web", 404, "there is no asset 'web'");
}

static void a_table_is_shown_now_and_as_it_was(void **state)
{
	assert_get(*state, "/api/v1/assets/web1/tables/groups", 200,
		   "{\"table\":\"groups\",\"columns\":[\"name\",\"gid\",\"members\"],\"rows\":"
		   "[[\"wheel\",10,[\"ada\"]]]}");
	assert_get(*state, "/api/v1/assets/web1/tables/groups?at=2020-01-01T00:00:00Z", 200,
		   "\"rows\":[]}");
	assert_get(*state, "/api/v1/assets/web1/tables/groups?at=now", 400,
		   "must be a time such as");
	assert_get(*state, "/api/v1/assets/web1/tables/nothing", 404,
		   "there is no table 'nothing'");
}

static void a_page_of_changes_holds_whole_changes(void **state)
{
	assert_get(*state, "/api/v1/changes?limit=1", 200, "\"table\":\"groups\"");
	assert_true(client_harness_has(&e, "\"next\":3}"));
	/* two packages came with one change: both are shown, though the limit is one */
	assert_get(*state, "/api/v1/changes?limit=1&before=3", 200, "\"key\":\"dpkg bash");
	assert_true(client_harness_has(&e, "\"key\":\"dpkg curl"));
	assert_true(client_harness_has(&e, "\"next\":2}"));
	assert_get(*state, "/api/v1/assets/web1/history?table=os", 200, "\"next\":null}");
	assert_true(client_harness_has(&e, "\"op\":\"added\""));
	assert_get(*state, "/api/v1/changes?before=0", 400, "whole number from 1");
}

static void events_are_listed_and_narrowed(void **state)
{
	struct server_harness *s = *state;

	assert_get(s, "/api/v1/events", 200, "{\"items\":[],\"next\":null}");
	for (int i = 0; i < 3; i++) {
		(void)server_harness_add_login(s, i == 1 ? "bob" : "ann");
	}
	assert_get(s, "/api/v1/events?limit=2", 200,
		   "{\"items\":[{\"no\":3,\"at\":\"2023-11-14T22:13:20.000Z\",\"received_at\":"
		   "\"2023-11-14T22:13:21.000Z\",\"asset\":\"" TEST_ASSET
		   "\",\"asset_name\":\"web1\",\"kind\":\"logins\",\"row\":{\"user\":\"ann\","
		   "\"is_success\":false,");
	assert_true(client_harness_has(&e, "\"next\":2}"));
	assert_get(s, "/api/v1/events?limit=2&before=2", 200, "{\"items\":[{\"no\":1,");
	assert_true(client_harness_has(&e, "\"next\":null}"));
	assert_get(s, "/api/v1/events?kind=executions", 200, "{\"items\":[]");
	assert_get(s, "/api/v1/events?asset=web1&since=2023-11-14&until=2023-11-15", 200,
		   "\"no\":3");
	assert_get(s, "/api/v1/events?since=2023-11-15", 200, "{\"items\":[]");
	assert_get(s, "/api/v1/events?kind=nothing", 400, "there is no kind of event 'nothing'");
	assert_get(s, "/api/v1/events?asset=nobody", 404, "there is no asset");
	assert_get(s, "/api/v1/events?since=yesterday", 400, "must be a time");
	assert_get(s, "/api/v1/schema", 200, "\"events\":[{\"name\":\"gaps\",\"number\":1,");
}

static void changes_a_minute_are_counted(void **state)
{
	assert_get(*state, "/api/v1/changes/rate?minutes=3", 200, "\"counts\":[");
	TURN_UNTIL(&((struct server_harness *)*state)->client,
		   server_harness_ask(*state, &e, "GET", "/api/v1/changes/rate?minutes=3", NULL) ==
				   200 &&
			   (client_harness_has(&e, "4]}") || client_harness_has(&e, "4,0]}")));
	server_harness_add_package(*state, "zsh");
	assert_get(*state, "/api/v1/overview", 200, "\"last_hour\":5,\"last_day\":5}");
}

static void sensors_are_listed(void **state)
{
	assert_get(*state, "/api/v1/sensors", 200, "\"id\":\"" TEST_ASSET "\",\"kind\":\"agent\"");
	assert_get(*state, "/api/v1/overview", 200,
		   "\"sensors\":{\"total\":1,\"connected\":0,\"stale\":1,\"revoked\":0}");
}

static void what_the_engine_does_and_refuses_is_passed_on(void **state)
{
	assert_ask(
		*state, "POST", "/api/v1/enrolment-tokens", "{\"uses\":3}", 201,
		"{\"token\":\"bte_new\",\"uses\":3,\"expires_at\":\"2025-11-21T12:00:00.000Z\"}");
	assert_ask(*state, "POST", "/api/v1/tenants", "{\"name\":\"acme\"}", 409,
		   "the engine of this test refuses");
	assert_get(*state, "/metrics", 200, "bartizan_assets{tenant=\"default\"} 1");
	assert_get(*state, "/api/v1/tenants", 200, "{\"name\":\"default\",\"created_at\":");
}

static void the_engine_being_away_is_said(void **state)
{
	struct server_harness *s = *state;

	bus_server_free(&s->engine);
	TURN_UNTIL(&s->client, server_harness_ask(s, &e, "GET", "/api/v1/overview", NULL) == 503);
	assert_true(client_harness_has(&e, "\"code\":\"unavailable\""));
	/* what needs no engine goes on */
	assert_get(s, "/api/v1/assets", 200, "web1");
}

static void sql_runs_in_a_worker(void **state)
{
	assert_ask(*state, "POST", "/api/v1/query",
		   "{\"sql\":\"SELECT name, version FROM packages ORDER BY name\"}", 200,
		   "{\"columns\":[\"name\",\"version\"],\"rows\":[[\"bash\",\"5.2\"],[\"curl\",\"7."
		   "88\"]],"
		   "\"is_truncated\":false,\"elapsed_ms\":");
	assert_ask(*state, "POST", "/api/v1/query", "{\"sql\":\"DELETE FROM packages\"}", 400,
		   "read-only");
	assert_ask(*state, "POST", "/api/v1/query",
		   "{\"timeout_ms\":100,\"sql\":\"WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
		   "SELECT x+1 "
		   "FROM c) SELECT count(*) FROM c\"}",
		   408, "\"code\":\"timeout\"");
}

static void bodies_are_checked(void **state)
{
	assert_ask(*state, "POST", "/api/v1/query", "{", 400, "not JSON");
	assert_ask(*state, "POST", "/api/v1/query", "[]", 400, "must be a JSON object");
	assert_ask(*state, "POST", "/api/v1/query", "{\"sqll\":\"\"}", 400,
		   "unknown member 'sqll'");
	assert_ask(*state, "POST", "/api/v1/query", "{\"sql\":1}", 400, "'sql' must be text");
	assert_ask(*state, "POST", "/api/v1/query", "{\"sql\":\"\",\"sql\":\"\"}", 400, "not JSON");
	assert_ask(*state, "POST", "/api/v1/query", "{}", 400, "'sql' must be text and is missing");
}

static void parameters_are_checked(void **state)
{
	assert_get(*state, "/api/v1/assets?limt=1", 400,
		   "unknown parameter 'limt'; known here: search");
	assert_get(*state, "/api/v1/assets?limit=0", 400, "from 1 to 1000");
	assert_get(*state, "/api/v1/assets?limit=1&limit=2", 400, "given twice");
	assert_get(*state, "/api/v1/assets?search=%ff", 400, "percent-encode UTF-8");
	assert_get(*state, "/api/v1/assets?tenant=nobody", 404, "there is no tenant 'nobody'");
	assert_get(*state, "/api/v1/assets?tenant=../etc", 404, "there is no tenant of that name");
	assert_get(*state, "/api/v1/nothing", 404, "GET /openapi.yaml");
	assert_ask(*state, "DELETE", "/api/v1/assets", NULL, 405, "Allow header");
}

static void nobody_gets_in_without_a_token(void **state)
{
	struct server_harness *s = *state;

	assert_int_equal(server_harness_ask_as(s, &e, NULL, "GET", "/api/v1/assets", NULL), 401);
	assert_non_null(strstr(e.headers, "WWW-Authenticate: Bearer"));
	assert_int_equal(server_harness_ask_as(s, &e, "Authorization: Bearer btz_wrong", "GET",
					       "/api/v1/assets", NULL),
			 401);
	assert_true(client_harness_has(&e, "operator.token"));
	assert_int_equal(server_harness_ask_as(s, &e, "Authorization: Basic YTpi", "GET",
					       "/api/v1/assets", NULL),
			 401);
	assert_int_equal(server_harness_ask_as(s, &e, "Cookie: bartizan_session=x", "GET",
					       "/api/v1/assets", NULL),
			 401);
	assert_int_equal(server_harness_ask_as(s, &e, NULL, "GET", "/healthz", NULL), 200);
}

static void another_tenants_things_do_not_exist(void **state)
{
	struct server_harness *s = *state;
	char token[128];

	snprintf(token, sizeof token, "Authorization: Bearer %s", s->tenant_token);
	assert_int_equal(server_harness_ask_as(s, &e, token, "GET", "/api/v1/assets", NULL), 200);
	assert_true(client_harness_has(&e, "\"total\":0"));
	assert_int_equal(
		server_harness_ask_as(s, &e, token, "GET", "/api/v1/assets/" TEST_ASSET, NULL),
		404);
	assert_int_equal(
		server_harness_ask_as(s, &e, token, "GET", "/api/v1/assets?tenant=default", NULL),
		404);
	assert_int_equal(
		server_harness_ask_as(s, &e, token, "GET", "/api/v1/stream?tenant=default", NULL),
		404);
	assert_int_equal(server_harness_ask_as(s, &e, token, "GET", "/metrics", NULL), 403);
	assert_int_equal(server_harness_ask_as(s, &e, token, "POST", "/api/v1/query",
					       "{\"sql\":\"SELECT count(*) FROM packages\"}"),
			 200);
	assert_true(client_harness_has(&e, "\"rows\":[[0]]"));
	assert_int_equal(server_harness_ask_as(s, &e, token, "GET", "/api/v1/session", NULL), 200);
	assert_true(client_harness_has(&e, "\"tenants\":[\"acme\"]"));
}

/* Signs in; the Cookie header for what follows. */
static void sign_in(struct server_harness *s, char cookie[128])
{
	const char *start;
	char body[128];

	snprintf(body, sizeof body, "{\"token\":\"%s\"}", s->platform_token);
	assert_int_equal(server_harness_ask_as(s, &e, NULL, "POST", "/api/v1/session", body), 200);
	start = strstr(e.headers, "bartizan_session=");
	assert_non_null(start);
	snprintf(cookie, 128, "Cookie: %.*s", (int)strcspn(start, ";"), start);
}

static void a_cookie_signs_in_until_it_is_ended(void **state)
{
	struct server_harness *s = *state;
	char cookie[128];
	char origin[64];

	sign_in(s, cookie);
	assert_int_equal(server_harness_ask_as(s, &e, cookie, "GET", "/api/v1/session", NULL), 200);
	assert_int_equal(server_harness_ask_as(s, &e, cookie, "DELETE", "/api/v1/session", NULL),
			 403);
	snprintf(origin, sizeof origin, "Origin: https://127.0.0.1:%u", s->client.port);
	{
		const char *headers[] = { cookie, origin, NULL };

		client_harness_start(&s->client, &e, "DELETE", "/api/v1/session", headers, NULL);
		TURN_UNTIL(&s->client, e.is_done);
		client_harness_end(&s->client, &e);
	}
	assert_int_equal(e.status, 204);
	assert_int_equal(server_harness_ask_as(s, &e, cookie, "GET", "/api/v1/session", NULL), 401);
}

static void a_cookie_from_another_page_changes_nothing(void **state)
{
	struct server_harness *s = *state;
	char cookie[128];
	const char *headers[] = { cookie, "Origin: https://evil.example", NULL };

	sign_in(s, cookie);
	client_harness_start(&s->client, &e, "POST", "/api/v1/enrolment-tokens", headers, "{}");
	TURN_UNTIL(&s->client, e.is_done);
	client_harness_end(&s->client, &e);
	assert_int_equal(e.status, 403);
	assert_true(client_harness_has(&e, "Origin header does not match"));
}

static void a_code_signs_in_once(void **state)
{
	struct server_harness *s = *state;
	const char *code;
	char body[128];

	assert_int_equal(server_harness_ask(s, &e, "POST", "/api/v1/signin-links", NULL), 201);
	code = strstr(e.body, "\"code\":\"");
	assert_non_null(code);
	snprintf(body, sizeof body, "{%.*s}", (int)strlen("\"code\":\"\"") + 43, code);
	assert_int_equal(server_harness_ask_as(s, &e, NULL, "POST", "/api/v1/session", body), 200);
	assert_int_equal(server_harness_ask_as(s, &e, NULL, "POST", "/api/v1/session", body), 401);
	assert_true(client_harness_has(&e, "bartizan signin-link"));
}

/* web1's package curl has a vulnerability. */
static void expose(struct server_harness *s)
{
	struct inventory_result result;
	struct why why;
	struct row row;
	uint32_t number;

	row_init(&row, schema_by_number(TABLE_VULNERABILITIES));
	row_set_text(&row, VULNERABILITIES_ID, span_of("CVE-2024-1"));
	row_set_text(&row, VULNERABILITIES_MANAGER, span_of("dpkg"));
	row_set_text(&row, VULNERABILITIES_PACKAGE, span_of("libcurl4"));
	row_set_text(&row, VULNERABILITIES_SOURCE, span_of("curl"));
	row_set_text(&row, VULNERABILITIES_VERSION, span_of("7.88"));
	row_set_text(&row, VULNERABILITIES_FIXED_VERSION, span_of("7.90"));
	row_set_text(&row, VULNERABILITIES_STATUS, span_of("fixable"));
	row_set_text(&row, VULNERABILITIES_EXPOSURE, span_of("network"));
	row_set_text(&row, VULNERABILITIES_RELEASE, span_of("debian:12"));
	assert_int_equal(inventory_begin(s->inventory.inv, &why), 0);
	assert_int_equal(inventory_derived_row(s->inventory.inv, &row, &number, &why), 0);
	assert_int_equal(inventory_derive(s->inventory.inv, s->asset, TABLE_VULNERABILITIES,
					  &number, 1, 20, &result, &why),
			 0);
	assert_int_equal(inventory_commit(s->inventory.inv, &why), 0);
}

static void findings_are_shown_from_every_side(void **state)
{
	assert_get(*state, "/api/v1/vulnerabilities", 200,
		   "{\"items\":[],\"next\":null,\"total\":0}");
	expose(*state);
	assert_get(*state, "/api/v1/vulnerabilities?status=fixable&exposure=network&package=curl",
		   200, "{\"items\":[{\"id\":\"CVE-2024-1\",\"summary\":null");
	assert_true(client_harness_has(&e, "\"total\":1}"));
	assert_get(*state, "/api/v1/vulnerabilities?status=open", 200, "\"total\":0}");
	assert_get(*state, "/api/v1/vulnerabilities?search=LIBCURL", 200, "\"total\":1}");
	assert_get(*state, "/api/v1/vulnerabilities?fixable=false", 200, "\"total\":0}");
	assert_get(*state, "/api/v1/vulnerabilities/CVE-2024-1", 200,
		   "\"affected\":[{\"asset\":\"" TEST_ASSET "\",\"name\":\"web1\"");
	assert_get(*state, "/api/v1/vulnerabilities/upgrades", 200,
		   "\"source\":\"curl\",\"release\":\"debian:12\",\"packages\":[\"libcurl4\"],"
		   "\"to_version\":\"7.90\",\"closes\":1,\"assets\":1,");
	assert_get(*state, "/api/v1/vulnerabilities/assets", 200, "\"name\":\"web1\"");
	assert_get(*state, "/api/v1/assets/web1/vulnerabilities", 200,
		   "\"fix\":\"apt-get install --only-upgrade libcurl4\",\"first_seen\":"
		   "\"1970-01-01T00:00:00.020Z\",\"reopened\":0,\"accepted\":null}");
	assert_get(*state, "/api/v1/assets/web1/updates-check", 200, "\"said_by\":\"feed\"");
	assert_get(*state, "/api/v1/assets/web1/sbom", 200, "\"bomFormat\":\"CycloneDX\"");
}

static void that_nobody_looked_is_said(void **state)
{
	assert_get(*state, "/api/v1/vulnerabilities/summary", 200,
		   "\"knowledge\":{\"generation\":0,\"built_at\":null},"
		   "\"not_judged\":{\"assets\":1,\"items\":[{\"asset\":\"" TEST_ASSET "\"");
	assert_get(*state, "/api/v1/assets/web1/vulnerabilities", 200, "\"is_covered\":false");
	assert_get(*state, "/api/v1/assets/web1/vulnerabilities/CVE-2024-1/why", 503,
		   "no feed is in force yet");
}

static void days_are_those_that_the_engine_kept_and_today(void **state)
{
	struct server_harness *s = *state;
	struct inventory_trend trend = { .numbers = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 } };
	int64_t today = clock_wall_ms() / (24 * 3600 * INT64_C(1000));
	const int64_t days[] = { today - 400, today - 2, today };
	struct why why;

	assert_int_equal(inventory_begin(s->inventory.inv, &why), 0);
	for (size_t i = 0; i < COUNT_OF(days); i++) {
		trend.day = days[i];
		assert_int_equal(inventory_set_trend(s->inventory.inv, &trend, &why), 0);
	}
	assert_int_equal(inventory_commit(s->inventory.inv, &why), 0);
	assert_get(s, "/api/v1/vulnerabilities/trend?days=7", 200,
		   "\"findings\":{\"critical\":1,\"high\":2,\"medium\":3,\"low\":4,\"none\":5},"
		   "\"accepted\":6,\"exploited\":7,\"fixable\":8,\"assets\":9,\"risk\":10},{");
	assert_true(client_harness_has(&e, "\"critical\":0,")); /* today, as it is now */
	assert_null(strstr(strstr(strstr(e.body, "\"day\"") + 1, "\"day\"") + 1, "\"day\""));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, server_harness_set_up, server_harness_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(assets_are_listed_and_searched),
		TEST(an_asset_is_found_by_id_prefix_and_name),
		TEST(a_table_is_shown_now_and_as_it_was),
		TEST(a_page_of_changes_holds_whole_changes),
		TEST(events_are_listed_and_narrowed),
		TEST(changes_a_minute_are_counted),
		TEST(sensors_are_listed),
		TEST(what_the_engine_does_and_refuses_is_passed_on),
		TEST(the_engine_being_away_is_said),
		TEST(sql_runs_in_a_worker),
		TEST(bodies_are_checked),
		TEST(parameters_are_checked),
		TEST(nobody_gets_in_without_a_token),
		TEST(another_tenants_things_do_not_exist),
		TEST(a_cookie_signs_in_until_it_is_ended),
		TEST(a_cookie_from_another_page_changes_nothing),
		TEST(a_code_signs_in_once),
		TEST(findings_are_shown_from_every_side),
		TEST(that_nobody_looked_is_said),
		TEST(days_are_those_that_the_engine_kept_and_today),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
