/*
 * alerts.c - what appeared or was exchanged since a scope was scanned before.
 *
 * An update of a row is a row that went and one that came in one turn: with the same key and
 * another fingerprint it is an exchange. The first scan of a scope says nothing of what is new.
 */
#include "server/engine/estate_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

/* Alerts of one turn; what is beyond is in the history alone. */
#define ALERTS_TURN_MAX 1000

/* --- ports --- */

struct place_port *place_port(struct place *p, uint16_t port, uint8_t transport)
{
	for (uint32_t i = 0; i < p->port_count; i++) {
		if (p->ports[i].port == port && p->ports[i].transport == transport) {
			return &p->ports[i];
		}
	}
	return NULL;
}

struct place_port *place_port_add(struct place *p, uint16_t port, uint8_t transport)
{
	struct place_port *is;

	if (p->port_count == p->port_capacity) {
		p->port_capacity = 2 * p->port_capacity + 4;
		p->ports = alloc_resize(p->ports, p->port_capacity, sizeof *p->ports);
	}
	is = &p->ports[p->port_count++];
	*is = (struct place_port){ .port = port, .transport = transport };
	return is;
}

static bool is_baseline(const struct estate *e, const struct place *p)
{
	return e->scopes[p->scope].is_baseline;
}

/* What comes to the place now was not there when its scope was scanned before. */
static bool is_news(const struct estate *e, const struct place *p)
{
	return !e->is_loading && !p->is_quiet && !is_baseline(e, p) &&
	       p->quiet_runs <= e->scopes[p->scope].runs;
}

static void note_port(struct estate *e, struct place *p, const struct row *row)
{
	struct span transport = estate_text(row, SCAN_PORTS_TRANSPORT);
	uint16_t number = (uint16_t)estate_number(row, SCAN_PORTS_PORT);
	uint8_t letter = transport.len > 0 ? transport.ptr[0] : 0;
	struct place_port *port = place_port(p, number, letter);

	bool is_there = port != NULL && (port->is_open || port->was_open ||
					 port->expected_in == e->scopes[p->scope].runs + 1);

	if (port == NULL) {
		port = place_port_add(p, number, letter);
	}
	if (!is_there && is_news(e, p)) { /* also one that was closed meanwhile */
		port->appeared_s = e->now_ms / 1000;
		port->is_told = false;
	}
	port->is_open = true;
}

/* Its ports may have been told gone before it was: they went with it. */
static void keep_ports(struct place *p, uint32_t run)
{
	for (uint32_t i = 0; i < p->port_count; i++) {
		p->ports[i].is_open = p->ports[i].is_open || p->ports[i].closed_in == run;
	}
}

void place_note_gone(struct estate *e, struct place *p)
{
	const struct place_scope *scope = &e->scopes[p->scope];

	if (p->gone_s != 0) {
		return;
	}
	keep_ports(p, scope->runs + 1);
	p->gone_s = e->now_ms / 1000;
	p->answered_s = scope->finished_s > p->since_s ? scope->finished_s : p->since_s;
	/* what a decision, or the end of a scope, takes away did not go by itself */
	p->is_leaving = p->is_known && scope->is_authorised && scope->is_on && is_news(e, p);
}

/* Which ports it had is forgotten with a restart meanwhile: until its scope has been scanned
 * through none is new. */
void place_note_back(struct estate *e, struct place *p)
{
	uint32_t run = e->scopes[p->scope].runs + 1;

	if (p->gone_s == 0) {
		return;
	}
	if (p->port_count == 0) {
		p->quiet_runs = run;
	}
	for (uint32_t i = 0; i < p->port_count; i++) {
		p->ports[i].expected_in = p->ports[i].is_open ? run : 0;
	}
	p->gone_s = 0;
	p->answered_s = 0;
}

int place_note_ports(struct estate *e, uint32_t place, struct why *why)
{
	struct place *p = &e->places[place];
	int error = 0;

	for (uint32_t i = 0; i < p->port_count; i++) {
		p->ports[i].was_open = p->ports[i].is_open;
		p->ports[i].is_open = false;
	}
	for (uint32_t i = 0; error == 0 && i < p->row_count; i++) {
		struct row row;

		if (p->rows[i].table != TABLE_SCAN_PORTS) {
			continue;
		}
		error = inventory_row(e->inv, TABLE_SCAN_PORTS, p->rows[i].row, &row, why);
		if (error == 0 && span_is(estate_text(&row, SCAN_PORTS_STATE), "open")) {
			note_port(e, p, &row);
		}
	}
	for (uint32_t i = 0; i < p->port_count; i++) {
		if (p->ports[i].was_open && !p->ports[i].is_open) {
			p->ports[i].closed_in = e->scopes[p->scope].runs + 1;
		}
	}
	return error;
}

