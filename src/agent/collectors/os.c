/* os.c - os-release(5), machine-id(5), hostname(5), localtime(5). */
#include <string.h>
#include <sys/utsname.h>

#include "agent/collectors/table.h"
#include "base/sha256.h"
#include "base/text.h"
#include "formats/os_release.h"
#include "schema/schema.h"

#define FILE_MAX          65536
#define MACHINE_ID_DIGITS 32

static void os_watch(struct signals *signals)
{
	signals_on_poll(signals, TABLE_OS, "/proc/sys/kernel/hostname");
}

/* The first line of a small file; empty where it is not there. */
static struct span first_line(struct collection *c, const char *path, struct buffer *file)
{
	buffer_init(file, FILE_MAX);
	if (tree_read(c->machine->tree, path, file) != 0) {
		return (struct span){ NULL, 0 };
	}
	return span_trim(span_first(buffer_span(file), span_find(buffer_span(file), '\n')));
}

static void set_from_os_release(struct row *row, unsigned column, struct span file,
				const char *name, struct writer *texts)
{
	size_t mark = writer_used(texts);

	if (os_release_find(file, name, texts) == 0) {
		row_set_text_if_any(row, column, span_after(writer_span(texts), mark));
	}
}

static void set_hostname(struct collection *c, struct row *row, const struct utsname *uts,
			 struct buffer *file)
{
	struct span name = first_line(c, "/etc/hostname", file);

	if (c->machine->is_live) {
		name = span_of(uts->nodename);
	}
	row_set_text_if_any(row, OS_HOSTNAME, name);
}

/* The id itself must not leave the machine (machine-id(5)): a hash of it does. */
static void set_machine_id(struct collection *c, struct row *row, char hex[2 * SHA256_SIZE + 1])
{
	struct buffer file OWNED(buffer_done);
	struct span id = first_line(c, "/etc/machine-id", &file);
	uint8_t sum[SHA256_SIZE];

	if (id.len == 0 || span_is(id, "uninitialized")) {
		return;
	}
	sha256_of_two(span_of("bartizan:"), id, sum);
	text_to_hex((struct span){ sum, sizeof sum }, hex);
	row_set_text(row, OS_MACHINE_ID, span_first(span_of(hex), MACHINE_ID_DIGITS));
}

static void set_timezone(struct collection *c, struct row *row, char target[TREE_PATH_SIZE],
			 struct buffer *file)
{
	static const char folder[] = "/zoneinfo/";
	struct span name = first_line(c, "/etc/timezone", file); /* older Debian, Alpine */
	const char *at;

	if (tree_link(c->machine->tree, "/etc/localtime", target) == 0) {
		at = strstr(target, folder);
		name = at != NULL ? span_of(at + sizeof folder - 1) : name;
	}
	row_set_text_if_any(row, OS_TIMEZONE, name);
}

static int os_collect(struct collection *c)
{
	struct buffer release OWNED(buffer_done);
	struct buffer debian OWNED(buffer_done);
	struct buffer hostname OWNED(buffer_done);
	struct buffer zone OWNED(buffer_done);
	char machine_id[2 * SHA256_SIZE + 1];
	char localtime_target[TREE_PATH_SIZE];
	uint8_t text[8 * 1024];
	struct writer texts = writer_over(text, sizeof text);
	struct row *row = collection_row(c);
	struct utsname uts;

	buffer_init(&release, FILE_MAX);
	if (tree_read(c->machine->tree, "/etc/os-release", &release) != 0 &&
	    tree_read(c->machine->tree, "/usr/lib/os-release", &release) != 0) {
		buffer_clear(&release);
	}
	set_from_os_release(row, OS_NAME, buffer_span(&release), "PRETTY_NAME", &texts);
	set_from_os_release(row, OS_ID, buffer_span(&release), "ID", &texts);
	set_from_os_release(row, OS_ID_LIKE, buffer_span(&release), "ID_LIKE", &texts);
	set_from_os_release(row, OS_VERSION, buffer_span(&release), "VERSION", &texts);
	set_from_os_release(row, OS_VERSION_ID, buffer_span(&release), "VERSION_ID", &texts);
	set_from_os_release(row, OS_CODENAME, buffer_span(&release), "VERSION_CODENAME", &texts);
	if (row->values[OS_ID].kind == VALUE_TEXT && span_is(row->values[OS_ID].text, "debian")) {
		row_set_text_if_any(row, OS_VERSION, first_line(c, "/etc/debian_version", &debian));
	} else {
		buffer_init(&debian, 0);
	}
	uname(&uts);
	if (c->machine->is_live) {
		row_set_text(row, OS_ARCHITECTURE, span_of(uts.machine));
	}
	set_hostname(c, row, &uts, &hostname);
	set_machine_id(c, row, machine_id);
	set_timezone(c, row, localtime_target, &zone);
	collection_emit(c);
	return 0;
}

const struct collector collector_os = {
	.name = "os",
	.summary = "os-release, host name, machine id, time zone",
	.table = TABLE_OS,
	.watch = os_watch,
	.collect = os_collect,
};
