/* campaign_run.c - one run of a scope, from its first probe to what was not seen any more. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "scan/targets/opt_out.h"
#include "scan/sensor/campaign_parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/pki.h"

#define PASSES         2
#define PORTS_TEXT_MAX FINDER_PORTS_MAX
#define SCAN_BYTES_MAX (4u << 20)

/* Ports of a machine that answers on all of them: more say nothing. */
#define MIDDLEBOX_PORTS 16

/* A confirmation that asks for every port of hosts that had none open is no larger. */
#define CONFIRM_PROBES_MAX 65536

/* Where no server of names answered. */
#define DEAF_RETRY_MS 60000

static void refuse(struct campaign *c, struct course *course, const char *reason)
{
	snprintf(course->reason, sizeof course->reason, "%s", reason);
	course->phase = COURSE_REFUSED;
	course->retry_ms = clock_ms() + COURSE_RETRY_MS;
	log_warn("a scope is not scanned", log_text("scope", course->name),
		 log_text("reason", course->reason));
	campaign_changed(c, TABLE_SCAN_SCOPES);
}

/* --- what is scanned --- */

static char *ports_of(const struct policy_scope *wish)
{
	char *text = alloc_zeroed(1, POLICY_PORTS_MAX * 16 + 16);
	size_t used = 0;

	for (size_t i = 0; i < wish->port_count; i++) {
		used += (size_t)snprintf(text + used, 16, "%u-%u,", wish->ports[i].first,
					 wish->ports[i].last);
	}
	snprintf(text + used, 16, wish->port_count > 0 ? "ping" : "default");
	return text;
}

/* What nobody may scan, and who asked not to be. */
static int take_out(struct course *course, struct why *why)
{
	struct targets *never = finder_never();
	struct targets *opted_out = NULL;
	int error;

	targets_subtract(course->targets, never);
	targets_free(&never);
	error = opt_out_read(OPT_OUT_PATH, &opted_out, why);
	if (error == ERR_NOT_FOUND) {
		return 0;
	}
	if (error == 0) {
		targets_subtract(course->targets, opted_out);
		targets_free(&opted_out);
	}
	return error;
}

static int settle(struct course *course, struct why *why)
{
	struct ports ports;
	int error = targets_settle(course->targets, why);

	error = error == 0 ? take_out(course, why) : error;
	if (error == 0 && targets_count(course->targets) == 0) {
		error = why_set(why, ERR_DENIED,
				course->is_name ? "its name has no address that may be scanned"
						: "none of its addresses may be scanned (reserved, "
						  "loopback, opted out)");
	}
	if (error == 0 && targets_count(course->targets) > COURSE_ADDRESSES_MAX) {
		error = why_set(why, ERR_LIMIT,
				"it has more than %" PRIu64 " addresses, which cannot be visited "
				"one by one: register names, or longer prefixes",
				COURSE_ADDRESSES_MAX);
	}
	free(course->ports);
	course->ports = ports_of(&course->wish);
	if (error == 0) {
		error = ports_parse(span_of(course->ports), &ports, why);
	}
	if (error == 0) {
		course->probes = targets_count(course->targets) * ports.count * PASSES;
		ports_done(&ports);
	}
	return error;
}

void run_digest_ports(const struct policy_scope *wish, uint8_t out[SHA256_SIZE])
{
	OWNED(alloc_free) char *ports = ports_of(wish);

	sha256_of(span_of(ports), out);
}

static void digest_of(const struct course *course, uint8_t out[SHA256_SIZE])
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(course->targets, &count);
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < count; i++) {
		sha256_add(&hash, (struct span){ ranges[i].first.bytes, ADDRESS_SIZE });
		sha256_add(&hash, (struct span){ ranges[i].last.bytes, ADDRESS_SIZE });
	}
	sha256_add(&hash, span_of(course->ports));
	sha256_done(&hash, out);
}

/* --- to the finder --- */

static void tell_finder(struct campaign *c, struct course *course, const struct finder_scan *scan)
{
	struct buffer bytes OWNED(buffer_done);

	buffer_init(&bytes, SCAN_BYTES_MAX);
	if (finder_scan_write(scan, &bytes) != 0) {
		refuse(c, course, "the opt-out list cuts it into too many ranges");
		return;
	}
	c->find_id = ++c->number;
	c->running = course;
	c->running_since_ms = clock_ms();
	course->is_stopping = false;
	if (channel_send(c->finder, FINDER_SCAN, c->find_id, buffer_span(&bytes)) != 0) {
		campaign_lost(c, "finder");
	}
}

