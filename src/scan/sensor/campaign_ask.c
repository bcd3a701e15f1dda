/* campaign_ask.c - whom the asker is to ask, and what becomes of its answers. */
#include "scan/sensor/campaign_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/reader.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

/* A port that changed is looked at again after a sixteenth of the period, a certificate that ends
 * within two weeks after an eighth; never more often than each minute. */
#define CHANGED_PART    16
#define EXPIRING_PART   8
#define WATCH_MIN_MS    60000
#define EXPIRING_S      (14 * 86400)
#define WATCHED_AT_ONCE 64

/* One failure may be a packet's; two are the service's. */
#define FAILURES_BELIEVED 2

#define QUEUE_MAX (2 * FOUND_ROWS_MAX)

/* A place for what is asked; its number is what follow_up knows it by. */
static size_t take_place(struct campaign *c)
{
	size_t n = c->free_ask;

	if (n == ASKS_NONE) {
		size_t capacity = 2 * c->ask_capacity + 64;

		n = c->ask_capacity;
		c->asks = alloc_resize(c->asks, capacity, sizeof *c->asks);
		for (size_t i = n; i < capacity; i++) {
			c->asks[i] = (struct asking){ .next_free = i + 1 };
		}
		c->asks[capacity - 1].next_free = ASKS_NONE;
		c->ask_capacity = capacity;
	}
	c->free_ask = c->asks[n].next_free;
	c->ask_count++;
	return n;
}

static void free_place(struct campaign *c, size_t n)
{
	c->asks[n] = (struct asking){ .next_free = c->free_ask };
	c->free_ask = n;
	c->ask_count--;
}

static int64_t period_ms_of(const struct course *course)
{
	uint32_t period_s = course != NULL ? course->wish.period_s : 0;

	return 1000 * (int64_t)(period_s != 0 ? period_s : TURNS_PERIOD_S);
}

static const struct course *course_of(const struct campaign *c, const struct found_scope *scope)
{
	for (size_t i = 0; i < c->course_count; i++) {
		if (c->courses[i]->found == scope) {
			return c->courses[i];
		}
	}
	return NULL;
}

/* New since the first complete run, or changed lately. */
static bool is_first(const struct campaign *c, const struct found_scope *scope,
		     const struct found_port *port)
{
	return scope->runs > 0 &&
	       (port->asked_run == 0 ||
		(port->changed_ms != 0 &&
		 clock_wall_ms() - port->changed_ms < period_ms_of(course_of(c, scope))));
}

void ask_queue(struct campaign *c, struct found_scope *scope, const struct found_host *host,
	       struct found_port *port, struct span payload)
{
	struct follow_up_port one = { .address = host->address,
				      .port = port->port,
				      .is_first = is_first(c, scope, port),
				      .payload = payload };
	size_t place;

	if (port->is_asked_now || c->ask_count == QUEUE_MAX) {
		return; /* the rest is asked at the end of the run */
	}
	port->is_asked_now = true;
	place = take_place(c);
	c->asks[place] = (struct asking){ .scope = scope,
					  .address = host->address,
					  .transport = port->transport,
					  .port = port->port };
	follow_up_add(c->follow_up, &one, place);
}

size_t ask_left(const struct campaign *c, const struct found_scope *scope)
{
	size_t count = 0;

	for (size_t i = 0; i < c->ask_capacity && c->ask_count > 0; i++) {
		count += c->asks[i].scope == scope ? 1 : 0;
	}
	return count;
}

void ask_rest(struct campaign *c, struct found_scope *scope)
{
	for (size_t i = 0; i < scope->host_count; i++) {
		const struct found_host *host = scope->hosts[i];

		for (size_t k = 0; k < host->port_count; k++) {
			struct found_port *port = &host->ports[k];

			if (port->run == scope->run && port->asked_run != scope->run) {
				ask_queue(c, scope, host, port, (struct span){ NULL, 0 });
			}
		}
	}
}

static struct found_port *port_of(const struct asking *asking, struct found_host **out_host)
{
	struct found_host *host = found_host(asking->scope, &asking->address);

	*out_host = host;
	return host != NULL ? found_port(host, asking->transport, asking->port) : NULL;
}

