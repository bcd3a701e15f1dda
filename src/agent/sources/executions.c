/* executions.c - a queue of records that wait for a hash, mostly empty, and the rows made of them.
 */
#include "agent/sources/executions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/collectors/user_names.h"
#include "agent/sources/programs.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/mask.h"
#include "formats/proc_stat.h"
#include "formats/proc_status.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

#define NAMES         16
#define NAME_SIZE     33
#define PASSWD_MAX    (16u << 20)
#define FILE_MAX      8192
#define PATH_SIZE     64
#define ARGUMENTS_MAX 512
#define MASKED_MAX    (4 * EXEC_ARGUMENTS_MAX)

/* Before each record that waits: its length (4), since when it does (8). */
#define WAITING_HEAD 12

struct user_name {
	bool is_known;
	uint32_t uid;
	char text[NAME_SIZE];
};

struct executions {
	struct event_sink *sink;
	struct programs *programs;
	struct loop_timer *timer;
	struct buffer waiting; /* records, each behind its head */
	struct buffer file;    /* of /proc */
	struct user_name names[NAMES];
	struct stat passwd; /* of when the names were read */
	int64_t boot_offset_ms;
};

static void flush(void *context);

struct executions *executions_new(const struct source_host *host)
{
	struct executions *e = alloc_zeroed(1, sizeof *e);

	e->sink = host->sink;
	e->programs = programs_new(host->loop, flush, e);
	e->timer = loop_timer(host->loop, flush, e);
	buffer_init(&e->waiting, EXECUTIONS_WAITING_MAX);
	buffer_init(&e->file, FILE_MAX);
	executions_begin(e);
	return e;
}

void executions_free(struct executions **executions)
{
	struct executions *e = *executions;

	if (e == NULL) {
		return;
	}
	programs_free(&e->programs);
	loop_timer_free(&e->timer);
	buffer_done(&e->waiting);
	buffer_done(&e->file);
	free(e);
	*executions = NULL;
}

static int64_t boot_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
		return 0;
	}
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void executions_begin(struct executions *e)
{
	struct stat status = { .st_ino = 0 };

	programs_begin(e->programs);
	e->boot_offset_ms = clock_wall_ms() - boot_ms();
	(void)stat("/etc/passwd", &status);
	if (status.st_ino != e->passwd.st_ino ||
	    status.st_mtim.tv_sec != e->passwd.st_mtim.tv_sec ||
	    status.st_mtim.tv_nsec != e->passwd.st_mtim.tv_nsec) {
		e->passwd = status;
		memset(e->names, 0, sizeof e->names);
	}
}

static struct span user_name(struct executions *e, uint32_t uid)
{
	struct user_name *known = &e->names[uid % NAMES];
	struct buffer file OWNED(buffer_done);
	uint8_t digits[16];
	struct writer w = writer_over(digits, sizeof digits);
	struct span name;

	buffer_init(&file, PASSWD_MAX);
	if (known->is_known && known->uid == uid) {
		return span_of(known->text);
	}
	if (file_read("/etc/passwd", &file) != 0) {
		buffer_clear(&file); /* users are then numbers */
	}
	name = user_names_of(buffer_span(&file), uid, &w);
	snprintf(known->text, sizeof known->text, "%.*s", (int)span_first(name, NAME_SIZE).len,
		 (const char *)name.ptr);
	known->uid = uid;
	known->is_known = true;
	return span_of(known->text);
}

static size_t set_arguments(struct span bytes, struct span items[ARGUMENTS_MAX], struct writer *w)
{
	struct reader r = reader_over(bytes);
	struct mask mask = { .program = NULL };
	size_t count = 0;

	while (reader_left(&r) > 0 && count < ARGUMENTS_MAX) {
		items[count++] = mask_argument(&mask, reader_until(&r, 0), w);
	}
	return count;
}

/* hash: 64 digits, or "". */
static void emit(struct executions *e, struct exec_record *record, const char *hash)
{
	const struct span no_hint = { NULL, 0 };
	uint8_t masked[MASKED_MAX];
	char parent[PROGRAMS_PATH_SIZE];
	struct span items[ARGUMENTS_MAX];
	struct writer w = writer_over(masked, sizeof masked);
	struct span path;
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_EXECUTIONS));
	if (record->is_full) {
		row_set_list(&row, EXECUTIONS_ARGUMENTS, items,
			     set_arguments(record->arguments, items, &w));
	}
	if (record->uid != EXEC_USER_UNSET) {
		row_set_text(&row, EXECUTIONS_USER, user_name(e, record->uid));
	}
	if (record->login_uid != EXEC_USER_UNSET) {
		row_set_text(&row, EXECUTIONS_LOGIN_USER, user_name(e, record->login_uid));
	}
	row_set_integer(&row, EXECUTIONS_PID, record->pid);
	if (record->parent_pid != 0) {
		row_set_integer(&row, EXECUTIONS_PARENT_PID, record->parent_pid);
		path = programs_path(e->programs, &record->parent_program,
				     (pid_t)record->parent_pid, no_hint);
		mem_copy(parent, path.ptr, path.len);
		row_set_text_if_any(&row, EXECUTIONS_PARENT,
				    (struct span){ (const uint8_t *)parent, path.len });
	}
	path = programs_path(e->programs, &record->program, (pid_t)record->pid, record->path);
	row_set_text_if_any(&row, EXECUTIONS_EXECUTABLE, path.len > 0 ? path : record->path);
	row_set_text_if_any(&row, EXECUTIONS_SHA256, span_of(hash));
	event_sink_put(e->sink, (int64_t)(record->boot_ns / 1000000) + e->boot_offset_ms, &row);
}