static uint64_t rate_of(const struct campaign *c, const struct course *course)
{
	const struct turn turn = { .is_first = course->found->runs == 0 || c->is_once ||
					       course->found->is_hurried,
				   .period_s = course->wish.period_s,
				   .rate = course->wish.rate,
				   .from_minute = course->wish.from_minute,
				   .to_minute = course->wish.to_minute };

	return turn_rate(&turn, course->probes, c->course_count);
}

static void begin_anew(struct course *course, const uint8_t plan[SHA256_SIZE])
{
	struct found_scope *f = course->found;

	f->run++;
	f->is_underway = true;
	f->started_s = clock_wall_ms() / 1000;
	f->probes_now = 0;
	f->left_out = 0;
	course->is_part_only = false;
	mem_copy(f->plan, plan, SHA256_SIZE);
	run_digest_ports(&course->wish, f->ports);
	mem_zero(f->positions, sizeof f->positions);
	pki_random(f->key, sizeof f->key);
}

static void start(struct campaign *c, struct course *course)
{
	struct found_scope *f = course->found;
	struct finder_scan scan = { .targets = course->targets, .ports = course->ports };
	uint8_t plan[SHA256_SIZE];

	digest_of(course, plan);
	if (!f->is_underway || mem_compare(plan, f->plan, sizeof plan) != 0) {
		begin_anew(course, plan);
	}
	f->addresses = targets_count(course->targets);
	scan.rate = rate_of(c, course);
	scan.passes = PASSES;
	mem_copy(scan.key, f->key, sizeof scan.key);
	mem_copy(scan.positions, f->positions, sizeof scan.positions);
	course->phase = COURSE_RUNNING;
	course->reason[0] = '\0';
	log_info("scanning", log_text("scope", course->name), log_number("run", (int64_t)f->run),
		 log_number("addresses", (int64_t)f->addresses),
		 log_number("from", (int64_t)(f->positions[0] + f->positions[1])),
		 log_number("rate", (int64_t)scan.rate));
	tell_finder(c, course, &scan);
	campaign_changed(c, TABLE_SCAN_SCOPES);
}

static void look_up(struct campaign *c, struct course *course)
{
	course->number = ++c->number;
	course->phase = COURSE_NAMING;
	resolver_ask(c->scope_names, course->name, "0", (void *)(uintptr_t)course->number);
}

void run_begin(struct campaign *c, struct course *course)
{
	struct why why = { .text = "" };
	int error;

	targets_free(&course->targets);
	course->targets = targets_new();
	error = targets_add_word(course->targets, span_of(course->name), &why);
	course->is_name = error == ERR_NOT_FOUND;
	if (course->is_name) {
		look_up(c, course);
		return;
	}
	error = error == 0 ? settle(course, &why) : error;
	if (error != 0) {
		refuse(c, course, why.text[0] != '\0' ? why.text : error_text(error));
		return;
	}
	start(c, course);
}

void run_named(struct campaign *c, struct course *course, const struct resolver_answer *answer)
{
	struct why why = { .text = "" };
	int error = 0;

	if (answer->count == 0) {
		refuse(c, course, answer->reason);
		course->retry_ms = answer->is_deaf ? clock_ms() + DEAF_RETRY_MS : course->retry_ms;
		return;
	}
	for (size_t i = 0; i < answer->count && error == 0; i++) {
		char text[NET_TEXT_SIZE];
		struct address address;

		net_host_text(&answer->addresses[i], text);
		if (address_parse(span_of(text), &address) == 0) {
			error = targets_add(course->targets, &address, &address);
		}
	}
	error = error == 0 ? settle(course, &why) : error;
	if (error != 0) {
		refuse(c, course, why.text[0] != '\0' ? why.text : error_text(error));
	} else {
		start(c, course);
	}
}

void run_give_up(struct campaign *c, struct course *course)
{
	if (c->running == course) {
		(void)(channel_send(c->finder, FINDER_GIVE_UP, c->find_id,
				    (struct span){ NULL, 0 }) != 0);
		c->running = NULL;
		c->find_id = 0;
	}
	course->phase = COURSE_WAITING;
}

/* --- from the finder --- */

/* What is found in a scope's first run was there before. */
static void note_change(const struct course *course, struct found_host *host)
{
	if (course->found->runs > 0) {
		host->changed_ms = clock_wall_ms();
	}
}

