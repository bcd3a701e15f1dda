/*
 * feeds.h - the feeds role: keeps DATA/feeds up to date.
 *
 *   feeds/NAME/FILE       a feed's files, as published, that are in force
 *   feeds/NAME/.FILE.head what the server said of it: for conditional requests
 *   feeds/fetch/NAME/     what is being fetched
 *   feeds/inbox/ID/       what `bartizan feed import` put there
 *   feeds/knowledge       the index of all of them (knowledge.h)
 *   feeds/status.json     what GET /feeds shows
 *
 * This process itself reads nothing from outside: children fetch and prove (network, no bus) and
 * digest (no network), each confined to its own work.
 */
#pragma once

#include "server/feeds/knowledge.h"
#include "server/role.h"

/* The role's entry point. */
int feeds_run(const struct role_config *config);

/* What libcurl, the resolver and TLS read, as struct sandbox_path: no more of /etc than that. */
#define FEEDS_LIBRARY_PATHS                                                                        \
	{ .path = "/etc/ssl" }, { .path = "/etc/pki" }, { .path = "/etc/ca-certificates" },        \
		{ .path = "/etc/resolv.conf" }, { .path = "/etc/hosts" },                          \
		{ .path = "/etc/host.conf" }, { .path = "/etc/gai.conf" },                         \
		{ .path = "/etc/nsswitch.conf" }, { .path = "/etc/services" },                     \
		{ .path = "/etc/protocols" }, { .path = "/etc/localtime" },                        \
		{ .path = "/etc/ld.so.cache" }, { .path = "/etc/crypto-policies" },                \
		{ .path = "/usr" }, { .path = "/lib" }, { .path = "/lib64" },                      \
		{ .path = "/run/systemd/resolve" },                                                \
	{                                                                                          \
		.path = "/dev/urandom"                                                             \
	}

/* From the data folder. */
#define FEEDS_FOLDER         "feeds"
#define FEEDS_KNOWLEDGE_PATH KNOWLEDGE_PATH
#define FEEDS_STATUS_PATH    "feeds/status.json"
#define FEEDS_INBOX_PATH     "feeds/inbox"
#define FEEDS_FETCH_PATH     "feeds/fetch"
