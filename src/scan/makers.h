/*
 * makers.h - who made a network card, by its MAC: a list that is on this machine, IEEE's or nmap's,
 * read when it is needed. Without one nobody is named; nothing of it comes with us.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

#define MAKERS_FILE_MAX (64u << 20)

struct makers;

/* path NULL: where Debian's ieee-data and nmap keep theirs, ERR_NOT_FOUND where neither is there.
 * ERR_MALFORMED: nothing in the file is of such a list. */
MUST_USE int makers_open(const char *path, struct makers **out, struct why *why);
void makers_free(struct makers **makers);

/* Its name, borrowed; empty where it is not known, and for addresses that no maker gave (locally
 * administered, IEEE 802 section 8.2). makers may be NULL. */
struct span makers_find(const struct makers *makers, const uint8_t mac[6]);
