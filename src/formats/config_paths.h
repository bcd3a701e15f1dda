/*
 * config_paths.h - words in a server's configuration that may be paths of files.
 *
 * Knows no grammar: it is meant for nginx, Apache, Postfix, HAProxy, PostgreSQL and their like
 * alike, whose comments begin with # and whose values stand between blanks, quotes, "=", ";" and
 * brackets.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Longer words are no paths. */
#define CONFIG_PATH_MAX 1024

struct config_paths {
	struct reader rest;
};

struct config_paths config_paths_over(struct span file);

/* The next word that has a "/" or a "." in it, borrowed; false at the end. */
bool config_paths_next(struct config_paths *it, struct span *out);
