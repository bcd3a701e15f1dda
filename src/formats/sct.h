/*
 * sct.h - signed certificate timestamps (RFC 6962 section 3.3): promises of transparency logs.
 *
 * A list within a certificate, a TLS extension or an OCSP response. Nothing is verified: that
 * needs each log's key.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Entries of one list that are looked at; honest ones have two to five. */
#define SCT_LIST_MAX 32

#define SCT_LOG_ID_SIZE 32

struct sct {
	uint8_t version;       /* 0 for version 1 */
	struct span log_id;    /* SHA-256 of the log's key; empty for versions not known */
	uint64_t timestamp_ms; /* since 1970-01-01 UTC; 0 for versions not known */
};

/* Fills at most SCT_LIST_MAX entries of out and sets count. ERR_MALFORMED; ERR_LIMIT for more. */
MUST_USE int sct_list_parse(struct span list, struct sct out[SCT_LIST_MAX], size_t *count);
