/* padding_jobs.c - a handshake with a CBC suite, then one record that is wrong in one point: does
 * the server take it, and does it tell what is wrong? Nothing is gained but the answer. */
#include <stdlib.h>

#include "base/attr.h"
#include "base/mem.h"
#include "scan/tls/assessment.h"
#include "scan/tls/padding.h"
#include "sys/alloc.h"
#include "sys/tls_probe.h"

#define REPLY_MAX      16384 /* bytes of an answer that are read */
#define ROUNDS_MAX     2
#define FIRST_SEQUENCE 1 /* Finished had 0 */
#define CLOSE_NOTIFY   0

struct padding_work {
	struct tls_probe *probe;
	unsigned steps; /* of one round */
	unsigned round;
	bool was_open;
	uint8_t beginning[5]; /* of what the server says inside */
	struct padding_answer answers[ROUNDS_MAX][PADDING_STEPS];
};

/* What a client might say first, so that the server answers and, where it can, ends. */
struct first_words {
	enum tls_starttls protocol;
	uint16_t port; /* where TLS comes first */
	const char *words;
};

static const struct first_words first_words[] = {
	{ TLS_STARTTLS_SMTP, 465, "QUIT\r\n" },
	{ TLS_STARTTLS_IMAP, 993, "a LOGOUT\r\n" },
	{ TLS_STARTTLS_POP3, 995, "QUIT\r\n" },
	{ TLS_STARTTLS_FTP, 990, "QUIT\r\n" },
	{ TLS_STARTTLS_XMPP, 5223,
	  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
	  "version='1.0'>" },
};

/* An anonymous bind (RFC 4511, 4.2); a startup for nobody; what is no handshake response. */
static const uint8_t ldap_words[] = { 0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0 };
static const uint8_t postgres_words[] = { 0, 0, 0, 15, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 0, 0 };
static const uint8_t mysql_words[] = { 1, 0, 0, 2, 0 };

static struct span words_for(const struct job *job, char buffer[JOB_HTTP_MAX])
{
	const struct tls_target *target = &job->assessment->result->target;
	bool is_plain = target->starttls == TLS_STARTTLS_NONE;

	for (size_t i = 0; i < COUNT_OF(first_words); i++) {
		if (is_plain ? target->port == first_words[i].port
			     : target->starttls == first_words[i].protocol) {
			return span_of(first_words[i].words);
		}
	}
	if (target->starttls == TLS_STARTTLS_LDAP || (is_plain && target->port == 636)) {
		return (struct span){ ldap_words, sizeof ldap_words };
	}
	if (target->starttls == TLS_STARTTLS_POSTGRES) {
		return (struct span){ postgres_words, sizeof postgres_words };
	}
	if (target->starttls == TLS_STARTTLS_MYSQL) {
		return (struct span){ mysql_words, sizeof mysql_words };
	}
	return job_http_request(job, buffer);
}

static struct padding_answer *answer_of(struct job *job)
{
	struct padding_work *work = job->own;

	return &work->answers[work->round][job->step];
}

static void flush(struct job *job)
{
	struct padding_work *work = job->own;
	struct span bytes = tls_probe_output(work->probe);

	if (bytes.len > 0) {
		tls_wire_send(job->wire, bytes);
	}
}

static void begin_padding(struct job *job)
{
	struct padding_work *work = job->own;
	const struct tls_result *result = job->assessment->result;
	const struct tls_probe_config config = {
		.server_name = result->target.is_host_address ? NULL : result->target.host,
		.version = version_number(job->version),
		.is_cbc_only = true,
	};

	work->was_open = false;
	*answer_of(job) = (struct padding_answer){ .alert = PADDING_NO_ALERT };
	work->probe = tls_probe_new(assessment_probes(job->assessment), &config);
	if (work->probe == NULL) {
		job->is_ending = true; /* OpenSSL here has no such version */
		return;
	}
	(void)tls_probe_take(work->probe, (struct span){ 0 });
	flush(job);
}

