/* main.c - the command line of bartizan-agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/doctor.h"
#include "agent/dump.h"
#include "base/error.h"
#include "sensor/settings.h"
#include "sys/args.h"
#include "sys/clock.h"
#include "sys/heap.h"
#include "sys/log.h"

#define SILENCE_SHORTEST_MS 6000

static const struct arg options[] = {
	{ "--state", "DIR", "the agent's own folder: its key, and what the server acknowledged" },
	{ "--server", "HOST:PORT", "the server's address for sensors; remembered" },
	{ "--ca", "FILE", "the server's CA (ca.pem in its data folder); remembered" },
	{ "--token", "T", "enrolment token, needed once; bartizan enroll-token makes one" },
	{ "--token-file", "FILE", "the same from a file" },
	{ "--root", "DIR",
	  "report the file tree below DIR (an image, a chroot) instead of this machine" },
	{ "--read-firewall", NULL,
	  "report nftables too: keeps CAP_NET_ADMIN, without which the kernel does not tell it, "
	  "and with "
	  "which it could also be changed" },
	{ "--dump", "TABLE",
	  "print a table (or all) without a server; events: what happens, as it happens" },
	{ "--doctor", NULL,
	  "as the word doctor: say what can and cannot be seen here, and why; ends with 1 where it "
	  "is something important" },
	{ "--json", NULL, "with --dump and doctor: as JSON" },
	{ "--once", NULL, "send the state, wait until it is acknowledged, end" },
	{ "--verbose", NULL, "say more on stderr" },
	{ "--version", NULL, "print the version" },
	{ NULL, NULL, NULL },
};

static const struct args_spec spec = {
	.usage = "bartizan-agent --state DIR [--server HOST:PORT --ca FILE --token T] [options]\n"
		 "       bartizan-agent --dump TABLE [--root DIR] [--json]\n"
		 "       bartizan-agent doctor [--state DIR] [--root DIR] [--json]",
	.summary =
		"Reports what is on this machine to a Bartizan server, and every change within a "
		"second. It never executes a program and writes nothing outside its state folder. "
		"Later starts need only --state.",
	.options = options,
	.positionals_max = 1,
	.examples = "  bartizan-agent --state /var/lib/bartizan-agent --server "
		    "bartizan.example:8443 \\\n"
		    "      --ca ca.pem --token-file token\n"
		    "  bartizan-agent --state /var/lib/bartizan-agent\n"
		    "  bartizan-agent --state image-state --root /mnt/image --once\n"
		    "  bartizan-agent doctor --state /var/lib/bartizan-agent\n"
		    "  bartizan-agent --dump listeners\n"
		    "  bartizan-agent --dump all --json\n"
		    "\nThe environment says what the command line leaves out: "
		    "BARTIZAN_AGENT_SERVER, BARTIZAN_AGENT_CA. A token left in\nDIR/token is "
		    "taken at the next start and removed once it was used.\n",
};

static int fail_usage(const struct why *why)
{
	fprintf(stderr, "bartizan-agent: %s\nTry bartizan-agent --help.\n", why->text);
	return SENSOR_USAGE;
}

/* For tests, who have less time: how long the collector may keep silent. Nobody else needs it. */
static int64_t silence_from_environment(void)
{
	const char *text = getenv("BARTIZAN_AGENT_SILENCE");
	int64_t ms;

	return text != NULL && clock_duration_from_text(span_of(text), &ms) == 0 &&
			       ms >= SILENCE_SHORTEST_MS && ms <= SENSOR_SILENCE_MS
		       ? ms
		       : 0;
}

static int open_settings(const struct args *args, struct agent_settings *out, struct why *why)
{
	const char *root = args_value(args, "--root", "/");
	const struct settings_request request = {
		.server_variable = "BARTIZAN_AGENT_SERVER",
		.ca_variable = "BARTIZAN_AGENT_CA",
		.no_folder = "--state DIR is missing: the agent's own folder",
		.machine_root = strcmp(root, "/") == 0 ? "/" : NULL
	};

	out->root = root;
	out->is_firewall_read = args_has(args, "--read-firewall");
	out->sensor.silence_ms = silence_from_environment();
	return settings_open(&request, args, &out->sensor, why);
}

static int dump(const struct args *args)
{
	const struct dump_request request = { .name = args_value(args, "--dump", NULL),
					      .root = args_value(args, "--root", "/"),
					      .is_json = args_has(args, "--json"),
					      .is_firewall_read =
						      args_has(args, "--read-firewall") };

	log_open("agent", args_has(args, "--verbose") ? LOG_DEBUG : LOG_WARN);
	return dump_run(&request);
}

static int doctor(const struct args *args)
{
	const struct doctor_request request = { .state = args_value(args, "--state", NULL),
						.root = args_value(args, "--root", "/"),
						.is_json = args_has(args, "--json"),
						.is_firewall_read =
							args_has(args, "--read-firewall") };

	log_open("agent", args_has(args, "--verbose") ? LOG_DEBUG : LOG_ERROR);
	return doctor_run(&request);
}

int main(int argc, char **argv)
{
	struct agent_settings settings = { .root = "/", .fanotify_fd = -1 };
	struct args args;
	struct why why;
	int error;
	int status;

	heap_keep_small();
	if (args_parse(&spec, argc, argv, &args, &why) != 0) {
		return fail_usage(&why);
	}
	if (args.is_help) {
		args_print_help(&spec, stdout);
		return SENSOR_DONE;
	}
	if (args.positional_count > 0 && strcmp(args.positionals[0], "doctor") != 0) {
		(void)why_set(&why, ERR_USAGE, "there is no subcommand \"%s\", only doctor",
			      args.positionals[0]);
		return fail_usage(&why);
	}
	if (args.positional_count > 0 || args_has(&args, "--doctor")) {
		return doctor(&args);
	}
	if (args_value(&args, "--dump", NULL) != NULL) {
		return dump(&args);
	}
	if (args_has(&args, "--version")) {
		puts("bartizan-agent " BARTIZAN_VERSION);
		return SENSOR_DONE;
	}
	log_open("agent", args_has(&args, "--verbose") ? LOG_DEBUG : LOG_INFO);
	error = open_settings(&args, &settings, &why);
	if (error != 0) {
		if (error == ERR_USAGE) {
			return fail_usage(&why);
		}
		fprintf(stderr, "bartizan-agent: %s\n", why.text);
		return SENSOR_FAILED;
	}
	status = agent_run(&settings);
	settings_close(&settings.sensor);
	return status;
}
