/*
 * log_journal.c - walks each file's objects from where it was to the last one.
 *
 * An entry comes behind its data, so all is there when it is met. journald renames a full file and
 * begins another; the old one is known by its inode and read to its end first.
 */
#include "agent/sources/log_journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/journal.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define PATH_SIZE    160
#define WINDOW_BYTES 16384
#define BORING       256

/* Room for a field without which its name might be cut. */
#define NAME_ROOM 64

/* Objects that are walked in one turn. */
#define TURN_OBJECTS 20000

enum {
	MESSAGE,
	IDENTIFIER,
	COMMAND,
	EXECUTABLE,
	UID,
	PID,
	MESSAGE_ID,
	UNIT_NAME,
	UNIT_RESULT,
	FIELDS
};

static const char *const field_names[FIELDS] = {
	[MESSAGE] = "MESSAGE",
	[IDENTIFIER] = "SYSLOG_IDENTIFIER",
	[COMMAND] = "_COMM",
	[EXECUTABLE] = "_EXE",
	[UID] = "_UID",
	[PID] = "_PID",
	[MESSAGE_ID] = "MESSAGE_ID",
	[UNIT_NAME] = "UNIT",
	[UNIT_RESULT] = "UNIT_RESULT",
};

struct journal_file {
	char path[PATH_SIZE];
	int fd;
	uint64_t identity;
	uint64_t at; /* where the next object is, or will be; 0: the first */
	bool is_watched;
	bool is_present;         /* under a name that is written to */
	uint64_t boring[BORING]; /* offsets of data that nobody asks for, by their lower bits */
	uint64_t window_at;
	size_t window_len;
	uint8_t window[WINDOW_BYTES];
};

struct log_journal {
	char folder[PATH_SIZE];
	struct timespec folder_changed;
	uint64_t seqnum; /* of the last entry that was taken */
	struct journal_file *files[LOG_JOURNAL_FILES];
	size_t count;
};

/* One entry's fields, cut to what can matter. */
struct fields {
	struct span values[FIELDS];
	bool has_compressed;
	uint8_t bytes[AUTHLOG_MESSAGE_MAX + 2048];
	size_t used;
};

/* By the window where it is there or lies ahead, as objects do; else at once. */
static bool read_file(void *context, uint64_t offset, uint8_t *out, size_t len)
{
	struct journal_file *f = context;
	ssize_t got;

	if (offset < f->window_at || offset + len > f->window_at + f->window_len) {
		if (offset < f->at || len > WINDOW_BYTES) {
			return pread(f->fd, out, len, (off_t)offset) == (ssize_t)len;
		}
		got = pread(f->fd, f->window, WINDOW_BYTES, (off_t)offset);
		f->window_at = offset;
		f->window_len = got > 0 ? (size_t)got : 0;
		if (f->window_len < len) {
			return false;
		}
	}
	mem_copy(out, f->window + (offset - f->window_at), len);
	return true;
}

static struct journal_source source_of(struct journal_file *f)
{
	return (struct journal_source){ read_file, f };
}

static void close_file(struct log_journal *j, size_t index)
{
	file_close(&j->files[index]->fd);
	free(j->files[index]);
	j->count--;
	memmove(&j->files[index], &j->files[index + 1], (j->count - index) * sizeof *j->files);
}

void log_journal_close(struct log_journal **journal)
{
	struct log_journal *j = *journal;

	if (j == NULL) {
		return;
	}
	while (j->count > 0) {
		close_file(j, j->count - 1);
	}
	free(j);
	*journal = NULL;
}

/* Behind the last object. */
static void skip_file(struct journal_file *f)
{
	const struct journal_source source = source_of(f);
	struct journal_header header;
	struct journal_object object;

	f->window_len = 0;
	if (journal_header_read(&source, &header) == 0 && header.tail_object != 0 &&
	    journal_object_read(&source, &header, header.tail_object, &object) == 0) {
		f->at = journal_object_end(&object);
	}
}

void log_journal_skip(struct log_journal *j)
{
	for (size_t i = 0; i < j->count; i++) {
		skip_file(j->files[i]);
	}
}

static struct journal_file *find(const struct log_journal *j, uint64_t identity)
{
	for (size_t i = 0; i < j->count; i++) {
		if (j->files[i]->identity == identity) {
			return j->files[i];
		}
	}
	return NULL;
}

/* Where a kept position says that a file was; UINT64_MAX where it says nothing of it. */
static uint64_t kept_place(struct span kept, uint64_t identity)
{
	struct reader r = reader_over(kept);

	while (reader_left(&r) >= 16) {
		uint64_t known = reader_le64(&r);
		uint64_t at = reader_le64(&r);

		if (known == identity) {
			return at;
		}
	}
	return UINT64_MAX;
}

/* How a file that was not known is taken. */
enum taking { FROM_END, FROM_POSITION, ALL_THAT_IS_NEW };

