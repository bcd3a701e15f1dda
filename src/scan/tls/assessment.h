/*
 * assessment.h - one target's assessment from the inside: jobs, and how they ask.
 *
 * A job holds at most one connection at a time and asks until it knows enough. Jobs of one phase
 * run beside each other; the next phase begins when all have ended, so that it knows what they
 * found. Private to this folder.
 */
#pragma once

#include "formats/tls_hello.h"
#include "formats/tls_suites.h"
#include "scan/tls/assess.h"
#include "scan/tls/flight.h"
#include "scan/tls/wire.h"

#define JOBS_MAX            24  /* of one phase */
#define JOB_LEFT_MAX        400 /* numbers that a job works through */
#define JOB_CONNECTIONS_MAX 420 /* of one job */

#define ASSESSMENT_SHORT_ID 16

/* Lists that every hello needs, made once. */
struct hello_lists {
	uint16_t suites[JOB_LEFT_MAX];        /* up to TLS 1.2, the strongest first */
	struct tls_suite facts[JOB_LEFT_MAX]; /* of each */
	uint8_t classes[JOB_LEFT_MAX];        /* of each: what a letter asks of it */
	size_t suite_count;
	uint32_t kinds[32]; /* SSLv2's */
	size_t kind_count;
	uint16_t suites13[16];
	size_t suite13_count;
	uint16_t groups[80]; /* all */
	size_t group_count;
	size_t hybrid_count; /* the first ones of them: only TLS 1.3 has them */
	uint16_t schemes[48];
	size_t scheme_count;
};

void hello_lists_make(struct hello_lists *lists);

/* Bit 1 << class of each class that holds a suite; for hello_lists. */
unsigned suite_classes(const struct tls_suite *suite);

struct assessment;
struct job;

enum answer_kind {
	ANSWER_HELLO,  /* the server agreed: the flight has a hello */
	ANSWER_NO,     /* an alert, or closed: it does not agree */
	ANSWER_LOST,   /* nothing learnt: silent, flooded, refused */
	ANSWER_BROKEN, /* it answered with something that is no TLS */
};

/* What came for one hello. */
struct answer {
	enum answer_kind kind;
	enum tls_wire_end end; /* where there was no flight */
	const struct tls_flight *flight;
	struct tls_key_exchange kex;   /* zeros where it came not */
	struct ssl2_server_hello ssl2; /* of an SSLv2 job */
};

/* A kind of job that asks with hellos: the usual one. */
struct asking {
	/* Fills in what to say next; the hello is preset for the job's version. */
	void (*hello)(struct job *job, struct tls_hello *hello);
	/* Learns; returns true to ask again. */
	bool (*take)(struct job *job, const struct answer *answer);
};

/* A kind of job that speaks for itself on a wire of its own. */
struct speaking {
	void (*opened)(struct job *job);
	size_t (*received)(struct job *job, struct span bytes);
	/* Returns true for another connection. */
	bool (*ended)(struct job *job, enum tls_wire_end end);
	void (*done)(struct job *job);
};

struct job_kind {
	const char *name;
	unsigned phase;
	/* Whether it is worth asking, and what for; adds jobs by job_add(). */
	void (*plan)(struct assessment *assessment, const struct job_kind *kind);
	const struct asking *asking; /* one of the two */
	const struct speaking *speaking;
};

struct job {
	struct assessment *assessment;
	const struct job_kind *kind;
	struct tls_wire *wire;
	struct tls_flight flight;
	enum tls_version version;
	unsigned step;  /* the job's own */
	unsigned lost;  /* connections that taught nothing, in a row */
	unsigned asked; /* connections */
	bool is_running;
	bool is_over;
	bool is_ending; /* speaking: the wire is to be closed by the engine */
	size_t left_count;
	uint16_t left[JOB_LEFT_MAX];
	void *own; /* speaking: the job's, freed by its done() */
};

struct tls_probe_context;

