/*
 * packages.h - one function a package database; each emits what it finds, or nothing where it is
 * not there.
 */
#pragma once

#include "agent/collector.h"

MUST_USE int packages_collect_dpkg(struct collection *c);
MUST_USE int packages_collect_apk(struct collection *c);
MUST_USE int packages_collect_rpm(struct collection *c);

/* Whether there is a database of rpm's. */
bool packages_has_rpm(struct tree *tree);

/* dpkg's status; ERR_AGAIN while somebody writes it in place and it is not whole yet: what is
 * missing there is not missing from the machine. */
MUST_USE int packages_read_dpkg(struct collection *c,
				void (*parse)(void *context, struct span paragraphs),
				void *context);

/* Reads a file of paragraphs that end at a blank line, piece by piece: parse gets whole paragraphs.
 */
MUST_USE int packages_read_paragraphs(struct collection *c, const char *path,
				      void (*parse)(void *context, struct span paragraphs),
				      void *context);