static struct follow_ask ask_of(const struct campaign *c, const struct asking *asking,
				const struct found_port *port)
{
	const struct course *course = course_of(c, asking->scope);
	struct follow_ask ask = { .address = asking->address,
				  .transport = asking->transport,
				  .port = asking->port,
				  .reason = port->reason };

	snprintf(ask.scope, sizeof ask.scope, "%s", asking->scope->name);
	if (course != NULL && course->is_name) {
		snprintf(ask.name, sizeof ask.name, "%s", course->name);
	}
	return ask;
}

bool ask_turn(void *campaign, uint64_t about, struct follow_ask *out)
{
	struct campaign *c = campaign;
	struct found_host *host;
	struct found_port *port = port_of(&c->asks[about], &host);

	if (port == NULL || course_of(c, c->asks[about].scope) == NULL) {
		free_place(c, (size_t)about);
		return false; /* gone meanwhile */
	}
	*out = ask_of(c, &c->asks[about], port);
	return true;
}

struct dropping {
	const struct campaign *campaign;
	const struct found_scope *scope;
};

static bool is_dropped(void *context, uint64_t about)
{
	const struct dropping *d = context;

	return d->campaign->asks[about].scope == d->scope;
}

void ask_drop(struct campaign *c, const struct found_scope *scope)
{
	struct dropping d = { c, scope };

	follow_up_drop(c->follow_up, is_dropped, &d);
	for (size_t i = 0; i < c->ask_capacity; i++) {
		if (c->asks[i].scope == scope) {
			struct found_host *host;
			struct found_port *port = port_of(&c->asks[i], &host);

			if (port != NULL) {
				port->is_asked_now = false; /* it may be asked again */
			}
			free_place(c, i);
		}
	}
}

/* --- answers --- */

static void tell_changed(struct campaign *c)
{
	for (unsigned table = TABLE_SCAN_PORTS; table <= TABLE_SCAN_HOST_KEYS; table++) {
		campaign_changed(c, (uint16_t)table);
	}
}

/* The surest guess of all its ports is the host's. */
static void take_guess(struct campaign *c, struct found_host *host, const struct service *service)
{
	struct device device;
	struct device_guess guess;
	const struct device_claim *os = &guess.os.is;
	const struct device_claim *hardware = &guess.hardware.is;

	device_init(&device);
	for (unsigned i = 0; i < service->system_count; i++) {
		device_add_claim(&device, false, &service->systems[i]);
	}
	for (unsigned i = 0; i < service->hardware_count; i++) {
		device_add_claim(&device, true, &service->hardware[i]);
	}
	if (host->has_stack) {
		device_add_stack(&device, &host->stack, host->middlebox);
	}
	device_guess(&device, &guess);
	if (os->certainty == 0 || os->certainty > 100 || os->certainty < host->confidence) {
		return;
	}
	host->confidence = (uint8_t)os->certainty;
	snprintf(host->os, sizeof host->os, "%.63s",
		 os->family[0] != '\0' ? os->family : os->product);
	snprintf(host->device, sizeof host->device, "%.63s",
		 hardware->type[0] != '\0' ? hardware->type : os->type);
	campaign_changed(c, TABLE_SCAN_HOSTS);
}

/* Rows of this place alone: what the asker says is not taken on trust. */
static struct span checked_rows(const struct rows_place *place, struct span rows, uint8_t *room)
{
	struct writer w = writer_over(room, ROWS_BYTES_MAX);
	struct reader r = reader_over(rows);
	uint16_t table;
	struct span row;

	while (rows_next(&r, &table, &row)) {
		if (!rows_is_of(place, table, row)) {
			log_warn("a row of another place was left out",
				 log_text("scope", place->scope), log_number("table", table));
			continue;
		}
		writer_be16(&w, table);
		writer_be32(&w, (uint32_t)row.len);
		writer_bytes(&w, row);
	}
	return writer_span(&w);
}

static void take_rows(struct campaign *c, const struct asking *asking, struct found_host *host,
		      struct found_port *port, struct span rows)
{
	bool is_known = port->row_count > 0;

	if (found_set_rows(c->found, asking->scope, port, rows)) {
		port->changed_ms = clock_wall_ms();
		if (is_known) {
			host->changed_ms = port->changed_ms;
		}
		tell_changed(c);
	}
}

static void mark_asked(struct campaign *c, const struct asking *asking, struct found_port *port)
{
	port->is_asked_now = false;
	port->asked_run = asking->scope->run;
	port->asked_ms = clock_wall_ms();
	c->is_unsaved = true;
}

