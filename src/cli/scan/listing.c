/* listing.c - rows are sorted by number, never by arrival. */
#include "cli/scan/listing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scan/listing_service.h"
#include "formats/oui.h"
#include "sys/alloc.h"

/* An address, with its rows in a row. */
struct host {
	const struct result *const *rows;
	size_t count;
	bool is_every_port;
};

static int by_address(const void *a, const void *b)
{
	const struct result *x = *(const struct result *const *)a;
	const struct result *y = *(const struct result *const *)b;
	int order = address_compare(&x->address, &y->address);

	if (order != 0) {
		return order;
	}
	if (x->transport != y->transport) {
		return x->transport < y->transport ? -1 : 1;
	}
	return x->port < y->port ? -1 : x->port > y->port ? 1 : 0;
}

static const struct result **sorted(const struct results *results)
{
	size_t count = results_count(results);
	const struct result **rows = alloc_zeroed(count + 1, sizeof *rows);

	for (size_t i = 0; i < count; i++) {
		rows[i] = results_at(results, i);
	}
	if (count > 0) {
		qsort(rows, count, sizeof *rows, by_address);
	}
	return rows;
}

/* The host that begins at a row; false at the end. */
static bool next_host(const struct result *const *rows, size_t count, size_t *at, struct host *out)
{
	size_t begin = *at;

	if (begin >= count) {
		return false;
	}
	*out = (struct host){ .rows = rows + begin };
	while (*at < count && address_equal(&rows[*at]->address, &rows[begin]->address)) {
		out->is_every_port =
			out->is_every_port || (rows[*at]->middlebox & MIDDLEBOX_EVERY_PORT) != 0;
		(*at)++;
	}
	out->count = *at - begin;
	return true;
}

static bool is_listed(const struct listing *listing, const struct result *row)
{
	return listing->is_all || row->state == PORT_OPEN || row->state == PORT_HOST;
}

static bool is_up(const struct host *host)
{
	for (size_t i = 0; i < host->count; i++) {
		if (host->rows[i]->state != PORT_FILTERED) {
			return true;
		}
	}
	return false;
}

static size_t open_ports(const struct host *host)
{
	size_t count = 0;

	for (size_t i = 0; i < host->count; i++) {
		count += host->rows[i]->state == PORT_OPEN ? 1 : 0;
	}
	return count;
}

static void reason_text(const struct result *row, char *out, size_t size)
{
	if (row->reason == ANSWER_ICMP && (row->icmp_type != 0 || row->icmp_code != 0)) {
		snprintf(out, size, "icmp %u/%u", row->icmp_type, row->icmp_code);
	} else {
		snprintf(out, size, "%s", answer_reason_text(row->reason));
	}
}

static const char *note_of(const struct result *row)
{
	return (row->middlebox & MIDDLEBOX_WINDOW_ZERO) != 0  ? "window 0: maybe a proxy"
	       : (row->middlebox & MIDDLEBOX_NO_OPTIONS) != 0 ? "no options: maybe a proxy"
							      : "";
}

static void mac_text(const struct result *row, char out[18])
{
	snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", row->mac[0], row->mac[1], row->mac[2],
		 row->mac[3], row->mac[4], row->mac[5]);
}

static void add_note(const struct listing *listing, struct sheet *sheet, const struct result *row)
{
	struct span maker = makers_find(listing->makers, row->mac);
	char text[24 + OUI_NAME_MAX];
	char mac[18];

	if (row->transport != TRANSPORT_LINK) {
		sheet_text(sheet, span_of(note_of(row)));
		return;
	}
	mac_text(row, mac);
	snprintf(text, sizeof text, "%s%s%.*s", mac, maker.len > 0 ? ", " : "", (int)maker.len,
		 maker.len > 0 ? (const char *)maker.ptr : "");
	sheet_text(sheet, span_of(text));
}

static void add_number(struct sheet *sheet, uint64_t number, bool is_known)
{
	char text[24] = "";

	if (is_known) {
		snprintf(text, sizeof text, "%" PRIu64, number);
	}
	sheet_text(sheet, span_of(text));
}

