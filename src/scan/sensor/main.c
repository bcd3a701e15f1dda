/* main.c - the command line of bartizan-scanner. */
#include <stdio.h>

#include "base/error.h"
#include "scan/contact.h"
#include "scan/sensor/scanner.h"
#include "sensor/settings.h"
#include "sys/args.h"
#include "sys/heap.h"
#include "sys/log.h"

static const struct arg options[] = {
	{ "--state", "DIR", "the scanner's own folder: its key, and what it found" },
	{ "--server", "HOST:PORT", "the server's address for sensors; remembered" },
	{ "--ca", "FILE", "the server's CA (ca.pem in its data folder); remembered" },
	{ "--token", "T",
	  "enrolment token, needed once; bartizan enroll-token --kind scanner makes one" },
	{ "--token-file", "FILE", "the same from a file" },
	{ "--fingerprints", "PATH",
	  "Recog's fingerprints: a folder of XML files, or one file (else "
	  "$BARTIZAN_FINGERPRINTS, /usr/share/bartizan/recog)" },
	{ "--trust", "FILE",
	  "roots that served certificates are judged by, in place of the system's" },
	{ "--contact", "TEXT",
	  "who scans, why, and where to ask, best with a URL or a mail address: told in probes "
	  "where their protocol has a place for it" },
	{ "--no-names", NULL, "do not look up the names that found addresses have in DNS" },
	{ "--no-attacks", NULL, "do not try TLS servers for Heartbleed, CCS injection and ROBOT" },
	{ "--once", NULL, "scan each scope once, wait until that is acknowledged, end" },
	{ "--verbose", NULL, "say more on stderr" },
	{ "--version", NULL, "print the version" },
	{ NULL, NULL, NULL },
};

static const struct args_spec spec = {
	.usage = "bartizan-scanner --state DIR [--server HOST:PORT --ca FILE --token T] [options]",
	.summary =
		"Scans what a Bartizan server names, and nothing else: scopes that an operator "
		"registered and proved. Later starts need only --state. With CAP_NET_RAW it sends "
		"raw packets, without it makes ordinary connections. It executes no program and "
		"writes nothing outside its state folder.",
	.options = options,
	.examples = "  bartizan-scanner --state /var/lib/bartizan-scanner --server "
		    "bartizan.example:8443 \\\n"
		    "      --ca ca.pem --token-file token\n"
		    "  bartizan-scanner --state /var/lib/bartizan-scanner --once\n"
		    "\nA token left in DIR/token is taken at the next start and removed once it "
		    "was used.\n",
};

static int fail_usage(const struct why *why)
{
	fprintf(stderr, "bartizan-scanner: %s\nTry bartizan-scanner --help.\n", why->text);
	return SENSOR_USAGE;
}

static int open_settings(const struct args *args, struct scanner_settings *out, struct why *why)
{
	static const struct settings_request request = {
		.server_variable = "BARTIZAN_SCANNER_SERVER",
		.ca_variable = "BARTIZAN_SCANNER_CA",
		.no_folder = "--state DIR is missing: the scanner's own folder",
		.machine_root = "/"
	};
	struct contact contact;
	int error;

	out->fingerprints = args_value(args, "--fingerprints", NULL);
	out->roots = args_value(args, "--trust", NULL);
	out->contact = args_value(args, "--contact", CONTACT_DEFAULT);
	out->is_without_names = args_has(args, "--no-names");
	out->is_without_attacks = args_has(args, "--no-attacks");
	error = contact_parse(out->contact, &contact, why);
	return error != 0 ? error : settings_open(&request, args, &out->sensor, why);
}

int main(int argc, char **argv)
{
	struct scanner_settings settings = { 0 };
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
	if (args_has(&args, "--version")) {
		puts("bartizan-scanner " BARTIZAN_VERSION);
		return SENSOR_DONE;
	}
	log_open("scanner", args_has(&args, "--verbose") ? LOG_DEBUG : LOG_INFO);
	error = open_settings(&args, &settings, &why);
	if (error != 0) {
		if (error == ERR_USAGE) {
			return fail_usage(&why);
		}
		fprintf(stderr, "bartizan-scanner: %s\n", why.text);
		return SENSOR_FAILED;
	}
	status = scanner_run(&settings);
	settings_close(&settings.sensor);
	return status;
}
