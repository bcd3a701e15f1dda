/* log_follow_test.c - logs as they are written, rotated, cut and found again. */
#include "agent/sources/log_follow.h"
#include "agent/sources/fake_sink.h"
#include "agent/sources/login_records.h"
#include "agent/sources/table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/clock.h"
#include "sys/log.h"

#define DEADLINE_MS 60000
#define ACCEPTED                                                                                   \
	"2026-11-22T03:11:00.5+01:00 h sshd[12]: Accepted publickey for bob from 192.0.2.7 port "  \
	"5 "                                                                                       \
	"ssh2: RSA x\n"
#define REFUSED "Nov 22 03:11:00 h sshd[13]: Failed password for root from 192.0.2.8 port 5 ssh2\n"
#define CLOSED                                                                                     \
	"Nov 22 03:11:00 h sshd[13]: Connection closed by authenticating user root 192.0.2.8 "     \
	"port "                                                                                    \
	"5 [preauth]\n"

struct world {
	struct source_host host;
	const struct event_source *source;
	void *state;
	char root[64];
	char folder[128];
};

static int open_world(struct world *w)
{
	struct why why;
	int error = w->source == &event_source_log_follow
			    ? log_follow_open_in(&w->host, w->root, false, &w->state, &why)
			    : login_records_open_in(&w->host, w->folder, &w->state, &why);

	if (error == 0) {
		w->source->enable(w->state, true);
	}
	return error;
}

static struct world *world_new(const struct event_source *source)
{
	struct world *w = calloc(1, sizeof *w);
	char path[256];

	log_open("test", LOG_ERROR);
	w->source = source;
	w->host.loop = loop_new();
	w->host.sink = fake_sink_new();
	w->host.events = source->events;
	snprintf(w->root, sizeof w->root, "/tmp/bartizan-log-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	snprintf(path, sizeof path, "%s/var", w->root);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(w->folder, sizeof w->folder, "%s/var/log", w->root);
	assert_int_equal(mkdir(w->folder, 0700), 0);
	return w;
}

static void world_free(struct world *w)
{
	static const char *const names[] = { "auth.log", "auth.log.1", "syslog", "messages",
					     "wtmp",     "btmp",       "wtmp.1" };
	char path[256];

	if (w->state != NULL) {
		w->source->close(&w->state);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(w->folder), 0);
	snprintf(path, sizeof path, "%s/var", w->root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(w->root), 0);
	fake_sink_free(&w->host.sink);
	loop_free(&w->host.loop);
	free(w);
}

static void append(const struct world *w, const char *name, const void *bytes, size_t len)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void say(const struct world *w, const char *name, const char *text)
{
	append(w, name, text, strlen(text));
}

static void rotate(const struct world *w, const char *name)
{
	char from[256];
	char to[256];

	snprintf(from, sizeof from, "%s/%s", w->folder, name);
	snprintf(to, sizeof to, "%s/%s.1", w->folder, name);
	assert_int_equal(rename(from, to), 0);
}

/* Exactly so many events come. */
static void wait_for(struct world *w, size_t count)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (fake_sink_count(w->host.sink) < count && clock_ms() < deadline) {
		loop_turn(w->host.loop, 50);
	}
	assert_int_equal(fake_sink_count(w->host.sink), count);
}

static struct row row_at(const struct world *w, size_t index, int64_t *out_at_ms)
{
	struct row row;

	fake_sink_row(w->host.sink, index, &row, out_at_ms);
	return row;
}

static unsigned losses(const struct world *w)
{
	const char *reason;
	uint64_t count;

	return fake_sink_losses(w->host.sink, &count, &reason);
}

static void tells_what_is_written_and_not_what_was(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	struct row row;
	int64_t at_ms;

	(void)state;
	say(w, "auth.log", REFUSED REFUSED);
	assert_int_equal(open_world(w), 0);
	wait_for(w, 0);
	say(w, "auth.log", "Nov 22 03:11:00 h cron[1]: nothing of interest\nno line\n" ACCEPTED);
	wait_for(w, 1);
	row = row_at(w, 0, &at_ms);
	assert_int_equal(at_ms, 1795313460500);
	assert_string_equal(fake_sink_text(&row, LOGINS_USER), "bob");
	assert_string_equal(fake_sink_text(&row, LOGINS_IS_SUCCESS), "1");
	assert_string_equal(fake_sink_text(&row, LOGINS_METHOD), "publickey");
	assert_string_equal(fake_sink_text(&row, LOGINS_ADDRESS), "192.0.2.7");
	say(w, "auth.log", REFUSED CLOSED);
	wait_for(w, 2);
	row = row_at(w, 1, &at_ms);
	assert_true(at_ms > clock_wall_ms() - INT64_C(367) * 86400000 &&
		    at_ms < clock_wall_ms() + INT64_C(2) * 86400000);
	assert_string_equal(fake_sink_text(&row, LOGINS_REASON), "authentication failure");
	world_free(w);
}