/* What system and device stand behind an address, of all that its ports said. */
static void guess_of(const struct listing *listing, const struct host *host,
		     struct device_guess *out)
{
	struct device device;
	struct service s;
	bool has_stack = false;

	device_init(&device);
	for (size_t i = 0; i < host->count; i++) {
		const struct result *row = host->rows[i];

		if (!has_stack && row->reason == ANSWER_SYN_ACK && row->middlebox == 0) {
			has_stack = true;
			device_add_stack(&device, &row->stack,
					 host->is_every_port ? MIDDLEBOX_EVERY_PORT : 0);
		}
		if (!services_get(listing->services, results_number(listing->results, row), &s)) {
			continue;
		}
		for (unsigned k = 0; k < s.system_count; k++) {
			device_add_claim(&device, false, &s.systems[k]);
		}
		for (unsigned k = 0; k < s.hardware_count; k++) {
			device_add_claim(&device, true, &s.hardware[k]);
		}
	}
	device_guess(&device, out);
}

static void add_state(struct sheet *sheet, const struct result *row)
{
	char text[128];

	address_text(&row->address, text);
	sheet_text(sheet, span_of(text));
	add_number(sheet, row->port, row->state != PORT_HOST && row->transport != TRANSPORT_ICMP);
	sheet_text(sheet, span_of(transport_text(row->transport)));
	sheet_text(sheet, span_of(port_state_text(row->state)));
}

static void add_packet(struct sheet *sheet, const struct result *row)
{
	char text[128];

	add_number(sheet, row->stack.ttl, row->stack.ttl != 0);
	add_number(sheet, row->stack.window, row->reason == ANSWER_SYN_ACK);
	answer_order_text(&row->stack, text, sizeof text);
	sheet_text(sheet, span_of(text));
}

static void add_guess(struct sheet *sheet, const struct device_part *part)
{
	char text[LISTING_GUESS_SIZE];

	listing_guess_text(part, text);
	sheet_text(sheet, span_of(text));
}

/* guess is shown once a host on a terminal, and with each row for programs. */
static void add_identified(const struct listing *listing, struct sheet *sheet,
			   const struct result *row, const struct device_guess *guess,
			   enum output output)
{
	struct service s;
	bool is_known = services_get(listing->services, results_number(listing->results, row), &s);
	bool is_short = output == OUTPUT_TABLE;
	char text[128];

	add_state(sheet, row);
	listing_service_cells(sheet, is_known ? &s : NULL);
	if (!is_short) {
		listing_service_more_cells(sheet, is_known ? &s : NULL);
	}
	add_guess(sheet, &guess->os);
	add_guess(sheet, &guess->hardware);
	listing_banner_cell(sheet, is_known ? &s : NULL, is_short);
	if (!is_short) {
		reason_text(row, text, sizeof text);
		sheet_text(sheet, span_of(text));
		add_packet(sheet, row);
	}
	add_note(listing, sheet, row);
}

static void add_row(const struct listing *listing, struct sheet *sheet, const struct result *row)
{
	char text[128];

	add_state(sheet, row);
	reason_text(row, text, sizeof text);
	sheet_text(sheet, span_of(text));
	add_packet(sheet, row);
	add_note(listing, sheet, row);
}

static void add_every_port(struct sheet *sheet, const struct host *host, size_t columns)
{
	char text[96];

	address_text(&host->rows[0]->address, text);
	sheet_text(sheet, span_of(text));
	sheet_text(sheet, span_of(""));
	sheet_text(sheet, span_of("tcp"));
	sheet_text(sheet, span_of("every port"));
	snprintf(text, sizeof text, "%zu answered", open_ports(host));
	for (size_t i = 4; i < columns - 1; i++) {
		sheet_text(sheet, span_of(i == 4 ? text : ""));
	}
	sheet_text(sheet, span_of("answers a port nobody uses: a middlebox, no list of services"));
}

static void add_host(const struct listing *listing, struct sheet *sheet, const struct host *host,
		     enum output output)
{
	const struct device_guess nothing = { .hops = -1 };
	struct device_guess guess = nothing;
	bool is_first = true;

