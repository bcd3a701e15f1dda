/* tls_judge.c - what is asked of each result, once it is there. */
#include "cli/tls_judge.h"

#include <stdlib.h>

#include "base/error.h"
#include "cli/tls_grade.h"
#include "scan/tls/pulse.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define REPORT_SIZE_MAX (8u << 20)

struct tls_judge {
	struct trust_store *store;
	struct known_keys *known_keys;
	const char *history; /* NULL: none */
	bool is_pulse;
	bool with_advice;
	struct tls_pulse pulse;

	struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES]; /* of the latest */
	struct tls_grade grade;
};

int tls_judge_open(const struct args *args, struct tls_judge **out, struct why *why)
{
	struct tls_judge *judge = alloc_zeroed(1, sizeof *judge);
	const char *known = args_value(args, "--known-keys", NULL);
	int error;

	judge->history = args_value(args, "--history", NULL);
	judge->is_pulse = args_has(args, "--pulse") || judge->history != NULL;
	judge->with_advice = args_has(args, "--advice");
	judge->pulse.time_s = clock_wall_ms() / 1000;
	error = trust_store_open(args_value(args, "--ca", NULL), &judge->store, why);
	if (error == 0 && known != NULL) {
		error = known_keys_read(known, &judge->known_keys, why);
	}
	if (error != 0) {
		tls_judge_free(&judge);
		return error;
	}
	*out = judge;
	return 0;
}

void tls_judge_free(struct tls_judge **judge)
{
	if (*judge != NULL) {
		trust_store_free(&(*judge)->store);
		known_keys_free(&(*judge)->known_keys);
		free(*judge);
		*judge = NULL;
	}
}

bool tls_judge_is_pulse(const struct tls_judge *judge)
{
	return judge->is_pulse;
}

void tls_judge_take(struct tls_judge *judge, const struct tls_result *result)
{
	struct tls_chain_judges judges = { judge->store, judge->known_keys };

	tls_chain_analyse_all(result, &judges, clock_wall_ms() / 1000, judge->chains);
	tls_grade(result, judge->chains, &judge->grade);
	if (judge->is_pulse) {
		tls_pulse_add(&judge->pulse, result, judge->chains, &judge->grade);
	}
}

void tls_judge_add_json(const struct tls_judge *judge, json_t *document)
{
	(void)json_object_set_new(document, "grade", tls_grade_json(&judge->grade));
	(void)json_object_set_new(document, "certificates",
				  tls_grade_certificates_json(judge->chains));
}

void tls_judge_print(const struct tls_judge *judge, FILE *to)
{
	tls_grade_print(&judge->grade, judge->with_advice, to);
	tls_grade_print_certificates(judge->chains, to);
	fputc('\n', to);
}

/* The latest run before this one, and with it all for the trend. */
static int write_report(struct tls_judge *judge, bool is_json,
			const struct tls_pulse_history *history, struct buffer *out)
{
	const struct tls_pulse *earlier =
		history->count > 0 ? &history->runs[history->count - 1] : NULL;
	int error;

	if (is_json) {
		return tls_pulse_write_json(&judge->pulse, out);
	}
	error = tls_pulse_write_text(&judge->pulse, earlier, out);
	if (error == 0 && history->count > 0) {
		error = buffer_append(out, span_of("\n"));
	}
	if (error == 0 && history->count > 0) {
		error = tls_pulse_write_trend(history->runs, history->count, out);
	}
	return error;
}

int tls_judge_finish(struct tls_judge *judge, bool is_json, FILE *to, struct why *why)
{
	struct tls_pulse_history history = { 0 };
	struct buffer report;
	int error = 0;

	if (!judge->is_pulse) {
		return 0;
	}
	if (judge->history != NULL) {
		error = tls_pulse_history_read(judge->history, &history, why);
	}
	buffer_init(&report, REPORT_SIZE_MAX);
	if (error == 0) {
		error = write_report(judge, is_json, &history, &report);
	}
	if (error == 0) {
		struct span text = buffer_span(&report);

		(void)fwrite(text.ptr, 1, text.len, to);
	}
	if (error == 0 && judge->history != NULL) {
		error = tls_pulse_history_append(judge->history, &judge->pulse, why);
	}
	buffer_done(&report);
	tls_pulse_history_done(&history);
	return error;
}
