/* assess.c - targets, their jobs' connections, and what an answer is. */
#include "scan/tls/assess.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "scan/tls/assessment.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/tls_probe.h"

#define RECEIVE_MAX        (TLS_FLIGHT_MAX + 65536)
#define TICKET_MAX         1536
#define NEAR_ROUND_TRIP_US 3000
#define NEAR_UNTIL_MS      30 /* who has not taken a connection by then is not near */
#define LOST_MAX           2  /* connections of a job in a row that taught nothing */

struct tls_assessor {
	struct loop *loop;
	struct tls_assess_config config;
	struct hello_lists lists;
	struct tls_probe_context *probes;
	tls_assess_done *done;
	void *context;
	unsigned busy;
	unsigned near;  /* of those: that answer at once */
	uint64_t noise; /* for hellos' randoms, which protect nothing here */
	struct assessment *first;
};

static void advance(struct assessment *assessment);

struct tls_assess_config tls_assess_config_default(void)
{
	return (struct tls_assess_config){
		.targets_max = 1000,
		.connections_max = 4,
		.connect_ms = 5000,
		.answer_ms = 8000,
		.target_ms = 120000,
		.silence_ms = 1000,
		.tests_vulnerabilities = true,
	};
}

const struct tls_assess_config *assessment_config(const struct assessment *assessment)
{
	return &assessment->assessor->config;
}

const struct hello_lists *assessment_lists(const struct assessment *assessment)
{
	return &assessment->assessor->lists;
}
struct tls_probe_context *assessment_probes(struct assessment *assessment)
{
	if (assessment->assessor->probes == NULL) {
		assessment->assessor->probes = tls_probe_context_new();
	}
	return assessment->assessor->probes;
}

void assessment_keep_ticket(struct assessment *assessment, struct span ticket)
{
	uint8_t *copy;

	if (assessment->ticket.len > 0 || ticket.len == 0 || ticket.len > TICKET_MAX) {
		return;
	}
	copy = alloc_zeroed(ticket.len, 1);
	mem_copy(copy, ticket.ptr, ticket.len);
	assessment->ticket = (struct span){ copy, ticket.len };
}

static void forget_ticket(struct assessment *assessment)
{
	const void *bytes = assessment->ticket.ptr;

	free((void *)(uintptr_t)bytes);
}

struct tls_assessor *tls_assessor_new(struct loop *loop, const struct tls_assess_config *config,
				      tls_assess_done *done, void *context)
{
	struct tls_assessor *assessor = alloc_zeroed(1, sizeof *assessor);

	assessor->loop = loop;
	assessor->config = *config;
	assessor->done = done;
	assessor->context = context;
	assessor->noise = (uint64_t)clock_us();
	hello_lists_make(&assessor->lists);
	return assessor;
}

unsigned tls_assessor_room(const struct tls_assessor *assessor)
{
	return assessor->config.targets_max - assessor->busy;
}

unsigned tls_assessor_busy(const struct tls_assessor *assessor)
{
	return assessor->busy;
}

unsigned tls_assessor_near(const struct tls_assessor *assessor)
{
	const struct assessment *assessment = assessor->first; /* the latest */
	int64_t since_ms = clock_ms() - NEAR_UNTIL_MS;
	unsigned count = assessor->near;

	for (; assessment != NULL && assessment->started_ms > since_ms;
	     assessment = assessment->next) {
		count += !assessment->is_reached;
	}
	return count;
}

/* A round trip of the first connection tells, which no work of ours delays. */
static void note_distance(struct assessment *assessment, const struct tls_wire *wire)
{
	if (!assessment->is_near && tls_wire_round_trip_us(wire) < NEAR_ROUND_TRIP_US) {
		assessment->is_near = true;
		assessment->assessor->near++;
	}
}

