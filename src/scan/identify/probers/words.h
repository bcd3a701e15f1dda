/*
 * words.h - what the probers of text protocols share: lines, reply codes, headers, JSON members.
 *
 * Everything borrows from the bytes given and looks at a bounded part of them.
 */
#pragma once

#include "base/reader.h"
#include "scan/identify/prober.h"

#define WORDS_LINE_MAX  2048u /* of a line that is waited for */
#define WORDS_LINES_MAX 100u

/* True where the text is, or may still become, one that starts with prefix; case counts. */
bool words_may_start(struct span bytes, const char *prefix);

/* True where part lies within text, the case of A to Z ignored. */
bool words_contain(struct span text, const char *part);

/* A reply of SMTP, FTP or NNTP: three digits; several lines where a hyphen follows them. */
struct words_reply {
	unsigned code;
	struct span first; /* first line's text, behind the code */
	struct span last;
	struct span whole; /* all lines */
};

/* PROBE_IS where a whole reply was there, which is then taken from the reader; PROBE_MORE where it
 * may become one; PROBE_NOT. */
enum probe_verdict words_reply(struct reader *r, struct words_reply *out);

/* The next whole line, false where its end did not come. */
bool words_line(struct reader *r, struct span *out);

/* An answer of HTTP, RTSP or SIP, bare LF and all: what servers send, not what they should. */
struct words_answer {
	unsigned status;
	struct span headers;
	struct span body;
	bool is_complete; /* as far as can be told before it is closed */
	bool is_chunked;
};

#define WORDS_HEAD_MAX (16u << 10)

/* protocol: "HTTP/1.", "RTSP/", "SIP/". PROBE_IS with out filled once the head is whole, or where
 * ended. */
enum probe_verdict words_answer(struct span bytes, bool ended, const char *protocol,
				struct words_answer *out);

/* The next header of this name from the reader over answer.headers. */
bool words_header(struct reader *headers, const char *name, struct span *out_value);

/* The first of this name, or empty. */
struct span words_header_first(const struct words_answer *answer, const char *name);

/* The text or number of a member of a JSON object; inner is the name within the member's own
 * object, or NULL. Empty where it is not there. As written: escapes stay. */
struct span words_json(struct span text, const char *name, const char *inner);

/* The body without its chunks' lengths, as far as there is room. */
struct span words_unchunk(const struct words_answer *answer, uint8_t *room, size_t capacity);
