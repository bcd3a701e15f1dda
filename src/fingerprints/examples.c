#include "fingerprints/examples.h"

#include "base/error.h"
#include "base/writer.h"
#include "fingerprints/values.h"
#include "sys/alloc.h"

#include <stdio.h>
#include <stdlib.h>

struct checking {
	const struct document *document;
	struct pattern_matcher *matcher;
	struct fingerprint_match *match;
	struct examples_report *report;
	examples_difference *differ;
	void *context;
};

static void shorten(struct span text, char out[128])
{
	snprintf(out, 128, "%.*s", (int)(text.len < 120 ? text.len : 120),
		 text.len > 0 ? (const char *)text.ptr : "");
}

bool examples_holds(const struct document_example *e, const struct fingerprint_match *m,
		    char reason[EXAMPLES_REASON_SIZE])
{
	for (size_t i = 0; i < e->stated_count; i++) {
		struct span got = { NULL, 0 };
		char name[128];
		char wanted[128];
		char found[128];

		shorten(e->stated[i].name, name);
		got = fingerprint_param(m, name);
		if (!span_equal(got, e->stated[i].value)) { /* stated as "": as good as not there */
			shorten(e->stated[i].value, wanted);
			shorten(got, found);
			snprintf(reason, EXAMPLES_REASON_SIZE,
				 "%s is stated as \"%s\", found %s%s%s", name, wanted,
				 got.ptr == NULL ? "nothing" : "\"", found,
				 got.ptr == NULL ? "" : "\"");
			return false;
		}
	}
	return true;
}

static void tell(struct checking *c, const struct document_fingerprint *f,
		 const struct document_example *e, const char *reason)
{
	if (c->differ != NULL) {
		c->differ(c->context, f, e, reason);
	}
}

static void check_example(struct checking *c, const struct document_fingerprint *f,
			  struct pattern *p, const struct document_example *e)
{
	struct span text = span_first(e->text, FINGERPRINTS_TEXT_MAX);
	char reason[EXAMPLES_REASON_SIZE] = "its fingerprint does not match it";
	enum pattern_outcome outcome;

	c->report->examples++;
	if (e->is_elsewhere) {
		c->report->elsewhere++;
		return;
	}
	outcome = pattern_try(c->matcher, p, text);
	if (outcome == PATTERN_YES) {
		values_fill(c->document, f, c->matcher, c->match);
	}
	if (outcome == PATTERN_YES && examples_holds(e, c->match, reason)) {
		c->report->right++;
		return;
	}
	c->report->wrong++;
	tell(c, f, e, outcome == PATTERN_GIVEN_UP ? "it takes too many steps" : reason);
}

/* A group that the pattern does not have is a mistake in the file. */
static int check_groups(const struct document_fingerprint *f, const struct pattern *p,
			struct why *why)
{
	unsigned groups = pattern_groups(p);

	for (size_t i = 0; i < f->param_count; i++) {
		if (f->params[i].position > groups) {
			return why_set(why, ERR_MALFORMED,
				       "the pattern has %u groups, and a param wants number %u",
				       groups, f->params[i].position);
		}
	}
	return 0;
}

static void check_fingerprint(struct checking *c, const struct document_fingerprint *f,
			      struct arena *arena)
{
	struct pattern p;
	struct why why;
	int error;

	pattern_init(f, arena, &p);
	c->report->fingerprints++;
	error = pattern_compile(c->matcher, &p, &why);
	error = error != 0 ? error : check_groups(f, &p, &why);
	if (error != 0) {
		c->report->broken++;
		tell(c, f, NULL, why.text);
	}
	for (const struct document_example *e = f->examples; error == 0 && e != NULL; e = e->next) {
		check_example(c, f, &p, e);
	}
	pattern_done(&p);
}

void examples_check(const struct document *d, struct examples_report *report,
		    examples_difference *differ, void *context)
{
	struct checking c = { .document = d,
			      .matcher = pattern_matcher_new(),
			      .match = alloc_zeroed(1, sizeof *c.match),
			      .report = report,
			      .differ = differ,
			      .context = context };
	struct arena arena = { NULL, 0 };

	for (size_t i = 0; i < d->count; i++) {
		check_fingerprint(&c, &d->fingerprints[i], &arena);
	}
	arena_free(&arena);
	pattern_matcher_free(&c.matcher);
	free(c.match);
}
