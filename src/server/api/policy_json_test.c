/* policy_json_test.c - what may be written, and what is refused by its name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "server/api/policy_json.h"

static const char whole[] =
	"{\"collectors\":{\"packages\":{\"period_s\":3600},\"processes\":{\"enabled\":false}},"
	"\"events\":{\"executions\":{\"enabled\":true,\"per_minute_max\":60000}},"
	"\"files\":{\"defaults\":true,\"paths\":[\"/srv\",\"/opt/\xc3\xa4\"],"
	"\"exclude\":[\"*.log\"],\"files_max\":50000,\"hash_bytes_max\":268435456},"
	"\"budget\":{\"cpu_permille\":10,\"bytes_per_day\":5000000,\"ring_bytes\":16777216,"
	"\"io_bytes_per_s\":10000000},\"retention\":{\"events_days\":7,\"events_max\":1000}}";

static int read_text(const char *text, bool is_default, struct policy *out,
		     struct policy_retention *retention, json_t **out_root, struct why *why)
{
	*out_root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(*out_root);
	return policy_json_read(*out_root, is_default, out, retention, why);
}

static void what_was_read_is_written_the_same(void **state)
{
	struct policy_retention retention;
	struct policy policy;
	struct why why = { "" };
	struct buffer text;
	struct emit j;
	json_t *root;

	(void)state;
	assert_int_equal(read_text(whole, true, &policy, &retention, &root, &why), 0);
	assert_int_equal(policy.collectors[TABLE_PROCESSES].is_on, POLICY_OFF);
	assert_int_equal(policy.files.path_count, 2);
	assert_int_equal(retention.events_days, 7);
	buffer_init(&text, 65536);
	j = emit_over(&text);
	policy_json_write(&j, &policy, &retention);
	assert_true(emit_ok(&j));
	assert_int_equal(text.len, strlen(whole));
	assert_memory_equal(text.bytes, whole, text.len);
	buffer_done(&text);
	json_decref(root);
}

static void an_empty_one_sets_nothing(void **state)
{
	struct policy_retention retention;
	struct policy policy;
	struct why why = { "" };
	json_t *root;

	(void)state;
	assert_int_equal(read_text("{\"collectors\":{\"packages\":{}},\"files\":{\"paths\":[]}}",
				   false, &policy, &retention, &root, &why),
			 0);
	assert_true(policy_is_empty(&policy));
	json_decref(root);
}

static void what_is_not_known_or_not_good_is_named(void **state)
{
	static const struct {
		const char *text;
		const char *words; /* that the reason holds */
	} bad[] = {
		{ "{\"colectors\":{}}", "'policy' has an unknown member 'colectors'; known are: "
					"collectors events files budget retention" },
		{ "{\"collectors\":[]}", "'collectors' must be a JSON object" },
		{ "{\"collectors\":{\"pakages\":{}}}",
		  "there is no collector 'pakages'; there are: os, kernel" },
		{ "{\"collectors\":{\"vulnerabilities\":{}}}", "there is no collector" },
		{ "{\"collectors\":{\"packages\":true}}",
		  "'collectors.packages' must be a JSON object" },
		{ "{\"collectors\":{\"packages\":{\"on\":true}}}",
		  "'collectors.packages' has an unknown member 'on'; known are: enabled, "
		  "period_s" },
		{ "{\"collectors\":{\"packages\":{\"enabled\":1}}}",
		  "'collectors.packages.enabled' must be true or false" },
		{ "{\"collectors\":{\"packages\":{\"period_s\":0}}}",
		  "'collectors.packages.period_s' must be a whole number from 1 to 86400" },
		{ "{\"collectors\":{\"packages\":{\"period_s\":\"1\"}}}", "whole number" },
		{ "{\"events\":{\"gaps\":{\"enabled\":false}}}",
		  "there is no kind of event 'gaps'; there are: executions" },
		{ "{\"events\":{\"logins\":{\"period_s\":1}}}", "known are: enabled, "
								"per_minute_max" },
		{ "{\"events\":{\"logins\":{\"per_minute_max\":4294967296}}}", "4294967295" },
		{ "{\"files\":{\"paths\":[\"srv\"]}}", "'files.paths[0]' must be an absolute" },
		{ "{\"files\":{\"paths\":[\"/a\",7]}}", "'files.paths[1]'" },
		{ "{\"files\":{\"paths\":[\"/a\\nb\"]}}", "control characters" },
		{ "{\"files\":{\"paths\":\"/a\"}}", "must be a list" },
		{ "{\"files\":{\"exclude\":[\"\"]}}", "'files.exclude[0]' must be a pattern" },
		{ "{\"files\":{\"include\":[]}}", "known are: defaults, paths" },
		{ "{\"budget\":{\"cpu_permille\":1001}}", "from 1 to 1000" },
		{ "{\"budget\":{\"cpu_permille\":1.5}}", "whole number" },
		{ "{\"budget\":{\"ring_bytes\":-1}}", "whole number" },
		{ "{\"budget\":{\"command\":\"rm\"}}", "'budget' has an unknown member 'command'" },
		{ "{\"retention\":{\"events_days\":1}}", "belongs into the policy 'default'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct policy_retention retention;
		struct policy policy;
		struct why why = { "" };
		json_t *root;

		assert_int_equal(read_text(bad[i].text, false, &policy, &retention, &root, &why),
				 ERR_USAGE);
		if (strstr(why.text, bad[i].words) == NULL) {
			print_message("%s: %s\n", bad[i].text, why.text);
		}
		assert_non_null(strstr(why.text, bad[i].words));
		json_decref(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_written_the_same),
		cmocka_unit_test(an_empty_one_sets_nothing),
		cmocka_unit_test(what_is_not_known_or_not_good_is_named),
	};

	return cmocka_run_group_tests_name("policy json", tests, NULL, NULL);
}
