/* proofs.c - a queue, one child, a deadline. */
#include "server/feeds/proofs.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/errand.h"
#include "sys/alloc.h"
#include "sys/log.h"
#include "wire/cbor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define QUEUE_MAX   64
#define DEADLINE_MS 60000
#define BODY_MAX    (SCOPE_OUTCOME_MAX + 32)

struct attempt {
	uint64_t number;
	struct prove prove;
};

struct proofs {
	struct bus_link *bus; /* of those that wait; NULL: nobody does */
	const struct prove_config *config;
	bool is_offline;
	struct attempt queue[QUEUE_MAX];
	size_t count;
	struct attempt doing;
	bool is_forgotten; /* what is under way */
	struct errand errand;
	struct loop_timer *deadline;
};

static void look(struct proofs *p);

/* --- answers --- */

static void answer(struct proofs *p, uint64_t number, struct span outcome)
{
	uint8_t *room = alloc_zeroed(BODY_MAX, 1);
	struct writer w = writer_over(room, BODY_MAX);

	cbor_write_array(&w, 2);
	cbor_write_uint(&w, number);
	cbor_write_bytes(&w, span_first(outcome, SCOPE_OUTCOME_MAX));
	if (p->bus != NULL) {
		(void)!bus_send(p->bus, BUS_SCOPE_LOOKED, 0, writer_span(&w));
	}
	free(room);
}

static void answer_reason(struct proofs *p, uint64_t number, const char *reason)
{
	uint8_t room[SCOPE_FAILURE_SIZE + 16];
	struct writer w = writer_over(room, sizeof room);

	scope_outcome_reason(&w, reason);
	answer(p, number, writer_span(&w));
}

/* --- the child --- */

static int child(void *context, int out_fd)
{
	const struct proofs *p = context;

	return prove_run(&p->doing.prove, out_fd);
}

static void on_ended(void *context, int status)
{
	struct proofs *p = context;

	loop_timer_disarm(p->deadline);
	if (p->is_forgotten) {
		p->is_forgotten = false;
	} else if (WIFSIGNALED(status)) {
		log_warn("the look at a scope's proof was ended",
			 log_text("scope", p->doing.prove.proof.scope.text));
		answer_reason(p, p->doing.number,
			      "The check took too long or too much and was ended");
	} else {
		answer(p, p->doing.number, errand_outcome(&p->errand));
	}
	look(p);
}

static void on_deadline(void *context)
{
	struct proofs *p = context;

	errand_kill(&p->errand);
}

static void look(struct proofs *p)
{
	while (!p->errand.is_under_way && p->count > 0) {
		p->doing = p->queue[0];
		p->count--;
		memmove(p->queue, p->queue + 1, p->count * sizeof *p->queue);
		if (errand_start(&p->errand, "feeds: prove", child, on_ended, p)) {
			loop_timer_arm(p->deadline, DEADLINE_MS);
		} else {
			answer_reason(p, p->doing.number, "No process can be started now");
		}
	}
}

/* --- what is asked --- */

static bool read_attempt(const struct arguments *arguments, struct attempt *out)
{
	enum scope_proof_method method;
	struct scope_name scope;
	struct span name;
	struct span word;

	if (arguments_uint(arguments, "attempt", &out->number) != 0 ||
	    arguments_text(arguments, "scope", &name) != 0 ||
	    arguments_text(arguments, "method", &word) != 0 || scope_name_read(name, &scope) != 0 ||
	    scope.refusal != NULL || scope_proof_method_read(word, &method) != 0) {
		return false;
	}
	scope_proof_plan(&scope, method, &out->prove.proof);
	return out->prove.proof.count > 0;
}

void proofs_take(struct proofs *p, struct bus_link *bus, const struct arguments *arguments)
{
	struct attempt attempt = { .prove.config = p->config };

	if (!read_attempt(arguments, &attempt)) {
		log_error("the engine asked for a proof that there cannot be",
			  log_number("attempt", (int64_t)attempt.number));
		return;
	}
	p->bus = bus;
	if (p->is_offline) {
		answer_reason(p, attempt.number,
			      "This server was started with --offline: it asks nobody. Prove it "
			      "by a statement");
	} else if (p->count == QUEUE_MAX) {
		answer_reason(p, attempt.number, "Too much is being checked now; try again later");
	} else {
		p->queue[p->count++] = attempt;
		look(p);
	}
}

void proofs_forget(struct proofs *p)
{
	p->bus = NULL;
	p->count = 0;
	p->is_forgotten = p->errand.is_under_way;
	errand_kill(&p->errand);
}

struct proofs *proofs_new(struct loop *loop, const struct prove_config *config, bool is_offline)
{
	struct proofs *p = alloc_zeroed(1, sizeof *p);

	p->config = config;
	p->is_offline = is_offline;
	p->deadline = loop_timer(loop, on_deadline, p);
	errand_init(&p->errand, loop, SCOPE_OUTCOME_MAX + 4096);
	return p;
}

void proofs_free(struct proofs **proofs)
{
	struct proofs *p = *proofs;

	if (p != NULL) {
		errand_done(&p->errand);
		loop_timer_free(&p->deadline);
		free(p);
	}
	*proofs = NULL;
}
