/*
 * agent_test.c - the whole agent, all three of its processes, against a server in this one:
 * enrolment over EST, session, restart, and what it says where a person has to do something.
 */
#include "agent/agent.h"
#include "agent/fake_platform.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/pki.h"
#include "wire/policy.h"

#define PEM_MAX     65536
#define DEADLINE_MS 60000
#define TOKEN       FAKE_PLATFORM_TOKEN

struct world {
	char folder[64];
	char state[128];
	char root[128];
	struct fake_platform platform;
};

static void must(int error, const struct why *why)
{
	if (error != 0) {
		fail_msg("%d: %s", error, why->text);
	}
}

/*
 * The world: a small tree to report
 */

static void put(const char *folder, const char *name, const char *text)
{
	char path[512];
	struct why why;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	must(file_replace(path, span_of(text), 0644, &why), &why);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char path[256];
	struct why why;

	log_open("test", LOG_ERROR);
	snprintf(w->folder, sizeof w->folder, "/tmp/agent-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->state, sizeof w->state, "%s/state", w->folder);
	snprintf(w->root, sizeof w->root, "%s/root", w->folder);
	snprintf(path, sizeof path, "%s/etc", w->root);
	must(file_make_folder(path, 0755, &why), &why);
	put(w->root, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	put(w->root, "etc/group", "root:x:0:\n");
	put(w->root, "etc/machine-id", "11111111111111111111111111111111\n");
	fake_platform_open(&w->platform);
	put(w->folder, "ca.pem", "");
	snprintf(path, sizeof path, "%s/ca.pem", w->folder);
	must(file_replace(path, buffer_span(&w->platform.ca), 0644, &why), &why);
	*state = w;
	return 0;
}

static void remove_tree(const char *path)
{
	static const char *const names[] = {
		"state/key/identity.pem",
		"state/key/revoked",
		"state/key/cloned",
		"state/key/token",
		"state/key",
		"state/snapshot.0",
		"state/snapshot.1",
		"state/events",
		"state/policy",
		"state/machine",
		"state/hashes.0",
		"state/hashes.1",
		"state/server",
		"state/ca.pem",
		"state/lock",
		"state/token",
		"state",
		"root/etc/passwd",
		"root/etc/group",
		"root/etc/machine-id",
		"root/etc",
		"root",
		"ca.pem",
		"other.pem",
	};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char name[512];

		snprintf(name, sizeof name, "%s/%s", path, names[i]);
		(void)remove(name);
	}
	assert_int_equal(rmdir(path), 0);
}

static int tear_down(void **state)
{
	struct world *w = *state;

	fake_platform_close(&w->platform);
	remove_tree(w->folder);
	free(w);
	return 0;
}

/*
 * The agent
 */

struct start {
	const char *token;
	const char *ca; /* a file name; NULL: as remembered */
	bool is_once;
	int64_t silence_ms;
};

static pid_t start_agent(const struct world *w, const struct start *how)
{
	struct agent_settings settings = { .root = w->root,
					   .sensor.is_once = how->is_once,
					   .sensor.silence_ms = how->silence_ms };
	char ca[256];
	struct state_request request = { .folder = w->state,
					 .server = how->ca != NULL ? w->platform.address : NULL,
					 .ca_file = how->ca != NULL ? ca : NULL,
					 .has_token = how->token != NULL,
					 .machine_root = w->root };
	struct why why = { .text = "" };
	pid_t pid = fork();

	if (pid != 0) {
		return pid;
	}
	snprintf(ca, sizeof ca, "%s/%s", w->folder, how->ca != NULL ? how->ca : "");
	settings.sensor.token = how->token != NULL ? alloc_text(how->token) : NULL;
	if (state_open(&request, &settings.sensor.state, &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		_exit(SENSOR_USAGE);
	}
	if (settings.sensor.token == NULL) {
		settings.sensor.token = state_take_token(&settings.sensor.state);
	}
	log_open("agent", LOG_INFO);
	_exit(agent_run(&settings));
}

/* Serves until the agent ends; its exit status, or -1 where it was killed. */
static int serve_until_end(struct world *w, pid_t pid)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->platform.loop, 20);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_once(struct world *w, const char *token, const char *ca)
{
	const struct start how = { .token = token, .ca = ca, .is_once = true };

	return serve_until_end(w, start_agent(w, &how));
}

/* Serves until the table has so many rows. */
static void serve_until_rows(struct world *w, uint16_t table, size_t count)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (w->platform.server.tables[table].count != count) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->platform.loop, 20);
	}
}

static int stop_agent(struct world *w, pid_t pid)
{
	assert_int_equal(kill(pid, SIGTERM), 0);
	return serve_until_end(w, pid);
}

