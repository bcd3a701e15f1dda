/* main.c - bartizan, the operator's tool. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/table.h"

static void print_overview(FILE *to)
{
	fputs("usage: bartizan COMMAND [options]\n\n"
	      "Asks a Bartizan server about assets, what is on them, and what "
	      "changes.\n\ncommands:\n",
	      to);
	for (size_t i = 0; commands[i] != NULL; i++) {
		fprintf(to, "  %-16s %s\n", commands[i]->name, table_brief(commands[i]));
	}
	fputs("\nEach command tells more with --help. The server is found by --data DIR (its data "
	      "folder), or by "
	      "the\nenvironment: BARTIZAN_URL, BARTIZAN_TOKEN_FILE, BARTIZAN_CA.\n\n"
	      "examples:\n"
	      "  bartizan assets --data var\n"
	      "  bartizan watch --data var --table packages\n"
	      "  bartizan query --data var \"SELECT asset_name, version FROM packages WHERE name = "
	      "'openssl'\"\n",
	      to);
}

static int refuse(const char *name)
{
	const char *nearest = command_nearest(name);

	fprintf(stderr,
		"bartizan: there is no command '%.64s'%s%s%s; bartizan --help lists what there "
		"is\n",
		name, nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
		nearest != NULL ? "'?" : "");
	return EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct why why = { 0 };
	struct args args;
	int status;

	if (args_parse(&command->spec, argc, argv, &args, &why) != 0) {
		fprintf(stderr, "bartizan %s: %s\n", command->name, why.text);
		return EXIT_USAGE;
	}
	if (args.is_help) {
		args_print_help(&command->spec, stdout);
		return EXIT_FINE;
	}
	status = command->run(&args, &why);
	if (status == EXIT_FINE && fflush(stdout) != 0) {
		status = EXIT_REFUSED;
		(void)why_set(&why, 0, "the output cannot be written");
	}
	if (why.text[0] != '\0') {
		fprintf(stderr, "bartizan %s: %s\n", command->name, why.text);
	}
	return status;
}

/* How many words an option before the command takes: those that every command knows. */
static int leading_words(const char *word)
{
	static const char *const switches[] = { "--json", "--csv" };
	static const char *const with_value[] = { "--data", "--tenant" };

	for (size_t i = 0; i < COUNT_OF(switches); i++) {
		if (strcmp(word, switches[i]) == 0) {
			return 1;
		}
	}
	for (size_t i = 0; i < COUNT_OF(with_value); i++) {
		size_t len = strlen(with_value[i]);

		if (strcmp(word, with_value[i]) == 0) {
			return 2;
		}
		if (strncmp(word, with_value[i], len) == 0 && word[len] == '=') {
			return 1;
		}
	}
	return 0;
}

/* "bartizan --data DIR assets" is "bartizan assets --data DIR": the command's name moves to the
 * front. */
static void move_command_first(int argc, char **argv)
{
	int at = 1;
	int words = 0;
	char *name;

	while (at < argc && (words = leading_words(argv[at])) > 0) {
		at += words;
	}
	if (at == 1 || at >= argc) {
		return;
	}
	name = argv[at];
	memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof *argv);
	argv[1] = name;
}

int main(int argc, char **argv)
{
	const char *name;
	const struct command *command;

	move_command_first(argc, argv);
	name = argc > 1 ? argv[1] : "--help";

	setlocale(LC_CTYPE, "C.UTF-8"); /* for the width of characters */
	if (strcmp(name, "help") == 0 && argc == 3) {
		/* "help watch" is "watch --help" */
		name = argv[2];
		argv[2] = (char *)(size_t) "--help";
		argv[1] = (char *)(size_t)name;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_overview(argc > 1 ? stdout : stderr);
		return argc > 1 ? EXIT_FINE : EXIT_USAGE;
	}
	if (strcmp(name, "--version") == 0) {
		puts("bartizan " BARTIZAN_VERSION);
		return EXIT_FINE;
	}
	command = command_find(name);
	return command != NULL ? run(command, argc - 1, argv + 1) : refuse(name);
}
