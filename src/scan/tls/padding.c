/* padding.c - answers to wrong records, compared. */
#include "scan/tls/padding.h"

#include <stdio.h>
#include <string.h>

#define CLOSE_NOTIFY 0
#define ANSWER_SIZE  40

static bool is_alerted(const struct padding_answer *answer)
{
	return answer->alert != PADDING_NO_ALERT && answer->alert != CLOSE_NOTIFY;
}

static bool is_refused(const struct padding_answer *answer)
{
	return is_alerted(answer) || (answer->data == 0 && answer->is_closed);
}

static bool is_silent(const struct padding_answer *answer)
{
	return answer->data == 0 && answer->alert == PADDING_NO_ALERT && !answer->is_closed;
}

/* As far as it tells anything: a greeting may come, or come too late. */
static bool is_alike(const struct padding_answer *a, const struct padding_answer *b)
{
	return a->alert == b->alert && a->is_closed == b->is_closed && a->is_reply == b->is_reply;
}

/* A wrong record had the effect of the right one. bad_mac is what nobody takes: a server that
 * speaks first greets then, too. */
static bool is_taken(const struct padding_answer *wrong, const struct padding_answer *right,
		     const struct padding_answer *bad_mac)
{
	if (wrong->is_reply) {
		return true;
	}
	if (is_alerted(wrong) || !bad_mac->is_asked) {
		return false;
	}
	return is_alike(wrong, right) && (!is_alike(bad_mac, right) || wrong->data > bad_mac->data);
}

static void answer_text(const struct padding_answer *answer, char text[ANSWER_SIZE])
{
	if (is_alerted(answer)) {
		(void)snprintf(text, ANSWER_SIZE, "alert %d", answer->alert);
	} else {
		(void)snprintf(text, ANSWER_SIZE, "%s",
			       answer->is_reply    ? "an answer"
			       : answer->is_closed ? "the end of the connection"
						   : "nothing");
	}
}

static enum tls_fact say(char *detail, enum tls_fact fact, const char *text)
{
	(void)snprintf(detail, TLS_RESULT_DETAIL_SIZE, "%s", text);
	return fact;
}

/* The control: does the server take a record that is right? */
static bool is_control_usable(const struct padding_answer answers[PADDING_STEPS], char *detail)
{
	const struct padding_answer *right = &answers[PADDING_RIGHT];

	if (!right->is_asked) {
		(void)snprintf(detail, TLS_RESULT_DETAIL_SIZE,
			       is_alerted(right)
				       ? "no handshake with its CBC suites came about: alert %d"
				       : "no handshake with its CBC suites came about",
			       right->alert);
		return false;
	}
	if (is_refused(right)) {
		char text[ANSWER_SIZE];

		answer_text(right, text);
		(void)snprintf(detail, TLS_RESULT_DETAIL_SIZE,
			       "a record with right padding is refused, too: %s", text);
		return false;
	}
	return true;
}

bool padding_is_mute(const struct padding_answer answers[PADDING_STEPS])
{
	return answers[PADDING_RIGHT].is_asked && answers[PADDING_MAC_WRONG].is_asked &&
	       is_silent(&answers[PADDING_RIGHT]) && is_silent(&answers[PADDING_MAC_WRONG]);
}

enum tls_fact padding_poodle(const struct padding_answer answers[PADDING_STEPS], char *detail)
{
	const struct padding_answer *right = &answers[PADDING_RIGHT];
	const struct padding_answer *all = &answers[PADDING_ALL_WRONG];
	const struct padding_answer *first = &answers[PADDING_FIRST_WRONG];
	const struct padding_answer *mac = &answers[PADDING_MAC_WRONG];

	if (!is_control_usable(answers, detail)) {
		return TLS_UNKNOWN;
	}
	if (all->is_asked && is_taken(all, right, mac)) {
		return say(detail, TLS_YES,
			   mac->is_reply ? "records are taken whatever their padding and MAC"
					 : "records are taken whatever their padding");
	}
	if (first->is_asked && is_taken(first, right, mac)) {
		return say(detail, TLS_YES, "of the padding only a part is looked at");
	}
	if (padding_is_mute(answers)) {
		return say(detail, TLS_UNKNOWN, "says nothing, whether a record is right or wrong");
	}
	if (!all->is_asked || !first->is_asked) {
		return say(detail, TLS_UNKNOWN, "the handshake succeeded only now and then");
	}
	if (is_alike(all, right) && all->data >= right->data) {
		return say(detail, TLS_UNKNOWN,
			   "right and wrong records of every kind are answered alike");
	}
	return say(detail, TLS_NO, "");
}

enum tls_fact padding_oracle(const struct padding_answer answers[PADDING_STEPS], char *detail)
{
	static const char *const names[PADDING_STEPS] = {
		[PADDING_ALL_WRONG] = "wrong padding",
		[PADDING_FIRST_WRONG] = "padding wrong in one byte",
		[PADDING_MAC_WRONG] = "a wrong MAC",
		[PADDING_MAC_MISSING] = "a missing MAC",
		[PADDING_EMPTY_MAC_WRONG] = "an empty record with a wrong MAC",
	};
	const struct padding_answer *mac = &answers[PADDING_MAC_WRONG];
	char here[ANSWER_SIZE];
	char there[ANSWER_SIZE];

	if (!is_control_usable(answers, detail)) {
		return TLS_UNKNOWN;
	}
	if (padding_is_mute(answers)) {
		return say(detail, TLS_UNKNOWN, "says nothing, whether a record is right or wrong");
	}
	for (unsigned i = PADDING_MAC_WRONG; i < PADDING_STEPS; i++) {
		if (!answers[i].is_asked) {
			return say(detail, TLS_UNKNOWN,
				   "the handshake succeeded only now and then");
		}
	}
	for (unsigned i = PADDING_MAC_WRONG + 1; i < PADDING_STEPS; i++) {
		if (!is_alike(mac, &answers[i])) {
			answer_text(mac, here);
			answer_text(&answers[i], there);
			(void)snprintf(detail, TLS_RESULT_DETAIL_SIZE, "%s to %s, %s to %s", here,
				       names[PADDING_MAC_WRONG], there, names[i]);
			return TLS_YES;
		}
	}
	return say(detail, TLS_NO, "");
}

bool padding_is_steady(const struct padding_answer one[PADDING_STEPS],
		       const struct padding_answer other[PADDING_STEPS])
{
	for (unsigned i = PADDING_MAC_WRONG; i < PADDING_STEPS; i++) {
		if (one[i].is_asked != other[i].is_asked || !is_alike(&one[i], &other[i])) {
			return false;
		}
	}
	return true;
}
