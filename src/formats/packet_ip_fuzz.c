#include "formats/packet_ip.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_ip ip;
	struct packet_tcp tcp;
	struct packet_udp udp;
	struct packet_icmp icmp;

	if (packet_ip_parse((struct span){ data, size }, &ip) != 0) {
		return 0;
	}
	fuzz_touch(ip.payload);
	if (packet_tcp_parse(ip.payload, &tcp) == 0) {
		fuzz_touch(tcp.payload);
	}
	if (packet_udp_parse(ip.payload, &udp) == 0) {
		fuzz_touch(udp.payload);
	}
	if (packet_icmp_parse(ip.payload, ip.is_v6, &icmp) == 0 && icmp.is_error) {
		fuzz_touch(icmp.quoted.source);
		fuzz_touch(icmp.quoted.payload);
	}
	return 0;
}
