/*
 * certificate_servers.h - servers that certificates are for: where their configurations lie, what
 * files those name, and what their processes are called.
 *
 * A file that is named is taken for one that is served: which of its certificates a server shows to
 * whom is the matter of a grammar each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/tree.h"
#include "base/attr.h"
#include "base/span.h"

/* Of all configurations together. What is beyond is left out. */
#define CERTIFICATE_SERVERS_NAMED_MAX 4096

/* A path that configurations name. */
struct named_file {
	char *path;
	uint32_t servers; /* a bit for each */
};

struct named_files {
	struct named_file *files; /* by path, each once */
	size_t count;
};

/* True for a process of one of the servers. */
bool certificate_servers_has(struct span process);

/* Reads all configurations. ERR_IO. */
MUST_USE int certificate_servers_read(struct tree *tree, struct named_files *out);
void certificate_servers_done(struct named_files *named);

/* The servers whose configurations name the file (an absolute path), or its folder where they then
 * serve all that is in it. */
uint32_t certificate_servers_of(const struct named_files *named, const char *path);

/* True where the process is of one of these servers. */
bool certificate_servers_match(uint32_t servers, struct span process);
