/*
 * scanner.h - the scanner as a sensor: what its processes are told when they start.
 *
 * Observer, connector and supervisor are src/sensor's; the observer has three children of its own
 * (finder.h, details.h, names.h), so that who talks to strangers has neither files nor keys.
 */
#pragma once

#include "sensor/sensor.h"

struct scanner_settings {
	struct sensor_settings sensor;
	const char *fingerprints; /* NULL: where they usually are */
	const char *roots;        /* PEM of trusted roots; NULL: the system's */
	const char *contact;      /* who scans (scan/contact.h): it can be parsed */
	bool is_without_names;    /* nobody looks names of hosts up */
	bool is_without_attacks;  /* TLS servers are not tried for Heartbleed and the like */
};

/* The observer's body: a child of the sensor; returns how it ended. */
int scanner_process(void *child);

/* Runs the scanner until it is done. Returns the exit status. */
int scanner_run(struct scanner_settings *settings);
