/* args.c - command lines. */
#include "sys/args.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"

#define WORD_MAX   64 /* longer words are compared with no option */
#define HELP_WIDTH 80

static const struct arg *option_at(const struct args_spec *spec, unsigned index)
{
	return spec->options != NULL && spec->options[index].name != NULL ? &spec->options[index]
									  : NULL;
}

static int option_index(const struct args_spec *spec, struct span name)
{
	for (unsigned i = 0; i < ARGS_OPTIONS_MAX && option_at(spec, i) != NULL; i++) {
		if (span_is(name, spec->options[i].name)) {
			return (int)i;
		}
	}
	return -1;
}

/* Levenshtein's distance: insertions, removals, replacements. */
static unsigned distance(struct span a, struct span b)
{
	unsigned row[WORD_MAX + 1];

	if (a.len > WORD_MAX || b.len > WORD_MAX) {
		return WORD_MAX;
	}
	for (unsigned j = 0; j <= b.len; j++) {
		row[j] = j;
	}
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			unsigned replaced = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
			unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = replaced < least ? replaced : least;
		}
	}
	return row[b.len];
}

static int refuse_unknown(const struct args_spec *spec, struct span name, struct why *why)
{
	const char *nearest = NULL;
	unsigned least = 4; /* further than this is no slip of the fingers */

	for (unsigned i = 0; i < ARGS_OPTIONS_MAX && option_at(spec, i) != NULL; i++) {
		unsigned d = distance(name, span_of(spec->options[i].name));

		if (d < least) {
			least = d;
			nearest = spec->options[i].name;
		}
	}
	return why_set(why, ERR_USAGE,
		       "there is no option '%.*s'%s%s%s; --help lists what there is",
		       (int)span_first(name, WORD_MAX).len, (const char *)name.ptr,
		       nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
		       nearest == NULL ? "" : "'?");
}

/* An option at argv[*at]; a value that is the next word moves *at. */
static int take_option(const struct args_spec *spec, char **argv, int *at, struct args *args,
		       struct why *why)
{
	struct span word = span_of(argv[*at]);
	size_t equals = span_find(word, '=');
	struct span name = span_first(word, equals);
	const char *value = equals < word.len ? argv[*at] + equals + 1 : NULL;
	int index = option_index(spec, name);
	const struct arg *option;

	if (index < 0) {
		return refuse_unknown(spec, name, why);
	}
	option = &spec->options[index];
	if (option->value == NULL) {
		args->values[index] = "";
		return value == NULL ? 0
				     : why_set(why, ERR_USAGE, "%s is a switch and takes no value",
					       option->name);
	}
	if (value == NULL) {
		value = argv[*at + 1];
		/* a forgotten value would otherwise swallow the option behind it */
		if (value == NULL || option_index(spec, span_of(value)) >= 0) {
			return why_set(why, ERR_USAGE, "%s needs a value: %s %s", option->name,
				       option->name, option->value);
		}
		*at += 1;
	}
	if (args->given_count == ARGS_GIVEN_MAX) {
		return why_set(why, ERR_USAGE, "there are more than %d options", ARGS_GIVEN_MAX);
	}
	args->given[args->given_count].option = (unsigned)index;
	args->given[args->given_count++].value = value;
	args->values[index] = value;
	return 0;
}

static int check_positionals(const struct args *args, struct why *why)
{
	const struct args_spec *spec = args->spec;

	if (args->positional_count < spec->positionals_min) {
		return why_set(why, ERR_USAGE, "something is missing; the usage is: %s",
			       spec->usage);
	}
	if (args->positional_count > spec->positionals_max) {
		return why_set(why, ERR_USAGE, "'%.64s' is one word too many; the usage is: %s",
			       args->positionals[spec->positionals_max], spec->usage);
	}
	return 0;
}

int args_parse(const struct args_spec *spec, int argc, char **argv, struct args *out,
	       struct why *why)
{
	struct args args = { .spec = spec };
	bool is_ended = false;

	for (int i = 1; i < argc; i++) {
		struct span word = span_of(argv[i]);
		bool is_option = !is_ended && word.len > 1 && word.ptr[0] == '-';
		int error;

		if (is_option && span_is(word, "--")) {
			is_ended = true;
		} else if (is_option && (span_is(word, "--help") || span_is(word, "-h"))) {
			args.is_help = true;
		} else if (is_option) {
			error = take_option(spec, argv, &i, &args, why);
			if (error != 0) {
				return error;
			}
		} else if (args.positional_count == ARGS_POSITIONALS_MAX) {
			return why_set(why, ERR_USAGE, "more than %d words", ARGS_POSITIONALS_MAX);
		} else {
			args.positionals[args.positional_count++] = argv[i];
		}
	}
	if (!args.is_help) {
		int error = check_positionals(&args, why);

		if (error != 0) {
			return error;
		}
	}
	*out = args;
	return 0;
}

const char *args_value(const struct args *args, const char *name, const char *fallback)
{
	int index = option_index(args->spec, span_of(name));

	assert(index >= 0);
	return args->values[index] != NULL ? args->values[index] : fallback;
}

bool args_has(const struct args *args, const char *name)
{
	return args_value(args, name, NULL) != NULL;
}

/* Words wrapped at HELP_WIDTH, further lines indented. */
static void print_wrapped(FILE *to, const char *text, size_t indent, size_t column)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " \n");

		if (column > indent && column + 1 + len > HELP_WIDTH) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		}
		if (column > indent) {
			fputc(' ', to);
			column++;
		}
		fwrite(text, 1, len, to);
		column += len;
		text += len;
		text += strspn(text, " \n");
	}
	fputc('\n', to);
}

const char *args_next(const struct args *args, const char *name, unsigned *at)
{
	int index = option_index(args->spec, span_of(name));

	while (*at < args->given_count) {
		unsigned i = (*at)++;

		if ((int)args->given[i].option == index) {
			return args->given[i].value;
		}
	}
	return NULL;
}

void args_print_help(const struct args_spec *spec, FILE *to)
{
	static const char help_name[] = "-h, --help";
	size_t widest = sizeof help_name - 1;

	for (unsigned i = 0; i < ARGS_OPTIONS_MAX && option_at(spec, i) != NULL; i++) {
		const struct arg *option = &spec->options[i];
		size_t width = strlen(option->name) +
			       (option->value == NULL ? 0 : strlen(option->value) + 1);

		widest = width > widest ? width : widest;
	}
	fprintf(to, "usage: %s\n\n", spec->usage);
	print_wrapped(to, spec->summary, 0, 0);
	fputs("\noptions:\n", to);
	for (unsigned i = 0; i < ARGS_OPTIONS_MAX && option_at(spec, i) != NULL; i++) {
		const struct arg *option = &spec->options[i];
		int width = fprintf(to, "  %s%s%s", option->name, option->value == NULL ? "" : " ",
				    option->value == NULL ? "" : option->value);

		fprintf(to, "%*s", (int)widest + 4 - width, "");
		print_wrapped(to, option->help, widest + 4, widest + 4);
	}
	fprintf(to, "  %-*s  shows this\n", (int)widest, help_name);
	if (spec->examples != NULL) {
		fprintf(to, "\nexamples:\n%s\n", spec->examples);
	}
}
