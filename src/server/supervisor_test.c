/* supervisor_test.c - starting, dying, restarting and ending, with roles that do nothing else. */
#include "server/supervisor.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "server/engine/engine.h"
#include "server/ingest/ingest.h"
#include "sys/buffer.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define DEADLINE_MS 60000

/* --- roles: each notes its process number, and its end in a common list --- */

static void note(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void do_nothing(int signal_number)
{
	(void)signal_number;
}

static int serve(const struct role_config *config, const char *name)
{
	char file[64];
	char pid[32];
	sigset_t term;
	int received;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	(void)signal(SIGTERM, do_nothing);
	snprintf(file, sizeof file, "run/%s.pid", name);
	snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	(void)unlink(file);
	note(file, pid);
	role_ready(config);
	(void)sigwait(&term, &received);
	note("run/ends", name);
	return 0;
}

static int run_engine(const struct role_config *config)
{
	return serve(config, "engine");
}

static int run_ingest(const struct role_config *config)
{
	return serve(config, "ingest");
}

static int run_api(const struct role_config *config)
{
	return serve(config, "api");
}

static int run_failing(const struct role_config *config)
{
	return role_failed(config, "the stars are not right");
}

static const struct role engine_role = { "engine", run_engine };
static const struct role ingest_role = { "ingest", run_ingest };
static const struct role api_role = { "api", run_api };
static const struct role real_engine_role = { "engine", engine_run };
static const struct role real_ingest_role = { "ingest", ingest_run };
static const struct role failing_role = { "ingest", run_failing };

/* --- a supervisor in a process of its own --- */

struct world {
	char folder[64];
	pid_t pid;
	int out; /* its stdout and stderr */
	char said[16384];
	size_t said_size;
};

static struct world world;

static void start_with(struct world *w, const struct role *engine, const struct role *ingest)
{
	struct supervisor_config config = {
		.data_folder = w->folder,
		.cert_life_s = 3600,
		.roles = { [ROLE_ENGINE] = engine, [ROLE_INGEST] = ingest, [ROLE_API] = &api_role },
	};
	int ends[2];

	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &config.sensors, NULL), 0);
	config.api = config.sensors;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fflush(NULL);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		_exit(supervisor_run(&config));
	}
	close(ends[1]);
	w->out = ends[0];
	(void)fcntl(w->out, F_SETFL, O_NONBLOCK);
	w->said_size = 0;
	w->said[0] = '\0';
}

static void start(struct world *w, const struct role *ingest)
{
	start_with(w, &engine_role, ingest);
}

static void nap(void)
{
	(void)usleep(5000);
}

static bool has_said(struct world *w, const char *text)
{
	ssize_t len = read(w->out, w->said + w->said_size, sizeof w->said - 1 - w->said_size);

	if (len > 0) {
		w->said_size += (size_t)len;
		w->said[w->said_size] = '\0';
	}
	return strstr(w->said, text) != NULL;
}

static void wait_for(struct world *w, const char *text)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (!has_said(w, text)) {
		if (clock_ms() >= deadline) {
			fail_msg("it did not say \"%s\" but: %s", text, w->said);
		}
		nap();
	}
}

static int wait_for_end(struct world *w)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	int status;

	while (waitpid(w->pid, &status, WNOHANG) == 0) {
		assert_true(clock_ms() < deadline);
		nap();
	}
	w->pid = 0;
	(void)has_said(w, "");
	close(w->out);
	return status;
}

static bool read_text(const struct world *w, const char *name, char *out, size_t size)
{
	char path[128];
	struct buffer bytes;
	bool is_read;

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	buffer_init(&bytes, 65536);
	is_read = file_read(path, &bytes) == 0;
	snprintf(out, size, "%.*s", (int)bytes.len,
		 bytes.len > 0 ? (const char *)buffer_span(&bytes).ptr : "");
	buffer_done(&bytes);
	return is_read;
}

/* The process number that a role noted; 0 where it has not yet. */
static pid_t pid_of(const struct world *w, const char *role)
{
	char name[64];
	char text[64];
	uint64_t number = 0;

	snprintf(name, sizeof name, "run/%s.pid", role);
	if (!read_text(w, name, text, sizeof text) ||
	    text_to_u64(span_trim(span_of(text)), INT32_MAX, &number) != 0) {
		return 0;
	}
	return (pid_t)number;
}

/* Of a process that was left to this one, which must bury it. */
static bool is_alive(pid_t pid)
{
	(void)waitpid(pid, NULL, WNOHANG);
	return kill(pid, 0) == 0;
}