	if (listing->services != NULL) {
		guess_of(listing, host, &guess);
	}
	for (size_t i = 0; i < host->count; i++) {
		if (!is_listed(listing, host->rows[i])) {
			continue;
		}
		if (listing->services == NULL) {
			add_row(listing, sheet, host->rows[i]);
		} else {
			add_identified(listing, sheet, host->rows[i],
				       is_first || output != OUTPUT_TABLE ? &guess : &nothing,
				       output);
		}
		is_first = false;
	}
}

static void print_sheet(const struct listing *listing, enum output output)
{
	static const char *const plain[] = { "address", "port",   "transport", "state", "reason",
					     "ttl",     "window", "options",   "note",  NULL };
	static const char *const shown[] = {
		"address", "port",   "transport", "state", LISTING_SERVICE_COLUMNS,
		"system",  "device", "banner",    "note",  NULL
	};
	static const char *const whole[] = { "address",
					     "port",
					     "transport",
					     "state",
					     LISTING_SERVICE_COLUMNS,
					     LISTING_SERVICE_MORE_COLUMNS,
					     "system",
					     "device",
					     "banner",
					     "reason",
					     "ttl",
					     "window",
					     "options",
					     "note",
					     NULL };
	const char *const *columns = listing->services == NULL ? plain
				     : output == OUTPUT_TABLE  ? shown
							       : whole;
	size_t column_count = 0;
	const struct result **rows = sorted(listing->results);
	struct sheet *sheet = sheet_new(columns);
	struct host host;
	size_t at = 0;

	while (columns[column_count] != NULL) {
		column_count++;
	}
	while (next_host(rows, results_count(listing->results), &at, &host)) {
		if (host.is_every_port) {
			add_every_port(sheet, &host, column_count);
		} else {
			add_host(listing, sheet, &host, output);
		}
	}
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
	free(rows);
}

/* --- JSON ---------------------------------------------------------------------------------- */

static json_t *json_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

static json_t *json_middlebox(unsigned bits)
{
	json_t *list = json_array();

	if ((bits & MIDDLEBOX_WINDOW_ZERO) != 0) {
		json_array_append_new(list, json_string("window_zero"));
	}
	if ((bits & MIDDLEBOX_NO_OPTIONS) != 0) {
		json_array_append_new(list, json_string("no_options"));
	}
	return list;
}

static json_t *json_row(const struct listing *listing, const struct result *row)
{
	json_t *object = json_object();
	struct service service;
	char text[128];

	if (row->state != PORT_HOST && row->transport != TRANSPORT_ICMP) {
		json_object_set_new(object, "port", json_number(row->port));
	}
	json_object_set_new(object, "transport", json_string(transport_text(row->transport)));
	json_object_set_new(object, "state", json_string(port_state_text(row->state)));
	json_object_set_new(object, "reason", json_string(answer_reason_text(row->reason)));
	if (row->reason == ANSWER_ICMP) {
		json_object_set_new(object, "icmp_type", json_number(row->icmp_type));
		json_object_set_new(object, "icmp_code", json_number(row->icmp_code));
	}
	if (row->stack.ttl != 0) {
		json_object_set_new(object, "ttl", json_number(row->stack.ttl));
	}
	if (row->reason == ANSWER_SYN_ACK) {
		json_object_set_new(object, "window", json_number(row->stack.window));
		json_object_set_new(object, "mss", json_number(row->stack.mss));
		if (row->stack.window_scale >= 0) {
			json_object_set_new(object, "window_scale",
					    json_integer(row->stack.window_scale));
		}
		answer_order_text(&row->stack, text, sizeof text);
		json_object_set_new(object, "tcp_options", json_string(text));
	}
	if ((row->middlebox & ~(unsigned)MIDDLEBOX_EVERY_PORT) != 0) {
		json_object_set_new(object, "suspicion", json_middlebox(row->middlebox));
	}
	if (listing->services != NULL &&
	    services_get(listing->services, results_number(listing->results, row), &service)) {
		json_object_set_new(object, "service", listing_service_json(&service));
	}
	return object;
}