static void say_record(struct job *job)
{
	static const enum tls_cbc_flaw flaws[PADDING_STEPS] = {
		[PADDING_RIGHT] = TLS_CBC_SOUND,
		[PADDING_ALL_WRONG] = TLS_CBC_PADDING_WRONG,
		[PADDING_FIRST_WRONG] = TLS_CBC_PADDING_FIRST_WRONG,
		[PADDING_MAC_WRONG] = TLS_CBC_MAC_WRONG,
		[PADDING_MAC_MISSING] = TLS_CBC_MAC_MISSING,
		[PADDING_EMPTY_MAC_WRONG] = TLS_CBC_MAC_WRONG,
	};
	struct padding_work *work = job->own;
	char buffer[JOB_HTTP_MAX];
	uint8_t record[TLS_CBC_RECORD_MAX];
	struct span content = words_for(job, buffer);
	struct tls_cbc_keys keys;
	size_t len = 0;

	if (job->step == PADDING_EMPTY_MAC_WRONG) {
		content.len = 0;
	}
	if (tls_probe_cbc_keys(work->probe, &keys)) {
		len = tls_cbc_seal(&keys, FIRST_SEQUENCE, TLS_RECORD_DATA, content,
				   flaws[job->step], record);
	}
	if (len == 0) {
		job->is_ending = true;
		return;
	}
	answer_of(job)->is_asked = true;
	tls_wire_send(job->wire, (struct span){ record, len });
}

/* All that was said inside; where it is over, the alert is known then. */
static enum tls_probe_state read_inside(struct job *job, struct span bytes)
{
	struct padding_work *work = job->own;
	struct padding_answer *answer = answer_of(job);
	enum tls_probe_state state = tls_probe_take(work->probe, bytes);
	uint8_t inside[2048];
	size_t got;

	while (work->was_open && (got = tls_probe_read(work->probe, inside, sizeof inside)) > 0) {
		for (size_t i = 0; i < got && answer->data + i < sizeof work->beginning; i++) {
			work->beginning[answer->data + i] = inside[i];
		}
		answer->data += got;
		state = tls_probe_take(work->probe, (struct span){ 0 });
	}
	return state;
}

/* Who has been asked in the clear to start TLS, or speaks HTTP, says nothing before we do. */
static bool is_reply(const struct job *job)
{
	const struct padding_work *work = job->own;
	size_t data = work->answers[work->round][job->step].data;

	return (data > 0 && job->assessment->result->target.starttls != TLS_STARTTLS_NONE) ||
	       (data >= sizeof work->beginning &&
		mem_compare(work->beginning, "HTTP/", sizeof work->beginning) == 0);
}

static size_t take_padding(struct job *job, struct span bytes)
{
	struct padding_work *work = job->own;
	struct padding_answer *answer = answer_of(job);
	enum tls_probe_state state = read_inside(job, bytes);

	flush(job);
	if (state == TLS_PROBE_OPEN && !work->was_open) {
		work->was_open = true;
		say_record(job);
		state = read_inside(job, (struct span){ 0 }); /* a greeting, perhaps */
	}
	answer->is_reply = is_reply(job);
	answer->alert = tls_probe_alert(work->probe);
	if (state == TLS_PROBE_ENDED) {
		/* one that says that it ends does so */
		answer->is_closed = answer->alert == CLOSE_NOTIFY || answer->alert < 0;
		job->is_ending = true;
	}
	if (answer->is_reply || answer->data > REPLY_MAX) {
		answer->alert = PADDING_NO_ALERT; /* what comes behind an answer is no part of it */
		answer->is_closed = false;
		job->is_ending = true;
	}
	return bytes.len;
}

/* What is known of one version joins what is known of others: the worst counts, and what is not
 * known stays so. */
static void join(struct tls_result *result, enum tls_vulnerability vulnerability,
		 enum tls_fact fact, const char *detail, enum tls_version version)
{
	static const unsigned weights[] = { [TLS_NO] = 1, [TLS_UNKNOWN] = 2, [TLS_YES] = 3 };
	struct tls_finding *finding = &result->vulnerabilities[vulnerability];
	bool is_first = finding->fact == TLS_UNKNOWN && finding->detail[0] == '\0';
	char text[TLS_RESULT_DETAIL_SIZE];
	struct writer w = writer_over((uint8_t *)text, sizeof text - 1);

	if (!is_first && weights[fact] <= weights[finding->fact]) {
		return;
	}
	if (detail[0] != '\0') {
		writer_text(&w, tls_version_text(version));
		writer_text(&w, ": ");
		writer_bytes(&w, span_first(span_of(detail), writer_left(&w)));
	}
	text[writer_used(&w)] = '\0';
	finding_set(result, vulnerability, fact, text);
}

