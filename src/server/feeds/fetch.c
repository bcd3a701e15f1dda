/*
 * fetch.c - libcurl, once for each part of a feed. What it tells, a line each:
 *
 *   changed N        so many files are new
 *   unreachable      there is no way to the server: others will not be reached either
 *   reason TEXT      what went wrong
 */
#include "server/feeds/fetch.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "formats/civil.h"
#include "server/feeds/errand.h"
#include "server/feeds/feeds.h"
#include "server/feeds/mirrors.h"
#include "server/feeds/outside.h"
#include "sys/clock.h"
#include "sys/file.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_SIZE     1024
#define PATH_SIZE        512
#define HEAD_SIZE        1024
#define VALUE_SIZE       256
#define POINTER_SIZE     256
#define CONNECT_S        20L
#define WHOLE_S          1800L
#define SLOW_BYTES       100L /* a second, for SLOW_S: given up */
#define SLOW_S           60L
#define REDIRECTS_MAX    3L
#define STATUS_UNCHANGED 304
#define STATUS_FINE      200
#define STATUS_MISSING   404

struct transfer {
	const struct fetch *fetch;
	const struct feed_part *part;
	bool is_optional; /* it may not be there yet */
	bool has_mirror;
	struct span mirror; /* that is tried, where there is one */
	int fd;
	uint64_t size;
	bool is_too_large;
	bool is_full;
	char etag[VALUE_SIZE];
	char modified[VALUE_SIZE];
	struct curl_slist *headers;
	char failure[600]; /* of every mirror that was tried */
	bool was_reached;  /* one of them, at least */
};

/* --- paths and heads --- */

static void path_of(const struct transfer *t, const char *folder, const char *before,
		    const char *after, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s/%s%s%s", folder, t->fetch->feed->name, before,
		 t->part->file, after);
}

/* What the server said of the file that is in force: its tag and date, a line each. */
static void ask_for_news_only(struct transfer *t)
{
	char path[PATH_SIZE];
	char line[VALUE_SIZE + 32];
	struct buffer head;
	struct reader r;
	struct span value;

	path_of(t, FEEDS_FOLDER, "", "", path);
	if (access(path, F_OK) != 0) {
		return;
	}
	path_of(t, FEEDS_FOLDER, ".", ".head", path);
	buffer_init(&head, HEAD_SIZE);
	if (file_read(path, &head) == 0) {
		r = reader_over(buffer_span(&head));
		value = reader_line(&r);
		if (value.len > 0) {
			snprintf(line, sizeof line, "If-None-Match: %.*s", (int)value.len,
				 (const char *)value.ptr);
			t->headers = curl_slist_append(t->headers, line);
		}
		value = reader_line(&r);
		if (value.len > 0) {
			snprintf(line, sizeof line, "If-Modified-Since: %.*s", (int)value.len,
				 (const char *)value.ptr);
			t->headers = curl_slist_append(t->headers, line);
		}
	}
	buffer_done(&head);
}

static void keep_head(const struct transfer *t)
{
	char path[PATH_SIZE];
	char text[2 * VALUE_SIZE + 4];

	path_of(t, FEEDS_FETCH_PATH, ".", ".head", path);
	snprintf(text, sizeof text, "%s\n%s\n", t->etag, t->modified);
	(void)!file_replace(path, span_of(text), 0600, NULL);
}

/* --- libcurl --- */

static size_t on_bytes(char *bytes, size_t one, size_t count, void *context)
{
	struct transfer *t = context;
	size_t len = one * count;
	size_t done = 0;

	t->size += len;
	t->is_too_large = t->size > t->fetch->feed->size_max;
	while (!t->is_too_large && done < len) {
		ssize_t written = write(t->fd, bytes + done, len - done);

		if (written < 0 && errno != EINTR) {
			t->is_full = true;
			return 0;
		}
		done += written > 0 ? (size_t)written : 0;
	}
	return t->is_too_large ? 0 : len;
}

static void take_header(const char *name, struct span line, char out[VALUE_SIZE])
{
	size_t len = strlen(name);
	struct span value = span_trim(span_after(line, len));

	if (line.len > len && strncasecmp((const char *)line.ptr, name, len) == 0 &&
	    value.len < VALUE_SIZE) {
		snprintf(out, VALUE_SIZE, "%.*s", (int)value.len, (const char *)value.ptr);
	}
}

