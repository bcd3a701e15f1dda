/*
 * cpe_name.h - names of Common Platform Enumeration 2.3: formatted strings (NISTIR 7695, section
 * 6.2), read and compared attribute by attribute (NISTIR 7696).
 *
 *   cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*
 *
 * A name borrows from its text. Attributes stay as they are written, quoted with backslashes; * is
 * any value, - none.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* Of a whole name, and of one attribute. */
#define CPE_NAME_MAX      1024
#define CPE_ATTRIBUTE_MAX 256

enum cpe_attribute {
	CPE_PART,
	CPE_VENDOR,
	CPE_PRODUCT,
	CPE_VERSION,
	CPE_UPDATE,
	CPE_EDITION,
	CPE_LANGUAGE,
	CPE_SW_EDITION,
	CPE_TARGET_SW,
	CPE_TARGET_HW,
	CPE_OTHER,
	CPE_ATTRIBUTES,
};

struct cpe_name {
	struct span attributes[CPE_ATTRIBUTES];
};

/* ERR_MALFORMED for what is no formatted string: eleven attributes, a part of a, o, h or any, no
 * blanks, quotes that quote something, * and ? but at an end only where quoted. ERR_LIMIT for one
 * that is too long. */
MUST_USE int cpe_name_read(struct span text, struct cpe_name *out);

/* * and - */
bool cpe_is_any(struct span attribute);
bool cpe_is_none(struct span attribute);

/* True where an attribute has a * or ? that stands for other characters. */
bool cpe_has_wildcards(struct span attribute);

/* Whether a criterion (which may be any, or have wildcards) takes in an attribute; quoting and case
 * do not count. What is said to be any is taken in by any only. */
bool cpe_takes_in(struct span criterion, struct span attribute);

/* Appends an attribute without its quotes, in lower case. */
void cpe_write_plain(struct span attribute, struct writer *out);

/* Appends an attribute in its one spelling: lower case, quoted where it has to be, as NVD does. */
void cpe_write_quoted(struct span attribute, struct writer *out);

/* Appends part, vendor and product in their one spelling: "a:openbsd:openssh". A product that has
 * changed hands has the name that NVD gives it now: "a:nginx:nginx" is "a:f5:nginx". False, and
 * nothing is appended, where vendor or product is any, none or has wildcards. */
bool cpe_write_product(const struct cpe_name *name, struct writer *out);