/* --- telling --- */

struct alert {
	const char *name;
	const char *level;
	const struct place *p;
	const char *transport; /* or NULL */
	int64_t port;          /* 0: none */
	const char *what;
	struct span before;
	struct span after;
};

static int tell(struct estate *e, const struct alert *a, struct why *why)
{
	struct row row;
	int error;

	row_init(&row, schema_event_by_number(EVENT_ALERTS));
	row_set_text(&row, ALERTS_ALERT, span_of(a->name));
	row_set_text(&row, ALERTS_LEVEL, span_of(a->level));
	row_set_text(&row, ALERTS_SCOPE, span_of(e->scopes[a->p->scope].name));
	row_set_text(&row, ALERTS_ADDRESS, span_of(a->p->address));
	row_set_text_if_any(&row, ALERTS_TRANSPORT, span_of(a->transport));
	if (a->port != 0) {
		row_set_integer(&row, ALERTS_PORT, a->port);
	}
	row_set_text(&row, ALERTS_WHAT, span_of(a->what));
	row_set_text_if_any(&row, ALERTS_BEFORE, a->before);
	row_set_text_if_any(&row, ALERTS_AFTER, a->after);
	error = inventory_derived_event(e->inv, a->p->asset, &row, e->now_ms, why);
	e->alerts += error == 0;
	return error;
}

static int tell_host(struct estate *e, const struct place *p, struct why *why)
{
	char what[160];
	const struct alert alert = { "new-host", "medium", p, NULL, 0, what, { 0 }, { 0 } };

	snprintf(what, sizeof what, "a host without an agent answers at %s", p->address);
	return tell(e, &alert, why);
}

/* The machine is not found at another address either. */
static bool is_lost(struct estate *e, const struct place *p)
{
	struct links_set set = links_of(&e->places_by_asset, place_asset_text(&p->asset));

	if (!p->is_leaving || p->row_count > 0 || p->asset == 0) {
		return false;
	}
	for (uint32_t i = 0; i < set.count; i++) {
		if (e->places[set.items[i]].row_count > 0) {
			return false;
		}
	}
	return true;
}

static int tell_gone(struct estate *e, const struct place *p, struct why *why)
{
	char what[160];
	const struct alert alert = { "host-gone", "low", p, NULL, 0, what, { 0 }, { 0 } };

	snprintf(what, sizeof what, "nothing answers at %s any more", p->address);
	return tell(e, &alert, why);
}

static int tell_port(struct estate *e, struct place *p, const struct row *row, struct why *why)
{
	char what[200];
	struct span transport = estate_text(row, SCAN_PORTS_TRANSPORT);
	struct span protocol = estate_text(row, SCAN_PORTS_PROTOCOL);
	uint16_t number = (uint16_t)estate_number(row, SCAN_PORTS_PORT);
	bool is_udp = span_is(transport, "udp");
	struct place_port *port = place_port(p, number, transport.len > 0 ? transport.ptr[0] : 0);
	const struct alert alert = { "new-port", "medium", p,     is_udp ? "udp" : "tcp",
				     number,     what,     { 0 }, { 0 } };

	if (!span_is(estate_text(row, SCAN_PORTS_STATE), "open") || port == NULL ||
	    port->appeared_s == 0 || port->is_told) {
		return 0;
	}
	port->is_told = true;
	snprintf(what, sizeof what, "%s port %u of %s is open since%s%.*s", is_udp ? "UDP" : "TCP",
		 number, p->address, protocol.len > 0 ? ": " : "", (int)(protocol.len & 0x3f),
		 protocol.len > 0 ? (const char *)protocol.ptr : "");
	return tell(e, &alert, why);
}

/* --- exchanges --- */

/* A row's fingerprint, and the key that must be the same before and after. */
struct exchange {
	char key[160];
	char fingerprint[96];
	int64_t port;
	bool is_told; /* this kind of row can be exchanged */
};

static void copy(struct span text, char *out, size_t size)
{
	struct span fit = span_first(text, size - 1);

	mem_copy(out, fit.ptr, fit.len);
	out[fit.len] = '\0';
}