static void take_answer(struct campaign *c, const struct asking *asking,
			const struct service *service, const struct details *details)
{
	bool is_told = service->outcome == IDENTIFY_KNOWN && !details->is_partial;
	struct found_host *host;
	struct found_port *port = port_of(asking, &host);
	struct rows_place place;
	struct follow_ask ask;
	uint8_t *room;

	if (port == NULL) {
		return; /* given up meanwhile */
	}
	mark_asked(c, asking, port);
	port->failures = is_told                              ? 0
			 : port->failures < FAILURES_BELIEVED ? (uint8_t)(port->failures + 1)
							      : port->failures;
	if (port->row_count > 0 && port->failures > 0 && port->failures < FAILURES_BELIEVED) {
		return; /* what was known of it stays, this once */
	}
	ask = ask_of(c, asking, port);
	details_place(&ask, &place);
	room = alloc_zeroed(1, ROWS_BYTES_MAX);
	take_rows(c, asking, host, port, checked_rows(&place, details->rows, room));
	free(room);
	port->expires_s = details->expires_s;
	if (found_set_names(port, &details->names)) {
		campaign_changed(c, TABLE_SCAN_HOSTS);
	}
	take_guess(c, host, service);
}

void ask_answered(void *campaign, uint64_t about, const struct follow_answer *answer)
{
	struct campaign *c = campaign;
	struct asking asking = c->asks[about];
	struct details details;

	c->progress++;
	c->asker_heard_ms = clock_ms();
	free_place(c, (size_t)about);
	if (details_read(answer->more, &details) != 0) {
		details = (struct details){ .is_partial = true };
	}
	take_answer(c, &asking, &answer->service, &details);
}

/* It is open, and that is all that is told of it. */
void ask_skipped(void *campaign, uint64_t about, enum follow_up_skip why)
{
	struct campaign *c = campaign;
	struct asking asking = c->asks[about];
	struct found_host *host;
	struct found_port *port = port_of(&asking, &host);
	uint8_t bytes[ROW_BYTES_MAX];
	struct rows_place place;
	struct follow_ask ask;
	struct rows rows;

	(void)why;
	free_place(c, (size_t)about);
	if (port == NULL) {
		return;
	}
	mark_asked(c, &asking, port);
	if (port->row_count > 0) {
		return;
	}
	ask = ask_of(c, &asking, port);
	details_place(&ask, &place);
	rows_init(&rows, bytes, sizeof bytes);
	rows_add_port(&rows, &place, NULL, NULL);
	take_rows(c, &asking, host, port, writer_span(&rows.out));
}

/* --- between runs --- */

static bool is_watched(const struct found_port *port, int64_t period_ms, int64_t now_ms)
{
	int64_t pause_ms = INT64_MAX;

	if (port->asked_ms == 0 || port->asked_ms > now_ms) {
		return false;
	}
	if (port->changed_ms != 0 && now_ms - port->changed_ms < period_ms) {
		pause_ms = period_ms / CHANGED_PART;
	} else if (port->expires_s != 0 && port->expires_s - now_ms / 1000 < EXPIRING_S) {
		pause_ms = period_ms / EXPIRING_PART;
	}
	pause_ms = pause_ms < WATCH_MIN_MS ? WATCH_MIN_MS : pause_ms;
	return now_ms - port->asked_ms >= pause_ms;
}

void ask_watched(struct campaign *c, const struct course *course, int64_t now_ms)
{
	int64_t period_ms = period_ms_of(course);
	size_t count = 0;

	for (size_t i = 0; i < course->found->host_count && count < WATCHED_AT_ONCE; i++) {
		const struct found_host *host = course->found->hosts[i];

		for (size_t k = 0; k < host->port_count && count < WATCHED_AT_ONCE; k++) {
			if (!host->ports[k].is_asked_now &&
			    is_watched(&host->ports[k], period_ms, now_ms)) {
				ask_queue(c, course->found, host, &host->ports[k],
					  (struct span){ NULL, 0 });
				count++;
			}
		}
	}
}

bool follow_is_due(const struct course *course, const struct found_host *host, int64_t now_ms)
{
	int64_t period_ms = period_ms_of(course);
	int64_t pause_ms = period_ms / CHANGED_PART;
	int64_t latest_ms =
		host->followed_ms > host->changed_ms ? host->followed_ms : host->changed_ms;

	pause_ms = pause_ms < WATCH_MIN_MS ? WATCH_MIN_MS : pause_ms;
	return host->changed_ms != 0 && now_ms - host->changed_ms < period_ms &&
	       now_ms - latest_ms >= pause_ms;
}
