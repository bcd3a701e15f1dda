/* body.c - jansson reads, and every complaint is an answer. */
#include "server/api/body.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/reader.h"
#include "server/api/call.h"

static bool is_member(const char *members, const char *name)
{
	struct reader names = reader_over(span_of(members));

	while (reader_left(&names) > 0) {
		if (span_is(reader_until(&names, ' '), name)) {
			return true;
		}
	}
	return false;
}

bool body_read(struct call *call, const char *members, struct body *out)
{
	struct span text = span_trim(http_body(call->http));
	const char *name;
	json_t *value;
	json_error_t error;

	*out = (struct body){ .call = call };
	if (text.len == 0) {
		text = span_of("{}");
	}
	out->root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
	if (out->root == NULL) {
		call_fail(call, 400, "the body is not JSON: %s (line %d, column %d)", error.text,
			  error.line, error.column);
		return false;
	}
	if (!json_is_object((json_t *)out->root)) {
		call_fail(call, 400, "the body must be a JSON object, with members of: %s",
			  members);
		return false;
	}
	json_object_foreach(out->root, name, value)
	{
		if (!is_member(members, name)) {
			call_fail(call, 400,
				  "the body has an unknown member '%.100s'; known here: %s", name,
				  members);
			return false;
		}
	}
	return true;
}

void body_done(struct body *body)
{
	json_decref(body->root);
	body->root = NULL;
}

bool body_text(struct body *body, const char *name, size_t max, bool is_required, struct span *out)
{
	json_t *value = json_object_get(body->root, name);

	*out = (struct span){ 0 };
	if (value == NULL && !is_required) {
		return true;
	}
	if (!json_is_string(value)) {
		call_fail(body->call, 400, "the body's member '%s' must be text%s", name,
			  value == NULL ? " and is missing" : "");
		return false;
	}
	if (json_string_length(value) > max) {
		call_fail(body->call, 400, "the body's member '%s' is longer than %zu bytes", name,
			  max);
		return false;
	}
	*out = (struct span){ (const uint8_t *)json_string_value(value),
			      json_string_length(value) };
	return true;
}

bool body_boolean(struct body *body, const char *name, bool fallback, bool *out)
{
	json_t *value = json_object_get(body->root, name);

	if (value != NULL && !json_is_boolean(value)) {
		call_fail(body->call, 400, "the body's member '%s' must be true or false", name);
		return false;
	}
	*out = value == NULL ? fallback : json_is_true(value);
	return true;
}

bool body_integer(struct body *body, const char *name, int64_t min, int64_t max, int64_t fallback,
		  int64_t *out)
{
	json_t *value = json_object_get(body->root, name);

	if (value == NULL) {
		*out = fallback;
		return true;
	}
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max) {
		call_fail(body->call, 400,
			  "the body's member '%s' must be a whole number from %lld to %lld", name,
			  (long long)min, (long long)max);
		return false;
	}
	*out = json_integer_value(value);
	return true;
}

void body_copy(struct span from, char *out)
{
	mem_copy(out, from.ptr, from.len);
	out[from.len] = '\0';
}

bool body_words(struct body *body, const char *name, char *out, size_t size, bool *out_is_given)
{
	json_t *list = json_object_get(body->root, name);
	size_t used = 0;
	size_t index;
	json_t *item;

	*out_is_given = list != NULL;
	out[0] = '\0';
	if (list != NULL && !json_is_array(list)) {
		call_fail(body->call, 400, "the body's member '%s' must be a list of texts", name);
		return false;
	}
	json_array_foreach(list, index, item)
	{
		const char *word = json_string_value(item);

		if (word == NULL || word[0] == '\0' || strchr(word, ' ') != NULL ||
		    strlen(word) != json_string_length(item)) {
			call_fail(body->call, 400,
				  "the body's member '%s' must be a list of words without spaces",
				  name);
			return false;
		}
		used += (size_t)snprintf(out + used, size - used, "%s%s", index > 0 ? " " : "",
					 word);
		if (used >= size) {
			call_fail(body->call, 400, "the body's member '%s' is too long", name);
			return false;
		}
	}
	return true;
}