static void judge(struct job *job)
{
	struct padding_work *work = job->own;
	struct tls_result *result = job->assessment->result;
	char detail[TLS_RESULT_DETAIL_SIZE] = "";
	enum tls_fact fact = padding_poodle(work->answers[0], detail);

	join(result, TLS_POODLE_TLS, fact, detail, job->version);
	if (work->steps < PADDING_STEPS) {
		return;
	}
	fact = padding_oracle(work->answers[0], detail);
	if (fact == TLS_YES && !padding_is_steady(work->answers[0], work->answers[1])) {
		join(result, TLS_PADDING_ORACLE, TLS_UNKNOWN, "answers differ, but not steadily",
		     job->version);
	} else {
		join(result, TLS_PADDING_ORACLE, fact, detail, job->version);
	}
}

/* The next step, round; false where all is said. A control that fails makes the rest useless. */
static bool go_on(struct job *job)
{
	struct padding_work *work = job->own;
	char detail[TLS_RESULT_DETAIL_SIZE];
	const struct padding_answer *right = &work->answers[0][PADDING_RIGHT];

	if (!right->is_asked || (right->alert > CLOSE_NOTIFY && !right->is_reply)) {
		return false;
	}
	if (work->round == 0 && job->step == PADDING_MAC_WRONG &&
	    padding_is_mute(work->answers[0])) {
		return false;
	}
	if (++job->step < work->steps) {
		return true;
	}
	if (work->round + 1 < ROUNDS_MAX && work->steps == PADDING_STEPS &&
	    padding_oracle(work->answers[0], detail) == TLS_YES) {
		work->round++;
		job->step = PADDING_MAC_WRONG;
		return true;
	}
	return false;
}

static bool end_padding(struct job *job, enum tls_wire_end end)
{
	struct padding_work *work = job->own;
	struct padding_answer *answer = answer_of(job);

	/* take_padding() ends the wire itself with the same word, and has said more by then */
	if ((end == TLS_WIRE_CLOSED || end == TLS_WIRE_RESET) &&
	    answer->alert == PADDING_NO_ALERT && !answer->is_reply) {
		answer->is_closed = true;
	}
	tls_probe_free(&work->probe);
	if (go_on(job)) {
		return true;
	}
	judge(job);
	return false;
}

static void done_padding(struct job *job)
{
	struct padding_work *work = job->own;

	if (work != NULL) {
		tls_probe_free(&work->probe);
		free(work);
		job->own = NULL;
	}
}

static const struct speaking speaking_padding = {
	.opened = begin_padding,
	.received = take_padding,
	.ended = end_padding,
	.done = done_padding,
};

static bool has_cbc(const struct tls_version_result *version)
{
	struct tls_suite suite;

	for (unsigned i = 0; version->offered == TLS_YES && i < version->count; i++) {
		(void)tls_suites_find(version->suites[i].id, &suite);
		if (suite.mode == TLS_MODE_CBC) {
			return true;
		}
	}
	return false;
}

/* Of the highest version all is asked, of those below whether it is another implementation. */
static void plan_padding(struct assessment *assessment, const struct job_kind *kind)
{
	struct tls_result *result = assessment->result;
	unsigned steps = PADDING_STEPS;
	bool is_without = true;
	bool is_tried = assessment_config(assessment)->tests_vulnerabilities &&
			!assessment_is_quick(assessment);

	for (unsigned v = TLS_1_2; v >= TLS_1_0; v--) {
		const struct tls_version_result *version = &result->versions[v];
		struct job *job;

		is_without =
			is_without && version->offered != TLS_UNKNOWN &&
			(version->offered == TLS_NO || (version->is_complete && !has_cbc(version)));
		job = is_tried && has_cbc(version) ? job_add(assessment, kind, v) : NULL;
		if (job != NULL) {
			struct padding_work *work = alloc_zeroed(1, sizeof *work);

			work->steps = steps;
			job->own = work;
			steps = PADDING_POODLE_STEPS;
		}
	}
	if (is_without) {
		finding_set(result, TLS_POODLE_TLS, TLS_NO, "no CBC suites");
		finding_set(result, TLS_PADDING_ORACLE, TLS_NO, "no CBC suites");
	}
}

const struct job_kind job_padding = {
	.name = "padding", .phase = 2, .plan = plan_padding, .speaking = &speaking_padding
};
