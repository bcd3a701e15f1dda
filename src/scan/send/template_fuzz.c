/*
 * template_fuzz.c - templates of any bytes: what is taken can be completed within its room.
 *
 *	0 link size 14 where odd   1-2 varies   3-4 sequence at   5 its size   6 the frame
 */
#include "scan/send/template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	size_t link_size = reader_u8(&r) % 2 != 0 ? 14 : 0;
	struct sender_template from = { .varies = reader_be16(&r),
					.sequence_at = reader_be16(&r),
					.sequence_size = reader_u8(&r) };
	struct sender_probe probe = { .sequence = 0x01020304, .destination_port = 443 };
	struct template t;
	struct why why;
	uint8_t *frame;

	from.frame = reader_rest(&r);
	if (template_make(&from, link_size, &t, &why) != 0) {
		return 0;
	}
	assert(t.length == from.frame.len && t.room >= t.length && t.room <= TEMPLATE_ROOM_MAX);
	frame = malloc(t.room);
	if (frame != NULL) {
		memset(probe.destination, 0xff, sizeof probe.destination);
		template_complete(&t, &probe, frame);
	}
	free(frame);
	return 0;
}
