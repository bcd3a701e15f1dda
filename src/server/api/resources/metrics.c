/* metrics.c - Prometheus text exposition 0.0.4: the engine's figures and our own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/api/call.h"
#include "server/api/fleets.h"
#include "server/api/live.h"
#include "server/api/requests.h"
#include "server/api/workers.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define LINE_MAX_BYTES 512

static void line(struct call *call, const char *format, ...) PRINTF(2, 3);

static void line(struct call *call, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (len > 0 && (size_t)len < sizeof text) {
		/* past the maximum lines are left out; there are never so many */
		(void)!buffer_append(&call->out, span_of(text));
	}
}

static void head(struct call *call, const char *name, const char *type, const char *help)
{
	line(call, "# HELP bartizan_%s %s\n# TYPE bartizan_%s %s\n", name, help, name, type);
}

static void single(struct call *call, const char *name, const char *type, const char *help,
		   double value)
{
	head(call, name, type, help);
	line(call, "bartizan_%s %.17g\n", name, value);
}

/* --- ours --- */

static void write_requests(struct call *call)
{
	const struct figures *f = &call->api->figures;
	uint64_t below = 0;

	head(call, "api_requests_total", "counter",
	     "Requests by status class; 0xx: the client left before the answer.");
	for (size_t i = 0; i < COUNT_OF(f->requests); i++) {
		line(call, "bartizan_api_requests_total{class=\"%zuxx\"} %llu\n", i,
		     (unsigned long long)f->requests[i]);
	}
	head(call, "api_request_seconds", "histogram",
	     "Time from a request's first line to its end.");
	for (size_t i = 0; i < FIGURES_BUCKETS - 1; i++) {
		below += f->seconds_buckets[i];
		line(call, "bartizan_api_request_seconds_bucket{le=\"%g\"} %llu\n",
		     (double)figures_bounds_us[i] / 1e6, (unsigned long long)below);
	}
	line(call, "bartizan_api_request_seconds_bucket{le=\"+Inf\"} %llu\n",
	     (unsigned long long)f->seconds_count);
	line(call,
	     "bartizan_api_request_seconds_sum %.6f\nbartizan_api_request_seconds_count %llu\n",
	     (double)f->seconds_sum_us / 1e6, (unsigned long long)f->seconds_count);
}

static void write_fleets(struct call *call)
{
	struct fleets_figures figures = fleets_figures(call->api->fleets);

	single(call, "fleets", "gauge", "Tenants whose findings are counted.",
	       (double)figures.fleets);
	single(call, "findings", "gauge",
	       "Vulnerabilities of all tenants, each counted on each asset; accepted ones left "
	       "out.",
	       (double)figures.findings);
	single(call, "fleet_memory_bytes", "gauge", "Memory that counting findings takes.",
	       (double)figures.bytes);
}

static void write_own(struct call *call)
{
	const struct api *api = call->api;

	write_requests(call);
	single(call, "api_connections", "gauge", "Open HTTPS connections.",
	       http_connections(api->http));
	single(call, "api_sessions", "gauge", "Operators signed in to the console.",
	       signins_count(api->signins, clock_ms()));
	single(call, "api_streams", "gauge", "Live streams.", live_streams(api->live));
	single(call, "api_changes_streamed_total", "counter",
	       "Changes put on the wire, each stream counted.",
	       (double)api->figures.changes_streamed);
	single(call, "api_stream_gaps_total", "counter",
	       "Times that a stream's reader was too slow.", (double)api->figures.gaps);
	single(call, "api_query_workers", "gauge", "SQL queries that run.",
	       workers_count(api->workers));
	write_fleets(call);
	single(call, "api_cpu_seconds_total", "counter", "Processor time of the api process.",
	       (double)clock_cpu_us() / 1e6);
}

/* --- the engine's --- */

struct figure {
	struct span name; /* without the tenant */
	struct span tenant;
	uint64_t value;
};

static int by_name(const void *a, const void *b)
{
	const struct figure *x = a;
	const struct figure *y = b;
	int order = span_compare(x->name, y->name);

	return order != 0 ? order : span_compare(x->tenant, y->tenant);
}

static bool is_metric_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];

		if (!((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9'))) {
			return false;
		}
	}
	return name.len > 0 && name.len < 100;
}

