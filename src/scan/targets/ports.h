/*
 * ports.h - which ports: a list without repeats, each of TCP or UDP, or the host itself (ICMP
 * echo).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "scan/answer.h"
#include "sys/why.h"

/* Every port of both transports, and the echo. */
#define PORTS_MAX (2 * 65536 + 1)

struct port {
	enum transport transport;
	uint16_t number;  /* 0 for TRANSPORT_ICMP */
	uint8_t question; /* of UDP (probes/probe.h); 0 in what ports_parse() gives */
};

struct ports {
	struct port *items;
	size_t count;
};

/* "22,80,8000-8100,U:53,161,T:443,ping": U: and T: hold for what follows, "-" is every port of the
 * transport from 1. "default" is ports_default. Empty, repeated or reversed: the former two are
 * passed over or merged, the last is ERR_MALFORMED. */
MUST_USE int ports_parse(struct span text, struct ports *out, struct why *why);
void ports_done(struct ports *ports);

/* The same, with one item for each question of a port; without those that ask with a word that is
 * everybody's where that is not wanted. The caller's, too. */
struct ports ports_questions(const struct ports *ports, bool is_without_anonymous_asks);

/* TCP and UDP apart, ascending, runs joined, in the syntax above; NUL-terminated, heap. */
char *ports_text(const struct ports *ports);

/* What is scanned where nobody says: see ports_default.c for how it was chosen. */
extern const char *const ports_default[]; /* lists, ended by NULL */
