/* ask_fuzz.c - what is read can be written again, and is then the same. */
#include "scan/follow/ask.h"

#include "formats/fuzz.h"

static void try_ask(struct span bytes)
{
	static uint8_t room[FOLLOW_ASK_SIZE_MAX];
	struct writer w = writer_over(room, sizeof room);
	struct follow_ask ask;
	struct follow_ask again;

	if (follow_ask_read(bytes, &ask) != 0) {
		return;
	}
	follow_ask_write(&ask, &w);
	if (!writer_ok(&w) || follow_ask_read(writer_span(&w), &again) != 0 ||
	    !span_equal(again.payload, ask.payload) || again.port != ask.port) {
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[FOLLOW_ANSWER_SIZE_MAX];
	struct writer w = writer_over(room, sizeof room);
	struct span bytes = { data, size };
	struct follow_answer answer;
	struct follow_answer again;

	try_ask(bytes);
	if (follow_answer_read(bytes, &answer) != 0 || answer.more.len > FOLLOW_MORE_MAX) {
		return 0;
	}
	follow_answer_write(&answer.service, answer.more, &w);
	if (!writer_ok(&w) || follow_answer_read(writer_span(&w), &again) != 0 ||
	    !span_equal(again.more, answer.more)) {
		__builtin_trap();
	}
	return 0;
}
