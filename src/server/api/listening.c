/* listening.c - two short lists of an asset, matched by the program's path. */
#include "server/api/listening.h"

#include <stdlib.h>

#include "schema/schema.h"
#include "server/api/held_rows.h"
#include "sys/alloc.h"

/* What is kept of each; who has more than these shows the first ones. */
#define LISTENERS_MAX 4096
#define USES_MAX      65536

struct listener {
	char *protocol;
	char *address;
	char *executable;
	int64_t port;
};

struct use {
	char *package;
	char *executable;
};

struct listening {
	struct listener *listeners;
	size_t listener_count;
	struct use *uses;
	size_t use_count;
};

static bool take_listener(void *context, const struct row *row)
{
	struct listening *l = context;
	struct span executable = held_text(row, LISTENERS_EXECUTABLE);

	if (executable.len > 0) {
		l->listeners =
			alloc_resize(l->listeners, l->listener_count + 1, sizeof *l->listeners);
		l->listeners[l->listener_count++] = (struct listener){
			.protocol = alloc_span(held_text(row, LISTENERS_PROTOCOL)),
			.address = alloc_span(held_text(row, LISTENERS_ADDRESS)),
			.executable = alloc_span(executable),
			.port = row->values[LISTENERS_PORT].number,
		};
	}
	return l->listener_count < LISTENERS_MAX;
}

static bool does_listen(const struct listening *l, struct span executable)
{
	for (size_t i = 0; i < l->listener_count; i++) {
		if (span_is(executable, l->listeners[i].executable)) {
			return true;
		}
	}
	return false;
}

/* Most programs do not listen. */
static bool take_use(void *context, const struct row *row)
{
	struct listening *l = context;
	struct span executable = held_text(row, PACKAGE_USE_EXECUTABLE);

	if (does_listen(l, executable)) {
		l->uses = alloc_resize(l->uses, l->use_count + 1, sizeof *l->uses);
		l->uses[l->use_count++] = (struct use){
			.package = alloc_span(held_text(row, PACKAGE_USE_PACKAGE)),
			.executable = alloc_span(executable),
		};
	}
	return l->use_count < USES_MAX;
}

int listening_read(struct view *view, const char *asset_id, struct listening **out, struct why *why)
{
	struct listening *l = alloc_zeroed(1, sizeof *l);
	int error = held_rows(view, asset_id, TABLE_LISTENERS, take_listener, l, why);

	if (error == 0 && l->listener_count > 0) {
		error = held_rows(view, asset_id, TABLE_PACKAGE_USE, take_use, l, why);
	}
	if (error != 0) {
		listening_free(&l);
		return error;
	}
	*out = l;
	return 0;
}

void listening_free(struct listening **listening)
{
	struct listening *l = *listening;

	if (l == NULL) {
		return;
	}
	for (size_t i = 0; i < l->listener_count; i++) {
		free(l->listeners[i].protocol);
		free(l->listeners[i].address);
		free(l->listeners[i].executable);
	}
	for (size_t i = 0; i < l->use_count; i++) {
		free(l->uses[i].package);
		free(l->uses[i].executable);
	}
	free(l->listeners);
	free(l->uses);
	free(l);
	*listening = NULL;
}

static bool does_use(const struct listening *l, struct span package, const char *executable)
{
	for (size_t i = 0; i < l->use_count; i++) {
		if (span_is(package, l->uses[i].package) &&
		    span_is(span_of(executable), l->uses[i].executable)) {
			return true;
		}
	}
	return false;
}

struct span listening_of(const struct listening *l, struct span package, enum exposure exposure,
			 uint8_t room[LISTENING_ROOM])
{
	struct listener_words words = listener_words_over(room, LISTENING_ROOM);

	for (size_t i = 0; i < l->listener_count; i++) {
		const struct listener *one = &l->listeners[i];

		if (exposure_of_address(span_of(one->address)) == exposure &&
		    does_use(l, package, one->executable)) {
			listener_words_add(&words, span_of(one->protocol), span_of(one->address),
					   one->port);
		}
	}
	return listener_words_end(&words);
}
