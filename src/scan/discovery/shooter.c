/* shooter.c - a hot loop: no allocation, one look at the clock and the control line a batch. */
#include "scan/discovery/shooter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "scan/discovery/frame.h"
#include "scan/probes/probe.h"
#include "scan/send/rate.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/sandbox.h"

enum { SAY_RATE = 1, SAY_STOP = 2, SAY_PASS = 3, SAY_PROBE = 4 };

#define BATCH          1024
#define STATUS_EACH_US 100000
#define MESSAGE_MAX    32

/* Control probes that wait for the rate; more wait on the line. */
#define CONTROLS_MAX 1024
#define STUCK_US     5000000
#define NAP_MAX_US   5000

/* A link that goes down comes back within this, or the scan ends and can be resumed. */
#define LINK_US 20000000

struct queue {
	struct sender *sender;
	size_t count;
	struct sender_probe probes[BATCH];
};

struct shooter {
	const struct shooter_plan *plan;
	int control;
	bool is_stopped;
	unsigned passes;
	struct rate rate;
	int64_t told_us;
	struct shooter_status status;
	struct queue *queues; /* one a sender */
	size_t queue_count;
	unsigned queue_of[WAYS_MAX];
	uint16_t *templates; /* [way][port] */
	struct {
		struct address address;
		uint16_t port;
	} controls[CONTROLS_MAX];
	size_t control_first;
	size_t control_count;
	uint64_t asked; /* questions to neighbours, sent before */
};

