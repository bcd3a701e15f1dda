/* message_fuzz.c - any frame: what decodes encodes to a frame that decodes to the same;
 * both state machines stay whole. */
#include "wire/session.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[FRAME_BYTES_MAX + 64];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t tables[] = { 1, 4, 10 };
	struct span stream = { data, size };
	struct session session;
	struct session_guard guard;
	struct message m;
	struct span frame;
	size_t used;
	struct writer w = writer_over(out, sizeof out);

	session_init(&session, span_of("agent"), span_of("1"), tables, 3);
	session_guard_init(&guard);
	session_hello(&session, 1, &w);
	while (frame_next(stream, &frame, &used) == 0) {
		stream = span_after(stream, used);
		w = writer_over(out, sizeof out);
		if (session_receive(&session, frame, &m) != 0) {
			session_hello(&session, 1, &w);
		}
		if (session_guard_receive(&guard, frame, &m) != 0) {
			session_guard_init(&guard);
		}
		if (message_decode(frame, &m) == 0) {
			struct message again;

			w = writer_over(out, sizeof out);
			message_encode(&m, &w);
			if (writer_ok(&w)) {
				assert(message_decode(span_after(writer_span(&w), FRAME_HEAD_SIZE),
						      &again) == 0);
				assert(again.kind == m.kind);
			}
		}
	}
	return 0;
}