static void add_file(struct log_journal *j, const char *name, enum taking taking, struct span kept)
{
	bool is_active = strchr(name, '@') == NULL;
	struct journal_file *f;
	struct journal_header header;
	struct stat status;
	char path[PATH_SIZE];
	uint64_t place;
	int fd;

	snprintf(path, sizeof path, "%s/%s", j->folder, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		file_close(&fd);
		return;
	}
	f = find(j, (uint64_t)status.st_ino);
	if (f != NULL || j->count == LOG_JOURNAL_FILES) {
		if (f != NULL && is_active) {
			f->is_present = true;
		}
		file_close(&fd);
		return;
	}
	f = alloc_zeroed(1, sizeof *f);
	memcpy(f->path, path, sizeof path);
	f->fd = fd;
	f->identity = (uint64_t)status.st_ino;
	f->is_present = is_active;
	j->files[j->count++] = f;
	place = kept_place(kept, f->identity);
	if (taking == FROM_POSITION && place != UINT64_MAX) {
		f->at = place;
		return;
	}
	if (journal_header_read(&(struct journal_source){ read_file, f }, &header) != 0 ||
	    (!is_active && (taking == FROM_END || header.tail_seqnum <= j->seqnum))) {
		close_file(j, j->count - 1); /* nothing in it that is asked for */
	} else if (taking == FROM_END ||
		   (taking == FROM_POSITION && header.head_seqnum <= j->seqnum)) {
		skip_file(f);
	}
}

static bool has_suffix(const char *name, const char *suffix)
{
	return span_ends_with(span_of(name), suffix);
}

