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

static struct asking *queued(const struct campaign *c, size_t n)
{
	return &c->queue[(c->queue_first + n) % c->queue_capacity];
}

static void grow(struct campaign *c)
{
	size_t capacity = c->queue_capacity * 2 + 64;
	struct asking *larger = alloc_zeroed(capacity, sizeof *larger);

	for (size_t i = 0; i < c->queue_count; i++) {
		larger[i] = *queued(c, i);
	}
	free(c->queue);
	c->queue = larger;
	c->queue_first = 0;
	c->queue_capacity = capacity;
}

void ask_queue(struct campaign *c, struct found_scope *scope, const struct found_host *host,
	       struct found_port *port)
{
	if (port->is_asked_now || c->queue_count == QUEUE_MAX) {
		return; /* the rest is asked at the end of the run */
	}
	if (c->queue_count == c->queue_capacity) {
		grow(c);
	}
	port->is_asked_now = true;
	*queued(c, c->queue_count++) = (struct asking){ .scope = scope,
							.address = host->address,
							.transport = port->transport,
							.port = port->port };
}

size_t ask_left(const struct campaign *c, const struct found_scope *scope)
{
	size_t count = 0;

	for (size_t i = 0; i < ASKER_AT_ONCE; i++) {
		count += c->asked[i].id != 0 && c->asked[i].scope == scope ? 1 : 0;
	}
	for (size_t i = 0; i < c->queue_count; i++) {
		count += queued(c, i)->scope == scope ? 1 : 0;
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
				ask_queue(c, scope, host, port);
			}
		}
	}
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

static struct ask ask_of(const struct campaign *c, const struct asking *asking,
			 const struct found_host *host, const struct found_port *port)
{
	const struct course *course = course_of(c, asking->scope);
	struct ask ask = { .place = { .address = asking->address,
				      .transport = asking->transport,
				      .port = asking->port,
				      .reason = port->reason },
			   .has_stack = host->has_stack,
			   .stack = host->stack,
			   .middlebox = host->middlebox };

	snprintf(ask.place.scope, sizeof ask.place.scope, "%s", asking->scope->name);
	if (course != NULL && course->is_name) {
		snprintf(ask.place.name, sizeof ask.place.name, "%s", course->name);
	}
	mem_copy(ask.mac, host->mac, sizeof ask.mac);
	return ask;
}

static struct asking *free_place(struct campaign *c)
{
	for (size_t i = 0; i < ASKER_AT_ONCE; i++) {
		if (c->asked[i].id == 0) {
			return &c->asked[i];
		}
	}
	return NULL;
}

void ask_some(struct campaign *c)
{
	while (c->queue_count > 0 && c->asked_count < ASKER_AT_ONCE) {
		struct asking next = *queued(c, 0);
		struct found_host *host = found_host(next.scope, &next.address);
		struct found_port *port =
			host != NULL ? found_port(host, next.transport, next.port) : NULL;
		uint8_t bytes[ASK_SIZE_MAX];
		struct writer w = writer_over(bytes, sizeof bytes);
		struct ask ask;

		c->queue_first = (c->queue_first + 1) % c->queue_capacity;
		c->queue_count--;
		if (port == NULL || course_of(c, next.scope) == NULL) {
			continue; /* gone meanwhile */
		}
		ask = ask_of(c, &next, host, port);
		ask_write(&ask, &w);
		next.id = ++c->number;
		if (channel_send(c->asker, ASKER_ASK, next.id, writer_span(&w)) != 0) {
			port->is_asked_now = false;
			return;
		}
		*free_place(c) = next;
		c->asked_count++;
	}
}

/* What is not asked any more may be asked again. */
static void unmark(const struct asking *asking)
{
	struct found_host *host = found_host(asking->scope, &asking->address);
	struct found_port *port =
		host != NULL ? found_port(host, asking->transport, asking->port) : NULL;

	if (port != NULL) {
		port->is_asked_now = false;
	}
}

