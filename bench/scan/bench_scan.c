/*
 * bench_scan.c - one rung of the senders at full rate, for bench/scan.py.
 *
 *	bench-scan INTERFACE best|xdp|af_xdp|mmsg 4|6 PROBES
 *
 * SYN as discovery sends them, to addresses and ports that all differ. One JSON object: what the
 * sender says it sent.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/writer.h"
#include "scan/send/sender.h"
#include "sys/alloc.h"

#define BATCH SENDER_BATCH

/* Calls one after the other that send nothing, after which it is given up. */
#define IDLE_MAX 1000000

/* As Windows sends it: MSS, no-op, window scale, no-ops, selective acknowledgements. */
static const uint8_t syn_options[] = { 2, 4, 5, 0xb4, 1, 3, 3, 8, 1, 1, 4, 2 };

enum { TCP_SIZE = 20 + sizeof syn_options };

static const char *const kinds[SENDER_KINDS] = { "best", "xdp", "af_xdp", "mmsg" };

static void must(bool is_good, const char *what)
{
	if (!is_good) {
		fprintf(stderr, "bench-scan: %s\n", what);
		exit(1);
	}
}

static void put_ip(struct writer *w, bool is_v6)
{
	static const uint8_t from[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };

	if (is_v6) {
		writer_be32(w, 6u << 28);
		writer_be16(w, TCP_SIZE);
		writer_be16(w, 6 << 8 | 64);
		writer_bytes(w, (struct span){ from, 16 });
		writer_be64(w, 0);
		writer_be64(w, 0);
		return;
	}
	writer_be32(w, 0x45000000 | (20 + TCP_SIZE));
	writer_be32(w, 0);
	writer_be32(w, 128u << 24 | 6u << 16);
	writer_be32(w, 0x0a000001);
	writer_be32(w, 0);
}

static struct span make_syn(uint8_t *bytes, size_t size, bool is_v6)
{
	static const uint8_t ethernet[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	struct writer w = writer_over(bytes, size);

	writer_bytes(&w, (struct span){ ethernet, sizeof ethernet });
	writer_be16(&w, is_v6 ? 0x86dd : 0x0800);
	put_ip(&w, is_v6);
	writer_be64(&w, 0); /* ports, sequence */
	writer_be32(&w, 0);
	writer_be32(&w, (uint32_t)TCP_SIZE / 4 << 28 | 2u << 16 | 64240);
	writer_be32(&w, 0);
	writer_bytes(&w, (struct span){ syn_options, sizeof syn_options });
	must(writer_ok(&w), "the frame is too long");
	return writer_span(&w);
}

/* The work of a permutation and of cookies is discovery's, and not measured here. */
static void fill(struct sender_probe *probes, uint64_t from, bool is_v6)
{
	for (unsigned i = 0; i < BATCH; i++) {
		uint64_t x = (from + i) * 0x9e3779b97f4a7c15u;
		uint32_t address = 0x0a000000 | (uint32_t)(x >> 40);
		uint8_t bytes[4] = { 10, (uint8_t)(address >> 16), (uint8_t)(address >> 8),
				     (uint8_t)address };

		memcpy(probes[i].destination + (is_v6 ? 12 : 0), bytes, 4);
		probes[i].sequence = (uint32_t)(x >> 7);
		probes[i].destination_port = (uint16_t)(x >> 20);
		probes[i].source_port = (uint16_t)(32768 + (x >> 50));
		probes[i].ip_id = (uint16_t)x;
	}
}

static enum sender_kind kind_of(const char *name)
{
	for (enum sender_kind kind = SENDER_BEST; kind < SENDER_KINDS; kind++) {
		if (strcmp(kinds[kind], name) == 0) {
			return kind;
		}
	}
	must(false, "a sender is best, xdp, af_xdp or mmsg");
	return SENDER_BEST;
}

static void send_all(struct sender *sender, uint64_t count, bool is_v6)
{
	struct sender_probe *probes = alloc_zeroed(BATCH, sizeof *probes);
	struct sender_stats stats;
	unsigned idle = 0;

	for (unsigned i = 0; i < BATCH && is_v6; i++) {
		memcpy(probes[i].destination, (const uint8_t[]){ 0x20, 1, 0xd, 0xb8 }, 4);
	}
	for (uint64_t done = 0; done < count;) {
		fill(probes, done, is_v6);
		for (size_t at = 0, sent; at < BATCH; at += sent) {
			must(sender_send(sender, probes + at, BATCH - at, &sent) == 0,
			     "the interface went away");
			idle = sent > 0 ? 0 : idle + 1;
			must(idle < IDLE_MAX, "the queue stays full");
		}
		done += BATCH;
	}
	free(probes);
	for (sender_stats(sender, &stats); stats.pending > 0; sender_stats(sender, &stats)) {
		size_t sent;

		must(sender_send(sender, NULL, 0, &sent) == 0 && idle++ < IDLE_MAX,
		     "the queue stays full");
	}
}

int main(int argc, char **argv)
{
	uint8_t bytes[128];
	bool is_v6 = argc > 3 && argv[3][0] == '6';
	struct sender_template syn = { .varies = SENDER_DESTINATION | SENDER_DESTINATION_PORT |
						 SENDER_SOURCE_PORT | (is_v6 ? 0 : SENDER_IP_ID),
				       .sequence_at = 14 + (is_v6 ? 40 : 20) + 4,
				       .sequence_size = 4 };
	struct sender_options options = { 0 };
	struct sender *sender = NULL;
	struct sender_stats stats;
	struct why why = { { 0 } };
	uint64_t count = 0;
	unsigned number;

	must(argc == 5 && text_to_u64(span_of(argv[4]), UINT32_MAX, &count) == 0,
	     "bench-scan INTERFACE best|xdp|af_xdp|mmsg 4|6 PROBES");
	options.interface = argv[1];
	options.kind = kind_of(argv[2]);
	syn.frame = make_syn(bytes, sizeof bytes, is_v6);
	must(sender_open(&options, &sender, &why) == 0 &&
		     sender_add_template(sender, &syn, &number, &why) == 0,
	     why.text);
	send_all(sender, count, is_v6);
	sender_stats(sender, &stats);
	printf("{\"sender\": \"%s\", \"sent\": %" PRIu64 ", \"refused\": %" PRIu64
	       ", \"full\": %" PRIu64 ", \"is_refused_known\": %s, \"bytes\": %zu}\n",
	       sender_kind_name(sender_kind(sender)), stats.sent, stats.refused, stats.full,
	       stats.is_refused_known ? "true" : "false", syn.frame.len);
	sender_close(&sender);
	return 0;
}
