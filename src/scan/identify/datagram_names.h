/*
 * datagram_names.h - how a machine calls itself in answers of UDP that have no prober.
 *
 * Facts of the kinds host.name and host.domain; whoever uses them looks at what they are made of.
 */
#pragma once

#include "scan/identify/facts.h"

/* A node status (RFC 1002 section 4.2.18): the machine's name and its domain or workgroup. */
void datagram_netbios_names(struct span payload, struct service_facts *facts);

/* An answer of mDNS (RFC 6762): names of its address records, and where its services are. */
void datagram_mdns_names(struct span payload, struct service_facts *facts);