struct assessment {
	struct tls_assessor *assessor;
	struct tls_result *result;
	struct net_address address;
	struct loop_timer *timer;
	int64_t started_ms;
	unsigned phase;
	unsigned wires; /* open */
	unsigned job_count;
	bool is_over;
	bool is_reached; /* a connection was made, and TLS may be spoken */
	bool is_near;    /* it answers at once: counted in the assessor */
	struct job *jobs[JOBS_MAX];
	uint8_t dh_public[8]; /* the beginning of the last one: comes it twice? */
	uint8_t ecdh_public[8];
	struct span ticket; /* of a session up to TLS 1.2; owned, for Ticketbleed */
	uint8_t short_id[ASSESSMENT_SHORT_ID]; /* that Ticketbleed's hello had */
	struct assessment *previous;
	struct assessment *next;
};

const struct tls_assess_config *assessment_config(const struct assessment *assessment);
const struct hello_lists *assessment_lists(const struct assessment *assessment);

/* Made when it is needed first. */
struct tls_probe_context *assessment_probes(struct assessment *assessment);

/* Keeps a copy, where none is kept and it is not too long for a hello. */
void assessment_keep_ticket(struct assessment *assessment, struct span ticket);

/* Speaking: sends the hello of the job's version with its suites. */
void job_say_hello(struct job *job);

/* Adds a job of the phase at hand; NULL where there are too many. */
struct job *job_add(struct assessment *assessment, const struct job_kind *kind,
		    enum tls_version version);

/* Every kind, in the order in which they begin, ended by NULL. */
extern const struct job_kind *const job_kinds[];
#define PHASES 4

/* 0x0303 for TLS_1_2. */
uint16_t version_number(enum tls_version version);
enum tls_version version_of(uint16_t number);

/* Highest version up to max that is offered; false where there is none. */
bool highest_version(const struct tls_result *result, enum tls_version max, enum tls_version *out);

/* Fills left with the suites of a filter; for suites up to TLS 1.2. */
void job_fill(struct job *job, bool (*wanted)(const struct tls_suite *suite));

/* Takes a number out of left; false where it was not there. */
bool job_remove(struct job *job, uint16_t number);

/* Fills left with numbers as given; with the suites found of the job's version. */
void job_fill_numbers(struct job *job, const uint16_t *numbers, size_t count);
void job_fill_found(struct job *job, bool is_reversed);

/* A request for / over HTTP, as the target's name is; in buffer. */
#define JOB_HTTP_MAX 512
struct span job_http_request(const struct job *job, char buffer[JOB_HTTP_MAX]);

bool assessment_is_quick(const struct assessment *assessment);

/* The server agreed, and to the version that the job is about. */
bool answer_is_of_version(const struct job *job, const struct answer *answer);

/* Any suite found, of any version. */
bool result_has_suite(const struct tls_result *result, bool (*wanted)(const struct tls_suite *));

/* For struct asking: a hello as it is preset; one answer, which is learnt from. */
void job_hello_as_it_is(struct job *job, struct tls_hello *hello);
bool job_take_one(struct job *job, const struct answer *answer);

/* Learns from a hello whatever any hello tells: suite, features, certificates, key exchange. */
void learn_answer(struct assessment *assessment, const struct answer *answer);

/* What follows from all that was learnt: the vulnerabilities that are seen by suites. */
void conclude(struct tls_result *result);

void finding_set(struct tls_result *result, enum tls_vulnerability vulnerability,
		 enum tls_fact fact, const char *detail);

/* Keeps a chain under its leaf's type, unless one is kept already; leaf first. */
void learn_chain(struct tls_result *result, const struct span *certificates, size_t count,
		 enum tls_version version);

/* Keeps a stapled OCSPResponse, and the list of SCTs of the extension. */
void learn_staple(struct tls_result *result, struct span der);
void learn_scts(struct tls_result *result, struct span list);
