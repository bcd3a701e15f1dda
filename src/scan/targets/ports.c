/* ports.c - a bitmap of what was named, then a list of it. */
#include "scan/targets/ports.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "scan/probes/probe.h"
#include "sys/alloc.h"

/* A text of this many characters names every second port of both transports. */
#define PORTS_TEXT_MAX (1u << 20)

struct chosen {
	bool tcp[65536];
	bool udp[65536];
	bool has_echo;
};

static int say(struct why *why, struct span word)
{
	return why_set(why, ERR_MALFORMED,
		       "'%.*s' is no port: give numbers and ranges as 22,80,8000-8100, U: before "
		       "those of UDP, '-' for all, 'ping' for the host itself",
		       word.len > 64 ? 64 : (int)word.len, (const char *)word.ptr);
}

static int take_range(struct span word, bool set[65536], struct why *why)
{
	size_t dash = span_find(word, '-');
	uint64_t low = 1;
	uint64_t high = 65535;

	if (dash > 0 && text_to_u64(span_first(word, dash), 65535, &low) != 0) {
		return say(why, word);
	}
	if (dash == word.len) {
		high = low;
	} else if (dash + 1 < word.len &&
		   text_to_u64(span_after(word, dash + 1), 65535, &high) != 0) {
		return say(why, word);
	}
	if (low > high) {
		return say(why, word);
	}
	for (uint64_t n = low; n <= high; n++) {
		set[n] = true;
	}
	return 0;
}

static int take_list(struct span text, struct chosen *chosen, struct why *why, bool is_nested)
{
	struct reader r = reader_over(text);
	bool is_udp = false;
	int error = 0;

	while (reader_left(&r) > 0 && error == 0) {
		struct span word = span_trim(reader_until(&r, ','));

		if (span_starts_with(word, "U:") || span_starts_with(word, "T:")) {
			is_udp = word.ptr[0] == 'U';
			word = span_after(word, 2);
		}
		if (word.len == 0) {
			continue;
		}
		if (span_is(word, "ping")) {
			chosen->has_echo = true;
		} else if (span_is(word, "default") && !is_nested) {
			for (size_t i = 0; ports_default[i] != NULL && error == 0; i++) {
				error = take_list(span_of(ports_default[i]), chosen, why, true);
			}
		} else {
			error = take_range(word, is_udp ? chosen->udp : chosen->tcp, why);
		}
	}
	return error;
}

static void append(struct ports *ports, enum transport transport, const bool set[65536])
{
	for (unsigned n = 0; n < 65536; n++) {
		if (set[n]) {
			ports->items[ports->count++] = (struct port){ transport, (uint16_t)n };
		}
	}
}

int ports_parse(struct span text, struct ports *out, struct why *why)
{
	OWNED(alloc_free) struct chosen *chosen = alloc_zeroed(1, sizeof *chosen);
	struct ports ports = { alloc_zeroed(PORTS_MAX, sizeof(struct port)), 0 };
	int error = text.len > PORTS_TEXT_MAX ? say(why, span_first(text, 64))
					      : take_list(text, chosen, why, false);

	append(&ports, TRANSPORT_TCP, chosen->tcp);
	append(&ports, TRANSPORT_UDP, chosen->udp);
	if (chosen->has_echo) {
		ports.items[ports.count++] = (struct port){ TRANSPORT_ICMP, 0 };
	}
	if (error == 0 && ports.count == 0) {
		error = why_set(why, ERR_MALFORMED, "no port is named");
	}
	if (error != 0) {
		ports_done(&ports);
		return error;
	}
	ports.items = alloc_resize(ports.items, ports.count, sizeof *ports.items);
	*out = ports;
	return 0;
}

void ports_done(struct ports *ports)
{
	free(ports->items);
	*ports = (struct ports){ NULL, 0 };
}

struct ports ports_questions(const struct ports *ports, bool is_without_anonymous_asks)
{
	struct ports all = { NULL, 0 };
	size_t capacity = 0;

	for (size_t i = 0; i < ports->count; i++) {
		struct port item = ports->items[i];
		const struct probe *probe = NULL;

		do {
			if (all.count == capacity) {
				capacity = capacity == 0 ? ports->count + 8 : 2 * capacity;
				all.items = alloc_resize(all.items, capacity, sizeof *all.items);
			}
			if (probe == NULL ||
			    !(is_without_anonymous_asks && probe->is_anonymous_ask)) {
				all.items[all.count++] = item;
			}
			item.question++;
			probe = item.transport == TRANSPORT_UDP
					? probe_question(item.number, item.question)
					: NULL;
		} while (probe != NULL);
	}
	return all;
}

/* True where the next item continues a run. */
static bool continues(const struct ports *ports, size_t i)
{
	return i + 1 < ports->count && ports->items[i + 1].transport == ports->items[i].transport &&
	       ports->items[i + 1].number == ports->items[i].number + 1;
}

char *ports_text(const struct ports *ports)
{
	char *text = alloc_zeroed(ports->count + 1, 16);
	enum transport before = TRANSPORT_TCP;
	size_t at = 0;

	for (size_t i = 0; i < ports->count; i++) {
		const struct port *first = &ports->items[i];

		while (continues(ports, i)) {
			i++;
		}
		if (first->transport == TRANSPORT_ICMP) {
			at += (size_t)snprintf(text + at, 16, "%sping", at > 0 ? "," : "");
			continue;
		}
		at += (size_t)snprintf(text + at, 16, "%s%s%u", at > 0 ? "," : "",
				       first->transport == before ? "" : "U:", first->number);
		if (&ports->items[i] != first) {
			at += (size_t)snprintf(text + at, 16, "-%u", ports->items[i].number);
		}
		before = first->transport;
	}
	return text;
}
