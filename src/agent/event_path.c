/* event_path.c - opening in order, closing in reverse. */
#include "agent/event_path.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agent/health.h"
#include "base/error.h"
#include "base/sha256.h"
#include "sys/file.h"
#include "sys/log.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* This start of this machine, and this very file: a copy of it, or one that may have lost what was
 * written last before the power failed, has another life. */
static uint64_t life_of(int fd)
{
	struct buffer boot OWNED(buffer_done);
	uint8_t sum[SHA256_SIZE];
	uint8_t place[16];
	struct writer w = writer_over(place, sizeof place);
	struct stat status = { .st_ino = 0 };
	struct reader r;

	buffer_init(&boot, 256);
	(void)!file_read(BOOT_ID, &boot);
	(void)!(fd >= 0 && fstat(fd, &status) == 0);
	writer_be64(&w, status.st_dev);
	writer_be64(&w, status.st_ino);
	sha256_of_two(buffer_span(&boot), writer_span(&w), sum);
	r = reader_over((struct span){ sum, sizeof sum });
	return reader_be64(&r);
}

static uint64_t ring_bytes_of(const struct policy *policy)
{
	return policy->budget.ring_bytes != 0 ? policy->budget.ring_bytes : RING_BYTES_DEFAULT;
}

void event_path_open(struct event_path *p, const struct state *state, struct machine *machine,
		     struct loop *loop, bool has_sources)
{
	struct why why = { .text = "" };
	int fd = state != NULL ? state_open_file(state, "events", &why) : -1;

	if (state != NULL && fd < 0) {
		log_warn("events are kept in memory only", log_text("reason", why.text));
	}
	*p = (struct event_path){ .policy = machine->policy,
				  .health = machine->health,
				  .ring_bytes = ring_bytes_of(machine->policy),
				  .is_forgetful = state != NULL && fd < 0 };
	p->ring = ring_open(fd, p->ring_bytes, life_of(fd));
	if (ring_was_damaged(p->ring)) {
		log_warn("the file of events was damaged, what could be read of it is kept",
			 log_number("events", (int64_t)ring_waiting(p->ring)));
	}
	p->sink = event_sink_new(p->ring, p->policy);
	event_sender_init(&p->sender, p->ring, p->sink);
	if (has_sources) {
		const struct source_host host = { loop, machine, p->sink, 0 };

		p->sources = source_set_open(event_sources, &host);
		source_set_apply(p->sources, p->policy, p->health);
	}
}

void event_path_close(struct event_path *p)
{
	source_set_close(&p->sources);
	event_sink_free(&p->sink);
	ring_close(&p->ring);
}

void event_path_apply_policy(struct event_path *p)
{
	if (ring_bytes_of(p->policy) != p->ring_bytes) {
		p->ring_bytes = ring_bytes_of(p->policy);
		ring_resize(p->ring, p->ring_bytes);
	}
	if (p->sources != NULL) {
		source_set_apply(p->sources, p->policy, p->health);
	}
}

int64_t event_path_turn(struct event_path *p, int64_t now_ms)
{
	int64_t next = event_sink_turn(p->sink, now_ms);
	int error = p->is_forgetful ? ERR_IO : event_sink_error(p->sink);

	if (p->health != NULL) {
		health_say(p->health, "event_ring", error != 0 ? HEALTH_FAILING : HEALTH_OK,
			   error == 0 ? NULL
			   : error == ERR_FULL
				   ? "the disk is full: events are kept in memory, a few"
				   : "the file of events cannot be written: they are "
				     "kept in memory, a few");
	}
	return next;
}