static void enrols_sends_and_ends(void **state)
{
	struct world *w = *state;

	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	assert_int_equal(w->platform.server.error, 0);
	assert_int_equal(w->platform.enrolments, 1);
	assert_int_equal(w->platform.server.tables[TABLE_USERS].count, 1);
	assert_int_equal(w->platform.server.tables[TABLE_GROUPS].count, 1);
	assert_int_equal(w->platform.server.tables[TABLE_OS].count, 1);
	assert_int_equal(w->platform.server.tables[TABLE_MOUNTS].seq,
			 0); /* says nothing of a tree */
}

static void a_later_start_needs_only_its_state_and_sends_only_what_changed(void **state)
{
	struct world *w = *state;

	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	w->platform.server.batches = 0;
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 1);
	assert_int_equal(w->platform.server.batches, 0);
	put(w->root, "etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.server.batches, 2); /* users, and the file itself */
	assert_int_equal(w->platform.server.tables[TABLE_USERS].count, 1);
}

static void a_change_is_told_while_it_runs(void **state)
{
	const struct start how = { .token = TOKEN, .ca = "ca.pem" };
	struct world *w = *state;
	pid_t pid = start_agent(w, &how);

	serve_until_rows(w, TABLE_USERS, 1);
	put(w->root, "etc/passwd", "a:x:1:1::/:\nb:x:2:2::/:\nc:x:3:3::/:\n");
	serve_until_rows(w, TABLE_USERS, 3);
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

/* The processes below one, from /proc. */
static size_t children_of(pid_t parent, pid_t out[8])
{
	char path[64];
	char text[256] = "";
	size_t count = 0;
	FILE *f;
	char *at;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
	f = fopen(path, "r");
	if (f == NULL || fgets(text, sizeof text, f) == NULL) {
		text[0] = '\0';
	}
	if (f != NULL) {
		fclose(f);
	}
	for (at = text; count < 8 && *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
		uint64_t pid = 0;

		(void)!text_to_u64(span_first(span_of(at), strcspn(at, " ")), INT32_MAX, &pid);
		out[count++] = (pid_t)pid;
	}
	return count;
}

static void either_process_may_be_killed(void **state)
{
	const struct start how = { .token = TOKEN, .ca = "ca.pem" };
	struct world *w = *state;
	pid_t pid = start_agent(w, &how);
	pid_t children[8] = { 0 };

	serve_until_rows(w, TABLE_USERS, 1);
	for (unsigned i = 0; i < 2; i++) {
		char users[64];

		assert_int_equal(children_of(pid, children), 2);
		assert_int_equal(kill(children[i], SIGKILL), 0);
		snprintf(users, sizeof users, "a:x:1:1::/:\nb:x:2:2::/:\n%s",
			 i == 0 ? "" : "c:x:3:3::/:\n");
		put(w->root, "etc/passwd", users);
		serve_until_rows(w, TABLE_USERS, 2 + i);
	}
	assert_true(w->platform.sessions >= 3);
	assert_int_equal(w->platform.server.error, 0);
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

static void a_collector_that_does_not_move_is_told_of_and_started_anew(void **state)
{
	const struct start how = { .token = TOKEN, .ca = "ca.pem", .silence_ms = 6000 };
	struct world *w = *state;
	pid_t pid = start_agent(w, &how);
	int64_t deadline = clock_ms() + DEADLINE_MS;
	pid_t children[8] = { 0 };

	serve_until_rows(w, TABLE_USERS, 1);
	assert_int_equal(children_of(pid, children), 2);
	assert_int_equal(kill(children[0], SIGSTOP), 0);
	while (w->platform.server.alive.silent_s == 0) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->platform.loop, 20);
	}
	put(w->root, "etc/passwd", "a:x:1:1::/:\nb:x:2:2::/:\n");
	serve_until_rows(w, TABLE_USERS, 2);
	assert_int_equal(w->platform.server.error, 0);
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

/* Serves until the sensor says that this policy is in force. */
static void serve_until_policy(struct world *w, struct span bytes)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	uint8_t digest[MESSAGE_POLICY_DIGEST];

	policy_digest(bytes, digest);
	while (memcmp(digest, w->platform.server.policy_told, sizeof digest) != 0) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->platform.loop, 20);
	}
}

static struct span encode_policy(uint16_t off_table, uint8_t *out, size_t size)
{
	struct policy *policy = calloc(1, sizeof *policy);
	struct writer w = writer_over(out, size);

	policy->collectors[off_table].is_on = POLICY_OFF;
	assert_int_equal(policy_encode(policy, &w), 0);
	free(policy);
	return writer_span(&w);
}

