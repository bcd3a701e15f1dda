/*
 * embedded.h - files that are part of the program: the console and openapi.yaml, made by embed.py.
 */
#pragma once

#include "base/span.h"

struct embedded_file {
	const char *path; /* "/app.js"; index.html is "/" */
	const char *content_type;
	const char *etag; /* quoted, from the content's SHA-256 */
	struct span plain;
	struct span gzip;
};

/* Ended by one without a path. */
extern const struct embedded_file embedded_files[];

/* NULL where there is none. */
const struct embedded_file *embedded_find(struct span path);

struct call;

/* Answers with a file: gzip where the client takes it, 304 where it has it already. */
void embedded_answer(struct call *call, const struct embedded_file *file);
