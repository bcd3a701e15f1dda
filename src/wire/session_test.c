/* session_test.c - both sides against each other, and each against a liar. */
#include "wire/session.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint16_t tables[] = { 4, 10 };
static uint8_t buffer[4096];

struct both {
	struct session sensor;
	struct session_guard guard;
	struct writer w;
};

static struct span frame_in(const struct writer *w)
{
	return span_after(writer_span(w), FRAME_HEAD_SIZE);
}

/* The server says m; returns what the sensor's session makes of it. */
static int say(struct both *b, struct message m)
{
	struct message out;

	b->w = writer_over(buffer, sizeof buffer);
	message_encode(&m, &b->w);
	session_guard_sent(&b->guard, &m);
	return session_receive(&b->sensor, frame_in(&b->w), &out);
}

/* The guard's word on what the sensor wrote last. */
static int hear(struct both *b)
{
	struct message out;

	return session_guard_receive(&b->guard, frame_in(&b->w), &out);
}

static int send_batch(struct both *b, uint16_t table, uint64_t *out_seq)
{
	struct message_batch batch = { .table = table };
	int error;

	b->w = writer_over(buffer, sizeof buffer);
	error = session_batch(&b->sensor, &batch, &b->w);
	*out_seq = batch.seq;
	return error;
}

static struct message welcome(void)
{
	return (struct message){ .kind = MESSAGE_WELCOME,
				 .welcome = { .protocol = MESSAGE_PROTOCOL,
					      .alive_s = 30,
					      .tables = { { 4, 6, 2, { 1, 1 } },
							  { 63, 1, 1, { 0, 0 } } },
					      .table_count = 2 } };
}

static void open_both(struct both *b)
{
	session_init(&b->sensor, span_of("agent"), span_of("1"), tables, 2);
	session_guard_init(&b->guard);
	b->w = writer_over(buffer, sizeof buffer);
	session_hello(&b->sensor, 1, &b->w);
	assert_int_equal(hear(b), 0);
	assert_int_equal(say(b, welcome()), 0);
}

static void a_batch_is_acknowledged_and_the_next_one_counts_on(void **state)
{
	struct both b;
	uint64_t seq;

	(void)state;
	open_both(&b);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(seq, 7);
	assert_int_equal(hear(&b), 0);
	assert_int_equal(send_batch(&b, 4, &seq), ERR_AGAIN); /* one at a time a table */
	assert_int_equal(send_batch(&b, 10, &seq), 0);        /* another table does not wait */
	assert_int_equal(seq, 1);
	assert_int_equal(hear(&b), 0);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_ACK, .ack = { 4, 7 } }), 0);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(seq, 8);
	assert_int_equal(hear(&b), 0);
	assert_int_equal(send_batch(&b, 12, &seq), ERR_NOT_FOUND);
}

static void rows_go_only_where_they_are_wanted(void **state)
{
	struct both b;
	uint64_t seq;

	(void)state;
	open_both(&b);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(hear(&b), 0);
	b.w = writer_over(buffer, sizeof buffer);
	assert_int_equal(session_rows(&b.sensor, 4, (struct row_list){ { NULL, 0 }, 0 }, &b.w), 0);
	assert_int_equal(hear(&b), ERR_CONFLICT);
	assert_int_equal(
		say(&b, (struct message){ .kind = MESSAGE_WANT, .want = { .table = 4, .seq = 7 } }),
		0);
	b.w = writer_over(buffer, sizeof buffer);
	assert_int_equal(session_rows(&b.sensor, 4, (struct row_list){ { NULL, 0 }, 0 }, &b.w), 0);
	assert_int_equal(hear(&b), 0);
	assert_int_equal(session_rows(&b.sensor, 10, (struct row_list){ { NULL, 0 }, 0 }, &b.w),
			 ERR_AGAIN);
}

static void resync_sets_the_number_and_refusal_leaves_it(void **state)
{
	struct both b;
	uint64_t seq;

	(void)state;
	open_both(&b);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_RESYNC,
						   .resync = { .table = 4, .seq = 3 } }),
			 0);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(seq, 3);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_REFUSE,
						   .refuse = { .table = 4, .seq = 3 } }),
			 0);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(seq, 3);
}

static void answers_to_nothing_end_the_connection(void **state)
{
	struct both b;

	(void)state;
	open_both(&b);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_ACK, .ack = { 4, 7 } }),
			 ERR_CONFLICT);
	assert_int_equal(b.sensor.state, SESSION_CLOSED);
	open_both(&b);
	assert_int_equal(say(&b, welcome()), ERR_CONFLICT); /* twice */
	open_both(&b);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_ALIVE }), ERR_CONFLICT);
}

static void nothing_comes_before_hello(void **state)
{
	struct both b;
	uint64_t seq;

	(void)state;
	open_both(&b);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	session_guard_init(&b.guard);
	assert_int_equal(hear(&b), ERR_CONFLICT);
}

static void what_was_on_its_way_at_a_restart_is_dropped(void **state)
{
	struct both b;
	uint64_t seq;

	(void)state;
	open_both(&b);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	session_guard_sent(&b.guard, &(struct message){ .kind = MESSAGE_RESTART });
	assert_int_equal(hear(&b), ERR_AGAIN);
	assert_int_equal(say(&b, (struct message){ .kind = MESSAGE_RESTART }), 0);
	assert_int_equal(b.sensor.state, SESSION_CLOSED);
	b.w = writer_over(buffer, sizeof buffer);
	session_hello(&b.sensor, 2, &b.w);
	assert_int_equal(hear(&b), 0);
	assert_int_equal(say(&b, welcome()), 0);
	assert_int_equal(send_batch(&b, 4, &seq), 0);
	assert_int_equal(hear(&b), 0);
}

static void a_batch_without_a_number_or_of_a_table_not_named_is_refused(void **state)
{
	struct both b;
	struct message m = { .kind = MESSAGE_BATCH, .batch = { .table = 4, .seq = 0 } };

	(void)state;
	open_both(&b);
	b.w = writer_over(buffer, sizeof buffer);
	message_encode(&m, &b.w);
	assert_int_equal(hear(&b), ERR_CONFLICT);
	m.batch.table = 11;
	m.batch.seq = 1;
	b.w = writer_over(buffer, sizeof buffer);
	message_encode(&m, &b.w);
	assert_int_equal(hear(&b), ERR_CONFLICT);
	m.batch.table = 60000;
	b.w = writer_over(buffer, sizeof buffer);
	message_encode(&m, &b.w);
	assert_int_equal(hear(&b), ERR_CONFLICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_acknowledged_and_the_next_one_counts_on),
		cmocka_unit_test(rows_go_only_where_they_are_wanted),
		cmocka_unit_test(resync_sets_the_number_and_refusal_leaves_it),
		cmocka_unit_test(answers_to_nothing_end_the_connection),
		cmocka_unit_test(nothing_comes_before_hello),
		cmocka_unit_test(what_was_on_its_way_at_a_restart_is_dropped),
		cmocka_unit_test(a_batch_without_a_number_or_of_a_table_not_named_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
