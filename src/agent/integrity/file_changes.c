/* file_changes.c - /proc/PID of who did it. */
#include "agent/integrity/file_changes.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collectors/user_names.h"
#include "base/error.h"
#include "formats/passwd.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

/* Numbers of processes are given again, but not so soon. */
#define BELIEVED_MS 1000

#define PASSWD_MAX (4u << 20)

void file_changes_init(struct file_changes *c, struct tree *tree)
{
	*c = (struct file_changes){ .tree = tree };
}

static void set_name(char out[FILE_CHANGES_NAME_SIZE], struct span name)
{
	size_t len = name.len < FILE_CHANGES_NAME_SIZE - 1 ? name.len : FILE_CHANGES_NAME_SIZE - 1;

	memcpy(out, name.ptr, len);
	out[len] = '\0';
}

static void find_user(struct file_changes *c, uid_t uid)
{
	struct buffer passwd OWNED(buffer_done);
	uint8_t number[16];
	struct writer w = writer_over(number, sizeof number);

	buffer_init(&passwd, PASSWD_MAX);
	if (tree_read(c->tree, "/etc/passwd", &passwd) != 0) {
		buffer_clear(&passwd);
	}
	set_name(c->user, user_names_of(buffer_span(&passwd), uid, &w));
}

static bool find_name(struct file_changes *c, const char *folder)
{
	struct buffer comm OWNED(buffer_done);
	char path[64];

	snprintf(path, sizeof path, "%s/comm", folder);
	buffer_init(&comm, FILE_CHANGES_NAME_SIZE);
	if (file_read(path, &comm) != 0) {
		return false;
	}
	set_name(c->process, span_trim(buffer_span(&comm)));
	return true;
}

static void find_process(struct file_changes *c, pid_t pid)
{
	int64_t now_ms = clock_ms();
	struct stat status;
	char folder[32];

	if (pid == c->pid && now_ms - c->asked_ms < BELIEVED_MS) {
		return;
	}
	c->pid = pid;
	c->asked_ms = now_ms;
	c->executable[0] = '\0';
	snprintf(folder, sizeof folder, "/proc/%d", pid);
	c->is_found = pid > 0 && stat(folder, &status) == 0 && find_name(c, folder);
	if (c->is_found) {
		find_user(c, status.st_uid);
		executable_of(pid, c->executable);
	}
}

static void tell(const struct file_changes *c, const struct file_change *change, const char *action,
		 struct row *row)
{
	row_init(row, schema_event_by_number(EVENT_FILE_CHANGES));
	row_set_text(row, FILE_CHANGES_PATH, span_of(change->path));
	row_set_text(row, FILE_CHANGES_ACTION, span_of(action));
	if (change->pid > 0) {
		row_set_integer(row, FILE_CHANGES_PID, change->pid);
	}
	if (change->pid > 0 && c->is_found) {
		row_set_text(row, FILE_CHANGES_PROCESS, span_of(c->process));
		row_set_text_if_any(row, FILE_CHANGES_EXECUTABLE, span_of(c->executable));
		row_set_text(row, FILE_CHANGES_USER, span_of(c->user));
	}
}

void file_changes_tell(struct file_changes *c, const struct file_change *change,
		       void (*take)(void *context, const struct row *row), void *context)
{
	static const struct {
		unsigned action;
		unsigned unless; /* said already by one of these */
		const char *name;
	} actions[] = {
		{ FILE_CREATED, 0, "created" },
		{ FILE_WRITTEN, FILE_CREATED, "written" },
		{ FILE_MOVED, 0, "moved" },
		{ FILE_ATTRIBUTES, FILE_CREATED | FILE_WRITTEN | FILE_MOVED | FILE_DELETED,
		  "attributes" },
		{ FILE_DELETED, 0, "deleted" },
	};
	struct row *row OWNED(alloc_free) = alloc_zeroed(1, sizeof *row);

	find_process(c, change->pid);
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if ((change->actions & actions[i].action) != 0 &&
		    (change->actions & actions[i].unless) == 0) {
			tell(c, change, actions[i].name, row);
			take(context, row);
		}
	}
}