static void tells_a_line_only_when_it_is_whole(void **state)
{
	struct world *w = world_new(&event_source_log_follow);

	(void)state;
	say(w, "auth.log", "");
	assert_int_equal(open_world(w), 0);
	append(w, "auth.log", ACCEPTED, 60);
	loop_turn(w->host.loop, 300);
	loop_turn(w->host.loop, 300);
	wait_for(w, 0);
	append(w, "auth.log", &ACCEPTED[60], strlen(ACCEPTED) - 60);
	wait_for(w, 1);
	world_free(w);
}

static void masks_commands_of_sudo_and_takes_services_from_syslog(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	struct row row;
	int64_t at_ms;

	(void)state;
	say(w, "auth.log", "");
	say(w, "syslog", "");
	assert_int_equal(open_world(w), 0);
	say(w, "auth.log",
	    "Nov 22 03:11:00 h sudo: bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql "
	    "-phunter2\n");
	wait_for(w, 1);
	say(w, "syslog",
	    ACCEPTED "Nov 22 03:11:00 h systemd[1]: x.service: Failed with result "
		     "'timeout'.\n");
	wait_for(w, 2);
	row = row_at(w, 0, &at_ms);
	assert_string_equal(fake_sink_text(&row, SUDO_USES_COMMAND), "/usr/bin/mysql -p***");
	row = row_at(w, 1, &at_ms);
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_UNIT), "x.service");
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_RESULT), "timeout");
	world_free(w);
}

static void leaves_out_what_another_source_tells(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	struct row row;
	int64_t at_ms;

	(void)state;
	say(w, "auth.log", "");
	w->host.events &= ~(1u << EVENT_LOGINS);
	assert_int_equal(open_world(w), 0);
	say(w, "auth.log",
	    ACCEPTED "Nov 22 03:11:00 h sudo: bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls"
		     "\n" REFUSED);
	wait_for(w, 1);
	row = row_at(w, 0, &at_ms);
	assert_string_equal(fake_sink_text(&row, SUDO_USES_USER), "bob");
	world_free(w);
}

static void goes_on_behind_a_rotation_and_a_truncation(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	char path[256];

	(void)state;
	say(w, "auth.log", REFUSED REFUSED);
	assert_int_equal(open_world(w), 0);
	rotate(w, "auth.log");
	say(w, "auth.log.1", ACCEPTED);
	say(w, "auth.log", ACCEPTED ACCEPTED);
	wait_for(w, 3);
	assert_int_equal(losses(w), 0);
	say(w, "auth.log", ACCEPTED);
	wait_for(w, 4);
	snprintf(path, sizeof path, "%s/auth.log", w->folder);
	assert_int_equal(truncate(path, 0), 0);
	say(w, "auth.log", ACCEPTED);
	wait_for(w, 5);
	assert_int_equal(losses(w), 1);
	world_free(w);
}

static void goes_on_where_it_was_after_a_restart(void **state)
{
	struct world *w = world_new(&event_source_log_follow);

	(void)state;
	say(w, "auth.log", REFUSED);
	assert_int_equal(open_world(w), 0);
	say(w, "auth.log", ACCEPTED);
	wait_for(w, 1);
	w->source->close(&w->state);
	say(w, "auth.log", REFUSED);
	rotate(w, "auth.log");
	say(w, "auth.log", REFUSED);
	assert_int_equal(open_world(w), 0);
	wait_for(w, 3);
	assert_int_equal(losses(w), 0);

	/* rotated twice meanwhile: something is gone, and that is said */
	w->source->close(&w->state);
	rotate(w, "auth.log");
	say(w, "auth.log", REFUSED);
	rotate(w, "auth.log");
	say(w, "auth.log", REFUSED);
	assert_int_equal(open_world(w), 0);
	wait_for(w, 4);
	assert_int_equal(losses(w), 1);
	world_free(w);
}

