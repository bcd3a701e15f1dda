/*
 * enrolment.h - enrolling over EST (RFC 7030), many at a time: a new key, a request, a
 * certificate, each over a TLS connection of its own.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"
#include "sys/loop.h"
#include "sys/net.h"
#include "sys/tls.h"

struct enrolment_world {
	struct loop *loop;
	struct net_address server;
	struct span ca_pem;
	const char *token;
	/* The sensor's context, ready to connect; it is the callee's then. NULL and a reason where
	 * enrolment failed. */
	void (*done)(void *context, uint32_t number, struct tls_context *tls, const char *reason);
	void *context;
};

/* Starts one; it frees itself after done was called. The world is borrowed. */
void enrolment_start(const struct enrolment_world *world, uint32_t number);
