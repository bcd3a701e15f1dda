/*
 * utmp.c - the layouts:
 *
 *	type 2, padding 2, pid 4, line 32, id 4, user 32, host 256, exit 4,
 *	session 4, seconds 4, microseconds 4 (or 8 each), address 16, unused 20 (and 4 of padding)
 */
#include "formats/utmp.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

#define LINE_SIZE 32
#define ID_SIZE   4
#define USER_SIZE 32
#define HOST_SIZE 256

/* The year 3000; what is beyond is no time. */
#define SECONDS_MAX 32503680000

size_t utmp_size(enum utmp_layout layout)
{
	return layout == UTMP_32 ? UTMP_32_SIZE : UTMP_64_SIZE;
}

static struct span text(struct reader *r, size_t size)
{
	struct span bytes = reader_bytes(r, size);

	return span_first(bytes, span_find(bytes, 0));
}

int utmp_parse(struct span record, enum utmp_layout layout, struct utmp_record *out)
{
	struct utmp_record parsed = { .type = 0 };
	struct reader r = reader_over(record);
	struct span address;
	int64_t seconds;
	int64_t microseconds;

	parsed.type = (int16_t)reader_le16(&r);
	(void)reader_le16(&r);
	parsed.pid = reader_le32(&r);
	parsed.line = text(&r, LINE_SIZE);
	(void)reader_bytes(&r, ID_SIZE);
	parsed.user = text(&r, USER_SIZE);
	parsed.host = text(&r, HOST_SIZE);
	(void)reader_le32(&r); /* exit */
	if (layout == UTMP_32) {
		(void)reader_le32(&r);     /* session */
		seconds = reader_le32(&r); /* unsigned: until 2106 */
		microseconds = reader_le32(&r);
	} else {
		(void)reader_le64(&r);
		seconds = (int64_t)reader_le64(&r);
		microseconds = (int64_t)reader_le64(&r);
	}
	address = reader_bytes(&r, sizeof parsed.address);
	if (!reader_ok(&r) || record.len != utmp_size(layout) || seconds < 0 ||
	    seconds > SECONDS_MAX || microseconds < 0 || microseconds > 999999) {
		return ERR_MALFORMED;
	}
	mem_copy(parsed.address, address.ptr, address.len);
	parsed.at_ms = seconds * 1000 + microseconds / 1000;
	*out = parsed;
	return 0;
}
