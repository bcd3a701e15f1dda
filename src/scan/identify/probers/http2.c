/*
 * http2.c - HTTP/2 (RFC 9113) within TLS, and in the clear with prior knowledge (section 3.3): the
 * preface, then one GET, whose answer is read as one of HTTP/1.1 is.
 *
 * Our SETTINGS allow the server no table of headers, so that hpack.h can read them without a state.
 */
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/hpack.h"
#include "scan/identify/probers/http.h"

enum {
	FRAME_DATA = 0,
	FRAME_HEADERS = 1,
	FRAME_RST_STREAM = 3,
	FRAME_SETTINGS = 4,
	FRAME_GOAWAY = 7,
	FRAME_CONTINUATION = 9,
};

enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

#define ACK           1
#define FRAME_MAX     (16u << 10) /* section 4.2, unless we allowed more */
#define FRAMES_MAX    256u
#define FIELDS_MAX    100u
#define BLOCK_MAX     (16u << 10)
#define HEAD_MAX      (16u << 10)
#define BODY_MAX      (48u << 10)
#define FIRST_STREAM  1u
#define SETTINGS_SIZE 12u

struct frame {
	uint8_t kind;
	uint8_t flags;
	uint32_t stream;
	struct span payload;
};

/* What came on a stream of ours. */
struct answer {
	uint32_t stream;
	bool is_ended;
	bool is_head_whole;
	size_t block_len;
	size_t body_len;
	uint8_t block[BLOCK_MAX];
	uint8_t body[BODY_MAX];
	uint8_t head[HEAD_MAX];
};

static void write_frame_head(struct writer *say, size_t len, unsigned kind, unsigned flags,
			     uint32_t stream)
{
	writer_u8(say, (uint8_t)(len >> 16));
	writer_be16(say, (uint16_t)len);
	writer_u8(say, (uint8_t)kind);
	writer_u8(say, (uint8_t)flags);
	writer_be32(say, stream);
}

/* Preface, and SETTINGS: no table of headers, no pushes. */
static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_text(say, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	write_frame_head(say, SETTINGS_SIZE, FRAME_SETTINGS, 0, 0);
	writer_be16(say, 1);
	writer_be32(say, 0);
	writer_be16(say, 2);
	writer_be32(say, 0);
}

static void ask_for(const struct probe_view *view, const char *path, uint32_t stream,
		    struct writer *say)
{
	uint8_t block[768];
	uint8_t text[HTTP_PATH_MAX + 64];
	struct writer w = writer_over(block, sizeof block);
	struct writer value = writer_over(text, sizeof text);
	bool is_six = view->host[span_find(span_of(view->host), ':')] == ':';

	hpack_write(&w, span_of(":method"), span_of("GET"));
	hpack_write(&w, span_of(":scheme"), span_of(view->is_tls ? "https" : "http"));
	hpack_write(&w, span_of(":path"), span_of(path));
	writer_text(&value, is_six ? "[" : "");
	writer_bytes(&value, span_first(span_of(view->host), 100));
	writer_text(&value, is_six ? "]" : "");
	if (view->port != (view->is_tls ? 443u : 80u)) {
		writer_text(&value, ":");
		writer_decimal(&value, view->port);
	}
	hpack_write(&w, span_of(":authority"), writer_span(&value));
	value = writer_over(text, sizeof text);
	http_write_agent(view->contact, &value);
	hpack_write(&w, span_of("user-agent"), writer_span(&value));
	if (view->contact->mail[0] != '\0') {
		hpack_write(&w, span_of("from"), span_of(view->contact->mail));
	}
	hpack_write(&w, span_of("accept"), span_of("*/*"));
	write_frame_head(say, writer_used(&w), FRAME_HEADERS, END_STREAM | END_HEADERS, stream);
	writer_bytes(say, writer_span(&w));
}

/* The next whole frame. False at the end; is_broken where it is none of HTTP/2. */
static bool next_frame(struct reader *r, struct frame *out, bool *is_broken)
{
	struct reader head = *r;
	uint32_t word = reader_be32(&head);

	*is_broken = false;
	out->kind = (uint8_t)word;
	out->flags = reader_u8(&head);
	out->stream = reader_be32(&head) & 0x7fffffff;
	if (!reader_ok(&head)) {
		return false;
	}
	if (word >> 8 > FRAME_MAX) {
		*is_broken = true;
		return false;
	}
	out->payload = reader_bytes(&head, word >> 8);
	if (!reader_ok(&head)) {
		return false;
	}
	*r = head;
	return true;
}

/* Without padding and priority (sections 6.1 and 6.2). */
static struct span content_of(const struct frame *frame)
{
	struct reader r = reader_over(frame->payload);
	uint8_t padding = (frame->flags & PADDED) != 0 ? reader_u8(&r) : 0;
	struct span rest;

	if (frame->kind == FRAME_HEADERS && (frame->flags & PRIORITY) != 0) {
		(void)reader_bytes(&r, 5);
	}
	rest = reader_rest(&r);
	return span_first(rest, padding < rest.len ? rest.len - padding : 0);
}