static int read_exchange(struct estate *e, const struct place_delta *d, struct exchange *out,
			 struct why *why)
{
	struct row row;
	bool is_key = d->table == TABLE_SCAN_HOST_KEYS;
	char name[128];
	int error = inventory_row(e->inv, d->table, d->row, &row, why);

	*out = (struct exchange){ .is_told = false };
	if (error != 0) {
		return error;
	}
	copy(estate_text(&row,
			 is_key ? (unsigned)SCAN_HOST_KEYS_TYPE : (unsigned)SCAN_CERTIFICATES_NAME),
	     name, sizeof name);
	copy(estate_text(&row, is_key ? (unsigned)SCAN_HOST_KEYS_FINGERPRINT
				      : (unsigned)SCAN_CERTIFICATES_FINGERPRINT),
	     out->fingerprint, sizeof out->fingerprint);
	out->port = estate_number(&row, SCAN_HOST_KEYS_PORT);
	out->is_told = is_key || estate_number(&row, SCAN_CERTIFICATES_CHAIN) == 0;
	snprintf(out->key, sizeof out->key, "%d %lld %s", is_key, (long long)out->port, name);
	return 0;
}

static int tell_exchange(struct estate *e, const struct place_delta *d, const struct exchange *old,
			 const struct exchange *new, struct why *why)
{
	bool is_key = d->table == TABLE_SCAN_HOST_KEYS;
	const struct place *p = &e->places[d->place];
	char what[200];
	const struct alert alert = { is_key ? "host-key-changed" : "certificate-replaced",
				     is_key ? "high" : "low",
				     p,
				     "tcp",
				     new->port,
				     what,
				     span_of(old->fingerprint),
				     span_of(new->fingerprint) };

	snprintf(what, sizeof what, "%s at %s port %lld is another one",
		 is_key ? "the SSH host key" : "the certificate", p->address, (long long)new->port);
	return tell(e, &alert, why);
}

/* Looks among the rows that left the same place for the one that d replaced. */
static int find_exchange(struct estate *e, const struct place_delta *d, struct why *why)
{
	struct exchange new;
	int error = read_exchange(e, d, &new, why);

	for (size_t i = 0; error == 0 && new.is_told &&i < e->delta_count; i++) {
		const struct place_delta *other = &e->deltas[i];
		struct exchange old;

		if (other->is_added || other->place != d->place || other->table != d->table) {
			continue;
		}
		error = read_exchange(e, other, &old, why);
		if (error == 0 && old.is_told && span_is(span_of(old.key), new.key) &&
		    !span_is(span_of(old.fingerprint), new.fingerprint)) {
			return tell_exchange(e, d, &old, &new, why);
		}
	}
	return error;
}

static int tell_delta(struct estate *e, const struct place_delta *d, struct why *why)
{
	struct place *p = &e->places[d->place];
	struct row row;
	int error = 0;

	if (!d->is_added || p->asset == 0 || !p->is_known || is_baseline(e, p)) {
		return 0;
	}
	if (d->table == TABLE_SCAN_PORTS) {
		error = inventory_row(e->inv, d->table, d->row, &row, why);
		return error == 0 ? tell_port(e, p, &row, why) : error;
	}
	if (d->table == TABLE_SCAN_HOST_KEYS || d->table == TABLE_SCAN_CERTIFICATES) {
		error = find_exchange(e, d, why);
	}
	return error;
}

/* One that came with another address is no new host. */
static bool is_new(struct estate *e, const struct place *p)
{
	return !p->is_known && p->row_count > 0 && p->asset != 0 && is_news(e, p) &&
	       p->evidence == JOIN_ADDRESS && !agent_is(e, p->asset);
}

int alerts_tell(struct estate *e, struct why *why)
{
	uint64_t before = e->alerts;
	int error = 0;

	for (size_t i = 0; error == 0 && i < e->delta_count; i++) {
		if (e->alerts - before < ALERTS_TURN_MAX) {
			error = tell_delta(e, &e->deltas[i], why);
		}
	}
	for (size_t i = 0; error == 0 && i < e->dirty.count; i++) {
		struct place *p = &e->places[e->dirty.items[i]];

		if (e->alerts - before < ALERTS_TURN_MAX) {
			error = is_new(e, p)    ? tell_host(e, p, why)
				: is_lost(e, p) ? tell_gone(e, p, why)
						: 0;
		}
		p->is_known = p->is_known || p->row_count > 0;
	}
	return error;
}
