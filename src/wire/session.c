/* session.c - who may say what, when. */
#include "wire/session.h"

#include "base/error.h"
#include "base/mem.h"

void session_init(struct session *s, struct span kind, struct span version, const uint16_t *tables,
		  size_t table_count)
{
	mem_zero(s, sizeof *s);
	s->kind = kind;
	s->version = version;
	s->table_count = table_count < MESSAGE_TABLES_MAX ? table_count : MESSAGE_TABLES_MAX;
	for (size_t i = 0; i < s->table_count; i++) {
		s->tables[i].number = tables[i];
	}
}

struct session_table *session_table(struct session *s, uint16_t number)
{
	for (size_t i = 0; i < s->table_count; i++) {
		if (s->tables[i].number == number) {
			return &s->tables[i];
		}
	}
	return NULL;
}

void session_close(struct session *s)
{
	s->state = SESSION_CLOSED;
	s->is_events_in_flight = false;
	for (size_t i = 0; i < s->table_count; i++) {
		s->tables[i].is_in_flight = false;
	}
}

void session_hello(struct session *s, int64_t clock_ms, struct writer *out)
{
	struct message m;

	mem_zero(&m, sizeof m);
	session_close(s);
	m.kind = MESSAGE_HELLO;
	m.hello.protocol = MESSAGE_PROTOCOL;
	m.hello.kind = s->kind;
	m.hello.version = s->version;
	m.hello.clock_ms = clock_ms;
	m.hello.table_count = s->table_count;
	for (size_t i = 0; i < s->table_count; i++) {
		m.hello.tables[i] = s->tables[i].number;
	}
	m.hello.policy = (struct span){ s->policy, sizeof s->policy };
	message_encode(&m, out);
	s->state = SESSION_GREETED;
}

static int follow_welcome(struct session *s, const struct message_welcome *m)
{
	if (s->state != SESSION_GREETED) {
		return ERR_CONFLICT;
	}
	if (m->protocol != MESSAGE_PROTOCOL) {
		return ERR_UNSUPPORTED;
	}
	for (size_t i = 0; i < s->table_count; i++) {
		s->tables[i].seq = 0;
		s->tables[i].count = 0;
		s->tables[i].digest = (struct digest){ 0, 0 };
	}
	for (size_t i = 0; i < m->table_count; i++) {
		/* a table that this sensor no longer speaks of stays as it is over there */
		struct session_table *table = session_table(s, m->tables[i].table);

		if (table != NULL) {
			table->seq = m->tables[i].seq;
			table->count = m->tables[i].count;
			table->digest = m->tables[i].digest;
		}
	}
	s->alive_s = m->alive_s;
	s->state = SESSION_OPEN;
	return 0;
}

/* The table whose batch in flight an answer is about, or NULL. */
static struct session_table *answered(struct session *s, uint16_t number, uint64_t seq)
{
	struct session_table *table = session_table(s, number);

	if (s->state != SESSION_OPEN || table == NULL || !table->is_in_flight ||
	    table->seq + 1 != seq) {
		return NULL;
	}
	return table;
}

static int follow_resync(struct session *s, const struct message_resync *m)
{
	struct session_table *table = session_table(s, m->table);

	if (s->state != SESSION_OPEN || table == NULL || !table->is_in_flight || m->seq == 0) {
		return ERR_CONFLICT;
	}
	table->is_in_flight = false;
	table->seq = m->seq - 1;
	return 0;
}

static int follow_events_ack(struct session *s, const struct message_events_ack *m)
{
	if (s->state != SESSION_OPEN || !s->is_events_in_flight || m->epoch != s->events_epoch ||
	    m->next != s->events_next) {
		return ERR_CONFLICT;
	}
	s->is_events_in_flight = false;
	return 0;
}

