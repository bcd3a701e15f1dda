/* try.c - `try-fingerprints [--all] [PATH] KIND TEXT` says what fingerprints say of a text; not
 * installed. Without a path those that fingerprints_open_default() finds. */
#include "base/text.h"
#include "fingerprints/cpe.h"
#include "sys/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(struct span text)
{
	static uint8_t room[4 * FINGERPRINT_VALUES_SIZE];
	struct writer w = writer_over(room, sizeof room);

	text_write_escaped(&w, text);
	printf("%.*s", (int)writer_used(&w), (const char *)room);
}

static void print_match(const struct fingerprint_match *m)
{
	static const char *const parts[] = { "service", "service.component", "os", "hw" };
	uint8_t room[512];

	print(m->description);
	printf(" (line %u, preference %u%%, certainty %u%%)\n", m->line, m->preference,
	       m->certainty);
	for (size_t i = 0; i < m->param_count; i++) {
		printf("  ");
		print(m->params[i].name);
		printf(" = ");
		print(m->params[i].value);
		printf("\n");
	}
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct writer w = writer_over(room, sizeof room);

		if (cpe_of_match(m, parts[i], &w) == 0) {
			printf("  inferred from the banner: ");
			print(writer_span(&w));
			printf("\n");
		}
	}
}

int main(int argc, char **argv)
{
	struct fingerprints *f = NULL;
	struct fingerprint_match *m;
	struct why why = { "" };
	size_t from = 0;
	bool is_all = argc > 1 && strcmp(argv[1], "--all") == 0;
	char **words = argv + (is_all ? 2 : 1);
	int count = argc - (is_all ? 2 : 1);

	if (count != 2 && count != 3) {
		fprintf(stderr, "usage: try-fingerprints [--all] [PATH] KIND TEXT\n");
		return 2;
	}
	if (fingerprints_open_default(count == 3 ? words[0] : NULL, NULL, &f, &why) != 0) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	m = alloc_zeroed(1, sizeof *m);
	while ((from == 0 || is_all) &&
	       fingerprints_match_next(f, span_of(words[count - 2]), span_of(words[count - 1]),
				       &from, m)) {
		print_match(m);
	}
	if (from == 0) {
		printf("there are no fingerprints of this kind\n");
	} else if (m->param_count == 0) {
		printf("nothing is known of it\n");
	}
	free(m);
	fingerprints_free(&f);
	return 0;
}
