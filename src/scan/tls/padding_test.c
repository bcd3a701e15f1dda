/* padding_test.c - answers as servers have given them, and what they say. */
#include "scan/tls/padding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#define BAD_RECORD_MAC    20
#define DECRYPTION_FAILED 21

static const struct padding_answer reply = {
	.is_asked = true, .is_reply = true, .data = 100, .alert = PADDING_NO_ALERT
};
static const struct padding_answer alert = { .is_asked = true, .alert = BAD_RECORD_MAC };
static const struct padding_answer closed = { .is_asked = true,
					      .alert = PADDING_NO_ALERT,
					      .is_closed = true };
static const struct padding_answer silence = { .is_asked = true, .alert = PADDING_NO_ALERT };
static const struct padding_answer nothing = { .alert = PADDING_NO_ALERT };

/* A server that takes what is right and answers all that is wrong alike. */
static void fill(struct padding_answer answers[PADDING_STEPS], struct padding_answer wrong)
{
	answers[PADDING_RIGHT] = reply;
	for (unsigned i = PADDING_MAC_WRONG; i < PADDING_STEPS; i++) {
		answers[i] = wrong;
	}
}

static void a_server_that_refuses_what_is_wrong_is_sound(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	const struct padding_answer refusals[] = { alert, closed, silence };
	(void)state;

	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		fill(answers, refusals[i]);
		assert_int_equal(padding_poodle(answers, detail), TLS_NO);
		assert_int_equal(padding_oracle(answers, detail), TLS_NO);
	}
}

static void an_answer_to_wrong_padding_is_poodle(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	fill(answers, alert);
	answers[PADDING_ALL_WRONG] = reply;
	assert_int_equal(padding_poodle(answers, detail), TLS_YES);
	assert_string_equal(detail, "records are taken whatever their padding");
	assert_int_equal(padding_oracle(answers, detail), TLS_YES);
	fill(answers, alert);
	answers[PADDING_FIRST_WRONG] = reply;
	assert_int_equal(padding_poodle(answers, detail), TLS_YES);
	assert_string_equal(detail, "of the padding only a part is looked at");
	fill(answers, reply);
	assert_int_equal(padding_poodle(answers, detail), TLS_YES);
	assert_string_equal(detail, "records are taken whatever their padding and MAC");
}

static void nothing_is_said_of_a_server_that_refuses_the_control(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	fill(answers, alert);
	answers[PADDING_RIGHT] = alert;
	assert_int_equal(padding_poodle(answers, detail), TLS_UNKNOWN);
	assert_string_equal(detail, "a record with right padding is refused, too: alert 20");
	assert_int_equal(padding_oracle(answers, detail), TLS_UNKNOWN);
	answers[PADDING_RIGHT] = closed;
	assert_int_equal(padding_poodle(answers, detail), TLS_UNKNOWN);
	answers[PADDING_RIGHT] = nothing;
	assert_int_equal(padding_poodle(answers, detail), TLS_UNKNOWN);
	assert_string_equal(detail, "no handshake with its CBC suites came about");
}

static void a_handshake_that_fails_in_between_leaves_it_open(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	for (unsigned i = PADDING_ALL_WRONG; i < PADDING_STEPS; i++) {
		fill(answers, alert);
		answers[i] = nothing;
		assert_int_equal(padding_poodle(answers, detail),
				 i == PADDING_FIRST_WRONG || i == PADDING_ALL_WRONG ? TLS_UNKNOWN
										    : TLS_NO);
		assert_int_equal(padding_oracle(answers, detail), TLS_UNKNOWN);
	}
}

/* What a server says before it is asked is no answer: IMAP, SMTP. */
static void a_greeting_is_no_answer(void **state)
{
	const struct padding_answer greeting = {
		.is_asked = true, .data = 40, .alert = PADDING_NO_ALERT, .is_closed = true
	};
	struct padding_answer farewell = greeting;
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	farewell.data = 60;
	fill(answers, greeting);
	answers[PADDING_RIGHT] = farewell;
	assert_int_equal(padding_poodle(answers, detail), TLS_NO);
	answers[PADDING_ALL_WRONG] = farewell;
	assert_int_equal(padding_poodle(answers, detail), TLS_YES);
	fill(answers, greeting);
	answers[PADDING_RIGHT] = greeting;
	assert_int_equal(padding_poodle(answers, detail), TLS_UNKNOWN);
}

/* It says nothing to anybody, but ends when a MAC is wrong: so the padding is not looked at. */
static void silence_counts_where_a_wrong_mac_breaks_it(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	fill(answers, silence);
	answers[PADDING_RIGHT] = silence;
	assert_true(padding_is_mute(answers));
	assert_int_equal(padding_poodle(answers, detail), TLS_UNKNOWN);
	assert_int_equal(padding_oracle(answers, detail), TLS_UNKNOWN);
	answers[PADDING_MAC_WRONG] = alert;
	assert_false(padding_is_mute(answers));
	assert_int_equal(padding_poodle(answers, detail), TLS_YES);
	fill(answers, alert);
	answers[PADDING_RIGHT] = silence;
	assert_int_equal(padding_poodle(answers, detail), TLS_NO);
}

static void different_words_for_different_errors_are_an_oracle(void **state)
{
	struct padding_answer answers[PADDING_STEPS];
	struct padding_answer again[PADDING_STEPS];
	struct padding_answer other = alert;
	char detail[TLS_RESULT_DETAIL_SIZE];
	(void)state;

	other.alert = DECRYPTION_FAILED;
	for (unsigned i = PADDING_FIRST_WRONG; i < PADDING_STEPS; i++) {
		fill(answers, alert);
		fill(again, alert);
		answers[i] = other;
		assert_int_equal(padding_oracle(answers, detail), TLS_YES);
		assert_int_equal(padding_poodle(answers, detail), TLS_NO);
		assert_false(padding_is_steady(answers, again));
		again[i] = other;
		assert_true(padding_is_steady(answers, again));
	}
	fill(answers, alert);
	answers[PADDING_ALL_WRONG] = other;
	(void)padding_oracle(answers, detail);
	assert_string_equal(detail, "alert 20 to a wrong MAC, alert 21 to wrong padding");
	answers[PADDING_ALL_WRONG] = closed;
	(void)padding_oracle(answers, detail);
	assert_string_equal(detail,
			    "alert 20 to a wrong MAC, the end of the connection to wrong padding");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_refuses_what_is_wrong_is_sound),
		cmocka_unit_test(an_answer_to_wrong_padding_is_poodle),
		cmocka_unit_test(nothing_is_said_of_a_server_that_refuses_the_control),
		cmocka_unit_test(a_handshake_that_fails_in_between_leaves_it_open),
		cmocka_unit_test(a_greeting_is_no_answer),
		cmocka_unit_test(silence_counts_where_a_wrong_mac_breaks_it),
		cmocka_unit_test(different_words_for_different_errors_are_an_oracle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