static void add_guess_json(const struct listing *listing, const struct host *host, json_t *object)
{
	struct device_guess guess;
	json_t *part;

	if (listing->services == NULL) {
		return;
	}
	guess_of(listing, host, &guess);
	part = listing_guess_json(&guess.os);
	if (part != NULL) {
		json_object_set_new(object, "system", part);
	}
	part = listing_guess_json(&guess.hardware);
	if (part != NULL) {
		json_object_set_new(object, "device", part);
	}
	if (guess.hops >= 0) {
		json_object_set_new(object, "hops", json_integer(guess.hops));
	}
}

static json_t *json_identification(const struct listing *listing)
{
	const struct follow_up_counts *c = listing->identified;
	json_t *o = json_object();

	json_object_set_new(o, "asked", json_number(c->asked));
	json_object_set_new(o, "ended", json_number(c->ended));
	json_object_set_new(o, "known", json_number(c->known));
	json_object_set_new(o, "connections", json_number(c->connections));
	json_object_set_new(o, "left", json_number(c->waiting + c->under_way));
	json_object_set_new(o, "lost", json_number(c->lost));
	json_object_set_new(o, "not_asked_every_port", json_number(c->every_port));
	json_object_set_new(o, "not_asked_too_many", json_number(c->too_many));
	json_object_set_new(o, "not_asked_fruitless", json_number(c->fruitless));
	return o;
}

static void set_maker(const struct listing *listing, json_t *object, const struct result *row)
{
	struct span maker = makers_find(listing->makers, row->mac);

	if (maker.len > 0) {
		json_object_set_new(object, "mac_maker",
				    json_stringn((const char *)maker.ptr, maker.len));
	}
}

static json_t *json_host(const struct listing *listing, const struct host *host)
{
	json_t *object = json_object();
	json_t *ports = json_array();
	char text[ADDRESS_TEXT_MAX];

	address_text(&host->rows[0]->address, text);
	json_object_set_new(object, "address", json_string(text));
	json_object_set_new(object, "is_up", json_boolean(is_up(host)));
	for (size_t i = 0; i < host->count; i++) {
		const struct result *row = host->rows[i];

		if (row->transport == TRANSPORT_LINK) {
			mac_text(row, text);
			json_object_set_new(object, "mac", json_string(text));
			set_maker(listing, object, row);
		}
		if (is_listed(listing, row) && !host->is_every_port) {
			json_array_append_new(ports, json_row(listing, row));
		}
	}
	if (host->is_every_port) {
		json_object_set_new(object, "answers_every_port", json_true());
		json_object_set_new(object, "open_count", json_number(open_ports(host)));
	}
	add_guess_json(listing, host, object);
	json_object_set_new(object, "ports", ports);
	return object;
}

struct tally {
	uint64_t open, closed, filtered, hosts, every_port;
};

static struct tally tally_of(const struct listing *listing)
{
	const struct result **rows = sorted(listing->results);
	struct tally tally = { 0 };
	struct host host;
	size_t at = 0;

	while (next_host(rows, results_count(listing->results), &at, &host)) {
		tally.hosts += is_up(&host) ? 1 : 0;
		tally.every_port += host.is_every_port ? 1 : 0;
		for (size_t i = 0; i < host.count && !host.is_every_port; i++) {
			tally.open += host.rows[i]->state == PORT_OPEN ? 1 : 0;
			tally.closed += host.rows[i]->state == PORT_CLOSED ? 1 : 0;
			tally.filtered += host.rows[i]->state == PORT_FILTERED ? 1 : 0;
		}
	}
	free(rows);
	return tally;
}

static uint64_t rate_achieved(const struct discovery_report *report)
{
	return report->sending_ms > 0 ? report->progress.sent * 1000 / (uint64_t)report->sending_ms
				      : report->progress.sent;
}

/* What is not known is left out. */
static void set_note(json_t *o, const char *name, const char *text)
{
	if (text[0] != '\0') {
		json_object_set_new(o, name, json_string(text));
	}
}

