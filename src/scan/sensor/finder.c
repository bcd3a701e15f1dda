/* finder.c - its two ends: what is asked, and what is said. */
#include "scan/sensor/finder.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "scan/discovery/catcher.h"
#include "scan/contact.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/line.h"
#include "sys/log.h"
#include "sys/sandbox.h"

/* For answers after the last probe. */
#define WAIT_MS 3000

struct finder {
	struct loop *loop;
	struct channel *line;
	struct contact contact;
	bool is_raw;
	uint64_t id; /* of what is scanned; 0: nothing */
	struct discovery *discovery;
	struct discovery_plan plan;
	struct targets *targets;
	struct ports ports;
	struct results *results;
	struct loop_timer *clear_timer; /* a scan is not freed within its own callback */
};

struct targets *finder_never(void)
{
	static const char *const own[] = { "127.0.0.0/8", "::1" };
	struct targets *never = targets_new();
	struct targets *always = targets_never();
	struct why why;

	(void)(targets_add_all(never, always) != 0);
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		(void)(targets_add_word(never, span_of(own[i]), &why) != 0);
	}
	/* more addresses than could be scanned: only its ranges matter */
	(void)(targets_settle(never, NULL) != 0);
	targets_free(&always);
	return never;
}

/* --- messages --- */

int finder_scan_write(const struct finder_scan *scan, struct buffer *out)
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(scan->targets, &count);
	struct span ports = span_of(scan->ports);
	uint8_t head[8 + 4 + DISCOVERY_KEY_SIZE + 8 * DISCOVERY_LEGS + 8];
	struct writer w = writer_over(head, sizeof head);
	int error;

	if (count > FINDER_RANGES_MAX || ports.len > FINDER_PORTS_MAX) {
		return ERR_LIMIT;
	}
	writer_be64(&w, scan->rate);
	writer_be32(&w, scan->passes);
	writer_bytes(&w, (struct span){ scan->key, sizeof scan->key });
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		writer_be64(&w, scan->positions[i]);
	}
	writer_be32(&w, (uint32_t)ports.len);
	writer_be32(&w, (uint32_t)count);
	error = buffer_append(out, writer_span(&w));
	error = error == 0 ? buffer_append(out, ports) : error;
	for (size_t i = 0; i < count && error == 0; i++) {
		error = buffer_append(out, (struct span){ ranges[i].first.bytes, ADDRESS_SIZE });
		error = error == 0 ? buffer_append(out, (struct span){ ranges[i].last.bytes,
								       ADDRESS_SIZE })
				   : error;
	}
	return error;
}

static struct address take_address(struct reader *r)
{
	struct span bytes = reader_bytes(r, ADDRESS_SIZE);
	struct address address = { { 0 } };

	if (bytes.len == ADDRESS_SIZE) {
		mem_copy(address.bytes, bytes.ptr, ADDRESS_SIZE);
	}
	return address;
}

static void progress_write(const struct finder_progress *p, struct writer *w)
{
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		writer_be64(w, p->positions[i]);
	}
	writer_be64(w, p->sent);
	writer_be64(w, p->ring_drops);
	writer_be64(w, p->unreachable);
	writer_be32(w, p->loss_permille);
	writer_u8(w, p->is_complete);
	writer_u8(w, p->is_raw);
}

int finder_progress_read(struct span body, struct finder_progress *out)
{
	struct reader r = reader_over(body);
	struct finder_progress p;

	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		p.positions[i] = reader_be64(&r);
	}
	p.sent = reader_be64(&r);
	p.ring_drops = reader_be64(&r);
	p.unreachable = reader_be64(&r);
	p.loss_permille = reader_be32(&r);
	p.is_complete = reader_u8(&r) != 0;
	p.is_raw = reader_u8(&r) != 0;
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	*out = p;
	return 0;
}

/* --- scanning --- */

static void clear(void *context)
{
	struct finder *f = context;

	/* the next scan may have been asked for before the last one was cleared away */
	loop_timer_disarm(f->clear_timer);
	discovery_free(&f->discovery);
	targets_free(&f->targets);
	ports_done(&f->ports);
	f->ports = (struct ports){ 0 };
	results_free(&f->results);
	f->id = 0;
}

static void say(struct finder *f, uint8_t kind, struct span body)
{
	if (channel_send(f->line, kind, f->id, body) != 0) {
		_exit(1); /* answers would be lost unseen: the observer starts everything anew */
	}
}

static void on_row(void *context, const struct result *row, struct span payload)
{
	uint8_t body[RESULT_PACKED_SIZE + CATCHER_PAYLOAD_MAX];
	struct writer w = writer_over(body, sizeof body);

	result_pack(row, body);
	(void)writer_reserve(&w, RESULT_PACKED_SIZE);
	writer_bytes(&w, span_first(payload, CATCHER_PAYLOAD_MAX));
	say(context, FINDER_ROW, writer_span(&w));
}