static void say_status(struct shooter *s)
{
	uint8_t bytes[SHOOTER_STATUS_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	const struct sender *shown = s->queues[0].sender;
	struct sender_stats stats;

	s->status.sent = 0;
	s->status.refused = 0;
	for (size_t i = 0; i < s->queue_count; i++) {
		sender_stats(s->queues[i].sender, &stats);
		s->status.sent += stats.sent;
		s->status.refused += stats.refused;
		if (sender_fallen(s->queues[i].sender)[0] != '\0') {
			shown = s->queues[i].sender;
		}
	}
	s->status.sent -= s->asked;
	writer_be64(&w, s->status.position);
	writer_be64(&w, s->status.sent);
	writer_be64(&w, s->status.refused);
	writer_be64(&w, s->status.skipped);
	writer_u8(&w, s->status.is_waiting ? 1 : 0);
	writer_u8(&w, s->status.has_failed ? 1 : 0);
	writer_u8(&w, s->status.is_link_down ? 1 : 0);
	writer_u8(&w, (uint8_t)sender_kind(shown));
	writer_bytes(&w, span_first(span_of(sender_fallen(shown)), SHOOTER_FALLEN_SIZE - 1));
	(void)send(s->control, bytes, writer_used(&w), MSG_NOSIGNAL);
	s->told_us = clock_us();
}

int shooter_status_parse(struct span bytes, struct shooter_status *out)
{
	struct reader r = reader_over(bytes);
	struct shooter_status status = { .fallen = "" };
	struct span fallen;

	status.position = reader_be64(&r);
	status.sent = reader_be64(&r);
	status.refused = reader_be64(&r);
	status.skipped = reader_be64(&r);
	status.is_waiting = reader_u8(&r) != 0;
	status.has_failed = reader_u8(&r) != 0;
	status.is_link_down = reader_u8(&r) != 0;
	status.sender = reader_u8(&r);
	fallen = reader_rest(&r);
	if (!reader_ok(&r) || fallen.len >= sizeof status.fallen) {
		return ERR_MALFORMED;
	}
	mem_copy(status.fallen, fallen.ptr, fallen.len);
	*out = status;
	return 0;
}

static void nap(int64_t us)
{
	struct timespec wait = { .tv_nsec = (long)(us * 1000) };

	(void)nanosleep(&wait, NULL);
}

/* Until the rate allows for more. Where that is long, somebody may have something to say. */
static void rest(const struct shooter *s, int64_t us)
{
	struct pollfd line = { .fd = s->control, .events = POLLIN };

	if (us <= NAP_MAX_US) {
		nap(us < 1 ? 1 : us);
	} else {
		(void)poll(&line, 1,
			   us < STATUS_EACH_US ? (int)(us / 1000) : STATUS_EACH_US / 1000);
	}
}

static void take_control(struct shooter *s, struct reader *r)
{
	size_t at = (s->control_first + s->control_count) % CONTROLS_MAX;
	struct span bytes = reader_bytes(r, ADDRESS_SIZE);

	s->controls[at].port = reader_be16(r);
	if (reader_done(r)) {
		s->controls[at].address = address_v6(bytes.ptr);
		s->control_count++;
	}
}

/* All that was said to us. */
static void obey(struct shooter *s)
{
	uint8_t bytes[MESSAGE_MAX];
	ssize_t got = -1;

	while (s->control_count < CONTROLS_MAX &&
	       (got = recv(s->control, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
		struct reader r = reader_over((struct span){ bytes, (size_t)got });

		switch (reader_u8(&r)) {
		case SAY_RATE:
			rate_set(&s->rate, reader_be64(&r), 1000 * clock_us());
			break;
		case SAY_STOP:
			s->is_stopped = true;
			break;
		case SAY_PASS:
			s->passes++;
			break;
		case SAY_PROBE:
			take_control(s, &r);
			break;
		default:
			break;
		}
	}
	if (got == 0) {
		_exit(0); /* nobody is left to send for */
	}
}

/* Nothing went: until when it may be tried again depends on what the sender says. */
static void wait_for_sender(struct shooter *s, struct sender *sender, int error, int64_t *until)
{
	bool was_down = s->status.is_link_down;

	s->status.is_link_down = error == ERR_IO;
	if (s->status.is_link_down && !was_down) {
		*until = clock_us() + LINK_US;
	}
	if (clock_us() > *until) {
		/* a rung that takes nothing and says nothing is left; a link is waited for no more
		 */
		s->status.has_failed = error != 0 || !sender_give_up(sender);
		*until = clock_us() + STUCK_US;
	}
	s->status.has_failed = s->status.has_failed || error == ERR_NOT_FOUND;
	if (error == 0) {
		nap(50); /* the queue is full */
		return;
	}
	nap(NAP_MAX_US);
	if (clock_us() - s->told_us > STATUS_EACH_US) {
		say_status(s);
	}
	obey(s);
	s->status.has_failed = s->status.has_failed || s->is_stopped;
}

/* Until count probes and all that the sender holds back are on the wire, or it has failed. */
static void push(struct shooter *s, struct sender *sender, const struct sender_probe *what,
		 size_t count)
{
	int64_t until = clock_us() + STUCK_US;
	struct sender_stats stats;
	size_t done = 0;

	while (!s->status.has_failed) {
		size_t sent = 0;
		int error = sender_send(sender, what + done, count - done, &sent);

		done += sent;
		if (count == 0) {
			sender_stats(sender, &stats);
		}
		if (error == 0 && done == count && (count > 0 || stats.pending == 0)) {
			break;
		}
		if (sent > 0) {
			until = clock_us() + STUCK_US;
			s->status.is_link_down = false;
		} else {
			wait_for_sender(s, sender, error, &until);
		}
	}
	s->status.is_link_down = s->status.is_link_down && s->status.has_failed;
}

static void flush(struct shooter *s, struct queue *queue)
{
	push(s, queue->sender, queue->probes, queue->count);
	queue->count = 0;
}

static void flush_all(struct shooter *s)
{
	for (size_t i = 0; i < s->queue_count; i++) {
		flush(s, &s->queues[i]);
	}
}

static void put(struct shooter *s, const struct address *address, struct port port,
		uint16_t const *template_of_way, unsigned pass)
{
	const struct way *way = ways_of(s->plan->ways, address);
	struct address bare = address_bare(address);
	struct span bytes = address_bytes(&bare);
	const uint8_t *mac = NULL;
	struct sender_probe *probe;
	struct cookie cookie;
	struct queue *queue;
	size_t number;

	if (way == NULL || way->is_dead ||
	    (way->is_neighbours && (mac = neighbours_mac(s->plan->neighbours, address)) == NULL)) {
		s->status.skipped++;
		return;
	}
	number = (size_t)(way - s->plan->ways->items);
	queue = &s->queues[s->queue_of[number]];
	cookie = cookie_of(&s->plan->key, address, port.transport, port.number, pass);
	probe = &queue->probes[queue->count++];
	*probe = (struct sender_probe){
		.sequence = probe_cookie(cookie.sequence, port.question),
		.destination_port = port.number,
		.source_port = cookie.source_port,
		.ip_id = cookie.ip_id,
		.template = template_of_way[number * s->plan->ports->count],
	};
	mem_copy(probe->destination, bytes.ptr, bytes.len);
	if (mac != NULL) {
		mem_copy(probe->mac, mac, sizeof probe->mac);
	}
	if (queue->count == BATCH) {
		flush(s, queue);
	}
}

static void put_position(struct shooter *s, uint64_t position)
{
	const struct shooter_plan *plan = s->plan;
	uint64_t pass = position / plan->shard_size;
	uint64_t place = position % plan->shard_size * plan->shard_count + plan->shard;
	uint64_t index = permutation_at(plan->order, place);
	size_t port = (size_t)(index % plan->ports->count);
	struct address address = targets_at(plan->targets, index / plan->ports->count);

	put(s, &address, plan->ports->items[port], s->templates + port,
	    pass < COOKIE_PASSES - 1 ? (unsigned)pass : COOKIE_PASSES - 2);
}

/* TCP to an address that answered, so the list of ports has one of TCP. */
static void put_control(struct shooter *s)
{
	size_t at = s->control_first;

	s->control_first = (at + 1) % CONTROLS_MAX;
	s->control_count--;
	for (size_t i = 0; i < s->plan->ports->count; i++) {
		if (s->plan->ports->items[i].transport == TRANSPORT_TCP) {
			put(s, &s->controls[at].address,
			    (struct port){ TRANSPORT_TCP, s->controls[at].port, 0 },
			    s->templates + i, COOKIE_PASSES - 1);
			return;
		}
	}
}

/* Sends what the rate allows, control probes first; false where there is nothing to send. */
static bool shoot(struct shooter *s)
{
	uint64_t end = s->plan->shard_size * s->passes;
	uint64_t left = end - s->status.position + s->control_count;
	unsigned wanted = left < BATCH ? (unsigned)left : BATCH;
	unsigned count;

	if (s->is_stopped || s->status.has_failed || left == 0) {
		for (size_t i = 0; i < s->queue_count; i++) {
			push(s, s->queues[i].sender, NULL, 0); /* what it holds back */
		}
		return false;
	}
	count = rate_take(&s->rate, wanted, 1000 * clock_us());
	if (count == 0) {
		int64_t wait_us = rate_wait_ns(&s->rate, wanted, 1000 * clock_us()) / 1000;

		rest(s, wait_us);
		return true;
	}
	for (; count > 0 && s->control_count > 0; count--) {
		put_control(s);
	}
	for (unsigned i = 0; i < count; i++) {
		put_position(s, s->status.position + i);
	}
	flush_all(s);
	if (!s->status.has_failed) { /* else all of it is sent again by whoever goes on */
		s->status.position += count;
	}
	return true;
}

static int run(void *context)
{
	struct shooter *s = context;

	say_status(s);
	s->asked = s->status.sent;
	rate_init(&s->rate, s->plan->rate, 1000 * clock_us());
	for (;;) {
		bool was_waiting = s->status.is_waiting;

		obey(s);
		s->status.is_waiting = !shoot(s) || s->status.has_failed;
		if (s->status.is_waiting != was_waiting ||
		    clock_us() - s->told_us > STATUS_EACH_US) {
			say_status(s);
		}
		if (s->status.is_waiting) {
			struct pollfd line = { .fd = s->control, .events = POLLIN };

			(void)poll(&line, 1, STATUS_EACH_US / 1000);
		}
	}
	return 0;
}

static int body(void *context)
{
	static const int none[] = { -1 };
	struct why why;
	int error;

	signal(SIGINT, SIG_IGN); /* a terminal tells all of us; our parent decides */
	/* bpf() is needed for each batch of live frames, so that the narrow sets do not fit */
	if (sandbox_privileges(none, &why) != 0) {
		return 1;
	}
	error = sandbox_never(&why);
	if (error != 0 && error != ERR_UNSUPPORTED) {
		return 1;
	}
	return run(context);
}

/* Where the template is that a port shares with others; NULL where it has one of its own. */
static int *shared_by(const struct port *port, int *tcp, int *empty)
{
	if (port->transport == TRANSPORT_TCP) {
		return tcp;
	}
	return port->transport == TRANSPORT_UDP &&
			       probe_question(port->number, port->question)->payload_len == 0
		       ? empty
		       : NULL;
}

static int add_templates(struct shooter *s, const struct way *way, size_t number, struct why *why)
{
	const struct ports *ports = s->plan->ports;
	struct sender *sender = s->plan->senders[number];
	struct frame_link link = {
		.link_size = sender_link_size(sender),
		.is_mac_varied = way->is_neighbours,
		.source_v4 = way->source,
		.source_v6 = way->source,
		.contact = s->plan->contact,
	};
	const uint8_t *gateway = neighbours_mac(s->plan->neighbours, &way->gateway);
	int tcp = -1;
	int empty = -1; /* of UDP without a question: one for all ports, as of TCP */

	mem_copy(link.mac, way->mac, sizeof link.mac);
	if (gateway != NULL) {
		mem_copy(link.next, gateway, sizeof link.next);
	}
	for (size_t i = 0; i < ports->count; i++) {
		uint8_t bytes[SENDER_FRAME_MAX];
		struct sender_template template;
		int *shared = shared_by(&ports->items[i], &tcp, &empty);
		unsigned made = shared != NULL ? (unsigned)*shared : 0;

		if (shared == NULL || *shared < 0) {
			int error;

			frame_template(&link, way->is_v6, ports->items[i], bytes, &template);
			error = sender_add_template(sender, &template, &made, why);
			if (error != 0) {
				return error;
			}
		}
		if (shared != NULL) {
			*shared = (int)made;
		}
		s->templates[number * ports->count + i] = (uint16_t)made;
	}
	return 0;
}

static void find_queues(struct shooter *s)
{
	const struct ways *ways = s->plan->ways;

	s->queues = alloc_zeroed(ways->count, sizeof *s->queues);
	for (size_t i = 0; i < ways->count; i++) {
		size_t k = 0;

		while (k < s->queue_count && s->queues[k].sender != s->plan->senders[i]) {
			k++;
		}
		s->queues[k].sender = s->plan->senders[i];
		s->queue_count = k == s->queue_count ? k + 1 : s->queue_count;
		s->queue_of[i] = (unsigned)k;
	}
}

int shooter_start(const struct shooter_plan *plan, pid_t *out_pid, int *out_control,
		  struct why *why)
{
	struct shooter s = {
		.plan = plan,
		.passes = plan->passes,
		.status = { .position = plan->position },
	};
	int line[2];
	int error = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) != 0) {
		return why_set(why, ERR_IO, "no socket pair");
	}
	s.control = line[1];
	s.templates = alloc_zeroed(plan->ways->count * plan->ports->count, sizeof *s.templates);
	find_queues(&s);
	for (size_t i = 0; i < plan->ways->count && error == 0; i++) {
		error = add_templates(&s, &plan->ways->items[i], i, why);
	}
	if (error == 0) {
		/* our own end must not live on in the child: its closing is how it learns of ours
		 */
		int parent_end = line[0];

		error = process_spawn("scan-send", body, &s, out_pid);
		if (error != 0) {
			(void)why_set(why, error, "the sender's process cannot be started");
		} else {
			*out_control = parent_end;
		}
	}
	close(line[1]);
	if (error != 0) {
		close(line[0]);
	}
	free(s.templates);
	free(s.queues);
	return error;
}

static bool tell(int control, uint8_t what, struct span bytes, int flags)
{
	uint8_t message[MESSAGE_MAX];
	struct writer w = writer_over(message, sizeof message);

	writer_u8(&w, what);
	writer_bytes(&w, bytes);
	return send(control, message, writer_used(&w), MSG_NOSIGNAL | flags) > 0;
}

void shooter_set_rate(int control, uint64_t rate)
{
	uint8_t bytes[8];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_be64(&w, rate);
	(void)tell(control, SAY_RATE, writer_span(&w), 0);
}

void shooter_stop(int control)
{
	(void)tell(control, SAY_STOP, (struct span){ NULL, 0 }, 0);
}

void shooter_add_pass(int control)
{
	(void)tell(control, SAY_PASS, (struct span){ NULL, 0 }, 0);
}

bool shooter_probe(int control, const struct address *address, uint16_t port)
{
	uint8_t bytes[ADDRESS_SIZE + 2];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_bytes(&w, (struct span){ address->bytes, ADDRESS_SIZE });
	writer_be16(&w, port);
	return tell(control, SAY_PROBE, writer_span(&w), MSG_DONTWAIT);
}
