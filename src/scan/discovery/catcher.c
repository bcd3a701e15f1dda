/* catcher.c - rings on a loop; one message an answer. */
#include "scan/discovery/catcher.h"

#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "scan/discovery/results.h"
#include "sys/channel.h"
#include "sys/net.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define QUEUE_MAX     (32u << 20)
#define STATS_EACH_MS 200
#define BLOCKS_A_TURN 8
#define BODY_MAX      (RESULT_PACKED_SIZE + ADDRESS_SIZE + 1 + CATCHER_PAYLOAD_MAX)

struct catcher;

struct catcher_ring {
	struct catcher *catcher;
	struct packet_ring *ring;
	struct verdict_rules rules;
	struct loop_watch *watch;
};

struct catcher {
	const struct catcher_plan *plan;
	int fd;
	struct loop *loop;
	struct channel *line;
	struct loop_timer *tick;
	struct catcher_ring rings[CATCHER_RINGS_MAX];
	struct catcher_stats stats;
	bool is_paused;
};

static void say_answer(struct catcher *c, const struct answer *answer)
{
	uint8_t body[BODY_MAX];
	uint8_t packed[RESULT_PACKED_SIZE];
	struct writer w = writer_over(body, sizeof body);
	struct result row = result_of_answer(answer);

	result_pack(&row, packed);
	writer_bytes(&w, (struct span){ packed, sizeof packed });
	writer_bytes(&w, (struct span){ answer->reporter.bytes, ADDRESS_SIZE });
	writer_u8(&w, answer->probe);
	writer_bytes(&w, span_first(answer->payload, CATCHER_PAYLOAD_MAX));
	/* there is room: reading pauses at half the queue, and a block is less than the rest */
	(void)(channel_send(c->line, CATCHER_ANSWER, 0, writer_span(&w)) != 0);
}

int catcher_answer_parse(struct span body, struct answer *out)
{
	struct reader r = reader_over(body);
	struct result row;
	struct answer answer = { .rtt_us = -1 };
	struct span reporter;

	if (result_unpack(reader_bytes(&r, RESULT_PACKED_SIZE), &row) != 0) {
		return ERR_MALFORMED;
	}
	reporter = reader_bytes(&r, ADDRESS_SIZE);
	answer.probe = reader_u8(&r);
	answer.payload = reader_rest(&r);
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	answer.address = row.address;
	answer.reporter = address_v6(reporter.ptr);
	answer.port = row.port;
	answer.transport = row.transport;
	answer.state = row.state;
	answer.reason = row.reason;
	answer.icmp_type = row.icmp_type;
	answer.icmp_code = row.icmp_code;
	answer.middlebox = row.middlebox;
	answer.stack = row.stack;
	*out = answer;
	return 0;
}

int catcher_stats_parse(struct span body, struct catcher_stats *out)
{
	struct reader r = reader_over(body);
	struct catcher_stats stats;

	stats.packets = reader_be64(&r);
	stats.drops = reader_be64(&r);
	stats.answers = reader_be64(&r);
	stats.foreign = reader_be64(&r);
	stats.malformed = reader_be64(&r);
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	*out = stats;
	return 0;
}

static void take_frame(void *context, struct span frame)
{
	struct catcher_ring *ring = context;
	struct catcher *c = ring->catcher;
	struct answer answer;
	int error = verdict_of(&ring->rules, frame, &answer);

	if (error == ERR_UNSUPPORTED) {
		c->stats.foreign++;
	} else if (error != 0) {
		c->stats.malformed++;
	} else {
		c->stats.answers++;
		say_answer(c, &answer);
	}
}

static void set_paused(struct catcher *c, bool is_paused)
{
	c->is_paused = is_paused;
	for (size_t i = 0; i < c->plan->ring_count; i++) {
		loop_watch_change(c->rings[i].watch, is_paused ? 0 : LOOP_READ);
	}
}

static void ring_ready(void *context, unsigned events)
{
	struct catcher_ring *ring = context;
	struct catcher *c = ring->catcher;

	(void)events;
	for (unsigned i = 0;
	     i < BLOCKS_A_TURN && packet_ring_read(ring->ring, take_frame, ring) > 0; i++) {
		if (channel_is_congested(c->line)) {
			set_paused(c, true);
			return;
		}
	}
}

static void tick(void *context)
{
	struct catcher *c = context;
	uint8_t body[40];
	struct writer w = writer_over(body, sizeof body);

	c->stats.packets = 0;
	c->stats.drops = 0;
	for (size_t i = 0; i < c->plan->ring_count; i++) {
		struct packet_ring_stats stats;

		packet_ring_stats(c->rings[i].ring, &stats);
		c->stats.packets += stats.packets;
		c->stats.drops += stats.drops;
	}
	writer_be64(&w, c->stats.packets);
	writer_be64(&w, c->stats.drops);
	writer_be64(&w, c->stats.answers);
	writer_be64(&w, c->stats.foreign);
	writer_be64(&w, c->stats.malformed);
	(void)(channel_send(c->line, CATCHER_STATS, 0, writer_span(&w)) != 0);
	loop_timer_arm(c->tick, STATS_EACH_MS);
}

static void line_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	(void)context;
	(void)kind;
	(void)id;
	(void)body;
}

static void line_drained(void *context)
{
	set_paused(context, false);
}

static void line_closed(void *context)
{
	(void)context;
	_exit(0); /* nobody is left to catch for */
}

/* What a kernel does not have is no reason not to scan; what it refuses is. */
static bool is_taken(int error)
{
	return error == 0 || error == ERR_UNSUPPORTED;
}

static int body(void *context)
{
	static const int none[] = { -1 };
	static const struct channel_handler handler = { line_message, line_drained, line_closed };
	struct catcher *c = context;
	struct why why;

	signal(SIGINT, SIG_IGN);
	c->loop = loop_new();
	c->line = channel_new(c->loop, c->fd, QUEUE_MAX, &handler, c);
	for (size_t i = 0; i < c->plan->ring_count; i++) {
		c->rings[i] = (struct catcher_ring){
			.catcher = c,
			.ring = c->plan->rings[i],
			.rules = { c->plan->key, c->plan->link_sizes[i], c->plan->interfaces[i] },
		};
		c->rings[i].watch = loop_watch(c->loop, packet_ring_fd(c->plan->rings[i]),
					       LOOP_READ, ring_ready, &c->rings[i]);
	}
	c->tick = loop_timer(c->loop, tick, c);
	if (!is_taken(sandbox_privileges(none, &why)) ||
	    !is_taken(sandbox_files(NULL, 0, 0, &why)) ||
	    !is_taken(sandbox_calls(SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN, &why))) {
		return 1;
	}
	loop_timer_arm(c->tick, STATS_EACH_MS);
	loop_run(c->loop);
	return 0;
}

int catcher_start(const struct catcher_plan *plan, pid_t *out_pid, int *out_line, struct why *why)
{
	struct catcher c = { .plan = plan };
	int line[2];
	int error = net_pair(line);

	if (error != 0) {
		return why_set(why, error, "no socket pair");
	}
	c.fd = line[1];
	error = process_spawn("scan-receive", body, &c, out_pid);
	close(line[1]);
	if (error != 0) {
		close(line[0]);
		return why_set(why, error, "the receiver's process cannot be started");
	}
	*out_line = line[0];
	return 0;
}
