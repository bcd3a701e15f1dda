#include "formats/packet_link.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_frame frame;
	struct packet_neighbour neighbour;

	if (packet_frame_parse((struct span){ data, size }, &frame) != 0) {
		return 0;
	}
	fuzz_touch(frame.source);
	fuzz_touch(frame.payload);
	if (packet_arp_parse(frame.payload, &neighbour) == 0 ||
	    packet_advertisement_parse(frame.payload, &neighbour) == 0) {
		fuzz_touch(neighbour.address);
		fuzz_touch(neighbour.mac);
	}
	return 0;
}
