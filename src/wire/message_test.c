/* message_test.c - each kind comes back as it was sent, and no truncation of it does. */
#include "wire/message.h"

#include "base/error.h"
#include "base/mem.h"
#include "wire/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static uint8_t buffer[4096];
static const uint8_t hashes[4 * ROWHASH_SIZE] = { [0] = 1, [16] = 2, [32] = 3, [48] = 4 };
static const uint8_t a_row[] = { 0x81, 0x61, 'a' };

/* Encodes, decodes, checks that every truncation fails; returns what came back. */
static struct message there_and_back(const struct message *m)
{
	struct writer w = writer_over(buffer, sizeof buffer);
	struct message back;
	struct span frame;
	size_t size;

	message_encode(m, &w);
	assert_true(writer_ok(&w));
	assert_int_equal(frame_next(writer_span(&w), &frame, &size), 0);
	assert_int_equal(size, writer_used(&w));
	for (size_t len = 0; len < frame.len; len++) {
		assert_int_equal(message_decode(span_first(frame, len), &back), ERR_MALFORMED);
	}
	assert_int_equal(message_decode(frame, &back), 0);
	assert_int_equal(back.kind, m->kind);
	return back;
}

static void hello_and_welcome(void **state)
{
	struct message m = { .kind = MESSAGE_HELLO,
			     .hello = { .protocol = 1,
					.kind = span_of("agent"),
					.version = span_of("0.1"),
					.clock_ms = -7,
					.tables = { 4, 9 },
					.table_count = 2 } };
	struct message back = there_and_back(&m);

	(void)state;
	assert_true(span_is(back.hello.kind, "agent"));
	assert_int_equal(back.hello.clock_ms, -7);
	assert_int_equal(back.hello.tables[1], 9);
	m = (struct message){ .kind = MESSAGE_WELCOME,
			      .welcome = { .protocol = 1,
					   .alive_s = 60,
					   .tables = { { 4, 17, 2000, { 1, 2 } } },
					   .table_count = 1 } };
	back = there_and_back(&m);
	assert_int_equal(back.welcome.tables[0].seq, 17);
	assert_int_equal(back.welcome.tables[0].count, 2000);
	assert_true(digest_equal(back.welcome.tables[0].digest, (struct digest){ 1, 2 }));
}

static void a_delta_with_inline_rows(void **state)
{
	uint8_t rows[16];
	struct writer w = writer_over(rows, sizeof rows);
	struct message m = { .kind = MESSAGE_BATCH };
	struct message back;
	struct span row;

	(void)state;
	row_list_append(&w, (struct span){ a_row, sizeof a_row });
	m.batch = (struct message_batch){ .table = 4,
					  .seq = 3,
					  .observed_ms = 1000,
					  .mode = BATCH_DELTA,
					  .has_digest = true,
					  .digest = { 5, 6 },
					  .removes = { { hashes, 16 } },
					  .adds = { { hashes + 16, 32 } },
					  .rows = { writer_span(&w), 1 } };
	back = there_and_back(&m);
	assert_int_equal(hash_list_count(back.batch.removes), 1);
	assert_int_equal(hash_list_count(back.batch.adds), 2);
	assert_int_equal(hash_list_at(back.batch.adds, 1).bytes[0], 3);
	assert_true(row_list_take(&back.batch.rows, &row));
	assert_true(span_equal(row, (struct span){ a_row, sizeof a_row }));
	assert_false(row_list_take(&back.batch.rows, &row));
}

static int decode_range(uint8_t low, uint8_t high, struct span adds)
{
	struct message m = { .kind = MESSAGE_BATCH };
	struct writer w = writer_over(buffer, sizeof buffer);
	struct message back;

	m.batch = (struct message_batch){
		.table = 4, .seq = 1, .mode = BATCH_RANGE, .adds = { adds }
	};
	m.batch.low.bytes[0] = low;
	m.batch.high.bytes[0] = high;
	message_encode(&m, &w);
	return message_decode(span_after(writer_span(&w), FRAME_HEAD_SIZE), &back);
}

