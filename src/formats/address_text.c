/* address_text.c - RFC 5952 for IPv6: lower case, the longest run of zeros as "::". */
#include "formats/address_text.h"

#include "base/reader.h"

#define MAC_BYTES_MAX 20
#define GROUPS        8

static void write_hex(struct writer *w, unsigned value, unsigned digits_min)
{
	static const char digits[] = "0123456789abcdef";
	bool has_begun = false;

	for (unsigned place = 4; place > 0; place--) {
		unsigned digit = value >> 4 * (place - 1) & 15;

		has_begun = has_begun || digit > 0 || place <= digits_min;
		if (has_begun) {
			writer_u8(w, (uint8_t)digits[digit]);
		}
	}
}

static void write_v4(struct writer *w, struct span address)
{
	for (size_t i = 0; i < address.len; i++) {
		if (i > 0) {
			writer_u8(w, '.');
		}
		writer_decimal(w, address.ptr[i]);
	}
}

/* The first longest run of at least two zero groups; 0 long where there is none. */
static void longest_run(const uint16_t groups[GROUPS], size_t *start, size_t *len)
{
	size_t run = 0;

	*start = 0;
	*len = 0;
	for (size_t i = 0; i < GROUPS; i++) {
		run = groups[i] == 0 ? run + 1 : 0;
		if (run > *len && run >= 2) {
			*start = i + 1 - run;
			*len = run;
		}
	}
}

static void write_v6(struct writer *w, struct span address)
{
	struct reader r = reader_over(address);
	uint16_t groups[GROUPS];
	size_t start;
	size_t len;

	for (size_t i = 0; i < GROUPS; i++) {
		groups[i] = reader_be16(&r);
	}
	/* ::ffff:0:0/96 holds IPv4 addresses, which section 5 wants to see as such */
	longest_run(groups, &start, &len);
	if (start == 0 && len == 5 && groups[5] == 0xffff) {
		writer_text(w, "::ffff:");
		write_v4(w, span_after(address, 12));
		return;
	}
	for (size_t i = 0; i < GROUPS; i++) {
		if (len > 0 && i == start) {
			writer_text(w, "::");
			i += len - 1;
			continue;
		}
		if (i > 0 && !(len > 0 && i == start + len)) {
			writer_u8(w, ':');
		}
		write_hex(w, groups[i], 1);
	}
}

void address_text_write(struct writer *w, struct span address)
{
	if (address.len == 4) {
		write_v4(w, address);
	} else if (address.len == 16) {
		write_v6(w, address);
	}
}

void address_text_write_mac(struct writer *w, struct span mac)
{
	for (size_t i = 0; i < mac.len && i < MAC_BYTES_MAX; i++) {
		if (i > 0) {
			writer_u8(w, ':');
		}
		write_hex(w, mac.ptr[i], 2);
	}
}
