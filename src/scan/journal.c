/*
 * journal.c - records: kind (1 byte), length (4), body, check (8: SipHash of kind and body).
 * Big endian. The first is the head: magic, version, key, plan.
 */
#include "scan/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "scan/discovery/cookie.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/file.h"

enum { RECORD_HEAD = 1, RECORD_ROW = 2, RECORD_POSITION = 3, RECORD_SERVICE = 4 };

#define MAGIC       "bartizan scan\n"
#define RECORD_OVER 13
#define PENDING_MAX (64u << 20)

struct journal {
	int fd;
	struct buffer pending;
};

static uint64_t check_of(uint8_t kind, struct span body)
{
	struct cookie_key key = { kind, body.len };

	return cookie_siphash(&key, body.ptr, body.len);
}

static int append(struct buffer *to, uint8_t kind, struct span body)
{
	uint8_t *at = buffer_reserve(to, body.len + RECORD_OVER);
	struct writer w;

	if (at == NULL) {
		return ERR_FULL;
	}
	w = writer_over(at, body.len + RECORD_OVER);
	writer_u8(&w, kind);
	writer_be32(&w, (uint32_t)body.len);
	writer_bytes(&w, body);
	writer_be64(&w, check_of(kind, body));
	buffer_grow(to, writer_used(&w));
	return 0;
}

static struct journal *journal_over(int fd)
{
	struct journal *journal = alloc_zeroed(1, sizeof *journal);

	journal->fd = fd;
	buffer_init(&journal->pending, PENDING_MAX);
	return journal;
}

static int open_to_append(const char *path, struct journal **out, struct why *why)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		return why_set(why, ERR_IO, "%.300s cannot be written: %s", path, strerror(errno));
	}
	/* a process's own: its children do not hold it when it died */
	if (fcntl(fd, F_SETLK, &whole) != 0) {
		close(fd);
		return why_set(why, ERR_CONFLICT, "another scan is using %.300s now", path);
	}
	*out = journal_over(fd);
	return 0;
}

int journal_create(const char *path, const char *plan, const uint8_t key[DISCOVERY_KEY_SIZE],
		   struct journal **out, struct why *why)
{
	struct span text = span_of(plan);
	uint8_t *body = alloc_zeroed(1, text.len + 64);
	struct writer w = writer_over(body, text.len + 64);
	struct buffer file;
	int error;

	writer_text(&w, MAGIC);
	writer_be16(&w, JOURNAL_VERSION);
	writer_bytes(&w, (struct span){ key, DISCOVERY_KEY_SIZE });
	writer_bytes(&w, text);
	buffer_init(&file, JOURNAL_PLAN_MAX + 256);
	error = append(&file, RECORD_HEAD, writer_span(&w));
	if (error != 0) {
		error = why_set(why, ERR_LIMIT, "the scan is too long to be described in a file");
	} else {
		error = file_replace(path, buffer_span(&file), 0600, why);
	}
	buffer_done(&file);
	free(body);
	return error == 0 ? open_to_append(path, out, why) : error;
}

/* The next whole record; false at the end, or where a crash cut it off. */
static bool next_record(struct reader *r, uint8_t *kind, struct span *body)
{
	uint64_t check;

	*kind = reader_u8(r);
	*body = reader_bytes(r, reader_be32(r));
	check = reader_be64(r);
	return reader_ok(r) && check == check_of(*kind, *body);
}

/* Says the first line of the plan in which two scans differ. */
static int say_difference(const char *path, struct span held, struct span wanted, struct why *why)
{
	struct reader a = reader_over(held);
	struct reader b = reader_over(wanted);
	struct span line_a;
	struct span line_b;

	do {
		line_a = reader_line(&a);
		line_b = reader_line(&b);
	} while (span_equal(line_a, line_b) && reader_left(&a) > 0 && reader_left(&b) > 0);
	line_a = span_first(line_a, 120);
	line_b = span_first(line_b, 120);
	return why_set(why, ERR_CONFLICT,
		       "%.100s is of another scan: it has '%.*s', this one '%.*s'; give the same "
		       "targets, ports and options, or another file",
		       path, (int)line_a.len, (const char *)line_a.ptr, (int)line_b.len,
		       (const char *)line_b.ptr);
}

static int read_head(const char *path, struct reader *r, const char *plan,
		     struct journal_state *state, struct why *why)
{
	struct span body;
	struct span key;
	struct reader head;
	uint8_t kind;

	if (!next_record(r, &kind, &body) || kind != RECORD_HEAD ||
	    !span_starts_with(body, MAGIC)) {
		return why_set(why, ERR_MALFORMED, "%.300s is no file of a scan", path);
	}
	head = reader_over(span_after(body, sizeof MAGIC - 1));
	if (reader_be16(&head) != JOURNAL_VERSION) {
		return why_set(why, ERR_UNSUPPORTED,
			       "%.300s was written by another version of this program; finish the "
			       "scan with that one",
			       path);
	}
	key = reader_bytes(&head, DISCOVERY_KEY_SIZE);
	if (!reader_ok(&head)) {
		return why_set(why, ERR_MALFORMED, "%.300s is no file of a scan", path);
	}
	mem_copy(state->key, key.ptr, key.len);
	body = reader_rest(&head);
	return span_is(body, plan) ? 0 : say_difference(path, body, span_of(plan), why);
}