static void a_policy_is_applied_live_and_after_a_restart(void **state)
{
	const struct start first = { .token = TOKEN, .ca = "ca.pem" };
	const struct start later = { .token = NULL };
	struct world *w = *state;
	pid_t pid = start_agent(w, &first);
	uint8_t bytes[256];
	struct span policy = encode_policy(TABLE_USERS, bytes, sizeof bytes);

	serve_until_rows(w, TABLE_USERS, 1);
	w->platform.server.policy = policy;
	fake_server_send_policy(&w->platform.server);
	serve_until_policy(w, policy);
	put(w->root, "etc/passwd", "a:x:1:1::/:\nb:x:2:2::/:\n");
	put(w->root, "etc/group", "a:x:1:\nb:x:2:\n");
	serve_until_rows(w, TABLE_GROUPS, 2);
	assert_int_equal(w->platform.server.tables[TABLE_USERS].count, 1); /* as it was told */
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);

	memset(w->platform.server.policy_told, 0, MESSAGE_POLICY_DIGEST);
	pid = start_agent(w, &later);
	serve_until_policy(w, policy); /* hello says it, nobody sent it again */
	put(w->root, "etc/group", "a:x:1:\nb:x:2:\nc:x:3:\n");
	serve_until_rows(w, TABLE_GROUPS, 3);
	assert_int_equal(w->platform.server.tables[TABLE_USERS].count, 1);
	policy = encode_policy(TABLE_OS, bytes, sizeof bytes);
	w->platform.server.policy = policy;
	fake_server_send_policy(&w->platform.server);
	serve_until_rows(w, TABLE_USERS, 2);
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

static void a_copied_folder_enrols_anew_with_the_old_certificate(void **state)
{
	struct world *w = *state;

	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	put(w->root, "etc/machine-id", "22222222222222222222222222222222\n");
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.clones, 1);
	assert_int_equal(w->platform.enrolments, 1);
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE); /* once is enough */
	assert_int_equal(w->platform.clones, 1);
	put(w->root, "etc/machine-id", "33333333333333333333333333333333\n");
	assert_int_equal(run_once(w, TOKEN, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.clones, 1);
	assert_int_equal(w->platform.enrolments, 2);
}

static void a_damaged_state_folder_heals_where_it_can(void **state)
{
	static const char *const memory[] = { "state/snapshot.0", "state/snapshot.1",
					      "state/events", "state/policy", "state/machine" };
	struct world *w = *state;

	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	for (size_t i = 0; i < COUNT_OF(memory); i++) {
		put(w->folder, memory[i],
		    "BTZ? garbage, garbage, garbage, garbage, garbage, garbage");
	}
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 1);
	put(w->folder, "state/key/identity.pem", "garbage");
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_FAILED); /* and says what to do */
	assert_int_equal(run_once(w, TOKEN, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 2);
	assert_int_equal(w->platform.server.error, 0);
}

static void every_process_is_confined(void **state)
{
	const struct start how = { .token = TOKEN, .ca = "ca.pem" };
	struct world *w = *state;
	pid_t all[9] = { 0 };
	pid_t pid;

	if (prctl(PR_GET_SECCOMP) < 0) {
		print_message("# SKIP: there is no seccomp here\n");
		skip();
	}
	pid = start_agent(w, &how);

	serve_until_rows(w, TABLE_USERS, 1);
	assert_int_equal(children_of(pid, all + 1), 2);
	all[0] = pid;
	for (unsigned i = 0; i < 3; i++) {
		struct buffer status;
		char path[64];
		char *text;

		buffer_init(&status, 65536);
		snprintf(path, sizeof path, "/proc/%d/status", all[i]);
		assert_int_equal(file_read(path, &status), 0);
		text = alloc_span(buffer_span(&status));
		assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
		assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
		free(text);
		buffer_done(&status);
	}
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

static void a_wrong_token_is_told_and_ends_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(run_once(w, "wrong", "ca.pem"), SENSOR_FAILED);
	assert_int_equal(w->platform.enrolments, 0);
}

static void a_wrong_ca_is_told_and_ends_it(void **state)
{
	struct world *w = *state;
	struct buffer key;
	struct buffer ca;
	char path[256];
	struct why why;

	buffer_init(&key, PEM_MAX);
	buffer_init(&ca, PEM_MAX);
	must(pki_key_new(&key, &why), &why);
	must(pki_ca_new(buffer_span(&key), "other CA", 10, &ca, &why), &why);
	snprintf(path, sizeof path, "%s/other.pem", w->folder);
	must(file_replace(path, buffer_span(&ca), 0644, &why), &why);
	assert_int_equal(run_once(w, TOKEN, "other.pem"), SENSOR_FAILED);
	assert_int_equal(w->platform.enrolments, 0);
	buffer_done(&key);
	buffer_done(&ca);
}

