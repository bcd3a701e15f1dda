/* log_watch.c - one inotify descriptor, and a timer that gathers what comes together. */
#include "agent/sources/log_watch.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/watches.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define GATHER_MS    100
#define EVENTS_BYTES 8192

struct log_watch {
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	loop_callback *changed;
	void *context;
};

/* What it was does not matter: all files are looked at, which costs a read each. While the timer
 * runs nothing more needs to be known. */
static void on_readable(void *context, unsigned events)
{
	struct log_watch *w = context;

	(void)events;
	loop_watch_change(w->watch, 0);
	loop_timer_arm(w->timer, GATHER_MS);
}

static void on_gathered(void *context)
{
	struct log_watch *w = context;
	_Alignas(struct inotify_event) uint8_t bytes[EVENTS_BYTES];

	while (read(w->fd, bytes, sizeof bytes) > 0) {
	}
	loop_watch_change(w->watch, LOOP_READ);
	w->changed(w->context);
}

int log_watch_new(struct loop *loop, loop_callback *changed, void *context, struct log_watch **out,
		  struct why *why)
{
	struct log_watch *w;
	int fd;
	int error = watches_open_inotify(&fd, why);

	if (error != 0) {
		return error;
	}
	w = alloc_zeroed(1, sizeof *w);
	w->fd = fd;
	w->changed = changed;
	w->context = context;
	w->timer = loop_timer(loop, on_gathered, w);
	w->watch = loop_watch(loop, fd, LOOP_READ, on_readable, w);
	*out = w;
	return 0;
}

void log_watch_free(struct log_watch **watch)
{
	struct log_watch *w = *watch;

	if (w == NULL) {
		return;
	}
	loop_unwatch(&w->watch);
	loop_timer_free(&w->timer);
	file_close(&w->fd);
	free(w);
	*watch = NULL;
}

void log_watch_folder(struct log_watch *w, const char *path)
{
	(void)inotify_add_watch(w->fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
}

void log_watch_file(struct log_watch *w, const char *path)
{
	(void)inotify_add_watch(w->fd, path, IN_MODIFY);
}

void log_watch_poke(struct log_watch *w)
{
	on_readable(w, 0);
}
