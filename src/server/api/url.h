/*
 * url.h - a request's target: path, query, parameters (RFC 3986, origin form of RFC 9112 3.2.1).
 *
 * Everything here comes from strangers. What was decoded is well-formed UTF-8
 * without control characters, and ends in NUL.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Most bytes of a target, most parameters in it. */
#define URL_TARGET_MAX 8192
#define URL_PARAMS_MAX 32

struct url {
	struct span path;  /* from the first slash, still encoded */
	struct span query; /* behind the question mark, still encoded; empty where there is none */
};

/* ERR_MALFORMED where the target does not begin with a slash, ERR_LIMIT where it is too long or
 * has too many parameters. */
MUST_USE int url_parse(struct span target, struct url *out);

/* The next segment of a path (without its slashes); false at the end. "/a//b/" has the segments
 * "a", "", "b" and "". */
bool url_next_segment(struct span *rest, struct span *out);

/* The next parameter of a query; false at the end. A parameter without "=" has an empty value. */
bool url_next_param(struct span *rest, struct span *out_name, struct span *out_value);

/* Decodes %XX, and + as a space where it is a query's. ERR_MALFORMED for a stray %, control
 * characters or what is not UTF-8; ERR_LIMIT where it does not fit. */
MUST_USE int url_decode(struct span encoded, bool is_query, char *out, size_t out_size);

/* One parameter by name, decoded. ERR_NOT_FOUND where it is not there, ERR_CONFLICT where it is
 * there twice; else as url_decode. */
MUST_USE int url_param(struct span query, const char *name, char *out, size_t out_size);
