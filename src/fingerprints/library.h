/*
 * library.h - fingerprints while they are put together: documents are added, then it is sealed.
 *
 * For fingerprints_open(), and for tests and fuzzing; others see fingerprints.h.
 */
#pragma once

#include "fingerprints/document.h"
#include "fingerprints/fingerprints.h"

#define LIBRARY_DOCUMENTS_MAX 1000
#define LIBRARY_KINDS_MAX     1000
#define LIBRARY_COUNT_MAX     100000 /* fingerprints in all */

enum library_engine {
	LIBRARY_LINEAR, /* one pass, then those that may match */
	LIBRARY_PLAIN,  /* each pattern in its turn, as Recog itself does */
};

struct fingerprints *library_new(enum library_engine engine);

/* As document_parse(). On an error the library is as it was. */
MUST_USE int library_add(struct fingerprints *f, struct span name, struct span xml,
			 struct why *why);

/* Sorts the documents into kinds, by preference, then by file name. Nothing is added afterwards. */
void library_seal(struct fingerprints *f);

/* Of all kinds, now; else a kind is made ready when it is first asked for. */
void library_make_ready(struct fingerprints *f);
