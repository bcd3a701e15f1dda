/* fake_server.c - naive on purpose. */
#include "sensor/fake_server.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "wire/policy.h"

#define REPLY_MAX (1u << 20)

void fake_server_init(struct fake_server *s, void (*say)(void *context, struct span frame),
		      void *context)
{
	memset(s, 0, sizeof *s);
	s->say = say;
	s->context = context;
	session_guard_init(&s->guard);
}

void fake_server_done(struct fake_server *s)
{
	for (size_t i = 0; i < MESSAGE_TABLES_MAX; i++) {
		free(s->tables[i].held);
		free(s->tables[i].frame);
	}
	for (size_t i = 0; i < s->row_count; i++) {
		free(s->rows[i].bytes);
	}
	free(s->rows);
	for (size_t i = 0; i < s->event_count; i++) {
		free(s->events[i].row);
	}
	free(s->events);
}

void fake_server_reconnect(struct fake_server *s)
{
	session_guard_init(&s->guard);
}

struct digest fake_server_digest(const struct fake_server *s, uint16_t table)
{
	struct digest d = { 0, 0 };

	for (size_t i = 0; i < s->tables[table].count; i++) {
		digest_add(&d, &s->tables[table].held[i]);
	}
	return d;
}

struct span fake_server_row(const struct fake_server *s, const struct rowhash *hash)
{
	for (size_t i = 0; i < s->row_count; i++) {
		if (rowhash_equal(&s->rows[i].hash, hash)) {
			return (struct span){ s->rows[i].bytes, s->rows[i].len };
		}
	}
	return (struct span){ NULL, 0 };
}

void fake_server_say(struct fake_server *s, const struct message *m)
{
	uint8_t *bytes = alloc_zeroed(1, REPLY_MAX);
	struct writer w = writer_over(bytes, REPLY_MAX);

	message_encode(m, &w);
	session_guard_sent(&s->guard, m);
	if (writer_ok(&w)) {
		s->say(s->context, span_after(writer_span(&w), FRAME_HEAD_SIZE));
	} else {
		s->error = ERR_FULL;
	}
	free(bytes);
}

static void note_policy(struct fake_server *s, struct span digest)
{
	if (digest.len == sizeof s->policy_told) {
		memcpy(s->policy_told, digest.ptr, digest.len);
	}
}

void fake_server_send_policy(struct fake_server *s)
{
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct message m = { .kind = MESSAGE_POLICY,
			     .policy = { .digest = { digest, sizeof digest },
					 .bytes = s->policy } };

	policy_digest(s->policy, digest);
	fake_server_say(s, &m);
}

static void welcome(struct fake_server *s, const struct message_hello *hello)
{
	struct message m = { .kind = MESSAGE_WELCOME,
			     .welcome = { .protocol = MESSAGE_PROTOCOL, .alive_s = 30 } };

	for (size_t i = 0; i < hello->table_count; i++) {
		const struct fake_table *t = &s->tables[hello->tables[i]];

		m.welcome.tables[m.welcome.table_count++] = (struct message_welcome_table){
			.table = hello->tables[i],
			.seq = t->seq,
			.count = t->count,
			.digest = fake_server_digest(s, hello->tables[i]),
		};
	}
	fake_server_say(s, &m);
	note_policy(s, hello->policy);
	if (s->policy.len > 0) {
		uint8_t digest[MESSAGE_POLICY_DIGEST];

		policy_digest(s->policy, digest);
		if (memcmp(digest, s->policy_told, sizeof digest) != 0) {
			fake_server_send_policy(s);
		}
	}
}

static void keep_event(struct fake_server *s, const struct message_event *event)
{
	struct fake_event kept = { .epoch = s->events_epoch,
				   .number = s->events_next,
				   .event = event->event,
				   .at_ms = event->at_ms,
				   .row = malloc(event->row.len + 1),
				   .row_len = event->row.len };

	memcpy(kept.row, event->row.ptr, event->row.len);
	s->events = alloc_resize(s->events, s->event_count + 1, sizeof *s->events);
	s->events[s->event_count++] = kept;
}

static void take_events(struct fake_server *s, const struct message_events *m)
{
	struct message answer = { .kind = MESSAGE_EVENTS_ACK,
				  .events_ack = { .epoch = m->epoch,
						  .next = m->first + m->events.count } };
	struct event_list list = m->events;
	struct message_event event;
	uint64_t number = m->first;

	s->event_messages++;
	if (m->epoch != s->events_epoch) {
		s->events_epoch = m->epoch;
		s->events_next = 0;
	}
	while (event_list_take(&list, &event)) {
		if (number < s->events_next) {
			s->repeated_events++;
		} else {
			s->missing_events += number - s->events_next;
			s->events_next = number;
			keep_event(s, &event);
			s->events_next++;
		}
		number++;
	}
	if (s->swallow_event_acks > 0) {
		s->swallow_event_acks--;
	} else {
		fake_server_say(s, &answer);
	}
}

static void keep_rows(struct fake_server *s, uint16_t table, struct row_list rows)
{
	struct span row;

	while (row_list_take(&rows, &row)) {
		struct rowhash hash = rowhash_of(table, row);

		if (fake_server_row(s, &hash).len > 0) {
			continue;
		}
		s->rows = alloc_resize(s->rows, s->row_count + 1, sizeof *s->rows);
		s->rows[s->row_count] =
			(struct fake_row){ .hash = hash, .bytes = malloc(row.len), .len = row.len };
		memcpy(s->rows[s->row_count++].bytes, row.ptr, row.len);
	}
}