static size_t on_header(char *bytes, size_t one, size_t count, void *context)
{
	struct transfer *t = context;
	struct span line = { (const uint8_t *)bytes, one * count };

	take_header("etag:", line, t->etag);
	take_header("last-modified:", line, t->modified);
	return line.len;
}

/* https://HOST/PATH, or MIRROR/HOST/PATH. */
static void address_of(const struct transfer *t, char out[ADDRESS_SIZE])
{
	static const char scheme[] = "https://";
	const char *address = t->part->address;

	if (!t->has_mirror) {
		snprintf(out, ADDRESS_SIZE, "%s", address);
	} else {
		snprintf(out, ADDRESS_SIZE, "%.*s/%s", (int)t->mirror.len,
			 (const char *)t->mirror.ptr,
			 address + (strncmp(address, scheme, sizeof scheme - 1) == 0
					    ? sizeof scheme - 1
					    : 0));
	}
}

static void set_up(CURL *curl, struct transfer *t, const char *address, char *reason)
{
	const struct outside_request request = {
		.address = address,
		.schemes = t->has_mirror ? "http,https" : "https",
		.connect_s = CONNECT_S,
		.whole_s = WHOLE_S,
		.on_bytes = on_bytes,
		.on_header = on_header,
		.context = t,
		.reason = reason,
	};

	outside_set_up(curl, &request);
	(void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, t->has_mirror ? 0L : 1L);
	if (t->fetch->proxy != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_PROXY, t->fetch->proxy);
	}
	(void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES);
	(void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SLOW_S);
	(void)curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, t->headers);
}

static bool is_unreachable(CURLcode code)
{
	return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
	       code == CURLE_COULDNT_CONNECT;
}

/* Notes what went wrong; true where nothing did. */
static bool judge(struct transfer *t, CURLcode code, long status, const char *address,
		  const char *reason)
{
	char text[600];
	size_t used = strlen(t->failure);

	if (t->is_too_large) {
		snprintf(text, sizeof text, "%.300s: more than %llu bytes", address,
			 (unsigned long long)t->fetch->feed->size_max);
	} else if (t->is_full) {
		snprintf(text, sizeof text, "%s cannot be written: the disk may be full",
			 t->part->file);
	} else if (code != CURLE_OK) {
		snprintf(text, sizeof text, "%.300s: %.200s", address,
			 reason[0] != '\0' ? reason : curl_easy_strerror(code));
	} else if (status >= 300 && status < 400 && status != STATUS_UNCHANGED) {
		snprintf(text, sizeof text,
			 "%.300s: it redirects elsewhere (HTTP %ld), which is not followed",
			 address, status);
	} else if (t->is_optional && status == STATUS_MISSING) {
		return true;
	} else if (status != STATUS_FINE && status != STATUS_UNCHANGED) {
		snprintf(text, sizeof text, "%.300s: HTTP %ld", address, status);
	} else {
		return true;
	}
	t->was_reached = t->was_reached || !is_unreachable(code);
	snprintf(t->failure + used, sizeof t->failure - used, "%s%s", used > 0 ? "; " : "", text);
	return false;
}

/* What is no matter of reaching a server. */
static void fail(struct transfer *t, const char *reason)
{
	snprintf(t->failure, sizeof t->failure, "%s", reason);
	t->was_reached = true;
}

/* --- where a pointer points --- */

struct pointer {
	char text[POINTER_SIZE];
	size_t len;
};

static size_t on_pointer(char *bytes, size_t one, size_t count, void *context)
{
	struct pointer *p = context;
	size_t len = one * count;

	if (len > sizeof p->text - p->len) {
		return 0;
	}
	mem_copy(p->text + p->len, bytes, len);
	p->len += len;
	return len;
}

/* A name, and no way to another folder or host. */
static bool is_file_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				(c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';

		if (!is_plain || (i == 0 && c == '.')) {
			return false;
		}
	}
	return name.len > 0;
}