static void take_service(struct span body, const struct journal_into *into)
{
	struct reader r = reader_over(body);
	struct span address = reader_bytes(&r, ADDRESS_SIZE);
	unsigned transport = reader_u8(&r);
	unsigned port = reader_be16(&r);
	struct span packed = reader_rest(&r);
	struct address at;
	size_t row;

	if (!reader_ok(&r) || into->services == NULL) {
		return;
	}
	at = address_v6(address.ptr);
	row = results_find(into->results, &at, transport, port);
	if (row < results_count(into->results)) {
		services_put(into->services, row, packed);
	}
}

static void take_record(uint8_t kind, struct span body, const struct journal_into *into,
			struct journal_state *state)
{
	struct reader r = reader_over(body);
	struct result row;

	if (kind == RECORD_ROW && result_unpack(body, &row) == 0) {
		(void)results_restore(into->results, &row);
		state->rows++;
	} else if (kind == RECORD_SERVICE) {
		take_service(body, into);
	} else if (kind == RECORD_POSITION) {
		for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
			state->positions[i] = reader_be64(&r);
		}
		state->is_complete = reader_u8(&r) != 0;
	}
}

/* What a crash left behind the last whole record, of a file that nobody wrote to since. */
static int cut_off(const struct journal *journal, const char *path, size_t len, size_t good,
		   struct why *why)
{
	if (lseek(journal->fd, 0, SEEK_END) != (off_t)len) {
		return why_set(why, ERR_CONFLICT, "another scan is using %.300s now", path);
	}
	if (good < len && ftruncate(journal->fd, (off_t)good) != 0) {
		return why_set(why, ERR_IO, "%.300s cannot be mended: %s", path, strerror(errno));
	}
	return 0;
}

int journal_open(const char *path, const char *plan, const struct journal_into *into,
		 struct journal_state *state, struct journal **out, struct why *why)
{
	struct journal_state read = { .rows = 0 };
	struct buffer file;
	struct reader r;
	struct span body;
	uint8_t kind;
	size_t good;
	int error;

	*out = NULL;
	buffer_init(&file, JOURNAL_FILE_MAX);
	error = file_read(path, &file);
	if (error != 0) {
		buffer_done(&file);
		return why_set(why, error, "%.300s cannot be read: %s", path, error_text(error));
	}
	r = reader_over(buffer_span(&file));
	error = read_head(path, &r, plan, &read, why);
	good = file.len - reader_left(&r);
	while (error == 0 && next_record(&r, &kind, &body)) {
		take_record(kind, body, into, &read);
		good = file.len - reader_left(&r);
	}
	if (error == 0) {
		error = open_to_append(path, out, why);
	}
	if (*out != NULL) {
		error = cut_off(*out, path, file.len, good, why);
		if (error != 0) {
			journal_close(out);
		}
	}
	buffer_done(&file);
	if (error == 0) {
		*state = read;
	}
	return error;
}

void journal_row(struct journal *journal, const struct result *row)
{
	uint8_t packed[RESULT_PACKED_SIZE];

	result_pack(row, packed);
	/* full: the row is found again after the position, which is then not written either */
	(void)(append(&journal->pending, RECORD_ROW, (struct span){ packed, sizeof packed }) != 0);
}

void journal_service(struct journal *journal, const struct result *row, struct span packed)
{
	uint8_t body[ADDRESS_SIZE + 3 + SERVICE_PACKED_MAX];
	struct writer w = writer_over(body, sizeof body);

	writer_bytes(&w, (struct span){ row->address.bytes, ADDRESS_SIZE });
	writer_u8(&w, row->transport);
	writer_be16(&w, row->port);
	writer_bytes(&w, packed);
	/* full or too long: it is identified again */
	(void)(writer_ok(&w) && append(&journal->pending, RECORD_SERVICE, writer_span(&w)) != 0);
}

int journal_commit(struct journal *journal, const uint64_t positions[DISCOVERY_LEGS],
		   bool is_complete, struct why *why)
{
	uint8_t body[8 * DISCOVERY_LEGS + 1];
	struct writer w = writer_over(body, sizeof body);

	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		writer_be64(&w, positions[i]);
	}
	writer_u8(&w, is_complete ? 1 : 0);
	if (append(&journal->pending, RECORD_POSITION, writer_span(&w)) != 0) {
		return why_set(why, ERR_FULL, "too much is waiting to be written to the file");
	}
	while (journal->pending.len > 0) {
		struct span bytes = buffer_span(&journal->pending);
		ssize_t done = write(journal->fd, bytes.ptr, bytes.len);

		if (done < 0 && errno != EINTR) {
			return why_set(why, errno == ENOSPC ? ERR_FULL : ERR_IO,
				       "the scan's file cannot be written: %s", strerror(errno));
		}
		buffer_consume(&journal->pending, done > 0 ? (size_t)done : 0);
	}
	return fdatasync(journal->fd) == 0 ? 0 : why_set(why, ERR_IO, "%s", strerror(errno));
}

void journal_close(struct journal **journal)
{
	if (*journal != NULL) {
		file_close(&(*journal)->fd);
		buffer_done(&(*journal)->pending);
		free(*journal);
		*journal = NULL;
	}
}