static void hold(struct fake_table *t, struct rowhash hash)
{
	for (size_t i = 0; i < t->count; i++) {
		if (rowhash_equal(&t->held[i], &hash)) {
			return;
		}
	}
	t->held = alloc_resize(t->held, t->count + 1, sizeof *t->held);
	t->held[t->count++] = hash;
}

/* Lets go of all from low to high. */
static void let_go(struct fake_table *t, struct rowhash low, struct rowhash high)
{
	for (size_t i = t->count; i-- > 0;) {
		if (rowhash_compare(&t->held[i], &low) >= 0 &&
		    rowhash_compare(&t->held[i], &high) <= 0) {
			t->held[i] = t->held[--t->count];
		}
	}
}

static void ask_for_all(struct fake_server *s, uint16_t table)
{
	struct message m = { .kind = MESSAGE_RESYNC,
			     .resync = { .table = table,
					 .seq = s->tables[table].seq + 1,
					 .reason = span_of("a test") } };

	fake_server_say(s, &m);
}

static void apply(struct fake_server *s, const struct message_batch *b)
{
	struct fake_table *t = &s->tables[b->table];
	struct message m = { .kind = MESSAGE_ACK, .ack = { .table = b->table, .seq = b->seq } };
	struct digest now;

	if (b->mode == BATCH_RANGE) {
		let_go(t, b->low, b->high);
	}
	for (size_t i = 0; i < hash_list_count(b->removes); i++) {
		let_go(t, hash_list_at(b->removes, i), hash_list_at(b->removes, i));
	}
	for (size_t i = 0; i < hash_list_count(b->adds); i++) {
		hold(t, hash_list_at(b->adds, i));
	}
	t->seq = b->seq;
	now = fake_server_digest(s, b->table);
	if (b->has_digest && !digest_equal(now, b->digest)) {
		s->disagreements++;
		ask_for_all(s, b->table);
	} else if (s->swallow_acks > 0) {
		s->swallow_acks--;
	} else {
		fake_server_say(s, &m);
	}
}

/* Asks for what is not there, or applies. */
static void go_on(struct fake_server *s, uint16_t table)
{
	struct fake_table *t = &s->tables[table];
	struct message batch;
	uint8_t *missing;
	struct writer w;

	if (message_decode((struct span){ t->frame, t->frame_len }, &batch) != 0) {
		s->error = ERR_MALFORMED;
		return;
	}
	missing = alloc_zeroed(hash_list_count(batch.batch.adds) + 1, ROWHASH_SIZE);
	w = writer_over(missing, hash_list_count(batch.batch.adds) * ROWHASH_SIZE);
	for (size_t i = 0; i < hash_list_count(batch.batch.adds); i++) {
		struct rowhash hash = hash_list_at(batch.batch.adds, i);

		if (fake_server_row(s, &hash).len == 0) {
			writer_bytes(&w, (struct span){ hash.bytes, ROWHASH_SIZE });
		}
	}
	if (writer_used(&w) == 0) {
		apply(s, &batch.batch);
	} else if (!s->guard.is_wanted[table]) {
		struct message m = { .kind = MESSAGE_WANT,
				     .want = { .table = table,
					       .seq = batch.batch.seq,
					       .hashes = { writer_span(&w) } } };

		s->wants++;
		fake_server_say(s, &m);
	}
	free(missing);
}

static void take_batch(struct fake_server *s, const struct message_batch *b, struct span frame)
{
	struct fake_table *t = &s->tables[b->table];
	struct message m = { .kind = MESSAGE_REFUSE,
			     .refuse = { .table = b->table,
					 .seq = b->seq,
					 .code = s->refuse_code,
					 .text = span_of("a test") } };

	s->batches++;
	s->ranges += b->mode == BATCH_RANGE;
	if (s->refuse > 0) {
		s->refuse--;
		fake_server_say(s, &m);
		return;
	}
	if (s->resyncs > 0 || b->seq != t->seq + 1) {
		s->resyncs -= s->resyncs > 0;
		ask_for_all(s, b->table);
		return;
	}
	keep_rows(s, b->table, b->rows);
	free(t->frame);
	t->frame = malloc(frame.len);
	t->frame_len = frame.len;
	memcpy(t->frame, frame.ptr, frame.len);
	go_on(s, b->table);
}

void fake_server_receive(struct fake_server *s, struct span frame)
{
	struct message m;
	int error = session_guard_receive(&s->guard, frame, &m);

	if (error != 0) {
		s->error = error;
		return;
	}
	switch (m.kind) {
	case MESSAGE_HELLO:
		welcome(s, &m.hello);
		break;
	case MESSAGE_BATCH:
		take_batch(s, &m.batch, frame);
		break;
	case MESSAGE_ROWS:
		keep_rows(s, m.rows.table, m.rows.rows);
		go_on(s, m.rows.table);
		break;
	case MESSAGE_EVENTS:
		take_events(s, &m.events);
		break;
	case MESSAGE_ALIVE:
		s->alives++;
		s->alive = m.alive;
		note_policy(s, m.alive.policy);
		s->alive.policy = (struct span){ NULL, 0 };
		break;
	default:
		break;
	}
}