static void passes_over_what_came_while_it_was_off(void **state)
{
	struct world *w = world_new(&event_source_log_follow);

	(void)state;
	say(w, "auth.log", "");
	assert_int_equal(open_world(w), 0);
	w->source->enable(w->state, false);
	assert_int_equal(event_sink_position(w->host.sink, SLOT_LOG).len, 0);
	say(w, "auth.log", REFUSED);
	loop_turn(w->host.loop, 200);
	w->source->enable(w->state, true);
	say(w, "auth.log", ACCEPTED);
	wait_for(w, 1);
	world_free(w);
}

static void says_why_where_there_is_no_log(void **state)
{
	struct world *w = world_new(&event_source_log_follow);

	(void)state;
	assert_int_equal(open_world(w), ERR_UNSUPPORTED);
	assert_null(w->state);
	world_free(w);
}

static struct span corpus(const char *name)
{
	static uint8_t bytes[16384];
	char path[512];
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "%s/../corpus/%s", FIXTURES, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	len = read(fd, bytes, sizeof bytes);
	assert_true(len > 0);
	close(fd);
	return (struct span){ bytes, (size_t)len };
}

static void reads_records_of_logins_where_there_is_no_log(void **state)
{
	struct world *w = world_new(&event_source_login_records);
	struct span wtmp;
	struct row row;
	int64_t at_ms;

	(void)state;
#if !defined(__x86_64__)
	skip();
#endif
	wtmp = corpus("formats-utmp/wtmp");
	append(w, "wtmp", wtmp.ptr, wtmp.len);
	assert_int_equal(open_world(w), 0);
	append(w, "wtmp", wtmp.ptr, wtmp.len - 100);
	wait_for(w, 1);
	row = row_at(w, 0, &at_ms);
	assert_int_equal(at_ms, 1763781060123);
	assert_string_equal(fake_sink_text(&row, LOGINS_USER), "bob");
	assert_string_equal(fake_sink_text(&row, LOGINS_ADDRESS), "192.0.2.7");
	assert_string_equal(fake_sink_text(&row, LOGINS_TERMINAL), "pts/0");
	append(w, "wtmp", wtmp.ptr + wtmp.len - 100, 100);
	rotate(w, "wtmp");
	append(w, "wtmp", wtmp.ptr, wtmp.len);
	wait_for(w, 2);

	/* btmp is new */
	w->source->close(&w->state);
	wtmp = corpus("formats-utmp/btmp");
	append(w, "btmp", wtmp.ptr, wtmp.len);
	assert_int_equal(open_world(w), 0);
	wait_for(w, 4);
	row = row_at(w, 2, &at_ms);
	assert_string_equal(fake_sink_text(&row, LOGINS_IS_SUCCESS), "0");
	assert_string_equal(fake_sink_text(&row, LOGINS_SERVICE), "sshd");
	assert_string_equal(fake_sink_text(&row, LOGINS_USER), "oracle");
	world_free(w);
}

#define MACHINE_ID "0123456789abcdef0123456789abcdef"
#define JOURNAL    "journal/" MACHINE_ID "/system.journal"

/* Where the header of a journal says what its last object is. */
#define TAIL_OBJECT 136

static void make_journal(const struct world *w)
{
	char path[256];

	snprintf(path, sizeof path, "%s/etc", w->root);
	assert_int_equal(mkdir(path, 0700), 0);
	say(w, "../../etc/machine-id", MACHINE_ID "\n");
	snprintf(path, sizeof path, "%s/journal", w->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/journal/" MACHINE_ID, w->folder);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void rotate_journal(const struct world *w)
{
	char from[256];
	char to[256];

	snprintf(from, sizeof from, "%s/" JOURNAL, w->folder);
	snprintf(to, sizeof to, "%s/journal/" MACHINE_ID "/system@1.journal", w->folder);
	assert_int_equal(rename(from, to), 0);
}

static void remove_journal(const struct world *w)
{
	char path[256];

	snprintf(path, sizeof path, "%s/" JOURNAL, w->folder);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/journal/" MACHINE_ID "/system@1.journal", w->folder);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/journal/" MACHINE_ID, w->folder);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof path, "%s/journal", w->folder);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof path, "%s/etc/machine-id", w->root);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/etc", w->root);
	assert_int_equal(rmdir(path), 0);
}

static uint64_t le64_at(struct span bytes, size_t at)
{
	struct reader r = reader_over(span_after(bytes, at));

	return reader_le64(&r);
}

/* The offset of a journal's entry, counted from 1. */
static uint64_t entry_offset(struct span file, int number)
{
	uint64_t at = le64_at(file, 88);

	for (;;) {
		number -= file.ptr[at] == 3;
		if (number == 0) {
			return at;
		}
		at = (at + le64_at(file, at + 8) + 7) / 8 * 8;
		assert_true(at < file.len);
	}
}

