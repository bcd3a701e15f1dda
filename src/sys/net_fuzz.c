/* net_fuzz.c - addresses as people write them. */
#include "sys/net.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	struct net_address address;
	struct net_address again;
	char host[256];
	char port[6];
	char written[NET_TEXT_SIZE];
	struct why why;

	if (net_split(text, host, port, &why) == 0) {
		assert(host[0] != '\0' && port[0] != '\0');
	}
	if (net_address_parse(text, &address, &why) == 0) {
		(void)net_is_loopback(&address);
		net_address_text(&address, written);
		assert(net_address_parse(span_of(written), &again, &why) == 0);
	}
	return 0;
}
