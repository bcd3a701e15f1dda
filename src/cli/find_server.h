/*
 * find_server.h - where the server is, and with what to speak to it.
 */
#pragma once

#include "base/attr.h"
#include "sys/args.h"
#include "sys/why.h"

struct server_place {
	char url[512]; /* without a slash at the end */
	char ca_file[4096];
	char token_file[4096];
	char token[256];
};

/* ERR_USAGE where nothing says where; ERR_NOT_FOUND, ERR_DENIED, ERR_MALFORMED for what cannot be
 * read; the reason says what to do. */
MUST_USE int find_server(const struct args *args, struct server_place *out, struct why *why);
