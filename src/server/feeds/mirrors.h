/*
 * mirrors.h - from where feeds are fetched instead of their own addresses: `--feed-mirror`.
 *
 * A list: [FEED=]URL[,[FEED=]URL...]. A feed that is named has those of its name only, all others
 * those without a name; they are tried in the order of the list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* Where each address is one that can be fetched from, and each name a feed's; else ERR_USAGE. */
MUST_USE int mirrors_check(const char *list, struct why *why);

/* The nth address for a feed, from 0 on, without a slash at its end; false behind the last one: all
 * were tried, or there is none and the feed's own address holds. list may be NULL. */
bool mirrors_at(const char *list, struct span feed, size_t n, struct span *out);
