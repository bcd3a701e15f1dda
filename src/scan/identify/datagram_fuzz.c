/* datagram_fuzz.c - first byte: the protocol; the rest: its answer. */
#include "scan/identify/datagram.h"

#include "base/attr.h"
#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const protocols[] = { "dns",       "ntp",  "snmp", "sip",  "bacnet",
						 "memcached", "ssdp", "ike",  "mdns", "netbios" };
	struct service_facts facts;

	if (size < 1) {
		return 0;
	}
	if (datagram_read(protocols[data[0] % COUNT_OF(protocols)], 161,
			  (struct span){ data + 1, size - 1 }, &facts) != DATAGRAM_UNKNOWN &&
	    facts.protocol[0] == '\0') {
		__builtin_trap();
	}
	return 0;
}
