/*
 * contact.h - who scans, why, and where to ask, as it is told in probes where their protocol has a
 * place for it. One text says it; a URL and a mail address in it are told apart, for those places.
 *
 * Printable ASCII without quotes, brackets and backslashes, so that it can be written anywhere as
 * it is.
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"
#include "sys/why.h"

#define CONTACT_MAX 96

#define CONTACT_DEFAULT "Bartizan inventory scan; ask the operator of the network it comes from"

struct contact {
	char text[CONTACT_MAX + 1];
	char url[CONTACT_MAX + 1];  /* "https://example.com/scans"; "" where there is none */
	char mail[CONTACT_MAX + 1]; /* "abuse@example.com"; "" */
	char host[CONTACT_MAX + 1]; /* of the URL, or of the mail address; "" */
};

/* CONTACT_DEFAULT. */
extern const struct contact contact_default;

/* ERR_USAGE: empty, too long, or with characters that some protocol could not carry. */
MUST_USE int contact_parse(const char *text, struct contact *out, struct why *why);

/* "bartizan (+https://...)" where there is a URL, else "bartizan (TEXT)": a product and its
 * comment, as User-Agent has them (RFC 9110 section 10.1.5). */
void contact_write_agent(const struct contact *contact, struct writer *say);

/* What is within the brackets. */
void contact_write_comment(const struct contact *contact, struct writer *say);