static int begin(void **state)
{
	struct world *w = &world;

	memset(w, 0, sizeof *w);
	snprintf(w->folder, sizeof w->folder, "/tmp/bartizan-super-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	*state = w;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int end(void **state)
{
	struct world *w = *state;

	if (w->pid > 0) {
		kill(w->pid, SIGKILL);
		(void)wait_for_end(w);
	}
	(void)nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* --- tests --- */

static void assert_mode(const struct world *w, const char *name, mode_t mode)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static void the_first_start_makes_everything_and_says_where_it_serves(void **state)
{
	struct world *w = *state;
	char text[512];
	char token[512];
	char *line;

	start(w, &ingest_role);
	wait_for(w, "ready sensors=127.0.0.1:");
	line = strstr(w->said, "ready sensors=");
	assert_non_null(strstr(line, " api=https://127.0.0.1:"));
	assert_mode(w, "operator.token", 0600);
	assert_mode(w, "ca.key", 0600);
	assert_mode(w, "server.key", 0600);
	assert_mode(w, "platform.db", 0600);
	assert_mode(w, "run", 0700);
	assert_true(read_text(w, "ca.pem", text, sizeof text));
	assert_true(read_text(w, "run/addresses.json", text, sizeof text));
	assert_non_null(strstr(text, "\"api\": \"https://127.0.0.1:"));
	assert_true(read_text(w, "operator.token", token, sizeof token));
	assert_int_equal(strncmp(token, "btz_", 4), 0);
	kill(w->pid, SIGTERM);
	assert_int_equal(wait_for_end(w), 0);

	/* and the second one keeps what the first has made */
	start(w, &ingest_role);
	wait_for(w, "ready sensors=");
	assert_true(read_text(w, "operator.token", text, sizeof text));
	assert_string_equal(text, token);
	kill(w->pid, SIGTERM);
	assert_int_equal(wait_for_end(w), 0);
}

static void a_second_start_is_refused_and_names_the_process(void **state)
{
	struct world *w = *state;
	struct world second = *w;
	char number[32];

	start(w, &ingest_role);
	wait_for(w, "ready");
	start(&second, &ingest_role);
	assert_int_equal(WEXITSTATUS(wait_for_end(&second)), 1);
	snprintf(number, sizeof number, "%ld", (long)w->pid);
	assert_non_null(strstr(second.said, "another bartizand"));
	assert_non_null(strstr(second.said, number));
	kill(w->pid, SIGTERM);
	assert_int_equal(wait_for_end(w), 0);
}

static void roles_that_are_killed_come_back(void **state)
{
	static const char *const names[] = { "engine", "ingest", "api" };
	struct world *w = *state;

	start(w, &ingest_role);
	wait_for(w, "ready");
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		pid_t before = pid_of(w, names[i]);
		int64_t deadline = clock_ms() + DEADLINE_MS;

		assert_true(before > 0);
		kill(before, SIGKILL);
		while (pid_of(w, names[i]) == before || pid_of(w, names[i]) == 0) {
			assert_true(clock_ms() < deadline);
			nap();
		}
	}
	kill(w->pid, SIGTERM);
	assert_int_equal(wait_for_end(w), 0);
}

static void the_engine_ends_last(void **state)
{
	struct world *w = *state;
	char ends[64];

	start(w, &ingest_role);
	wait_for(w, "ready");
	kill(w->pid, SIGINT);
	assert_int_equal(wait_for_end(w), 0);
	assert_true(read_text(w, "run/ends", ends, sizeof ends));
	assert_int_equal(strlen(ends), strlen("ingestapiengine"));
	assert_string_equal(ends + strlen("ingestapi"), "engine");
}

static void roles_do_not_outlive_a_supervisor_that_is_killed(void **state)
{
	static const char *const names[] = { "engine", "ingest", "api" };
	struct world *w = *state;
	int64_t deadline = clock_ms() + DEADLINE_MS;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	start(w, &ingest_role);
	wait_for(w, "ready");
	kill(w->pid, SIGKILL);
	(void)wait_for_end(w);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		while (is_alive(pid_of(w, names[i]))) {
			assert_true(clock_ms() < deadline);
			nap();
		}
	}
}

static void a_role_that_cannot_serve_ends_the_first_start_with_its_reason(void **state)
{
	struct world *w = *state;

	start(w, &failing_role);
	assert_int_equal(WEXITSTATUS(wait_for_end(w)), 1);
	assert_non_null(strstr(w->said, "the stars are not right"));
	assert_null(strstr(w->said, "ready sensors="));
}

/* How often a text was said. */
static unsigned count_said(struct world *w, const char *text)
{
	unsigned count = 0;

	if (w->pid > 0) {
		(void)has_said(w, "");
	}
	for (const char *at = w->said; (at = strstr(at, text)) != NULL; at += strlen(text)) {
		count++;
	}
	return count;
}

/* Kills every child of the supervisor but those of role api. */
static void kill_children(const struct world *w)
{
	char path[64];
	struct buffer bytes;
	struct reader r;
	pid_t api = pid_of(w, "api");

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)w->pid, (long)w->pid);
	buffer_init(&bytes, 4096);
	assert_int_equal(file_read(path, &bytes), 0);
	r = reader_over(buffer_span(&bytes));
	while (reader_left(&r) > 0) {
		uint64_t pid = 0;

		assert_int_equal(text_to_u64(reader_until(&r, ' '), INT32_MAX, &pid), 0);
		if ((pid_t)pid != api) {
			kill((pid_t)pid, SIGKILL);
		}
	}
	buffer_done(&bytes);
}

static void the_real_roles_serve_in_their_sandboxes_and_come_back(void **state)
{
	struct world *w = *state;
	int64_t deadline = clock_ms() + DEADLINE_MS;

	start_with(w, &real_engine_role, &real_ingest_role);
	wait_for(w, "ready sensors=");
	wait_for(w, "engine found");
	kill_children(w);
	while (count_said(w, "engine found") < 2 || count_said(w, "inventory opened") < 2) {
		assert_true(clock_ms() < deadline);
		nap();
	}
	kill(w->pid, SIGTERM);
	assert_int_equal(wait_for_end(w), 0);
	assert_int_equal(count_said(w, "role was killed"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_start_makes_everything_and_says_where_it_serves),
		TEST(a_second_start_is_refused_and_names_the_process),
		TEST(roles_that_are_killed_come_back),
		TEST(the_engine_ends_last),
		TEST(roles_do_not_outlive_a_supervisor_that_is_killed),
		TEST(the_real_roles_serve_in_their_sandboxes_and_come_back),
		TEST(a_role_that_cannot_serve_ends_the_first_start_with_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
