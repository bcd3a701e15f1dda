/*
 * outside.h - what the children that reach the Internet have in common: their rights, and how
 * libcurl is set up.
 */
#pragma once

#include <curl/curl.h>
#include <stddef.h>

#include "base/attr.h"
#include "sys/why.h"

/* Reads what libcurl, the resolver and TLS read, connects to anything, and writes one folder only;
 * NULL: nothing at all. */
MUST_USE int outside_take_rights(const char *writable_folder, struct why *why);

typedef size_t outside_sink(char *bytes, size_t one, size_t count, void *context);

/* Everything is borrowed until the transfer is over. */
struct outside_request {
	const char *address;
	const char *schemes; /* "https" */
	long connect_s;
	long whole_s;
	outside_sink *on_bytes; /* libcurl's CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION */
	outside_sink *on_header;
	void *context;
	char *reason; /* CURL_ERROR_SIZE bytes */
};

/* What every request has; redirects are not followed where the caller does not say so. */
void outside_set_up(CURL *curl, const struct outside_request *request);