static int follow(struct session *s, const struct message *m)
{
	struct session_table *table;

	switch (m->kind) {
	case MESSAGE_WELCOME:
		return follow_welcome(s, &m->welcome);
	case MESSAGE_WANT:
		return answered(s, m->want.table, m->want.seq) != NULL ? 0 : ERR_CONFLICT;
	case MESSAGE_ACK:
		table = answered(s, m->ack.table, m->ack.seq);
		if (table == NULL) {
			return ERR_CONFLICT;
		}
		table->is_in_flight = false;
		table->seq++;
		return 0;
	case MESSAGE_RESYNC:
		return follow_resync(s, &m->resync);
	case MESSAGE_REFUSE:
		table = answered(s, m->refuse.table, m->refuse.seq);
		if (table == NULL) {
			return ERR_CONFLICT;
		}
		table->is_in_flight = false;
		return 0;
	case MESSAGE_EVENTS_ACK:
		return follow_events_ack(s, &m->events_ack);
	case MESSAGE_POLICY:
		return s->state == SESSION_OPEN ? 0 : ERR_CONFLICT;
	case MESSAGE_RESTART:
	case MESSAGE_GOODBYE:
		session_close(s);
		return 0;
	default:
		return ERR_CONFLICT; /* a sensor's message, from the server */
	}
}

int session_receive(struct session *s, struct span frame, struct message *out)
{
	struct message m;
	int error = message_decode(frame, &m);

	if (error == 0) {
		error = follow(s, &m);
	}
	if (error != 0) {
		session_close(s);
		return error;
	}
	*out = m;
	return 0;
}

int session_batch(struct session *s, struct message_batch *batch, struct writer *out)
{
	struct session_table *table = session_table(s, batch->table);
	struct message m;
	size_t mark = writer_used(out);

	if (table == NULL) {
		return ERR_NOT_FOUND;
	}
	if (s->state != SESSION_OPEN || table->is_in_flight) {
		return ERR_AGAIN;
	}
	mem_zero(&m, sizeof m);
	m.kind = MESSAGE_BATCH;
	m.batch = *batch;
	m.batch.seq = table->seq + 1;
	message_encode(&m, out);
	if (!writer_ok(out)) {
		writer_rewind(out, mark);
		return ERR_FULL;
	}
	batch->seq = m.batch.seq;
	table->is_in_flight = true;
	return 0;
}

int session_rows(struct session *s, uint16_t number, struct row_list rows, struct writer *out)
{
	struct session_table *table = session_table(s, number);
	struct message m;
	size_t mark = writer_used(out);

	if (s->state != SESSION_OPEN || table == NULL || !table->is_in_flight) {
		return ERR_AGAIN;
	}
	mem_zero(&m, sizeof m);
	m.kind = MESSAGE_ROWS;
	m.rows.table = number;
	m.rows.seq = table->seq + 1;
	m.rows.rows = rows;
	message_encode(&m, out);
	if (!writer_ok(out)) {
		writer_rewind(out, mark);
		return ERR_FULL;
	}
	return 0;
}

int session_events(struct session *s, uint64_t epoch, uint64_t first, struct event_list events,
		   struct writer *out)
{
	struct message m;
	size_t mark = writer_used(out);

	if (s->state != SESSION_OPEN || s->is_events_in_flight) {
		return ERR_AGAIN;
	}
	mem_zero(&m, sizeof m);
	m.kind = MESSAGE_EVENTS;
	m.events.epoch = epoch;
	m.events.first = first;
	m.events.events = events;
	message_encode(&m, out);
	if (!writer_ok(out)) {
		writer_rewind(out, mark);
		return ERR_FULL;
	}
	s->is_events_in_flight = true;
	s->events_epoch = epoch;
	s->events_next = first + events.count;
	return 0;
}

void session_set_policy(struct session *s, const uint8_t digest[MESSAGE_POLICY_DIGEST])
{
	mem_copy(s->policy, digest, sizeof s->policy);
}

