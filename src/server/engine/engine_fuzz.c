/*
 * engine_fuzz.c - frames of an enrolled sensor that says what it likes.
 *
 * The input is a list of frames, each with a length of two bytes in front. A first byte that is odd
 * says hello properly first, so that batches are reached; with its bit 2, as one that knows events
 * and policies.
 */
#include "server/engine/harness.h"

#include "base/reader.h"
#include "schema/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SESSION 7

static struct harness *shared;
static struct harness_sensor sensor;

static void close_shared(void)
{
	harness_sensor_done(&sensor);
	harness_close(shared);
	free(shared);
}

static void open_shared(void)
{
	shared = calloc(1, sizeof *shared);
	if (shared == NULL) {
		abort();
	}
	harness_open(shared);
	harness_enrol(shared, "default", &sensor);
	(void)atexit(close_shared);
}

static void drop_answers(void)
{
	struct span body;
	uint8_t kind;

	while (harness_take(shared, SESSION, &kind, &body) ||
	       harness_take(shared, 0, &kind, &body)) {
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	unsigned flags = reader_u8(&r);

	if (shared == NULL) {
		open_shared();
	}
	if ((flags & 5) == 5) {
		static const uint8_t none[MESSAGE_POLICY_DIGEST];

		(void)harness_greet_policed(shared, SESSION, &sensor, none);
	} else if (flags & 1) {
		(void)harness_greet(shared, SESSION, "default", &sensor);
	} else {
		harness_open_session(shared, SESSION, "default", sensor.id, sensor.key_hash);
	}
	while (reader_left(&r) > 0) {
		struct span frame = reader_bytes(&r, reader_be16(&r));

		engine_link_message(shared->ingest, BUS_SESSION_FRAME, SESSION, frame);
		drop_answers();
	}
	engine_link_message(shared->ingest, flags & 2 ? BUS_SESSION_OPEN : BUS_ENROL, SESSION,
			    (struct span){ data, size });
	harness_close_session(shared, SESSION);
	harness_commit(shared);
	drop_answers();
	return 0;
}