/* What the engine's figures mean. Those that only rise get the suffix that Prometheus wants. */
static const struct meaning {
	const char *name;
	bool is_counter;
	const char *help;
} meanings[] = {
	{ "assets", false, "Assets." },
	{ "batches", true, "Batches of changes taken from sensors." },
	{ "commit_failures", true, "Transactions that failed and were undone." },
	{ "commit_ms_count", true, "Transactions timed." },
	{ "commit_ms_sum", true, "Time in transactions, milliseconds." },
	{ "commits", true, "Transactions committed." },
	{ "disagreements", true, "Digests that did not match; the table was sent again." },
	{ "enrolments", true, "Sensors enrolled." },
	{ "event_gaps", true, "Events that say that others were lost." },
	{ "events", true, "Events ever." },
	{ "events_kept", false, "Events stored." },
	{ "ingest_bytes_in", true, "Bytes from sensors." },
	{ "ingest_bytes_out", true, "Bytes to sensors." },
	{ "ingest_connections", false, "Open connections of sensors." },
	{ "ingest_frames", true, "Frames from sensors." },
	{ "ingest_handshakes", true, "TLS handshakes with sensors." },
	{ "ingest_refused", true, "Connections of sensors refused." },
	{ "kept_bytes", false, "Bytes kept for answers that wait for a commit." },
	{ "last_change_no", true, "Changes ever." },
	{ "memory_bytes", false, "Memory that the inventory takes, estimated." },
	{ "policies", true, "Policies sent to sensors." },
	{ "refusals", true, "Batches refused." },
	{ "resyncs", true, "Times that a sensor was told to send a table again." },
	{ "rows", true, "Rows taken from sensors." },
	{ "rows_distinct", false, "Distinct rows stored." },
	{ "rows_held", false, "Rows over all assets." },
	{ "sensors", false, "Sensors enrolled." },
	{ "signins", false, "Sensors connected." },
	{ "unknown_events", true, "Events of kinds that this server does not know, left out." },
	{ "wants", true, "Times that sensors were asked for rows." },
};

static const struct meaning *meaning_of(struct span name)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++) {
		if (span_is(name, meanings[i].name)) {
			return &meanings[i];
		}
	}
	return NULL;
}

static void write_figure(struct call *call, const struct figure *figure, bool is_first)
{
	const struct meaning *meaning = meaning_of(figure->name);
	bool is_counter = meaning != NULL && meaning->is_counter;
	char name[128];

	snprintf(name, sizeof name, "%.*s%s", (int)figure->name.len, (const char *)figure->name.ptr,
		 is_counter ? "_total" : "");
	if (is_first) {
		head(call, name,
		     is_counter        ? "counter"
		     : meaning != NULL ? "gauge"
				       : "untyped",
		     meaning != NULL ? meaning->help : "A figure of the engine.");
	}
	/* a tenant's name needs no escapes: letters, digits, hyphens */
	line(call,
	     figure->tenant.len > 0 ? "bartizan_%s{tenant=\"%.*s\"} %llu\n"
				    : "bartizan_%s%.*s %llu\n",
	     name, (int)figure->tenant.len, (const char *)figure->tenant.ptr,
	     (unsigned long long)figure->value);
}

static void write_figures(struct call *call, const struct arguments *map)
{
	struct figure *figures = alloc_zeroed(map->count + 1, sizeof *figures);
	struct argument each;
	size_t count = 0;
	size_t at = 0;

	while (arguments_next(map, &at, &each) && count < map->count) {
		struct span name = span_first(each.name, span_find(each.name, ' '));

		if (each.kind == ARGUMENT_UINT && is_metric_name(name)) {
			figures[count++] =
				(struct figure){ .name = name,
						 .tenant = span_after(each.name, name.len + 1),
						 .value = each.number };
		}
	}
	/* all lines of a metric stand together */
	qsort(figures, count, sizeof *figures, by_name);
	for (size_t i = 0; i < count; i++) {
		write_figure(call, &figures[i],
			     i == 0 || !span_equal(figures[i].name, figures[i - 1].name));
	}
	free(figures);
}

static void have_figures(struct call *call, const struct reply *reply)
{
	write_own(call);
	write_figures(call, &reply->result);
	http_answer(call->http, &(struct http_answer){
					.status = 200,
					.content_type = "text/plain; version=0.0.4; charset=utf-8",
					.headers = { { "Cache-Control", "no-store" } },
					.body = &call->out,
				});
}

static void get(struct call *call)
{
	requests_ask(call, "figures", NULL, 0, have_figures);
}

const struct resource resource_metrics = {
	.path = "/metrics",
	.summary = "Prometheus text exposition",
	.operations = { { "GET", RESOURCE_PLATFORM, "", get } },
};
