/* request.c - words, @files, - for the input, names. */
#include "cli/scan/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "scan/targets/opt_out.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/net.h"

#define LIST_MAX       (1024u << 20)
#define NAME_ADDRESSES 16

static int add_name(struct targets *targets, struct span word, struct why *why)
{
	struct net_address found[NAME_ADDRESSES];
	OWNED(alloc_free) char *name = alloc_span(span_first(word, 253));
	size_t count = 0;
	int error = net_resolve(name, "0", found, NAME_ADDRESSES, &count, why);

	for (size_t i = 0; i < count && error == 0; i++) {
		char text[NET_TEXT_SIZE];

		net_host_text(&found[i], text);
		error = targets_add_word(targets, span_of(text), why);
	}
	return error == ERR_NOT_FOUND ? why_set(why, ERR_USAGE,
						"'%.64s' is no address, prefix or range, and no "
						"name that is known",
						name)
				      : error;
}

static int add_word(struct targets *targets, struct span word, struct why *why)
{
	int error = targets_add_word(targets, word, why);

	return error == ERR_NOT_FOUND ? add_name(targets, word, why) : error;
}

static bool is_between(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == ',';
}

/* Words between spaces, commas and ends of lines; # begins a comment. */
static int add_list(struct targets *targets, struct span text, struct why *why)
{
	struct reader lines = reader_over(text);
	int error = 0;

	while (error == 0 && reader_left(&lines) > 0) {
		struct span line = reader_line(&lines);
		size_t at = 0;

		line = span_first(line, span_find(line, '#'));
		while (error == 0 && at < line.len) {
			size_t begin = at;

			while (at < line.len && !is_between(line.ptr[at])) {
				at++;
			}
			if (at > begin) {
				error = add_word(targets, span_after(span_first(line, at), begin),
						 why);
			}
			at++;
		}
	}
	return error;
}

static int read_input(struct buffer *out, struct why *why)
{
	uint8_t *room;
	ssize_t got;

	do {
		room = buffer_reserve(out, 1u << 16);
		got = room != NULL ? read(STDIN_FILENO, room, 1u << 16) : -1;
		buffer_grow(out, got > 0 ? (size_t)got : 0);
	} while (got > 0);
	return got == 0 ? 0 : why_set(why, ERR_IO, "the list on the input cannot be read");
}

static int add_file(struct targets *targets, const char *path, struct why *why)
{
	struct buffer text;
	int error;

	buffer_init(&text, LIST_MAX);
	if (path == NULL) {
		error = read_input(&text, why);
	} else {
		error = file_read(path, &text);
		if (error != 0) {
			(void)why_set(why, error, "the list %.300s cannot be read: %s", path,
				      error_text(error));
		}
	}
	error = error == 0 ? add_list(targets, buffer_span(&text), why) : error;
	buffer_done(&text);
	return error;
}

static int add_positional(struct targets *targets, const char *word, struct why *why)
{
	if (word[0] == '@') {
		return add_file(targets, word + 1, why);
	}
	if (word[0] == '-' && word[1] == '\0') {
		return add_file(targets, NULL, why);
	}
	return add_list(targets, span_of(word), why);
}

/* Takes a set away and says how many addresses that were. */
static uint64_t take_away(struct targets *targets, const struct targets *set)
{
	uint64_t before = targets_count(targets);

	targets_subtract(targets, set);
	return before - targets_count(targets);
}

static int take_excluded(const struct args *args, struct request *out, struct why *why)
{
	struct targets *set = targets_new();
	unsigned at = 0;
	const char *path;
	int error = 0;

	while (error == 0 && (path = args_next(args, "--exclude", &at)) != NULL) {
		error = add_file(set, path, why);
	}
	/* more than could be scanned may be left out: only its ranges matter */
	(void)(targets_settle(set, NULL) == 0);
	out->excluded = error == 0 ? take_away(out->targets, set) : 0;
	targets_free(&set);
	return error;
}

static int take_opted_out(const char *path, bool is_needed, struct request *out, struct why *why)
{
	struct targets *set = NULL;
	int error = opt_out_read(path, &set, why);

	if (error == ERR_NOT_FOUND && !is_needed) {
		return 0;
	}
	if (error == ERR_NOT_FOUND) {
		return why_set(why, error, "there is no opt-out list %.300s", path);
	}
	if (error == 0) {
		out->opted_out += take_away(out->targets, set);
		targets_free(&set);
	}
	return error;
}

static int take_out(const struct args *args, struct request *out, struct why *why)
{
	struct targets *never = targets_never();
	const char *list = args_value(args, "--opt-out", NULL);
	int error;

	out->never = take_away(out->targets, never);
	targets_free(&never);
	error = take_excluded(args, out, why);
	if (error == 0) {
		error = take_opted_out(OPT_OUT_PATH, false, out, why);
	}
	if (error == 0 && list != NULL) {
		error = take_opted_out(list, true, out, why);
	}
	if (error == 0 && targets_count(out->targets) == 0) {
		error = why_set(why, ERR_DENIED,
				"nothing is left to scan: every address is on the list of those "
				"never scanned (multicast, reserved, ...), excluded or opted out");
	}
	return error;
}

/* The same address is another machine on each link. */
static int check_zones(const struct targets *targets, struct why *why)
{
	size_t count;
	const struct targets_range *ranges = targets_ranges(targets, &count);

	for (size_t i = 0; i < count; i++) {
		if (address_is_link_local(&ranges[i].first) &&
		    address_zone(&ranges[i].first) == 0) {
			char text[ADDRESS_TEXT_MAX];

			address_text(&ranges[i].first, text);
			return why_set(why, ERR_USAGE,
				       "%s is link-local: say on which link, as %s%%eth0", text,
				       text);
		}
	}
	return 0;
}

int request_read(const struct args *args, struct request *out, struct why *why)
{
	struct request made = { .targets = targets_new() };
	const char *ports = args_value(args, "-p", args_value(args, "--ports", "default"));
	int error = 0;

	for (unsigned i = 0; i < args->positional_count && error == 0; i++) {
		error = add_positional(made.targets, args->positionals[i], why);
	}
	error = error == 0 ? targets_settle(made.targets, why) : error;
	made.asked = targets_count(made.targets);
	if (error == 0 && made.asked == 0) {
		error = why_set(why, ERR_USAGE, "no target: the list is empty");
	}
	error = error == 0 ? check_zones(made.targets, why) : error;
	error = error == 0 ? take_out(args, &made, why) : error;
	error = error == 0 ? ports_parse(span_of(ports), &made.ports, why) : error;
	if (error != 0) {
		request_done(&made);
		return error;
	}
	*out = made;
	return 0;
}

void request_done(struct request *request)
{
	targets_free(&request->targets);
	ports_done(&request->ports);
}
