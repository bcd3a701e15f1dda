/*
 * generator.c - a fleet of simulated sensors against a real server, phase by phase.
 *
 * Each phase begins and ends with a line of JSON on stdout, for bench/ingest.py. Phases: enrol
 * (EST), connect (mutual TLS 1.3 and hello), inventory (every table from nothing), changes (a
 * package is upgraded, at random), reconnect (all at once, sessions resumed).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "enrolment.h"
#include "sensor.h"
#include "sys/alloc.h"
#include "sys/args.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

#define SENSORS_MAX       100000
#define ALIVE_MS          10000
#define PHASE_DEADLINE_MS 600000

struct run {
	struct loop *loop;
	struct sensor **sensors;
	uint32_t count;
	uint32_t window;   /* sensors that are handled at a time */
	uint32_t next;     /* the first that the phase has not started */
	uint32_t finished; /* in this phase */
	uint32_t resumed;
	uint64_t random;
	int64_t end_ms; /* of the changes */
	uint32_t *latencies_us;
	size_t latency_count;
	size_t latency_room;
	enum { PHASE_ENROL, PHASE_CONNECT, PHASE_INVENTORY, PHASE_CHANGES } phase;
	struct loop_timer *alive;
	struct sensor_world world;
	struct enrolment_world enrolment;
};

static void die(const char *format, ...) PRINTF(1, 2);
static void die(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	(void)fprintf(stderr, "bench-ingest: ");
	(void)vfprintf(stderr, format, values);
	(void)fprintf(stderr, "\n");
	va_end(values);
	exit(1);
}

/* xorshift64: the same choices in every run. */
static uint32_t choose(struct run *run, uint32_t below)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return (uint32_t)(run->random >> 32) % below;
}

static void connect_next(struct run *run)
{
	struct why why;

	if (run->next < run->count && sensor_connect(run->sensors[run->next++], &why) != 0) {
		die("%s", why.text);
	}
}

static void change_next(struct run *run)
{
	struct sensor *s;

	do {
		s = run->sensors[choose(run, run->count)];
	} while (sensor_is_busy(s));
	sensor_send_change(s, choose(run, FLEET_OWN_PACKAGES));
}

static void on_opened(void *context, struct sensor *s)
{
	struct run *run = context;

	run->finished++;
	run->resumed += sensor_is_resumed(s);
	connect_next(run);
}

static void keep_latency(struct run *run, int64_t us)
{
	if (run->latency_count == run->latency_room) {
		run->latency_room = run->latency_room * 2 + 4096;
		run->latencies_us = alloc_resize(run->latencies_us, run->latency_room,
						 sizeof *run->latencies_us);
	}
	run->latencies_us[run->latency_count++] = (uint32_t)us;
}

static void on_acknowledged(void *context, struct sensor *s)
{
	struct run *run = context;

	keep_latency(run, clock_us() - sensor_sent_us(s));
	run->finished++;
	if (run->phase == PHASE_INVENTORY && run->next < run->count) {
		sensor_send_all(run->sensors[run->next++]);
	} else if (run->phase == PHASE_CHANGES && clock_ms() < run->end_ms) {
		run->next++;
		change_next(run);
	}
}

static void on_failed(void *context, struct sensor *s, const char *reason)
{
	(void)context;
	(void)s;
	die("a sensor failed: %s", reason);
}

static const struct sensor_handler handler = { on_opened, on_acknowledged, on_failed };

static void on_enrolled(void *context, uint32_t number, struct tls_context *tls, const char *reason)
{
	struct run *run = context;

	if (tls == NULL) {
		die("sensor %" PRIu32 " could not enrol: %s", number, reason);
	}
	run->sensors[number] = sensor_new(&run->world, number, tls);
	run->finished++;
	if (run->next < run->count) {
		enrolment_start(&run->enrolment, run->next++);
	}
}