/* Replaces the pointer's address by that of the file which it names, beside it. */
static bool follow_pointer(CURL *curl, struct transfer *t, char address[ADDRESS_SIZE])
{
	char reason[CURL_ERROR_SIZE] = "";
	struct pointer pointer = { .len = 0 };
	char *slash = strrchr(address, '/');
	char text[400];
	long status = 0;
	struct span name;
	CURLcode code;

	curl_easy_reset(curl);
	set_up(curl, t, address, reason);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_pointer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &pointer);
	code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (!judge(t, code, status, address, reason)) {
		return false;
	}
	name = span_trim((struct span){ (const uint8_t *)pointer.text, pointer.len });
	if (slash == NULL || !is_file_name(name) ||
	    (size_t)(slash + 1 - address) + name.len >= ADDRESS_SIZE) {
		snprintf(text, sizeof text, "%.300s does not name a file beside it", address);
		fail(t, text);
		return false;
	}
	mem_copy(slash + 1, name.ptr, name.len);
	slash[1 + name.len] = '\0';
	t->etag[0] = '\0'; /* the pointer's */
	t->modified[0] = '\0';
	return true;
}

/* From one address. */
static bool try_address(CURL *curl, struct transfer *t, bool *is_new)
{
	char reason[CURL_ERROR_SIZE] = "";
	char address[ADDRESS_SIZE];
	char path[PATH_SIZE];
	long status = 0;
	CURLcode code;
	bool is_fine;

	path_of(t, FEEDS_FETCH_PATH, "", "", path);
	t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd < 0) {
		fail(t, strerror(errno));
		return false;
	}
	address_of(t, address);
	if (t->part->is_pointer && !follow_pointer(curl, t, address)) {
		(void)close(t->fd);
		(void)unlink(path);
		return false;
	}
	ask_for_news_only(t);
	curl_easy_reset(curl);
	set_up(curl, t, address, reason);
	code = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	is_fine = judge(t, code, status, address, reason);
	*is_new = is_fine && status == STATUS_FINE;
	if (*is_new && fsync(t->fd) != 0) {
		fail(t, strerror(errno));
		is_fine = false;
	}
	(void)close(t->fd);
	if (!is_fine || !*is_new) {
		(void)unlink(path);
	} else {
		keep_head(t);
	}
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	return is_fine;
}

/* Which year it is, of the server's clock. */
static int64_t year_now(void)
{
	return civil_from_seconds(clock_wall_ms() / 1000).year;
}

/* From the first mirror that has it. */
static bool fetch_part(CURL *curl, const struct fetch *f, const struct feed_part *part,
		       bool *is_new)
{
	struct transfer t = { .fetch = f,
			      .part = part,
			      .is_optional = part->year != 0 && part->year == year_now() };
	size_t n = 0;
	bool is_fine;

	do {
		t.has_mirror = mirrors_at(f->mirrors, span_of(f->feed->name), n++, &t.mirror);
		if (n > 1 && !t.has_mirror) {
			break;
		}
		t.size = 0;
		t.is_too_large = false;
		t.etag[0] = '\0';
		t.modified[0] = '\0';
		is_fine = try_address(curl, &t, is_new);
	} while (!is_fine && !t.is_full && t.has_mirror);
	if (!is_fine) {
		if (!t.was_reached) {
			errand_tell(f->out_fd, "unreachable", "");
		}
		errand_tell(f->out_fd, "reason", t.failure);
	}
	return is_fine;
}

/* What is in force is young enough, or there is no such file before its year. */
static bool is_passed_over(const struct fetch *f, const struct feed_part *part)
{
	struct transfer t = { .fetch = f, .part = part };
	char path[PATH_SIZE];
	struct stat about;

	if (part->year > year_now()) {
		return true;
	}
	path_of(&t, FEEDS_FOLDER, "", "", path);
	return part->fresh_s > 0 && stat(path, &about) == 0 &&
	       about.st_mtime + part->fresh_s > clock_wall_ms() / 1000;
}

int fetch_run(void *context)
{
	const struct fetch *f = context;
	const struct feed_part *part = f->feed->parts;
	unsigned changed = 0;
	char text[32];
	bool is_fine = true;
	struct why why;
	CURL *curl;

	if (outside_take_rights(FEEDS_FOLDER, &why) != 0) {
		errand_tell(f->out_fd, "reason", why.text);
		return 1;
	}
	curl = curl_easy_init();
	for (; is_fine && curl != NULL && part->file != NULL; part++) {
		bool is_new = false;

		if (is_passed_over(f, part)) {
			continue;
		}
		is_fine = fetch_part(curl, f, part, &is_new);
		changed += is_new;
	}
	curl_easy_cleanup(curl);
	if (is_fine) {
		snprintf(text, sizeof text, "%u", changed);
		errand_tell(f->out_fd, "changed", text);
	}
	return 0;
}
