/*
 * sct.c - RFC 6962 section 3.3:
 *
 *   opaque SerializedSCT<1..2^16-1>;
 *   struct { SerializedSCT sct_list<1..2^16-1>; } SignedCertificateTimestampList;
 *   struct { uint8 version; opaque log_id[32]; uint64 timestamp; opaque extensions<0..2^16-1>;
 *            uint8 hash, signature; opaque signature<0..2^16-1>; } SignedCertificateTimestamp;
 */
#include "formats/sct.h"

#include "base/error.h"

#define VERSION_1 0

static bool take_sct(struct span bytes, struct sct *out)
{
	struct reader r = reader_over(bytes);
	struct sct sct = { .version = reader_u8(&r) };

	if (sct.version == VERSION_1) {
		sct.log_id = reader_bytes(&r, SCT_LOG_ID_SIZE);
		sct.timestamp_ms = reader_be64(&r);
		(void)reader_bytes(&r, reader_be16(&r)); /* extensions */
		(void)reader_be16(&r);                   /* algorithms */
		(void)reader_bytes(&r, reader_be16(&r));
		if (!reader_done(&r)) {
			return false;
		}
	}
	*out = sct;
	return reader_ok(&r);
}

int sct_list_parse(struct span list, struct sct out[SCT_LIST_MAX], size_t *count)
{
	struct reader r = reader_over(list);
	struct reader entries = reader_over(reader_bytes(&r, reader_be16(&r)));
	size_t found = 0;

	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	while (reader_left(&entries) > 0) {
		struct span entry = reader_bytes(&entries, reader_be16(&entries));

		if (found == SCT_LIST_MAX) {
			return ERR_LIMIT;
		}
		if (entry.len == 0 || !take_sct(entry, &out[found])) {
			return ERR_MALFORMED;
		}
		found++;
	}
	if (!reader_ok(&entries)) {
		return ERR_MALFORMED;
	}
	*count = found;
	return 0;
}