/* Opens what is new in the folder; what is not there any more stays until it is read. */
static void look(struct log_journal *j, enum taking taking, struct span kept)
{
	struct dirent *entry;
	DIR *dir = opendir(j->folder);

	for (size_t i = 0; i < j->count; i++) {
		j->files[i]->is_present = false;
	}
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (has_suffix(entry->d_name, ".journal")) {
			add_file(j, entry->d_name, taking, kept);
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
}

static bool has_folder_changed(struct log_journal *j)
{
	struct stat status;

	if (stat(j->folder, &status) < 0 || (status.st_mtim.tv_sec == j->folder_changed.tv_sec &&
					     status.st_mtim.tv_nsec == j->folder_changed.tv_nsec)) {
		return false;
	}
	j->folder_changed = status.st_mtim;
	return true;
}

/* In the folder of the machine's number. */
static bool find_folder(struct log_journal *j, const char *root)
{
	static const char *const places[] = { "/var/log/journal", "/run/log/journal" };
	struct buffer id OWNED(buffer_done);
	struct span digits;
	char path[PATH_SIZE];

	buffer_init(&id, 64);
	snprintf(path, sizeof path, "%s/etc/machine-id", root);
	if (file_read(path, &id) != 0) {
		return false;
	}
	digits = span_trim(buffer_span(&id));
	for (size_t i = 0; digits.len == 32 && i < COUNT_OF(places); i++) {
		snprintf(j->folder, sizeof j->folder, "%s%s/%.*s", root, places[i], (int)digits.len,
			 (const char *)digits.ptr);
		snprintf(path, sizeof path, "%s/system.journal", j->folder);
		if (access(path, R_OK) == 0) {
			return true;
		}
	}
	return false;
}

struct log_journal *log_journal_open(const char *root, struct reader *position)
{
	struct log_journal *j = alloc_zeroed(1, sizeof *j);

	if (!find_folder(j, root)) {
		free(j);
		return NULL;
	}
	(void)has_folder_changed(j);
	if (position != NULL) {
		j->seqnum = reader_le64(position);
		look(j, FROM_POSITION, reader_rest(position));
	} else {
		look(j, FROM_END, (struct span){ NULL, 0 });
	}
	return j;
}

void log_journal_write(const struct log_journal *j, struct writer *w)
{
	writer_le64(w, j->seqnum);
	for (size_t i = 0; i < j->count && i < LOG_JOURNAL_KEPT; i++) {
		writer_le64(w, j->files[i]->identity);
		writer_le64(w, j->files[i]->at);
	}
}

void log_journal_watch(struct log_journal *j, struct log_watch *watch)
{
	log_watch_folder(watch, j->folder);
	for (size_t i = 0; i < j->count; i++) {
		if (!j->files[i]->is_watched) {
			j->files[i]->is_watched = true;
			log_watch_file(watch, j->files[i]->path);
		}
	}
}

static void read_field(struct journal_file *f, const struct journal_header *header, uint64_t offset,
		       struct fields *out)
{
	const struct journal_source source = source_of(f);
	uint64_t *boring = &f->boring[offset / 8 % BORING];
	struct journal_field field;

	if (*boring == offset || journal_field_read(&source, header, offset, out->bytes + out->used,
						    sizeof out->bytes - out->used, &field) != 0) {
		return;
	}
	out->has_compressed = out->has_compressed || field.is_compressed;
	for (size_t i = 0; !field.is_compressed && i < FIELDS; i++) {
		if (span_is(field.name, field_names[i])) {
			out->values[i] = field.value;
			out->used += field.name.len + 1 + field.value.len;
			return;
		}
	}
	*boring = offset;
}

static struct span last_name(struct span path)
{
	size_t at = path.len;

	while (at > 0 && path.ptr[at - 1] != '/') {
		at--;
	}
	return span_after(path, at);
}

/* Of whom root is not, the program must be what it says it is, and from where root put it. */
static bool is_believed(const struct fields *fields, struct span program)
{
	static const char *const callers[] = { "sudo", "su",      "doas",  "passwd", "chsh",
					       "chfn", "gpasswd", "chage", "pkexec" };
	struct span executable = fields->values[EXECUTABLE];

	if (span_is(fields->values[UID], "0")) {
		return true;
	}
	for (size_t i = 0; i < COUNT_OF(callers); i++) {
		if (span_is(program, callers[i]) && span_is(last_name(executable), callers[i])) {
			return span_starts_with(executable, "/usr/") ||
			       span_starts_with(executable, "/bin/") ||
			       span_starts_with(executable, "/run/wrappers/");
		}
	}
	return false;
}

static void take(const struct fields *fields, uint64_t realtime_us, struct log_events *events)
{
	struct span program = fields->values[IDENTIFIER].len > 0 ? fields->values[IDENTIFIER]
								 : fields->values[COMMAND];
	struct authlog_event event;
	uint64_t pid;
	int error = ERR_UNSUPPORTED;

	if (!is_believed(fields, program)) {
		return;
	}
	if (fields->values[MESSAGE].len == 0 && fields->has_compressed &&
	    span_is(program, "sudo")) {
		event_sink_lost(events->sink, "source", 1); /* too long, and packed */
		return;
	}
	if (fields->values[MESSAGE_ID].len > 0 && span_is(fields->values[PID], "1")) {
		error = authlog_parse_unit(fields->values[MESSAGE_ID], fields->values[UNIT_NAME],
					   fields->values[UNIT_RESULT], &event);
	}
	if (error != 0 && !span_is(program, "systemd")) {
		error = authlog_parse(program, fields->values[MESSAGE], &event);
	}
	if (error == 0) {
		pid = 0;
		(void)!text_to_u64(fields->values[PID], UINT32_MAX, &pid);
		log_events_put(events, (int64_t)(realtime_us / 1000), (uint32_t)pid, &event,
			       fields->values[MESSAGE]);
	}
}

/* False where the entry is still being written. */
static bool take_entry(struct log_journal *j, struct journal_file *f,
		       const struct journal_header *header, const struct journal_object *object,
		       struct log_events *events)
{
	const struct journal_source source = source_of(f);
	struct fields fields = { .used = 0 };
	struct journal_entry entry;
	int error = journal_entry_read(&source, header, object, &entry);

	if (error != 0) {
		return error != ERR_AGAIN;
	}
	for (size_t i = 0; i < entry.item_count; i++) {
		read_field(f, header, entry.items[i], &fields);
	}
	j->seqnum = entry.seqnum > j->seqnum ? entry.seqnum : j->seqnum;
	take(&fields, entry.realtime_us, events);
	return true;
}

/* Returns how many objects there were. */
static size_t read_objects(struct log_journal *j, struct journal_file *f, struct log_events *events)
{
	const struct journal_source source = source_of(f);
	struct journal_header header;
	struct journal_object object;
	size_t count = 0;

	f->window_len = 0; /* what it held may have been written meanwhile */
	if (journal_header_read(&source, &header) != 0) {
		return 0;
	}
	f->at = f->at == 0 ? header.first_object : f->at;
	while (f->at <= header.tail_object && count < TURN_OBJECTS) {
		int error = journal_object_read(&source, &header, f->at, &object);

		if (error == ERR_MALFORMED) {
			/* damaged: what follows cannot be found but from its end */
			event_sink_lost(events->sink, "source", 0);
			skip_file(f);
			return count;
		}
		if (error != 0 || object.type == 0 ||
		    (object.type == JOURNAL_ENTRY && !take_entry(j, f, &header, &object, events))) {
			return count;
		}
		f->at = journal_object_end(&object);
		count++;
	}
	return count;
}

bool log_journal_read(struct log_journal *j, struct log_events *events)
{
	bool has_more = false;

	if (has_folder_changed(j)) {
		look(j, ALL_THAT_IS_NEW, (struct span){ NULL, 0 });
	}
	for (size_t i = j->count; i-- > 0;) {
		size_t count = read_objects(j, j->files[i], events);

		has_more = has_more || count == TURN_OBJECTS;
		if (count < TURN_OBJECTS && !j->files[i]->is_present) {
			close_file(j, i);
		}
	}
	return has_more;
}
