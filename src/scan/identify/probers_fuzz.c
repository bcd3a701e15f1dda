#include "formats/fuzz.h"
#include "scan/identify/prober.h"

/* First byte: the prober; second: what was said before and whether all has come; third: bytes that
 * came before that. The rest came from the server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct service_facts facts;
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	struct span input = { data, size };
	struct probe_view view = { .alpn = "",
				   .host = "fuzz.example",
				   .contact = &contact_default };
	const struct prober *prober;
	enum probe_verdict verdict;
	size_t count = 0;

	if (size < 3) {
		return 0;
	}
	while (probers[count] != NULL) {
		count++;
	}
	prober = probers[data[0] % count];
	view.bytes = span_after(input, 3);
	view.ended = (data[1] & 1) != 0;
	view.is_tls = (data[1] & 2) != 0;
	view.is_datagram = prober->transports == PROBER_UDP || (data[1] & 4) != 0;
	view.step = data[1] >> 3 & 7;
	view.said_by = view.step > 0 ? prober->name : (data[1] & 64) != 0 ? "tls" : NULL;
	view.port = (data[1] & 128) != 0 ? prober->ports[0] : 47000;
	view.since = data[2] < view.bytes.len ? data[2] : view.bytes.len;
	facts.count = 0;
	facts.text_used = 0;
	verdict = prober->read(&view, &facts, &w);
	if ((verdict == PROBE_MORE && view.ended) ||
	    (verdict == PROBE_SAY && writer_used(&w) == 0)) {
		__builtin_trap();
	}
	for (size_t i = 0; i < facts.count; i++) {
		fuzz_touch(facts_text(&facts, i));
	}
	return 0;
}