static json_t *json_report(const struct listing *listing)
{
	const struct discovery_report *r = listing->report;
	const struct discovery_progress *p = &r->progress;
	struct estimate_counts counts = results_counts(listing->results);
	struct tally tally = tally_of(listing);
	json_t *o = json_object();

	json_object_set_new(o, "is_complete", json_boolean(r->is_complete));
	json_object_set_new(o, "sender", json_string(r->sender));
	set_note(o, "sender_detail", r->sender_detail);
	set_note(o, "sender_not_better", r->engine_note);
	set_note(o, "sender_failed", r->fallen);
	set_note(o, "note", r->note);
	json_object_set_new(o, "passes", json_number(r->passes));
	json_object_set_new(o, "probes_sent", json_number(p->sent));
	json_object_set_new(o, "probes_refused", json_number(p->refused));
	json_object_set_new(o, "probes_skipped", json_number(p->skipped));
	json_object_set_new(o, "answers", json_number(p->answers));
	json_object_set_new(o, "duplicates", json_number(p->duplicates));
	json_object_set_new(o, "foreign_packets", json_number(p->foreign));
	json_object_set_new(o, "ring_drops", json_number(p->ring_drops));
	json_object_set_new(o, "kernel_drops", json_number(p->kernel_drops));
	json_object_set_new(o, "rate_asked", json_number(p->rate));
	json_object_set_new(o, "rate_achieved", json_number(rate_achieved(r)));
	json_object_set_new(o, "duration_ms", json_integer(p->elapsed_ms));
	json_object_set_new(o, "hosts_up", json_number(tally.hosts));
	json_object_set_new(o, "ports_open", json_number(tally.open));
	json_object_set_new(o, "ports_closed", json_number(tally.closed));
	json_object_set_new(o, "ports_filtered", json_number(tally.filtered));
	json_object_set_new(o, "answer_every_port", json_number(tally.every_port));
	json_object_set_new(o, "unreachable", json_number(r->unreachable));
	json_object_set_new(o, "nobodys", json_number(r->nobodys));
	json_object_set_new(o, "answered_first", json_number(counts.first));
	json_object_set_new(o, "answered_second", json_number(counts.second));
	json_object_set_new(o, "answered_both", json_number(counts.both));
	json_object_set_new(o, "answered_any", json_number(counts.any));
	json_object_set_new(o, "loss_estimated",
			    r->estimate.loss < 0 ? json_null() : json_real(r->estimate.loss));
	json_object_set_new(o, "missed_estimated",
			    r->estimate.missed < 0 ? json_null() : json_real(r->estimate.missed));
	if (listing->services != NULL) {
		json_object_set_new(o, "identification", json_identification(listing));
	}
	return o;
}

static void print_json(const struct listing *listing)
{
	const struct result **rows = sorted(listing->results);
	json_t *document = json_object();
	json_t *hosts = json_array();
	struct host host;
	size_t at = 0;

	json_object_set_new(document, "addresses", json_number(listing->addresses));
	json_object_set_new(document, "left_out", json_number(listing->left_out));
	json_object_set_new(document, "ports", json_string(listing->ports));
	json_object_set_new(document, "shard", json_number(listing->shard + 1));
	json_object_set_new(document, "shards", json_number(listing->shard_count));
	while (next_host(rows, results_count(listing->results), &at, &host)) {
		if (listing->is_all || is_up(&host)) {
			json_array_append_new(hosts, json_host(listing, &host));
		}
	}
	json_object_set_new(document, "hosts", hosts);
	json_object_set_new(document, "report", json_report(listing));
	output_json(document, stdout);
	json_decref(document);
	free(rows);
}

/* --- for people ---------------------------------------------------------------------------- */

static void print_estimate(const struct listing *listing)
{
	const struct discovery_report *r = listing->report;

	if (r->estimate.loss < 0) {
		fputs("  how much was missed is not known: that takes two probes, and answers to "
		      "both\n",
		      stderr);
		return;
	}
	fprintf(stderr,
		"  %.2f %% of probes or answers were lost on the way; probably %.*f of those that "
		"answer missed\n",
		100 * r->estimate.loss, r->estimate.missed < 10 ? 1 : 0, r->estimate.missed);
}

