/*
 * talk_parts.h - one talk, for its own files: talk.c (connections and time), talk_judge.c (whose
 * bytes they are, and what comes next), talk_receive.c (bytes and TLS).
 */
#pragma once

#include "scan/identify/choice.h"
#include "scan/identify/talk.h"
#include "sys/buffer.h"

enum talk_state { CONNECTING, LISTENING, ASKED, SHAKING, DIALOGUE, OVER };

/* What a connection is for. */
enum talk_purpose { FOR_BANNER, FOR_HELLO, FOR_TLS, FOR_STARTTLS };

struct talk {
	struct talk_setup *setup;
	struct identify_result result;
	talk_done *done;
	void *context;
	char *name;
	char host[NET_TEXT_SIZE];

	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	enum talk_state state;
	enum talk_purpose purpose;
	struct buffer in;
	struct buffer out;
	struct tls_unverified *tls;      /* of this connection */
	struct tls_unverified *tls_kept; /* the one whose certificate is the result's */
	bool is_within;                  /* TLS is open on this connection */
	bool peer_closed;
	bool is_repeated; /* a datagram that was sent again */
	struct choice goal;
	struct choice inner_goal;
	bool has_inner_goal;
	bool offers_all; /* every ALPN name: it refused the usual one */
	struct choice_state outer;
	struct choice_state inner;
	unsigned hellos;
	unsigned inner_hellos;
	unsigned hellos_max;

	const struct prober *asked; /* whose words were said last on this connection */
	const struct prober *known; /* who said IS before STARTTLS */
	unsigned agains;            /* connections that were made for more of the same */
	unsigned step;
	size_t since;
	size_t judged;
	struct starttls starttls;
	size_t starttls_seen;

	int64_t started_ms;
	int64_t connected_ms;
	int64_t deadline_ms; /* of the state */
};

/* What a prober makes of the bytes. */
struct talk_opinion {
	enum probe_verdict verdict;
	const struct prober *prober;
};

/* talk.c */

/* Nothing more is said; done is called in the loop's next turn. */
void talk_finish(struct talk *t);

/* Notes the limit that was met; the first counts. */
void talk_give_up(struct talk *t, const char *format, unsigned long long number);

/* Time is up for this state in ms, or sooner by the limits of connection and target. */
void talk_wait_ms(struct talk *t, int64_t ms);

/* Sends words, within TLS where it is open. */
void talk_say(struct talk *t, struct span words);
void talk_flush(struct talk *t);
void talk_begin_connection(struct talk *t);
void talk_listen_for_banner(struct talk *t);
void talk_say_first(struct talk *t);
void talk_say_hello(struct talk *t, const struct prober *prober);
void talk_begin_tls(struct talk *t);
void talk_on_connected(struct talk *t);

/* The next hello of a level; false where none is left. */
bool talk_choose(struct talk *t, bool is_inner, struct choice *out);

/* The state of choosing: within TLS, or outside. */
struct choice_state *talk_level(struct talk *t);

/* talk_judge.c */

/* Whose bytes have come so far? ended: no more will. */
void talk_judge(struct talk *t, bool ended);
struct talk_opinion talk_ask_all(struct talk *t, bool ended, struct writer *w);
struct probe_view talk_view(const struct talk *t, bool ended);

/* It is this. */
void talk_settle(struct talk *t, const struct prober *prober);

/* Nothing came of this connection. */
void talk_next_attempt(struct talk *t);

/* True where the bytes are a TLS record: an alert, or a hello. */
bool talk_is_tls_record(struct span bytes);

/* talk_receive.c */

void talk_on_ready(void *context, unsigned events);
void talk_on_tls_failed(struct talk *t);
void talk_continue_dialogue(struct talk *t, bool ended);
