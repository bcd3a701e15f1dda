/*
 * deb822.h - stanzas of "Name: value" fields (deb822(5)): dpkg's databases,
 * APT's lists and sources.
 *
 * Everything borrows from the file. Stanzas end at a blank line; a field goes on
 * in lines that begin with a space or tab, and lines with # in front are comments.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct deb822_field {
	struct span name;
	struct span value; /* without surrounding blanks; continuation lines as they are written */
};

struct deb822_stanzas {
	struct reader rest;
};

struct deb822_fields {
	struct reader rest;
	size_t malformed; /* lines that are neither field, continuation nor comment */
};

struct deb822_stanzas deb822_stanzas_over(struct span file);

/* The lines of the next stanza, never empty; false at the end. */
bool deb822_stanzas_next(struct deb822_stanzas *it, struct span *stanza);

struct deb822_fields deb822_fields_over(struct span stanza);

/* The next field; false at the end of the stanza. */
bool deb822_fields_next(struct deb822_fields *it, struct deb822_field *out);

/* True where a field has this name; case does not count (deb822(5)). */
bool deb822_field_is(const struct deb822_field *field, const char *name);

/* How many bytes at the start are whole stanzas with their blank line: what a
 * program that reads a file in pieces may parse before it reads the next one.
 * 0 where no stanza is whole. */
size_t deb822_whole(struct span bytes);