static void without_server_ca_and_token_it_says_what_it_needs(void **state)
{
	struct world *w = *state;

	assert_int_equal(run_once(w, NULL, NULL), SENSOR_USAGE);
	assert_int_equal(run_once(w, NULL, "ca.pem"), SENSOR_USAGE);
}

static void a_certificate_past_two_thirds_of_its_life_is_renewed(void **state)
{
	struct world *w = *state;

	w->platform.lifetime_s =
		1; /* valid from five minutes ago: renewal was due before it came */
	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	w->platform.lifetime_s = 3600;
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_true(w->platform.renewals >= 1);
	w->platform.renewals = 0;
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.renewals, 0);
}

static void revoked_it_stops_and_enrols_anew_with_a_new_token(void **state)
{
	const struct message revoked = { .kind = MESSAGE_GOODBYE,
					 .goodbye = { .code = GOODBYE_REVOKED,
						      .text = span_of("lost") } };
	struct world *w = *state;
	const struct start how = { .token = TOKEN, .ca = "ca.pem" };
	pid_t pid = start_agent(w, &how);
	char mark[256];
	int64_t deadline = clock_ms() + DEADLINE_MS;

	serve_until_rows(w, TABLE_USERS, 1);
	fake_server_say(&w->platform.server, &revoked);
	snprintf(mark, sizeof mark, "%s/key/revoked", w->state);
	while (access(mark, F_OK) != 0) {
		assert_true(clock_ms() < deadline);
		loop_turn(w->platform.loop, 20);
	}
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments,
			 1); /* not by itself, though it still had the token */
	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 2);
}

static bool is_there(const struct world *w, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", w->state, name);
	return access(path, F_OK) == 0;
}

static void a_token_left_in_the_state_folder_is_used_once_and_removed(void **state)
{
	struct world *w = *state;
	struct why why;

	must(file_make_folder(w->state, 0700, &why), &why);
	put(w->state, "token", TOKEN "\n");
	assert_int_equal(run_once(w, NULL, "ca.pem"), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 1);
	assert_false(is_there(w, "token"));
	assert_false(is_there(w, "key/token"));
	put(w->state, "token", "not needed, but kept it would outlive a revocation\n");
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 1);
	assert_false(is_there(w, "token"));
	assert_false(is_there(w, "key/token"));
}

static void a_wrong_token_that_was_left_gives_way_to_the_next(void **state)
{
	struct world *w = *state;
	struct why why;

	must(file_make_folder(w->state, 0700, &why), &why);
	put(w->state, "token", "wrong");
	assert_int_equal(run_once(w, NULL, "ca.pem"), SENSOR_FAILED);
	put(w->state, "token", TOKEN);
	assert_int_equal(run_once(w, NULL, NULL), SENSOR_DONE);
	assert_int_equal(w->platform.enrolments, 1);
}

static void the_state_folder_is_private_and_held_once(void **state)
{
	const struct start how = { .token = TOKEN, .ca = "ca.pem" };
	struct world *w = *state;
	pid_t pid = start_agent(w, &how);
	struct stat status;

	serve_until_rows(w, TABLE_USERS, 1);
	assert_int_equal(stat(w->state, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(run_once(w, TOKEN, "ca.pem"), SENSOR_USAGE);
	assert_int_equal(stop_agent(w, pid), SENSOR_DONE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(enrols_sends_and_ends),
		TEST(a_later_start_needs_only_its_state_and_sends_only_what_changed),
		TEST(a_change_is_told_while_it_runs),
		TEST(either_process_may_be_killed),
		TEST(a_collector_that_does_not_move_is_told_of_and_started_anew),
		TEST(a_policy_is_applied_live_and_after_a_restart),
		TEST(a_copied_folder_enrols_anew_with_the_old_certificate),
		TEST(a_damaged_state_folder_heals_where_it_can),
		TEST(every_process_is_confined),
		TEST(a_wrong_token_is_told_and_ends_it),
		TEST(a_wrong_ca_is_told_and_ends_it),
		TEST(without_server_ca_and_token_it_says_what_it_needs),
		TEST(a_certificate_past_two_thirds_of_its_life_is_renewed),
		TEST(revoked_it_stops_and_enrols_anew_with_a_new_token),
		TEST(a_token_left_in_the_state_folder_is_used_once_and_removed),
		TEST(a_wrong_token_that_was_left_gives_way_to_the_next),
		TEST(the_state_folder_is_private_and_held_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
