/* diagnosis.c - lines, for people or as JSON. */
#include "agent/diagnosis.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/rows_text.h"
#include "sys/alloc.h"

void diagnosis_add(struct diagnosis *d, const char *group, const char *name,
		   enum diagnosis_state state, const char *format, ...)
{
	struct diagnosis_line *line;
	va_list arguments;

	if (d->lines == NULL) {
		d->lines = alloc_zeroed(DIAGNOSIS_MAX, sizeof *d->lines);
	}
	if (d->count == DIAGNOSIS_MAX) {
		return;
	}
	line = &d->lines[d->count++];
	line->group = group;
	line->state = state;
	snprintf(line->name, sizeof line->name, "%s", name);
	va_start(arguments, format);
	vsnprintf(line->text, sizeof line->text, format, arguments);
	va_end(arguments);
}

bool diagnosis_is_bad(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->lines[i].state == DIAGNOSIS_BAD) {
			return true;
		}
	}
	return false;
}

static const char *word_of(enum diagnosis_state state)
{
	static const char *const words[] = { "ok", "note", "bad" };

	return words[state];
}

static void print_json(const struct diagnosis *d, FILE *to)
{
	fprintf(to, "{\"ok\":%s,\"checks\":[", diagnosis_is_bad(d) ? "false" : "true");
	for (size_t i = 0; i < d->count; i++) {
		const struct diagnosis_line *line = &d->lines[i];

		fprintf(to, "%s\n {\"group\":\"%s\",\"name\":", i > 0 ? "," : "", line->group);
		row_text_string(span_of(line->name), to);
		fprintf(to, ",\"state\":\"%s\",\"text\":", word_of(line->state));
		row_text_string(span_of(line->text), to);
		putc('}', to);
	}
	fputs("\n]}\n", to);
}

void diagnosis_print(const struct diagnosis *d, bool is_json, FILE *to)
{
	const char *group = "";

	if (is_json) {
		print_json(d, to);
		return;
	}
	for (size_t i = 0; i < d->count; i++) {
		const struct diagnosis_line *line = &d->lines[i];

		if (strcmp(group, line->group) != 0) {
			fprintf(to, "%s%s\n", i > 0 ? "\n" : "", line->group);
			group = line->group;
		}
		fprintf(to, "  %-5s %-18s %s\n", word_of(line->state), line->name, line->text);
	}
	fputs(diagnosis_is_bad(d) ? "\nSomething important cannot be seen: the lines that begin "
				    "with \"bad\" say what and why.\n"
				  : "\nAll that is important can be seen.\n",
	      to);
}

void diagnosis_done(struct diagnosis *d)
{
	free(d->lines);
	*d = (struct diagnosis){ .count = 0 };
}