static uint64_t noise(struct tls_assessor *assessor)
{
	uint64_t x = assessor->noise += 0x9E3779B97F4A7C15u; /* splitmix64 */

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

/*
 * Jobs
 */

struct job *job_add(struct assessment *assessment, const struct job_kind *kind,
		    enum tls_version version)
{
	struct job *job;

	if (assessment->job_count == JOBS_MAX) {
		return NULL;
	}
	job = alloc_zeroed(1, sizeof *job);
	job->assessment = assessment;
	job->kind = kind;
	job->version = version;
	assessment->jobs[assessment->job_count++] = job;
	return job;
}

static void free_jobs(struct assessment *assessment)
{
	for (unsigned i = 0; i < assessment->job_count; i++) {
		struct job *job = assessment->jobs[i];

		tls_wire_close(&job->wire);
		if (job->kind->speaking != NULL && job->kind->speaking->done != NULL) {
			job->kind->speaking->done(job);
		}
		tls_flight_done(&job->flight);
		free(job);
	}
	assessment->job_count = 0;
}

static void hang_up(struct job *job)
{
	if (job->is_running) {
		job->is_running = false;
		job->assessment->wires--;
	}
	tls_wire_close(&job->wire);
}

static bool is_exhausted(const struct job *job)
{
	return job->asked >= JOB_CONNECTIONS_MAX;
}

/*
 * Asking with hellos
 */

static void preset(struct job *job, struct tls_hello *hello, uint8_t session_id[32])
{
	struct assessment *a = job->assessment;
	const struct hello_lists *lists = assessment_lists(a);
	bool is13 = job->version == TLS_1_3;
	size_t classical = lists->group_count - lists->hybrid_count;

	*hello = (struct tls_hello){
		.record_version = job->version == TLS_SSL3 ? 0x0300 : 0x0301,
		.version = is13 ? 0x0303 : version_number(job->version),
		.suites = job->left,
		.suite_count = job->left_count,
		.server_name = a->result->target.is_host_address ? NULL : a->result->target.host,
		.groups = is13 ? lists->groups : lists->groups + lists->hybrid_count,
		.group_count = is13 ? lists->group_count : classical,
		.schemes = lists->schemes,
		.scheme_count = job->version >= TLS_1_2 ? lists->scheme_count : 0,
		.flags = TLS_HELLO_STAPLE | TLS_HELLO_SCTS | TLS_HELLO_EXTENDED_MASTER |
			 TLS_HELLO_ENCRYPT_THEN_MAC | TLS_HELLO_TICKET | TLS_HELLO_HEARTBEAT |
			 TLS_HELLO_RENEGOTIATION | TLS_HELLO_POINT_FORMATS,
	};
	for (size_t i = 0; i < 32; i += 8) {
		uint64_t random = noise(a->assessor);
		uint64_t id = noise(a->assessor);

		mem_copy(hello->random + i, &random, 8);
		mem_copy(session_id + i, &id, 8);
	}
	if (is13) {
		static const uint16_t only13[] = { 0x0304 };

		hello->versions = only13;
		hello->version_count = 1;
		hello->flags = TLS_HELLO_EMPTY_KEY_SHARE;
		hello->session_id = (struct span){ session_id, 32 };
	} else if (job->version == TLS_SSL3) {
		hello->flags = TLS_HELLO_NO_EXTENSIONS;
	}
}

void job_say_hello(struct job *job)
{
	uint8_t bytes[TLS_HELLO_MAX];
	uint8_t session_id[32];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct tls_hello hello;
	int error;

	if (job->version == TLS_SSL2) {
		const struct hello_lists *lists = assessment_lists(job->assessment);

		error = tls_hello_write_ssl2((struct span){ session_id, 16 }, lists->kinds,
					     lists->kind_count, &w);
	} else {
		preset(job, &hello, session_id);
		if (job->kind->asking != NULL) {
			job->kind->asking->hello(job, &hello);
		}
		error = tls_hello_write(&hello, &w);
	}
	assert(error == 0); /* our own lists, and TLS_HELLO_MAX is made for them */
	tls_wire_send(job->wire, writer_span(&w));
}

static void read_kex(struct answer *answer)
{
	const struct tls_server_hello *hello = &answer->flight->hello;
	struct tls_suite suite;
	struct span body;
	enum tls_exchange exchange = TLS_EXCHANGE_ECDHE;
	bool has_hint = false;

	if (hello->version >= 0x0304 ||
	    !tls_flight_message(answer->flight, TLS_SERVER_KEY_EXCHANGE, &body) ||
	    !tls_suites_find(hello->suite, &suite)) {
		return;
	}
	switch (suite.kex) {
	case TLS_KEX_DHE_PSK:
		has_hint = true;
		exchange = TLS_EXCHANGE_DHE;
		break;
	case TLS_KEX_ECDHE_PSK:
		has_hint = true;
		break;
	case TLS_KEX_DHE:
		exchange = TLS_EXCHANGE_DHE;
		break;
	case TLS_KEX_RSA:
		exchange = TLS_EXCHANGE_RSA_EXPORT;
		break;
	case TLS_KEX_ECDHE:
		break;
	default:
		return;
	}
	if (tls_key_exchange_parse(body, exchange, has_hint, hello->version, &answer->kex) != 0) {
		answer->kex = (struct tls_key_exchange){ 0 };
	}
}

/* The job goes on, or is over; the wire is closed by now. */
static void conclude_ask(struct job *job, struct answer *answer)
{
	bool is_lost = answer->kind == ANSWER_LOST;
	struct assessment *assessment = job->assessment;

	job->lost = is_lost ? job->lost + 1 : 0;
	if (answer->kind == ANSWER_HELLO && job->version != TLS_SSL2) {
		read_kex(answer);
	}
	if (is_lost && job->lost < LOST_MAX && !is_exhausted(job)) {
		/* once more */
	} else if (!job->kind->asking->take(job, answer) || is_lost || is_exhausted(job)) {
		job->is_over = true;
	}
	tls_flight_done(&job->flight);
	advance(assessment);
}

static size_t take_ssl2(struct job *job, struct span bytes)
{
	struct answer answer = { .kind = ANSWER_HELLO, .flight = &job->flight };
	int error = ssl2_server_hello_parse(bytes, &answer.ssl2);

	if (error == ERR_AGAIN) {
		return 0;
	}
	if (error != 0) {
		/* an alert of TLS is an honest no */
		answer.kind = bytes.ptr[0] == TLS_RECORD_ALERT ? ANSWER_NO : ANSWER_BROKEN;
	}
	hang_up(job);
	conclude_ask(job, &answer);
	return bytes.len;
}

static size_t take_flight(struct job *job, struct span bytes)
{
	struct answer answer = { .kind = ANSWER_HELLO, .flight = &job->flight };
	size_t taken = tls_flight_take(&job->flight, bytes);

	switch (job->flight.state) {
	case TLS_FLIGHT_MORE:
		return taken;
	case TLS_FLIGHT_WHOLE:
		break;
	case TLS_FLIGHT_ALERT:
		answer.kind = job->flight.has_hello ? ANSWER_HELLO : ANSWER_NO;
		break;
	case TLS_FLIGHT_BROKEN:
		answer.kind = job->flight.has_hello ? ANSWER_HELLO : ANSWER_BROKEN;
		break;
	}
	hang_up(job);
	conclude_ask(job, &answer);
	return bytes.len;
}

static void end_ask(struct job *job, enum tls_wire_end end)
{
	struct answer answer = { .end = end, .flight = &job->flight };

	if (job->version != TLS_SSL2 && job->flight.has_hello) {
		answer.kind = ANSWER_HELLO;
	} else if (end == TLS_WIRE_CLOSED || end == TLS_WIRE_RESET) {
		answer.kind = ANSWER_NO;
	} else {
		answer.kind = ANSWER_LOST;
	}
	hang_up(job);
	conclude_ask(job, &answer);
}

/*
 * The wire's handlers
 */

static void conclude_speech(struct job *job, enum tls_wire_end end)
{
	struct assessment *assessment = job->assessment;

	hang_up(job);
	if (!job->kind->speaking->ended(job, end) || is_exhausted(job)) {
		job->is_over = true;
	}
	advance(assessment);
}

static void on_opened(void *context)
{
	struct job *job = context;

	if (!job->assessment->is_reached) {
		note_distance(job->assessment, job->wire);
	}
	job->assessment->result->failure = TLS_FINE;
	job->assessment->is_reached = true;
	if (job->kind->asking != NULL) {
		job_say_hello(job);
	} else {
		job->kind->speaking->opened(job);
		if (job->is_ending) {
			job->is_ending = false;
			conclude_speech(job, TLS_WIRE_CLOSED);
			return;
		}
	}
	advance(job->assessment); /* the others may come, too */
}

static size_t on_received(void *context, struct span bytes)
{
	struct job *job = context;
	size_t taken;

	if (job->kind->asking != NULL) {
		return job->version == TLS_SSL2 ? take_ssl2(job, bytes) : take_flight(job, bytes);
	}
	taken = job->kind->speaking->received(job, bytes);
	if (job->is_ending) {
		job->is_ending = false;
		conclude_speech(job, TLS_WIRE_CLOSED);
	}
	return taken;
}

static void finish(struct assessment *assessment);

static void fail(struct assessment *assessment, enum tls_failure failure, const char *reason)
{
	assessment->result->failure = failure;
	(void)snprintf(assessment->result->reason, sizeof assessment->result->reason, "%s", reason);
	finish(assessment);
}

static void on_ended(void *context, enum tls_wire_end end)
{
	struct job *job = context;

	if (!job->assessment->is_reached) {
		switch (end) {
		case TLS_WIRE_REFUSED:
			fail(job->assessment, TLS_REFUSED, "the connection was refused");
			break;
		case TLS_WIRE_UNANSWERED:
			fail(job->assessment, TLS_TIMED_OUT, "no answer to the connection");
			break;
		case TLS_WIRE_NO_STARTTLS:
			fail(job->assessment, TLS_NO_STARTTLS, "the server does not start TLS");
			break;
		default:
			fail(job->assessment, TLS_CLOSED,
			     "the server closed the connection before TLS, or said nothing");
			break;
		}
	} else if (job->kind->asking != NULL) {
		end_ask(job, end);
	} else {
		conclude_speech(job, end);
	}
}

static const struct tls_wire_handler wire_handler = {
	.opened = on_opened,
	.received = on_received,
	.ended = on_ended,
};

static void begin_job(struct job *job)
{
	struct assessment *a = job->assessment;
	const struct tls_wire_limits limits = {
		.connect_ms = a->assessor->config.connect_ms,
		.answer_ms = a->assessor->config.answer_ms,
		.receive_max = RECEIVE_MAX,
	};
	const struct tls_wire_to to = {
		.address = &a->address,
		.starttls = a->result->target.starttls,
		.host = a->result->target.host,
		.accounting = &a->result->accounting,
	};

	job->is_running = true;
	job->asked++;
	a->wires++;
	if (job->kind->asking != NULL) {
		tls_flight_init(&job->flight);
	}
	job->wire = tls_wire_open(a->assessor->loop, &to, &limits, &wire_handler, job);
}

/*
 * The target
 */

static void plan(struct assessment *assessment)
{
	for (unsigned i = 0; job_kinds[i] != NULL; i++) {
		if (job_kinds[i]->phase == assessment->phase) {
			job_kinds[i]->plan(assessment, job_kinds[i]);
		}
	}
}

static bool has_any_version(const struct tls_result *result)
{
	for (unsigned v = 0; v < TLS_VERSIONS; v++) {
		if (result->versions[v].offered == TLS_YES) {
			return true;
		}
	}
	return false;
}

static void finish(struct assessment *assessment)
{
	struct tls_assessor *assessor = assessment->assessor;
	struct tls_result *result = assessment->result;

	assessment->is_over = true;
	free_jobs(assessment);
	loop_timer_free(&assessment->timer);
	result->accounting.duration_ms = clock_ms() - assessment->started_ms;
	conclude(result);
	if (assessment->previous != NULL) {
		assessment->previous->next = assessment->next;
	} else {
		assessor->first = assessment->next;
	}
	if (assessment->next != NULL) {
		assessment->next->previous = assessment->previous;
	}
	assessor->busy--;
	assessor->near -= assessment->is_near;
	forget_ticket(assessment);
	free(assessment);
	assessor->done(assessor->context, result);
}

/* True where a job was begun or nothing can be now; false where the phase is over. */
static bool begin_jobs(struct assessment *assessment)
{
	unsigned max = assessment->is_reached ? assessment->assessor->config.connections_max : 1;
	bool is_busy = false;

	for (unsigned i = 0; i < assessment->job_count; i++) {
		struct job *job = assessment->jobs[i];

		if (!job->is_over && !job->is_running && assessment->wires < max) {
			begin_job(job);
		}
		is_busy = is_busy || !job->is_over;
	}
	return is_busy;
}

/* Begins what can be begun; the assessment may be gone when this returns. */
static void advance(struct assessment *assessment)
{
	while (!begin_jobs(assessment)) {
		if (assessment->phase == 0 && !has_any_version(assessment->result)) {
			fail(assessment, TLS_NOT_TLS, "what answers there speaks no TLS");
			return;
		}
		if (++assessment->phase == PHASES) {
			finish(assessment);
			return;
		}
		free_jobs(assessment);
		plan(assessment);
	}
}

static void on_time(void *context)
{
	struct assessment *assessment = context;

	assessment->result->accounting.is_timed_out = true;
	if (!has_any_version(assessment->result)) {
		fail(assessment, TLS_TIMED_OUT, "the time was up before any TLS");
	} else {
		finish(assessment);
	}
}

void tls_assessor_add(struct tls_assessor *assessor, const struct tls_target *target,
		      const struct net_address *address)
{
	struct assessment *assessment = alloc_zeroed(1, sizeof *assessment);
	char text[NET_TEXT_SIZE];

	assert(assessor->busy < assessor->config.targets_max);
	assessor->busy++;
	assessment->assessor = assessor;
	assessment->address = *address;
	assessment->started_ms = clock_ms();
	assessment->result = tls_result_new();
	assessment->result->target = *target;
	net_host_text(address, text);
	(void)snprintf(assessment->result->target.address,
		       sizeof assessment->result->target.address, "%.45s", text);
	assessment->result->is_quick = assessor->config.is_quick;
	assessment->result->accounting.started_ms = clock_wall_ms();
	assessment->next = assessor->first;
	if (assessment->next != NULL) {
		assessment->next->previous = assessment;
	}
	assessor->first = assessment;
	assessment->timer = loop_timer(assessor->loop, on_time, assessment);
	loop_timer_arm(assessment->timer, assessor->config.target_ms);
	plan(assessment);
	advance(assessment);
}

void tls_assessor_free(struct tls_assessor **assessor)
{
	struct tls_assessor *a = *assessor;

	if (a == NULL) {
		return;
	}
	*assessor = NULL;
	while (a->first != NULL) {
		struct assessment *assessment = a->first;

		a->first = assessment->next;
		free_jobs(assessment);
		loop_timer_free(&assessment->timer);
		tls_result_free(&assessment->result);
		forget_ticket(assessment);
		free(assessment);
	}
	tls_probe_context_free(&a->probes);
	free(a);
}
