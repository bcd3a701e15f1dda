/*
 * datagram.h - what one answer of UDP says, when it was asked for by another.
 *
 * The answer must be known to be one to our question (its number was checked, where the protocol
 * has one). Pure.
 */
#pragma once

#include "scan/identify/facts.h"

enum datagram_worth {
	DATAGRAM_UNKNOWN, /* no answer of the protocol; nothing was written */
	DATAGRAM_NAMED,   /* of the protocol, and more can be learnt by asking in its own words */
	DATAGRAM_WHOLE,   /* of the protocol, and all is known that will be */
};

/* protocol: in which the question was ("dns"). */
enum datagram_worth datagram_read(const char *protocol, unsigned port, struct span payload,
				  struct service_facts *facts);