static void print_identification(const struct follow_up_counts *c)
{
	uint64_t passed_over = c->every_port + c->too_many + c->fruitless;

	fprintf(stderr,
		"  %" PRIu64 " of %" PRIu64 " open ports identified, with %" PRIu64
		" connections\n",
		c->known, c->asked, c->connections);
	if (passed_over > 0) {
		fprintf(stderr,
			"  not asked: %" PRIu64 " of addresses that answer every port, %" PRIu64
			" beyond %d of one address, %" PRIu64 " where too many told nothing\n",
			c->every_port, c->too_many, FOLLOW_UP_PORTS_MAX, c->fruitless);
	}
	if (c->lost > 0) {
		fprintf(stderr,
			"  %" PRIu64 " lost: the process that asked them died; please report it\n",
			c->lost);
	}
	if (c->waiting + c->under_way > 0) {
		fprintf(stderr, "  %" PRIu64 " are left\n", c->waiting + c->under_way);
	}
}

static void print_notes(const struct discovery_report *r)
{
	if (r->engine_note[0] != '\0') {
		fprintf(stderr, "  not sent by XDP live frames: %s\n", r->engine_note);
	}
	if (r->fallen[0] != '\0') {
		fprintf(stderr, "  %s\n", r->fallen);
	}
	if (r->note[0] != '\0') {
		fprintf(stderr, "  %s\n", r->note);
	}
}

static void print_report(const struct listing *listing)
{
	const struct discovery_report *r = listing->report;
	const struct discovery_progress *p = &r->progress;
	struct tally tally = tally_of(listing);

	fprintf(stderr,
		"%s: %" PRIu64 " hosts up, %" PRIu64 " ports open, %" PRIu64 " closed, %" PRIu64
		" filtered\n",
		r->is_complete ? "scanned" : "stopped before the end", tally.hosts, tally.open,
		tally.closed, tally.filtered);
	fprintf(stderr,
		"  %" PRIu64 " probes sent in %.1f s (%s%s%s, %" PRIu64 "/s), %" PRIu64
		" refused by the kernel, %" PRIu64 " not sent: no such neighbour or no way\n",
		p->sent, (double)r->sending_ms / 1000, r->sender,
		r->sender_detail[0] != '\0' ? ": " : "", r->sender_detail, rate_achieved(r),
		p->refused, p->skipped);
	print_notes(r);
	fprintf(stderr,
		"  %" PRIu64 " answers, %" PRIu64 " of them again; dropped: %" PRIu64
		" by the ring, %" PRIu64 " by the kernel before it\n",
		p->answers, p->duplicates, p->ring_drops, p->kernel_drops);
	print_estimate(listing);
	if (listing->services != NULL) {
		print_identification(listing->identified);
	}
	if (tally.every_port > 0) {
		fprintf(stderr,
			"  %" PRIu64 " addresses answer every port: middleboxes, summarised\n",
			tally.every_port);
	}
	if (r->unreachable > 0) {
		fprintf(stderr, "  no way to %" PRIu64 " addresses\n", r->unreachable);
	}
	if (r->nobodys > 0) {
		fprintf(stderr,
			"  %" PRIu64 " addresses are a network's own or its broadcast address: "
			"no host has them\n",
			r->nobodys);
	}
	if (listing->left_out > 0) {
		fprintf(stderr, "  %" PRIu64 " addresses were left out, as they must be\n",
			listing->left_out);
	}
	if (results_count(listing->results) >= RESULTS_MAX) {
		fputs("  there was more than can be listed; scan in shards\n", stderr);
	}
}

void listing_print(const struct listing *listing, enum output output)
{
	if (output == OUTPUT_JSON) {
		print_json(listing);
		return;
	}
	print_sheet(listing, output);
	fflush(stdout);
	print_report(listing);
}