void ask_drop(struct campaign *c, const struct found_scope *scope)
{
	size_t kept = 0;
	bool is_under_way = false;

	for (size_t i = 0; i < c->queue_count; i++) {
		if (queued(c, i)->scope == scope) {
			unmark(queued(c, i));
		} else {
			*queued(c, kept++) = *queued(c, i);
		}
	}
	c->queue_count = kept;
	for (size_t i = 0; i < ASKER_AT_ONCE; i++) {
		is_under_way = is_under_way || (c->asked[i].id != 0 && c->asked[i].scope == scope);
	}
	if (!is_under_way) {
		return;
	}
	/* the asker ends all connections; those of other scopes are made anew */
	(void)(channel_send(c->asker, ASKER_DROP, 0, (struct span){ NULL, 0 }) != 0);
	for (size_t i = 0; i < ASKER_AT_ONCE; i++) {
		struct asking asking = c->asked[i];
		struct found_host *host;
		struct found_port *port;

		c->asked[i].id = 0;
		if (asking.id == 0) {
			continue;
		}
		unmark(&asking);
		host = found_host(asking.scope, &asking.address);
		port = host != NULL ? found_port(host, asking.transport, asking.port) : NULL;
		if (asking.scope != scope && port != NULL) {
			ask_queue(c, asking.scope, host, port);
		}
	}
	c->asked_count = 0;
}

/* --- answers --- */

static void tell_changed(struct campaign *c)
{
	for (unsigned table = TABLE_SCAN_PORTS; table <= TABLE_SCAN_HOST_KEYS; table++) {
		campaign_changed(c, (uint16_t)table);
	}
}

/* The surest guess of all its ports is the host's. */
static void take_guess(struct campaign *c, struct found_host *host, const struct ask_answer *answer)
{
	if (answer->confidence == 0 || answer->confidence < host->confidence) {
		return;
	}
	host->confidence = answer->confidence;
	snprintf(host->os, sizeof host->os, "%.63s", answer->os);
	snprintf(host->device, sizeof host->device, "%.63s", answer->device);
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

static bool is_told_something(const struct ask_answer *answer)
{
	return answer->outcome == IDENTIFY_KNOWN && !answer->is_partial;
}

static void take_answer(struct campaign *c, const struct asking *asking,
			const struct ask_answer *answer)
{
	struct found_host *host = found_host(asking->scope, &asking->address);
	struct found_port *port =
		host != NULL ? found_port(host, asking->transport, asking->port) : NULL;
	struct ask ask;
	uint8_t *room;

	if (port == NULL) {
		return; /* given up meanwhile */
	}
	port->is_asked_now = false;
	port->asked_run = asking->scope->run;
	port->asked_ms = clock_wall_ms();
	c->is_unsaved = true;
	port->failures = is_told_something(answer)            ? 0
			 : port->failures < FAILURES_BELIEVED ? (uint8_t)(port->failures + 1)
							      : port->failures;
	if (port->row_count > 0 && port->failures > 0 && port->failures < FAILURES_BELIEVED) {
		return; /* what was known of it stays, this once */
	}
	ask = ask_of(c, asking, host, port);
	room = alloc_zeroed(1, ROWS_BYTES_MAX);
	if (found_set_rows(c->found, asking->scope, port,
			   checked_rows(&ask.place, answer->rows, room))) {
		port->changed_ms = clock_wall_ms();
		tell_changed(c);
	}
	port->expires_s = answer->expires_s;
	take_guess(c, host, answer);
	free(room);
}

void ask_message(void *campaign, uint8_t kind, uint64_t id, struct span body)
{
	struct campaign *c = campaign;
	struct ask_answer answer;

	if (kind != ASKER_ANSWER || ask_answer_read(body, &answer) != 0) {
		return;
	}
	c->progress++;
	for (size_t i = 0; i < ASKER_AT_ONCE; i++) {
		if (c->asked[i].id == id) {
			struct asking asking = c->asked[i];

			c->asked[i].id = 0;
			c->asked_count--;
			take_answer(c, &asking, &answer);
			break;
		}
	}
	ask_some(c);
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
	int64_t period_ms = 1000 * (int64_t)(course->wish.period_s != 0 ? course->wish.period_s
									: TURNS_PERIOD_S);
	size_t count = 0;

	for (size_t i = 0; i < course->found->host_count && count < WATCHED_AT_ONCE; i++) {
		const struct found_host *host = course->found->hosts[i];

		for (size_t k = 0; k < host->port_count && count < WATCHED_AT_ONCE; k++) {
			if (!host->ports[k].is_asked_now &&
			    is_watched(&host->ports[k], period_ms, now_ms)) {
				ask_queue(c, course->found, host, &host->ports[k]);
				count++;
			}
		}
	}
	ask_some(c);
}