static void say_progress(struct finder *f, uint8_t kind, const struct finder_progress *p)
{
	uint8_t bytes[FINDER_PROGRESS_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	progress_write(p, &w);
	say(f, kind, writer_span(&w));
}

static void on_progress(void *context, const struct discovery_progress *progress)
{
	struct finder *f = context;
	struct finder_progress p = { .sent = progress->sent,
				     .ring_drops = progress->ring_drops,
				     .loss_permille = UINT32_MAX,
				     .is_raw = f->is_raw };

	discovery_safe_positions(f->discovery, p.positions);
	say_progress(f, FINDER_PROGRESS, &p);
}

static void on_done(void *context, const struct discovery_report *report)
{
	struct finder *f = context;
	struct finder_progress p = { .sent = report->progress.sent,
				     .ring_drops = report->progress.ring_drops,
				     .unreachable = report->unreachable,
				     .loss_permille = UINT32_MAX,
				     .is_complete = report->is_complete,
				     .is_raw = f->is_raw };

	if (report->error != 0) {
		say(f, FINDER_FAILED, span_of(report->reason));
		loop_timer_arm(f->clear_timer, 0);
		return;
	}
	mem_copy(p.positions, report->positions, sizeof p.positions);
	if (report->estimate.loss >= 0) {
		p.loss_permille = (uint32_t)(report->estimate.loss * 1000 + 0.5);
	}
	say_progress(f, FINDER_DONE, &p);
	loop_timer_arm(f->clear_timer, 0);
}

static int read_scan(struct finder *f, struct span body, struct why *why)
{
	struct reader r = reader_over(body);
	struct targets *never = finder_never();
	struct span key;
	struct span ports;
	uint32_t ports_len;
	uint32_t ranges;
	int error = 0;

	f->plan = (struct discovery_plan){ .shard_count = 1,
					   .wait_ms = WAIT_MS,
					   .sender = SENDER_MMSG,
					   .is_connect_only = !f->is_raw,
					   .is_third_pass_allowed = true,
					   .contact = &f->contact };
	f->plan.rate = reader_be64(&r);
	f->plan.passes = reader_be32(&r);
	key = reader_bytes(&r, DISCOVERY_KEY_SIZE);
	mem_copy(f->plan.key, key.ptr, key.len);
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		f->plan.positions[i] = reader_be64(&r);
	}
	ports_len = reader_be32(&r);
	ranges = reader_be32(&r);
	ports = reader_bytes(&r, ports_len);
	f->targets = targets_new();
	for (uint32_t i = 0; i < ranges && error == 0 && reader_ok(&r); i++) {
		struct address first = take_address(&r);
		struct address last = take_address(&r);

		error = targets_add(f->targets, &first, &last);
	}
	error = error == 0 && !reader_done(&r) ? ERR_MALFORMED : error;
	error = error == 0 ? targets_settle(f->targets, why) : error;
	targets_subtract(f->targets, never);
	targets_free(&never);
	if (error == 0 && targets_count(f->targets) == 0) {
		error = why_set(why, ERR_DENIED, "every address of it is never scanned");
	}
	return error == 0 ? ports_parse(ports, &f->ports, why) : error;
}

static void start(struct finder *f, uint64_t id, struct span body)
{
	static const struct discovery_events events = { on_row, on_progress, on_done };
	struct why why = { .text = "" };
	int error;

	clear(f);
	f->id = id;
	error = read_scan(f, body, &why);
	if (error == 0) {
		f->plan.targets = f->targets;
		f->plan.ports = &f->ports;
		f->results = results_new();
		error = discovery_start(f->loop, &f->plan, f->results, &events, f, &f->discovery,
					&why);
	}
	if (error != 0) {
		say(f, FINDER_FAILED, span_of(why.text[0] != '\0' ? why.text : error_text(error)));
		clear(f);
	}
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct finder *f = context;

	switch (kind) {
	case FINDER_SCAN:
		start(f, id, body);
		break;
	case FINDER_STOP:
		if (f->discovery != NULL && id == f->id) {
			discovery_stop(f->discovery);
		}
		break;
	case FINDER_GIVE_UP:
		clear(f);
		break;
	default:
		break;
	}
}

static void on_closed(void *context)
{
	(void)context;
	_exit(0); /* the observer is gone */
}

static int confine(struct why *why)
{
	static const struct sandbox_path paths[] = { { "/proc/self/net", false } };
	const int keep[] = { CAP_NET_RAW, -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), -1, why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the connector says so */
	}
	if (error == 0) {
		error = sandbox_never(why); /* its children narrow that down to nothing */
	}
	return error == ERR_UNSUPPORTED ? 0 : error;
}

static int finder_process(void *context)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	const struct line_child *child = context;
	struct finder f = { .contact = contact_default };
	struct why why;

	log_open("finder", LOG_INFO);
	(void)(contact_parse(child->own, &f.contact, &why) != 0); /* it was parsed before */
	f.is_raw = sandbox_has(CAP_NET_RAW);
	f.loop = loop_new();
	f.clear_timer = loop_timer(f.loop, clear, &f);
	f.line = channel_new(f.loop, child->fd, LINE_QUEUE_MAX, &handler, &f);
	if (confine(&why) != 0) {
		log_error("cannot confine", log_text("reason", why.text));
		return 1;
	}
	if (!f.is_raw) {
		log_warn("ordinary connections are made in place of raw packets: hosts are seen "
			 "by their ports alone",
			 log_text("reason", "no CAP_NET_RAW"));
	}
	loop_run(f.loop);
	return 0;
}

int finder_start(const char *contact, int *out_line, struct why *why)
{
	return line_start("scan-find", finder_process, contact, NULL, out_line, why);
}
