/* arguments.c - operations and their maps in CBOR. */
#include "server/bus/arguments.h"

#include "base/error.h"
#include "wire/cbor.h"

struct argument argument_text(const char *name, const char *value)
{
	return argument_span(name, span_of(value));
}

struct argument argument_span(const char *name, struct span value)
{
	return (struct argument){ .name = span_of(name), .kind = ARGUMENT_TEXT, .text = value };
}

struct argument argument_uint(const char *name, uint64_t value)
{
	return (struct argument){ .name = span_of(name), .kind = ARGUMENT_UINT, .number = value };
}

struct argument argument_bool(const char *name, bool value)
{
	return (struct argument){ .name = span_of(name), .kind = ARGUMENT_BOOL, .number = value };
}

static void write_map(struct writer *out, const struct argument *list, size_t count)
{
	cbor_write_map(out, count);
	for (size_t i = 0; i < count; i++) {
		cbor_write_text(out, list[i].name);
		switch (list[i].kind) {
		case ARGUMENT_TEXT:
			cbor_write_text(out, list[i].text);
			break;
		case ARGUMENT_UINT:
			cbor_write_uint(out, list[i].number);
			break;
		case ARGUMENT_BOOL:
			cbor_write_bool(out, list[i].number != 0);
			break;
		}
	}
}

static struct argument take_pair(struct cbor_reader *r)
{
	struct argument pair = { .name = cbor_text(r) };

	switch (cbor_peek(r)) {
	case CBOR_TEXT:
		pair.kind = ARGUMENT_TEXT;
		pair.text = cbor_text(r);
		break;
	case CBOR_UINT:
		pair.kind = ARGUMENT_UINT;
		pair.number = cbor_uint(r);
		break;
	case CBOR_BOOL:
		pair.kind = ARGUMENT_BOOL;
		pair.number = cbor_bool(r);
		break;
	default:
		cbor_fail(r, ERR_MALFORMED);
	}
	return pair;
}

static int read_map(struct span bytes, struct arguments *out)
{
	struct cbor_reader r = cbor_over(bytes);
	struct arguments map = { .count = cbor_map(&r) };

	if (map.count > ARGUMENTS_MAX) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < map.count && cbor_error(&r) == 0; i++) {
		(void)take_pair(&r);
	}
	if (cbor_done(&r) != 0) {
		return cbor_done(&r);
	}
	r = cbor_over(bytes);
	(void)cbor_map(&r);
	map.pairs = reader_rest(&r.bytes);
	*out = map;
	return 0;
}

bool arguments_next(const struct arguments *map, size_t *at, struct argument *out)
{
	struct cbor_reader r = cbor_over(span_after(map->pairs, *at));
	struct cbor_reader pair = r;
	size_t size = cbor_item(&r).len + cbor_item(&r).len;

	if (*at >= map->pairs.len || cbor_error(&r) != 0) {
		return false;
	}
	*out = take_pair(&pair);
	*at += size;
	return true;
}

static int find(const struct arguments *map, const char *name, enum argument_kind kind,
		struct argument *out)
{
	struct argument pair;
	size_t at = 0;

	while (arguments_next(map, &at, &pair)) {
		if (span_is(pair.name, name)) {
			if (pair.kind != kind) {
				return ERR_MALFORMED;
			}
			*out = pair;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

int arguments_text(const struct arguments *map, const char *name, struct span *out)
{
	struct argument pair;
	int error = find(map, name, ARGUMENT_TEXT, &pair);

	if (error == 0) {
		*out = pair.text;
	}
	return error;
}

int arguments_uint(const struct arguments *map, const char *name, uint64_t *out)
{
	struct argument pair;
	int error = find(map, name, ARGUMENT_UINT, &pair);

	if (error == 0) {
		*out = pair.number;
	}
	return error;
}

int arguments_bool(const struct arguments *map, const char *name, bool *out)
{
	struct argument pair;
	int error = find(map, name, ARGUMENT_BOOL, &pair);

	if (error == 0) {
		*out = pair.number != 0;
	}
	return error;
}

void request_write(struct writer *out, const char *operation, const struct argument *arguments,
		   size_t count)
{
	cbor_write_array(out, 2);
	cbor_write_text(out, span_of(operation));
	write_map(out, arguments, count);
}

int request_read(struct span body, struct span *out_operation, struct arguments *out)
{
	struct cbor_reader r = cbor_over(body);
	struct arguments map;
	struct span operation;
	struct span item;
	int error;

	if (cbor_array(&r) != 2) {
		cbor_fail(&r, ERR_MALFORMED);
	}
	operation = cbor_text(&r);
	item = cbor_item(&r);
	error = cbor_done(&r);
	if (error == 0) {
		error = read_map(item, &map);
	}
	if (error != 0) {
		return error;
	}
	*out_operation = operation;
	*out = map;
	return 0;
}

void reply_write(struct writer *out, const struct argument *result, size_t count)
{
	cbor_write_array(out, 2);
	cbor_write_uint(out, 0);
	write_map(out, result, count);
}

void reply_write_failure(struct writer *out, unsigned status, const char *code, const char *message)
{
	cbor_write_array(out, 3);
	cbor_write_uint(out, status);
	cbor_write_text(out, span_of(code));
	cbor_write_text(out, span_of(message));
}

int reply_read(struct span body, struct reply *out)
{
	struct cbor_reader r = cbor_over(body);
	struct reply reply = { 0 };
	size_t count = cbor_array(&r);
	uint64_t status = cbor_uint(&r);
	struct span item = { 0 };
	int error;

	if (status == 0) {
		item = cbor_item(&r);
	} else {
		reply.code = cbor_text(&r);
		reply.message = cbor_text(&r);
	}
	if (status > 599 || count != (status == 0 ? 2 : 3)) {
		cbor_fail(&r, ERR_MALFORMED);
	}
	error = cbor_done(&r);
	if (error == 0 && status == 0) {
		error = read_map(item, &reply.result);
	}
	if (error != 0) {
		return error;
	}
	reply.status = (unsigned)status;
	*out = reply;
	return 0;
}
