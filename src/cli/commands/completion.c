/* completion.c - a script that completes commands, options and tables in bash. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "schema/schema.h"

static const struct arg options[] = { { 0 } };

static const char script_end[] =
	"\tcase $previous in\n"
	"\t--data | --root) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n"
	"\t--feed | --image) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	"\t--table) COMPREPLY=($(compgen -W \"$tables\" -- \"$word\")); return ;;\n"
	"\tesac\n"
	"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$word\"))\n"
	"\telse\n"
	"\t\tCOMPREPLY=($(compgen -W \"$words --help\" -- \"$word\"))\n"
	"\tfi\n"
	"}\n"
	"complete -F _bartizan bartizan";

static int run(const struct args *args, struct why *why)
{
	if (strcmp(args->positionals[0], "bash") != 0) {
		(void)why_set(why, 0, "only bash is known: bartizan completion bash");
		return EXIT_USAGE;
	}
	fputs("# bash completion for bartizan; made by 'bartizan completion bash'\n_bartizan()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} "
	      "words=\"\"\n"
	      "\tlocal commands=\"",
	      stdout);
	for (size_t i = 0; commands[i] != NULL; i++) {
		printf("%s%s", i > 0 ? " " : "", commands[i]->name);
	}
	fputs("\"\n\tlocal tables=\"", stdout);
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		printf("%s%s", i > 0 ? " " : "", schema_tables[i]->name);
	}
	fputs("\"\n\tCOMPREPLY=()\n\tcase ${COMP_WORDS[1]} in\n", stdout);
	for (size_t i = 0; commands[i] != NULL; i++) {
		printf("\t%s) words=\"", commands[i]->name);
		for (const struct arg *o = commands[i]->spec.options; o->name != NULL; o++) {
			printf("%s%s", o == commands[i]->spec.options ? "" : " ", o->name);
		}
		puts("\" ;;");
	}
	puts("\tesac");
	puts(script_end);
	return EXIT_FINE;
}

const struct command command_completion = {
	.name = "completion",
	.spec = { .usage = "bartizan completion bash",
		  .summary = "Prints a script that completes commands and options in bash.",
		  .options = options,
		  .examples = "  source <(bartizan completion bash)\n"
			      "  bartizan completion bash > /etc/bash_completion.d/bartizan",
		  .positionals_min = 1,
		  .positionals_max = 1 },
	.run = run,
};