static void see_host(struct campaign *c, struct course *course, struct found_host *host,
		     const struct result *row)
{
	static const uint8_t none[6] = { 0 };
	bool is_new = host->run == 0;

	host->run = course->found->run;
	host->middlebox |= row->middlebox;
	if (is_new || row->state == PORT_OPEN) {
		host->has_stack = row->stack.window != 0 || host->has_stack;
		if (row->stack.ttl != 0 && row->reason == ANSWER_SYN_ACK) {
			host->stack = row->stack;
		}
	}
	/* what it was seen by first stays: else each run would tell a change */
	if (is_new) {
		host->alive_by = row->reason;
		host->ttl = row->stack.ttl;
		note_change(course, host);
	}
	if (mem_compare(row->mac, none, sizeof none) != 0 &&
	    mem_compare(row->mac, host->mac, sizeof host->mac) != 0) {
		mem_copy(host->mac, row->mac, sizeof host->mac);
		is_new = true;
	}
	if (is_new || row->middlebox != 0) {
		campaign_changed(c, TABLE_SCAN_HOSTS);
	}
}

static void see_port(struct campaign *c, struct course *course, struct found_host *host,
		     const struct result *row, struct span payload)
{
	struct found_port *port = found_port(host, row->transport, row->port);

	if (port == NULL) {
		if ((host->middlebox & MIDDLEBOX_EVERY_PORT) != 0 &&
		    host->port_count >= MIDDLEBOX_PORTS) {
			return;
		}
		port = found_add_port(c->found, course->found, host, row->transport, row->port);
		if (port == NULL) {
			return;
		}
		port->reason = row->reason;
		note_change(course, host);
	}
	port->run = course->found->run;
	if (port->asked_run != course->found->run || course->phase == COURSE_FOLLOWING) {
		ask_queue(c, course->found, host, port, payload);
	}
}

static void take_row(struct campaign *c, struct course *course, struct span body)
{
	struct span payload = body.len > RESULT_PACKED_SIZE ? span_after(body, RESULT_PACKED_SIZE)
							    : (struct span){ NULL, 0 };
	struct found_host *host;
	struct result row;

	if (result_unpack(span_first(body, RESULT_PACKED_SIZE), &row) != 0 ||
	    row.state == PORT_FILTERED || !targets_contains(course->targets, &row.address)) {
		return;
	}
	host = found_add_host(c->found, course->found, &row.address);
	if (host == NULL) {
		return;
	}
	c->is_unsaved = true;
	see_host(c, course, host, &row);
	if (row.state == PORT_OPEN &&
	    (row.transport == TRANSPORT_TCP || row.transport == TRANSPORT_UDP)) {
		see_port(c, course, host, &row, payload);
	}
}

/* --- what was not seen --- */

struct missing {
	struct targets *targets;
	uint8_t ports[2][65536 / 8];
	size_t hosts;
	size_t port_count;
	bool is_silent; /* a host that had no open port */
};

static void miss_port(struct missing *m, const struct found_port *port)
{
	uint8_t *bits = m->ports[port->transport == TRANSPORT_UDP];

	m->port_count += (bits[port->port / 8] >> port->port % 8 & 1) == 0 ? 1 : 0;
	bits[port->port / 8] |= (uint8_t)(1u << port->port % 8);
}

static void find_missing(const struct found_scope *scope, struct missing *m)
{
	for (size_t i = 0; i < scope->host_count; i++) {
		const struct found_host *host = scope->hosts[i];
		bool is_missing = host->run != scope->run;

		m->is_silent = m->is_silent || (is_missing && host->port_count == 0);
		for (size_t k = 0; k < host->port_count; k++) {
			if (host->ports[k].run != scope->run) {
				miss_port(m, &host->ports[k]);
				is_missing = true;
			}
		}
		if (is_missing) {
			m->hosts++;
			(void)(targets_add(m->targets, &host->address, &host->address) != 0);
		}
	}
}

static char *missing_ports(const struct missing *m, const struct course *course)
{
	struct buffer text OWNED(buffer_done);
	char item[16];

	buffer_init(&text, PORTS_TEXT_MAX);
	(void)(buffer_append(&text, span_of("ping")) != 0);
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned port = 1; port < 65536; port++) {
			if ((m->ports[t][port / 8] >> port % 8 & 1) != 0) {
				snprintf(item, sizeof item, ",%s:%u", t == 0 ? "T" : "U", port);
				(void)(buffer_append(&text, span_of(item)) != 0);
			}
		}
	}
	if (m->is_silent &&
	    m->hosts * course->probes <= CONFIRM_PROBES_MAX * targets_count(course->targets)) {
		(void)(buffer_append(&text, span_of(",T:")) != 0);
		(void)(buffer_append(&text, span_of(course->ports)) != 0);
	}
	return alloc_span(buffer_span(&text));
}