static void a_range_holds_rising_hashes_within_it(void **state)
{
	static const uint8_t twice[2 * ROWHASH_SIZE] = { [0] = 2, [16] = 2 };
	static const uint8_t falling[2 * ROWHASH_SIZE] = { [0] = 3, [16] = 2 };

	(void)state;
	assert_int_equal(decode_range(1, 4, (struct span){ hashes, sizeof hashes }), 0);
	assert_int_equal(decode_range(0, 255, (struct span){ NULL, 0 }), 0);
	assert_int_equal(decode_range(2, 4, (struct span){ hashes, sizeof hashes }), ERR_MALFORMED);
	assert_int_equal(decode_range(1, 3, (struct span){ hashes, sizeof hashes }), ERR_MALFORMED);
	assert_int_equal(decode_range(4, 1, (struct span){ NULL, 0 }), ERR_MALFORMED);
	assert_int_equal(decode_range(1, 4, (struct span){ twice, sizeof twice }), ERR_MALFORMED);
	assert_int_equal(decode_range(1, 4, (struct span){ falling, sizeof falling }),
			 ERR_MALFORMED);
}

static void the_small_ones(void **state)
{
	struct message m = { .kind = MESSAGE_WANT, .want = { 4, 9, { { hashes, 32 } } } };

	(void)state;
	assert_int_equal(hash_list_count(there_and_back(&m).want.hashes), 2);
	m = (struct message){ .kind = MESSAGE_ACK, .ack = { 4, 9 } };
	assert_int_equal(there_and_back(&m).ack.seq, 9);
	m = (struct message){ .kind = MESSAGE_RESYNC, .resync = { 4, 9, span_of("why") } };
	assert_true(span_is(there_and_back(&m).resync.reason, "why"));
	m = (struct message){ .kind = MESSAGE_REFUSE,
			      .refuse = { 4, 9, REFUSE_ROW, span_of("too big") } };
	assert_int_equal(there_and_back(&m).refuse.code, REFUSE_ROW);
	m = (struct message){ .kind = MESSAGE_GOODBYE,
			      .goodbye = { GOODBYE_REVOKED, span_of("revoked"), 5 } };
	assert_int_equal(there_and_back(&m).goodbye.retry_ms, 5);
	m = (struct message){ .kind = MESSAGE_RESTART, .restart = { 250 } };
	assert_int_equal(there_and_back(&m).restart.delay_ms, 250);
	m = (struct message){ .kind = MESSAGE_ALIVE, .alive = { 77 } };
	assert_int_equal(there_and_back(&m).alive.clock_ms, 77);
	m = (struct message){ .kind = MESSAGE_ROWS, .rows = { 4, 9, { { NULL, 0 }, 0 } } };
	assert_int_equal(there_and_back(&m).rows.seq, 9);
}

static void later_versions_may_append(void **state)
{
	static const uint8_t ack_and_more[] = { 0x85, 18, 4, 9, 0x81, 0x01, 0xf6 };
	static const uint8_t unknown_kind[] = { 0x82, 0x18, 99, 0x01 };
	struct message back;

	(void)state;
	assert_int_equal(message_decode((struct span){ ack_and_more, sizeof ack_and_more }, &back),
			 0);
	assert_int_equal(back.ack.seq, 9);
	assert_int_equal(message_decode((struct span){ unknown_kind, sizeof unknown_kind }, &back),
			 ERR_UNSUPPORTED);
}

static void frames_have_a_length_that_is_believed_only_within_its_limit(void **state)
{
	static const uint8_t zero[] = { 0, 0, 0, 0, 1 };
	static const uint8_t huge[] = { 0, 16, 0, 1, 1 };
	static const uint8_t short_one[] = { 0, 0, 0, 2, 1 };
	struct span frame;
	size_t size;

	(void)state;
	assert_int_equal(frame_next((struct span){ zero, 5 }, &frame, &size), ERR_LIMIT);
	assert_int_equal(frame_next((struct span){ huge, 5 }, &frame, &size), ERR_LIMIT);
	assert_int_equal(frame_next((struct span){ short_one, 5 }, &frame, &size), ERR_AGAIN);
	assert_int_equal(frame_next((struct span){ short_one, 3 }, &frame, &size), ERR_AGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_and_welcome),
		cmocka_unit_test(a_delta_with_inline_rows),
		cmocka_unit_test(a_range_holds_rising_hashes_within_it),
		cmocka_unit_test(the_small_ones),
		cmocka_unit_test(later_versions_may_append),
		cmocka_unit_test(frames_have_a_length_that_is_believed_only_within_its_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