static bool read_process(struct executions *e, uint32_t pid, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	buffer_clear(&e->file);
	return file_read(path, &e->file) == 0;
}

/* What the small program and the connector do not tell. arguments: where they are put. */
static void ask_process(struct executions *e, struct exec_record *record,
			uint8_t arguments[EXEC_ARGUMENTS_MAX])
{
	struct proc_stat status;
	struct span bytes;
	uint64_t uid;

	if (read_process(e, record->pid, "cmdline")) {
		bytes = buffer_span(&e->file);
		record->is_cut = bytes.len > EXEC_ARGUMENTS_MAX;
		bytes = span_first(bytes, EXEC_ARGUMENTS_MAX);
		mem_copy(arguments, bytes.ptr, bytes.len);
		record->arguments = (struct span){ arguments, bytes.len };
		record->is_full = bytes.len > 0;
	}
	if (read_process(e, record->pid, "stat") &&
	    proc_stat_parse(buffer_span(&e->file), &status) == 0) {
		record->parent_pid = status.parent;
	}
	if (record->uid == EXEC_USER_UNSET && read_process(e, record->pid, "status")) {
		(void)!proc_status_user(buffer_span(&e->file), &record->uid);
	}
	if (read_process(e, record->pid, "loginuid") &&
	    text_to_u64(span_trim(buffer_span(&e->file)), UINT32_MAX, &uid) == 0) {
		record->login_uid = (uint32_t)uid;
	}
}

/* What can be found only while the processes are there is remembered. */
static enum program_hash prepare(struct executions *e, struct exec_record *record,
				 char out_hash[2 * SHA256_SIZE + 1])
{
	const struct span no_hint = { NULL, 0 };
	enum program_hash state = PROGRAM_HASH_UNKNOWN;
	uint8_t hash[SHA256_SIZE];

	out_hash[0] = '\0';
	if (record->parent_pid != 0) {
		(void)programs_path(e->programs, &record->parent_program, (pid_t)record->parent_pid,
				    no_hint);
	}
	if (programs_path(e->programs, &record->program, (pid_t)record->pid, record->path).len >
	    0) {
		state = programs_hash(e->programs, &record->program, (pid_t)record->pid, hash);
	}
	if (state == PROGRAM_HASH_READY) {
		text_to_hex((struct span){ hash, sizeof hash }, out_hash);
	}
	return state;
}

/* True where the first one that waits has gone. */
static bool emit_first(struct executions *e, bool is_forced)
{
	struct reader r = reader_over(buffer_span(&e->waiting));
	uint32_t len = reader_le32(&r);
	int64_t since_ms = (int64_t)reader_le64(&r);
	char hash[2 * SHA256_SIZE + 1];
	struct exec_record record;
	int64_t left_ms = since_ms + EXECUTIONS_WAIT_MS - clock_ms();

	if (!reader_ok(&r) || exec_record_parse(reader_bytes(&r, len), &record) != 0) {
		buffer_clear(&e->waiting);
		return false;
	}
	if (prepare(e, &record, hash) == PROGRAM_HASH_PENDING && left_ms > 0 && !is_forced) {
		loop_timer_arm(e->timer, left_ms);
		return false;
	}
	emit(e, &record, hash);
	buffer_consume(&e->waiting, WAITING_HEAD + (size_t)len);
	return true;
}

static void flush(void *context)
{
	struct executions *e = context;

	executions_begin(e);
	while (e->waiting.len > 0 && emit_first(e, false)) {
	}
	if (e->waiting.len == 0) {
		loop_timer_disarm(e->timer);
		buffer_trim(&e->waiting);
	}
}

static void wait(struct executions *e, const struct exec_record *record)
{
	uint8_t bytes[WAITING_HEAD + EXEC_RECORD_MAX];
	struct writer w = writer_over(bytes + WAITING_HEAD, EXEC_RECORD_MAX);
	struct writer head = writer_over(bytes, WAITING_HEAD);

	exec_record_write(record, &w);
	writer_le32(&head, (uint32_t)writer_used(&w));
	writer_le64(&head, (uint64_t)clock_ms());
	while (e->waiting.len + WAITING_HEAD + writer_used(&w) > EXECUTIONS_WAITING_MAX &&
	       emit_first(e, true)) {
	}
	if (e->waiting.len == 0) {
		loop_timer_arm(e->timer, EXECUTIONS_WAIT_MS);
	}
	/* made room for above */
	(void)!buffer_append(&e->waiting, (struct span){ bytes, WAITING_HEAD + writer_used(&w) });
}

void executions_put(struct executions *e, const struct exec_record *told)
{
	uint8_t arguments[EXEC_ARGUMENTS_MAX];
	char hash[2 * SHA256_SIZE + 1];
	struct exec_record record = *told;

	if (!record.is_full) {
		ask_process(e, &record, arguments);
	}
	if (prepare(e, &record, hash) == PROGRAM_HASH_PENDING || e->waiting.len > 0) {
		wait(e, &record);
		return;
	}
	emit(e, &record, hash);
}
