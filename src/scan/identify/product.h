/*
 * product.h - what a service is, concluded from its facts: product, version, CPE, system.
 *
 * Every fact whose kind Recog knows goes through its fingerprints; for each part (service, system,
 * hardware) the surest match speaks, and what the protocol stated itself fills the gaps. All of it
 * is inferred from what a stranger said, and is to be marked so.
 */
#pragma once

#include "fingerprints/fingerprints.h"
#include "scan/identify/facts.h"

#define PRODUCT_TEXT_MAX 128
#define PRODUCT_CPE_MAX  256

struct product_part {
	char vendor[PRODUCT_TEXT_MAX]; /* UTF-8, without control characters; "" where not known */
	char product[PRODUCT_TEXT_MAX];
	char version[PRODUCT_TEXT_MAX];
	char cpe[PRODUCT_CPE_MAX]; /* formatted string of CPE 2.3; "" where none */
	unsigned certainty;        /* percent; 0 where nothing is known */
	const char *kind;          /* the fact that it comes from, or NULL */
};

struct product {
	struct product_part service;
	struct product_part os;
	struct product_part hardware;
	char device[PRODUCT_TEXT_MAX];      /* "Router", "Printer" */
	char description[PRODUCT_TEXT_MAX]; /* of the match that named the service */
};

/* fingerprints may be NULL: then only what was stated in fields. */
void product_conclude(const struct service_facts *facts, struct fingerprints *fingerprints,
		      struct product *out);
