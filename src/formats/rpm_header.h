/*
 * rpm_header.h - an RPM package's header as rpm's databases hold it (rpm's
 * lib/header.c): index of tags and a store of values, big endian.
 *
 * Reads only the tags it wants, through a source, so that a kernel's header of
 * megabytes needs no memory.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* rpm's own limits of a header. */
#define RPM_HEADER_TAGS_MAX (1 << 16)
#define RPM_HEADER_DATA_MAX (256 * 1024 * 1024)

/* The longest text taken of one tag. */
#define RPM_HEADER_TEXT_MAX 1024

/* Where bytes come from: read() copies len of them, or returns an error. */
struct rpm_header_source {
	int (*read)(void *context, uint64_t offset, uint8_t *to, size_t len);
	void *context;
	uint64_t size;
};

/* Bytes in memory; the span is borrowed, too. ERR_MALFORMED for what is behind them. */
struct rpm_header_source rpm_header_source_over(struct span *bytes);

struct rpm_package {
	struct span name;
	struct span version;      /* [epoch:]version-release */
	struct span architecture; /* empty where not stated (gpg-pubkey), as the rest */
	struct span vendor;
	struct span group;
	struct span source_rpm; /* bash-5.2.15-1.src.rpm */
	struct span module;     /* nodejs:18, of the label nodejs:18:9040020240807131341:rhel9 */
	uint64_t size_bytes;
	bool has_size;
};

/* Reads a header; texts are appended to w and borrow from its buffer. ERR_MALFORMED, ERR_LIMIT,
 * ERR_FULL where the texts do not fit, or the source's error; w is then as it was. */
MUST_USE int rpm_header_read(struct rpm_header_source source, struct writer *w,
			     struct rpm_package *out);

/* The same over a whole header. */
MUST_USE int rpm_header_parse(struct span header, struct writer *w, struct rpm_package *out);

/* The name and the version-release of a source package's file name. False where
 * it does not look like one. */
bool rpm_header_split_source(struct span source_rpm, struct span *name, struct span *version);
