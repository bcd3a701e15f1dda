/* Every feed's parser, by the first byte; 0: the file is recognised as `bartizan check` does. */
#include "formats/fuzz.h"
#include "server/feeds/archive.h"
#include "server/feeds/feed.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"

#include <stdlib.h>

struct target {
	const struct feed *feed;
	struct knowledge_builder *builder;
	uint8_t *room;
};

static int take(void *context, struct span name, struct span bytes)
{
	struct target *t = context;
	struct feed_report report = { 0 };
	struct why why = { "" };
	struct feed_input in = {
		.feed = t->feed,
		.name = "fuzz",
		.bytes = bytes,
		.builder = t->builder,
		.report = &report,
		.room = writer_over(t->room, FEED_TEXT_MAX),
		.why = &why,
	};

	fuzz_touch(name);
	fuzz_touch(bytes);
	(void)!t->feed->parse(&in);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_after((struct span){ data, size }, 1);
	struct archive_figures figures;
	struct target t = { 0 };
	struct knowledge *k = NULL;
	struct why why;
	size_t count = 0;

	while (feeds[count] != NULL) {
		count++;
	}
	t.feed = size > 0 && data[0] % (count + 1) > 0 ? feeds[data[0] % (count + 1) - 1]
						       : feed_recognise(bytes);
	if (t.feed == NULL) {
		return 0;
	}
	t.builder = knowledge_builder_new();
	t.room = alloc_zeroed(1, FEED_TEXT_MAX);
	(void)!archive_each(bytes, take, &t, &figures, &why);
	if (knowledge_builder_open(t.builder, 1, &k, &why) != 0) {
		abort(); /* whatever a parser hands on makes an index that opens */
	}
	knowledge_close(&k);
	knowledge_builder_free(&t.builder);
	free(t.room);
	return 0;
}