/* What was not seen is looked for once more: one lost packet, or two, are no reason to forget it.
 * False where nothing is missing. */
static bool confirm(struct campaign *c, struct course *course)
{
	struct missing *m = alloc_zeroed(1, sizeof *m);
	struct finder_scan scan = { .passes = PASSES };
	struct why why;
	bool is_needed;

	m->targets = targets_new();
	find_missing(course->found, m);
	targets_intersect(m->targets, course->targets);
	is_needed = targets_settle(m->targets, &why) == 0 && targets_count(m->targets) > 0;
	if (is_needed) {
		OWNED(alloc_free) char *ports = missing_ports(m, course);

		scan.targets = m->targets;
		scan.ports = ports;
		scan.rate = course->wish.rate != 0 ? course->wish.rate : TURNS_RATE;
		pki_random(scan.key, sizeof scan.key);
		course->phase = COURSE_CONFIRMING;
		log_info("looking once more for what was not seen", log_text("scope", course->name),
			 log_number("hosts", (int64_t)m->hosts),
			 log_number("ports", (int64_t)m->port_count));
		tell_finder(c, course, &scan);
	}
	targets_free(&m->targets);
	free(m);
	return is_needed;
}

/* A host that stays, of which a port went. */
static void note_gone(struct course *course)
{
	for (size_t i = 0; i < course->found->host_count; i++) {
		struct found_host *host = course->found->hosts[i];

		for (size_t k = 0; k < host->port_count; k++) {
			if (host->ports[k].run != course->found->run) {
				note_change(course, host);
			}
		}
	}
}

/* --- what changed --- */

/* Hosts at once: as many as are probed within a slice. */
static void find_changed(const struct course *course, int64_t now_ms, uint64_t hosts_max,
			 struct targets *out)
{
	uint64_t count = 0;

	for (size_t i = 0; i < course->found->host_count && count < hosts_max; i++) {
		struct found_host *host = course->found->hosts[i];

		if (follow_is_due(course, host, now_ms)) {
			host->followed_ms = now_ms;
			count += targets_add(out, &host->address, &host->address) == 0 ? 1 : 0;
		}
	}
}

bool run_follow(struct campaign *c, struct course *course)
{
	uint64_t rate = course->wish.rate != 0 ? course->wish.rate : TURNS_RATE;
	uint64_t each =
		course->probes / (course->found->addresses > 0 ? course->found->addresses : 1);
	uint64_t most = rate * (TURNS_SLICE_MS / 1000) / (each > 0 ? each : 1);
	struct targets *targets = targets_new();
	struct finder_scan scan = {
		.targets = targets, .ports = course->ports, .rate = rate, .passes = PASSES
	};
	struct why why;
	bool is_any;

	find_changed(course, clock_wall_ms(), most > 0 ? most : 1, targets);
	targets_intersect(targets, course->targets);
	is_any = targets_settle(targets, &why) == 0 && targets_count(targets) > 0;
	if (is_any) {
		pki_random(scan.key, sizeof scan.key);
		course->phase = COURSE_FOLLOWING;
		log_info("looking at what changed", log_text("scope", course->name),
			 log_number("hosts", (int64_t)targets_count(targets)));
		tell_finder(c, course, &scan);
	}
	targets_free(&targets);
	return is_any;
}

static void drop_unseen(struct campaign *c, struct course *course)
{
	size_t dropped = 0;

	/* where there was no way to some of it, nothing is known of what is there */
	if (!course->is_part_only) {
		note_gone(course);
		dropped = found_drop_unseen(c->found, course->found);
	}
	if (dropped > 0) {
		log_info("is not there any more", log_text("scope", course->name),
			 log_number("hosts and ports", (int64_t)dropped));
		for (unsigned t = TABLE_SCAN_HOSTS; t <= TABLE_SCAN_HOST_KEYS; t++) {
			campaign_changed(c, (uint16_t)t);
		}
	}
	course->phase = COURSE_ASKING;
	ask_rest(c, course->found);
	run_look(c, course);
}

static void note(struct found_scope *f, const struct finder_progress *p)
{
	mem_copy(f->positions, p->positions, sizeof f->positions);
	if (p->loss_permille != UINT32_MAX) {
		f->loss_permille = (int32_t)p->loss_permille;
	}
}