void session_alive(struct session *s, int64_t clock_ms, uint32_t silent_s, uint16_t busy_table,
		   struct writer *out)
{
	struct message m;

	if (s->state != SESSION_OPEN) {
		return;
	}
	mem_zero(&m, sizeof m);
	m.kind = MESSAGE_ALIVE;
	m.alive.clock_ms = clock_ms;
	m.alive.policy = (struct span){ s->policy, sizeof s->policy };
	m.alive.silent_s = silent_s;
	m.alive.busy_table = busy_table;
	message_encode(&m, out);
}

void session_guard_init(struct session_guard *g)
{
	mem_zero(g, sizeof *g);
}

static int guard_hello(struct session_guard *g, const struct message_hello *m)
{
	/* again after a restart message, which closed it */
	if (g->is_open) {
		return ERR_CONFLICT;
	}
	mem_zero(g, sizeof *g);
	for (size_t i = 0; i < m->table_count; i++) {
		if (m->tables[i] <
		    MESSAGE_TABLES_MAX) { /* others: a newer sensor's; refused when used */
			g->is_named[m->tables[i]] = true;
		}
	}
	g->is_policed = m->policy.len > 0;
	g->is_open = true;
	return 0;
}

static int guard_events(struct session_guard *g, const struct message_events *m)
{
	if (!g->is_policed || g->is_events_in_flight || m->events.count == 0 ||
	    m->first > UINT64_MAX - m->events.count) {
		return ERR_CONFLICT;
	}
	g->is_events_in_flight = true;
	return 0;
}

static int guard_batch(struct session_guard *g, const struct message_batch *m)
{
	if (m->table >= MESSAGE_TABLES_MAX || !g->is_named[m->table] || g->is_in_flight[m->table] ||
	    m->seq == 0) {
		return ERR_CONFLICT;
	}
	g->is_in_flight[m->table] = true;
	g->is_wanted[m->table] = false;
	return 0;
}

static int guard_follow(struct session_guard *g, const struct message *m)
{
	if (m->kind == MESSAGE_HELLO) {
		return guard_hello(g, &m->hello);
	}
	if (!g->is_open) {
		return g->is_restarting ? ERR_AGAIN : ERR_CONFLICT;
	}
	switch (m->kind) {
	case MESSAGE_BATCH:
		return guard_batch(g, &m->batch);
	case MESSAGE_ROWS:
		if (m->rows.table >= MESSAGE_TABLES_MAX || !g->is_wanted[m->rows.table]) {
			return ERR_CONFLICT;
		}
		return 0;
	case MESSAGE_EVENTS:
		return guard_events(g, &m->events);
	case MESSAGE_ALIVE:
		return 0;
	default:
		return ERR_CONFLICT;
	}
}

int session_guard_receive(struct session_guard *g, struct span frame, struct message *out)
{
	struct message m;
	int error = message_decode(frame, &m);

	if (error == 0) {
		error = guard_follow(g, &m);
	}
	if (error != 0) {
		return error;
	}
	*out = m;
	return 0;
}

static void guard_answered(struct session_guard *g, uint16_t table)
{
	if (table < MESSAGE_TABLES_MAX) {
		g->is_in_flight[table] = false;
		g->is_wanted[table] = false;
	}
}

void session_guard_sent(struct session_guard *g, const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_WANT:
		if (message->want.table < MESSAGE_TABLES_MAX) {
			g->is_wanted[message->want.table] = true;
		}
		break;
	case MESSAGE_ACK:
		guard_answered(g, message->ack.table);
		break;
	case MESSAGE_RESYNC:
		guard_answered(g, message->resync.table);
		break;
	case MESSAGE_REFUSE:
		guard_answered(g, message->refuse.table);
		break;
	case MESSAGE_EVENTS_ACK:
		g->is_events_in_flight = false;
		break;
	case MESSAGE_RESTART:
		session_guard_init(g);
		g->is_restarting = true;
		break;
	default:
		break;
	}
}