static void on_alive(void *context)
{
	struct run *run = context;

	for (uint32_t i = 0; run->phase != PHASE_ENROL && i < run->count; i++) {
		sensor_send_alive(run->sensors[i]);
	}
	loop_timer_arm(run->alive, ALIVE_MS);
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(const struct run *run, double share)
{
	size_t at = (size_t)((double)run->latency_count * share);

	if (run->latency_count == 0) {
		return 0;
	}
	at = at < run->latency_count ? at : run->latency_count - 1;
	return run->latencies_us[at] / 1000.0;
}

static int64_t begin(struct run *run, const char *name, int phase)
{
	run->phase = phase;
	run->next = 0;
	run->finished = 0;
	run->resumed = 0;
	run->latency_count = 0;
	(void)printf("{\"phase\":\"%s\",\"event\":\"begin\"}\n", name);
	(void)fflush(stdout);
	return clock_us();
}

static void end(struct run *run, const char *name, int64_t started_us)
{
	qsort(run->latencies_us, run->latency_count, sizeof *run->latencies_us, by_size);
	(void)printf("{\"phase\":\"%s\",\"event\":\"end\",\"seconds\":%.6f,\"count\":%" PRIu32
		     ",\"resumed\":%" PRIu32 ",\"rows_each\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
		     "\"max_ms\":%.3f}\n",
		     name, (double)(clock_us() - started_us) / 1e6, run->finished, run->resumed,
		     FLEET_ROWS, percentile_ms(run, 0.5), percentile_ms(run, 0.99),
		     percentile_ms(run, 1));
	(void)fflush(stdout);
}

/* Turns the loop until as many as *target have finished (the target may rise meanwhile). */
static void until(struct run *run, const uint32_t *target, const char *name)
{
	int64_t deadline = clock_ms() + PHASE_DEADLINE_MS;

	while (run->finished < *target) {
		loop_turn(run->loop, 1000);
		if (clock_ms() > deadline) {
			die("phase %s did not end: %" PRIu32 " of %" PRIu32, name, run->finished,
			    *target);
		}
	}
}

static void phase_enrol(struct run *run)
{
	int64_t started = begin(run, "enrol", PHASE_ENROL);

	while (run->next < run->count && run->next < run->window) {
		enrolment_start(&run->enrolment, run->next++);
	}
	until(run, &run->count, "enrol");
	end(run, "enrol", started);
}

static void phase_connect(struct run *run, const char *name)
{
	int64_t started;

	for (uint32_t i = 0; i < run->count; i++) {
		sensor_disconnect(run->sensors[i]);
	}
	started = begin(run, name, PHASE_CONNECT);
	for (uint32_t i = 0; i < run->window; i++) {
		connect_next(run);
	}
	until(run, &run->count, name);
	end(run, name, started);
}

static void phase_inventory(struct run *run)
{
	int64_t started = begin(run, "inventory", PHASE_INVENTORY);

	while (run->next < run->count && run->next < run->window) {
		sensor_send_all(run->sensors[run->next++]);
	}
	until(run, &run->count, "inventory");
	end(run, "inventory", started);
}

static void phase_changes(struct run *run, int64_t duration_ms)
{
	int64_t started = begin(run, "changes", PHASE_CHANGES);

	run->end_ms = clock_ms() + duration_ms;
	while (run->next < run->window && run->next < run->count / 2) {
		run->next++;
		change_next(run);
	}
	until(run, &run->next, "changes");
	end(run, "changes", started);
}

static const struct arg options[] = {
	{ "--server", "ADDR:PORT", "where the server takes sensors" },
	{ "--ca", "FILE", "its CA" },
	{ "--token", "TOKEN", "an enrolment token with enough uses" },
	{ "--sensors", "N", "how many (1000)" },
	{ "--window", "N", "handled at a time (128)" },
	{ "--changes", "SECONDS", "how long changes run (10s)" },
	{ NULL, NULL, NULL },
};

static const struct args_spec spec = {
	.usage = "bench-ingest --server ADDR:PORT --ca FILE --token TOKEN [options]",
	.summary = "Simulates sensors that speak the real protocol; bench/ingest.py runs it.",
	.options = options,
};

static uint32_t number(const struct args *args, const char *name, const char *fallback)
{
	uint64_t value;

	if (text_to_u64(span_of(args_value(args, name, fallback)), SENSORS_MAX, &value) != 0 ||
	    value == 0) {
		die("%s wants a number from 1 to %d", name, SENSORS_MAX);
	}
	return (uint32_t)value;
}

int main(int argc, char **argv)
{
	struct run run = { .random = 0x9e3779b97f4a7c15u };
	struct fleet *fleet = fleet_new();
	struct args args;
	struct why why;
	struct buffer ca;
	int64_t changes_ms;

	if (args_parse(&spec, argc, argv, &args, &why) != 0) {
		die("%s", why.text);
	}
	if (args.is_help || !args_has(&args, "--token") || !args_has(&args, "--ca")) {
		args_print_help(&spec, args.is_help ? stdout : stderr);
		return args.is_help ? 0 : 2;
	}
	buffer_init(&ca, 1 << 20);
	if (net_address_parse(span_of(args_value(&args, "--server", "")), &run.world.server,
			      &why) != 0) {
		die("%s", why.text);
	}
	if (file_read(args_value(&args, "--ca", ""), &ca) != 0) {
		die("the CA cannot be read");
	}
	if (clock_duration_from_text(span_of(args_value(&args, "--changes", "10s")), &changes_ms) !=
	    0) {
		die("--changes wants a time");
	}
	(void)process_raise_files();
	run.loop = loop_new();
	run.count = number(&args, "--sensors", "1000");
	run.window = number(&args, "--window", "128");
	run.sensors = alloc_zeroed(run.count, sizeof(struct sensor *));
	run.world.loop = run.loop;
	run.world.fleet = fleet;
	run.world.handler = &handler;
	run.world.context = &run;
	run.world.room = alloc_zeroed(1, SENSOR_ROOM);
	run.enrolment =
		(struct enrolment_world){ run.loop,         run.world.server,
					  buffer_span(&ca), args_value(&args, "--token", ""),
					  on_enrolled,      &run };
	run.alive = loop_timer(run.loop, on_alive, &run);
	loop_timer_arm(run.alive, ALIVE_MS);

	phase_enrol(&run);
	phase_connect(&run, "connect");
	phase_inventory(&run);
	phase_changes(&run, changes_ms);
	phase_connect(&run, "reconnect");

	for (uint32_t i = 0; i < run.count; i++) {
		sensor_free(&run.sensors[i]);
	}
	free(run.sensors);
	free(run.world.room);
	free(run.latencies_us);
	loop_timer_free(&run.alive);
	loop_free(&run.loop);
	fleet_free(&fleet);
	buffer_done(&ca);
	return 0;
}