static void done(struct campaign *c, struct course *course, const struct finder_progress *p)
{
	struct found_scope *f = course->found;

	c->running = NULL;
	c->find_id = 0;
	f->probes_now += p->sent;
	if (course->phase == COURSE_FOLLOWING) {
		course->phase = COURSE_WAITING;
		return;
	}
	if (course->phase == COURSE_CONFIRMING) {
		if (p->is_complete) {
			drop_unseen(c, course);
		} else {
			course->phase = COURSE_WAITING; /* the rest of the run is cheap now */
		}
		return;
	}
	note(f, p);
	if (p->unreachable > 0) {
		course->is_part_only = true;
		snprintf(course->reason, sizeof course->reason,
			 "%" PRIu64 " of its addresses have no route from here; what was known "
			 "of the scope is kept",
			 p->unreachable);
	}
	if (!p->is_complete) {
		course->phase = COURSE_WAITING;
		campaign_changed(c, TABLE_SCAN_SCOPES);
	} else if (!confirm(c, course) && course->phase == COURSE_RUNNING) {
		drop_unseen(c, course);
	}
}

void run_message(void *campaign, uint8_t kind, uint64_t id, struct span body)
{
	struct campaign *c = campaign;
	struct course *course = c->running;
	struct finder_progress p;

	if (course == NULL || id != c->find_id) {
		return; /* of a scan that was given up */
	}
	c->progress++;
	c->finder_heard_ms = clock_ms();
	if (kind == FINDER_ROW) {
		take_row(c, course, body);
	} else if (kind == FINDER_PROGRESS && finder_progress_read(body, &p) == 0) {
		c->is_finder_heard = true;
		c->is_finder_raw = p.is_raw;
		c->is_unsaved = true;
		log_debug("probing", log_text("scope", course->name),
			  log_number("sent", (int64_t)p.sent),
			  log_number("position", (int64_t)p.positions[LEG_RAW]),
			  log_number("asked", (int64_t)ask_left(c, course->found)));
		if (course->phase == COURSE_RUNNING) {
			note(course->found, &p);
		}
	} else if (kind == FINDER_DONE && finder_progress_read(body, &p) == 0) {
		c->is_finder_heard = true;
		c->is_finder_raw = p.is_raw;
		done(c, course, &p);
	} else if (kind == FINDER_FAILED) {
		char reason[COURSE_REASON_SIZE];

		snprintf(reason, sizeof reason, "%.*s", (int)(body.len < 200 ? body.len : 200),
			 body.len > 0 ? (const char *)body.ptr : "");
		c->running = NULL;
		refuse(c, course, reason);
	}
}

/* --- the end --- */

static void end(struct campaign *c, struct course *course)
{
	struct found_scope *f = course->found;

	f->is_underway = false;
	f->runs++;
	f->ended_s = clock_wall_ms() / 1000;
	f->is_told = false;
	f->probes = f->probes_now;
	course->phase = COURSE_TELLING;
	f->is_hurried = false;
	c->is_saved_now = true;
	log_info("scanned", log_text("scope", course->name), log_number("run", (int64_t)f->run),
		 log_number("hosts", (int64_t)f->host_count),
		 log_number("probes", (int64_t)f->probes));
	campaign_changed(c, TABLE_SCAN_SCOPES);
}

struct telling {
	struct campaign *campaign;
	uint16_t table;
	bool is_told;
};

static void look_told(void *context, struct span row)
{
	struct telling *t = context;

	if (t->is_told) {
		struct rowhash hash = rowhash_of(t->table, row);

		t->is_told = t->campaign->hooks.is_told(t->campaign->context, t->table, &hash);
	}
}

/* Whether the server has every row of the scope. */
static bool is_all_told(struct campaign *c, struct found_scope *scope)
{
	struct found only = { .scopes = { scope }, .scope_count = 1 };
	struct telling t = { c, 0, true };

	for (t.table = TABLE_SCAN_HOSTS; t.table <= TABLE_SCAN_HOST_KEYS && t.is_told; t.table++) {
		found_each_row(&only, t.table, NULL, NULL, look_told, &t);
	}
	return t.is_told;
}

void run_look(struct campaign *c, struct course *course)
{
	if (course->phase == COURSE_ASKING && ask_left(c, course->found) == 0) {
		end(c, course);
	}
	if (course->phase == COURSE_TELLING && is_all_told(c, course->found)) {
		course->found->finished_s = course->found->ended_s;
		course->found->is_told = true;
		course->is_done = true;
		course->phase = COURSE_WAITING;
		c->is_saved_now = true;
		campaign_changed(c, TABLE_SCAN_SCOPES);
	}
}
