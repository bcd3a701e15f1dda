/*
 * json.h - JSON (RFC 8259) token by token, without a tree and without allocation.
 *
 * Everything borrows from the text. What does not follow the grammar ends the walk for good with ok
 * false, so that a caller may ask once, at the end. Strings stay as they are written until
 * json_write_string().
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* Arrays and objects in one another. */
#define JSON_DEPTH_MAX 64

enum json_kind {
	JSON_END, /* behind the last value, or at what is malformed */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_KEY, /* text is the name as a string's; its value is the next token */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json_token {
	enum json_kind kind;
	struct span
		text; /* of keys and strings between the quotes, escapes as written; of numbers */
};

/* Fields are private to json.c. */
struct json {
	struct reader rest;
	uint64_t objects; /* a bit a level: it is an object */
	unsigned depth;
	unsigned expects;
	bool failed;
};

struct json json_over(struct span text);

/* The next token. */
struct json_token json_next(struct json *j);

/* False once something was malformed or too deep. A text that ended before its value did is
 * malformed. */
bool json_ok(const struct json *j);

/* Bytes of the text that are still ahead: says where a value lies, and where it went wrong. */
size_t json_left(const struct json *j);

/* Passes over the value that begins with a token just taken; nothing where it is none of array and
 * object. */
void json_skip(struct json *j, enum json_kind begun);

/* In an object just begun: the next member's name, the reader then being before its value. False at
 * the object's end. Every value must be taken or skipped. */
bool json_member(struct json *j, struct span *out_name);

/* Takes the next value; false, the value being passed over, where it is no string. */
bool json_text(struct json *j, struct span *out_text);

/* Takes the next value; true where it is an object, which is then entered; others are passed over.
 */
bool json_enter(struct json *j, enum json_kind kind);

/* Appends what a string says: escapes resolved, a lone surrogate as U+FFFD. */
void json_write_string(struct span text, struct writer *out);