static void keep(uint8_t *room, size_t capacity, size_t *len, struct span bytes)
{
	bytes = span_first(bytes, capacity - *len);
	mem_copy(room + *len, bytes.ptr, bytes.len);
	*len += bytes.len;
}

static void take_frame(struct answer *a, const struct frame *frame)
{
	if (frame->kind == FRAME_GOAWAY) {
		a->is_ended = true;
		return;
	}
	if (frame->stream != a->stream) {
		return;
	}
	switch (frame->kind) {
	case FRAME_HEADERS:
	case FRAME_CONTINUATION:
		if (!a->is_head_whole) { /* trailers are passed over */
			keep(a->block, sizeof a->block, &a->block_len,
			     frame->kind == FRAME_HEADERS ? content_of(frame) : frame->payload);
			a->is_head_whole = (frame->flags & END_HEADERS) != 0;
		}
		break;
	case FRAME_DATA:
		keep(a->body, sizeof a->body, &a->body_len, content_of(frame));
		break;
	case FRAME_RST_STREAM:
		a->is_ended = true;
		break;
	default:
		break;
	}
	a->is_ended = a->is_ended || ((frame->kind == FRAME_HEADERS || frame->kind == FRAME_DATA) &&
				      (frame->flags & END_STREAM) != 0);
}

/* Headers as HTTP/1.1 writes them; ERR_MALFORMED where there is no status. */
static int read_head(struct answer *a, struct words_answer *out)
{
	struct reader block = reader_over((struct span){ a->block, a->block_len });
	struct writer w = writer_over(a->head, sizeof a->head);
	struct hpack_field field;

	out->status = 0;
	for (unsigned i = 0; i < FIELDS_MAX && hpack_next(&block, &field) == 0; i++) {
		struct span name = { field.name, field.name_len };
		struct span value = { field.value, field.value_len };
		uint64_t status;

		if (span_is(name, ":status") && text_to_u64(value, 999, &status) == 0) {
			out->status = (unsigned)status;
		} else if (writer_left(&w) > name.len + value.len + 4 &&
			   span_find(value, '\n') == value.len) {
			writer_bytes(&w, name);
			writer_text(&w, ": ");
			writer_bytes(&w, value);
			writer_text(&w, "\r\n");
		}
	}
	out->headers = writer_span(&w);
	out->body = (struct span){ a->body, a->body_len };
	out->is_complete = true;
	return out->status >= 100 ? 0 : ERR_MALFORMED;
}

/* All frames that came, for one answer; false where it is not whole yet. */
static bool gather(const struct probe_view *view, struct answer *a)
{
	struct reader r = reader_over(view->bytes);
	struct frame frame;
	bool is_broken = false;

	for (unsigned i = 0; i < FRAMES_MAX && !a->is_ended; i++) {
		if (!next_frame(&r, &frame, &is_broken)) {
			return is_broken;
		}
		take_frame(a, &frame);
	}
	return true;
}

static enum probe_verdict read_answer(const struct probe_view *view, struct service_facts *facts,
				      struct writer *say)
{
	struct answer a = { .stream = FIRST_STREAM + 2 * (view->step - 2) };
	/* as http_tell() counts: its first answer is to "/" */
	struct probe_view as_http = *view;
	struct words_answer answer = { .status = 0 };
	struct http_next next = { .path = "" };

	if (!gather(view, &a) && !view->ended) {
		return PROBE_MORE;
	}
	if (read_head(&a, &answer) != 0) {
		return PROBE_IS; /* it does not answer everybody */
	}
	as_http.step = view->step - 1;
	http_tell(&as_http, &answer, facts, &next);
	if (next.path[0] == '\0') {
		return PROBE_IS;
	}
	ask_for(view, next.path, a.stream + 2, say);
	return PROBE_SAY;
}

/* The server's first frame must be SETTINGS, on stream 0. */
static enum probe_verdict http2_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	uint32_t head = reader_be32(&r);
	uint8_t flags = reader_u8(&r);
	uint32_t stream = reader_be32(&r);
	uint32_t len = head >> 8;

	if (!reader_ok(&r)) {
		return view->bytes.len > 0 && view->bytes.ptr[0] != 0 ? PROBE_NOT
								      : probe_wait(view);
	}
	if ((head & 0xff) != FRAME_SETTINGS || flags > ACK || stream != 0 || len % 6 != 0 ||
	    len > 256) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "http.version", "2");
	if (view->step > 1) {
		return read_answer(view, facts, say);
	}
	if (view->step == 0 && view->said_by != NULL) {
		return PROBE_TRY; /* it was said something else: a connection of its own */
	}
	if (view->step == 0) {
		hello(view, say); /* it speaks first; the request comes with its next word */
		return PROBE_SAY;
	}
	write_frame_head(say, 0, FRAME_SETTINGS, ACK, 0);
	ask_for(view, "/", FIRST_STREAM, say);
	return PROBE_SAY;
}

static const uint16_t ports[] = { 0 };
static const char *const alpn[] = { "h2", NULL };

const struct prober prober_http2 = {
	.name = "http2",
	.transports = PROBER_TCP,
	.ports = ports,
	.alpn = alpn,
	.hello = hello,
	.read = http2_read,
};