static void set_tail(const struct world *w, uint64_t offset)
{
	uint8_t bytes[8];
	struct writer writer = writer_over(bytes, sizeof bytes);
	char path[256];
	int fd;

	writer_le64(&writer, offset);
	snprintf(path, sizeof path, "%s/" JOURNAL, w->folder);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, sizeof bytes, TAIL_OBJECT), 8);
	close(fd);
}

static void check_journal_rows(const struct world *w)
{
	int64_t at_ms;
	struct row row = row_at(w, 0, &at_ms);

	assert_string_equal(fake_sink_text(&row, LOGINS_USER), "oracle");
	assert_string_equal(fake_sink_text(&row, LOGINS_REASON), "invalid user");
	assert_int_equal(at_ms, 1795313461000);
	row = row_at(w, 1, &at_ms);
	assert_string_equal(fake_sink_text(&row, SUDO_USES_USER), "bob");
	assert_string_equal(fake_sink_text(&row, SUDO_USES_COMMAND), "/usr/bin/mysql -p***");
	row = row_at(w, 2, &at_ms);
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_UNIT), "nginx.service");
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_ACTION), "started");
	row = row_at(w, 3, &at_ms);
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_ACTION), "failed");
	assert_string_equal(fake_sink_text(&row, SERVICE_CHANGES_RESULT), "exit-code");
	row = row_at(w, 4, &at_ms);
	assert_string_equal(fake_sink_text(&row, ACCOUNT_CHANGES_ACCOUNT), "carol");
}

/* The fixture's nine entries: a login and PAM's word on it, a refusal and its connection's end, a
 * sudo, a login that a user made up with logger, a service twice, an account. */
static void follows_the_journal_and_believes_no_user(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	struct span file = corpus("formats-journal/compact");
	uint64_t tail = le64_at(file, TAIL_OBJECT);

	(void)state;
	make_journal(w);
	append(w, JOURNAL, file.ptr, file.len);
	set_tail(w, entry_offset(file, 2));
	say(w, "auth.log", ""); /* not looked at */
	assert_int_equal(open_world(w), 0);
	say(w, "auth.log", ACCEPTED);
	wait_for(w, 0);
	set_tail(w, tail);
	wait_for(w, 5);
	check_journal_rows(w);

	/* a new file; the old one under another name */
	rotate_journal(w);
	file = corpus("formats-journal/regular");
	append(w, JOURNAL, file.ptr, file.len);
	wait_for(w, 11);

	/* restarted: nothing is told again, and what came meanwhile is */
	set_tail(w, entry_offset(file, 8));
	w->source->close(&w->state);
	fake_sink_clear(w->host.sink);
	assert_int_equal(open_world(w), 0);
	loop_turn(w->host.loop, 200);
	wait_for(w, 0);
	w->source->close(&w->state);
	remove_journal(w);
	world_free(w);
}

static void goes_on_in_a_journal_that_was_rotated_meanwhile(void **state)
{
	struct world *w = world_new(&event_source_log_follow);
	struct span file = corpus("formats-journal/regular");
	uint64_t tail = le64_at(file, TAIL_OBJECT);

	(void)state;
	make_journal(w);
	append(w, JOURNAL, file.ptr, file.len);
	set_tail(w, entry_offset(file, 4));
	assert_int_equal(open_world(w), 0);
	w->source->close(&w->state);
	set_tail(w, tail);
	rotate_journal(w);
	append(w, JOURNAL, file.ptr, le64_at(file, 88));
	set_tail(w, 0);
	assert_int_equal(open_world(w), 0);
	wait_for(w, 4);
	assert_int_equal(losses(w), 0);
	w->source->close(&w->state);
	remove_journal(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_written_and_not_what_was),
		cmocka_unit_test(tells_a_line_only_when_it_is_whole),
		cmocka_unit_test(masks_commands_of_sudo_and_takes_services_from_syslog),
		cmocka_unit_test(leaves_out_what_another_source_tells),
		cmocka_unit_test(goes_on_behind_a_rotation_and_a_truncation),
		cmocka_unit_test(goes_on_where_it_was_after_a_restart),
		cmocka_unit_test(passes_over_what_came_while_it_was_off),
		cmocka_unit_test(says_why_where_there_is_no_log),
		cmocka_unit_test(follows_the_journal_and_believes_no_user),
		cmocka_unit_test(goes_on_in_a_journal_that_was_rotated_meanwhile),
		cmocka_unit_test(reads_records_of_logins_where_there_is_no_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
