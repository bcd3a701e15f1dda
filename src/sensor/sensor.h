/*
 * sensor.h - a sensor as three processes: one that observes, one that talks to the server, one that
 * keeps both running.
 *
 * What is observed, and with which rights, is the program's; how it reaches the server is the same
 * for all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "sensor/state.h"

/* How a process of a sensor ends, and what the supervisor makes of it. */
enum {
	SENSOR_DONE = 0, /* all is said (--once), or it was asked to stop: the sensor ends with 0 */
	SENSOR_FAILED =
		1, /* a person has to do something, and was told what: the sensor ends with 1 */
	SENSOR_USAGE = 2,   /* the command line is off */
	SENSOR_RESTART = 3, /* both processes are to be started anew; as any other end */
	SENSOR_HUNG = 64,   /* and more: the observer does not move, with the table that it reads
			       added; it is killed and both are started anew */
};

struct sensor_settings {
	struct state state;
	char *token; /* NULL where none was given */
	bool is_once;
	bool is_verbose;
	int64_t silence_ms;   /* that the observer may keep; 0: SENSOR_SILENCE_MS */
	bool is_stuck;        /* an observer that could not be killed still hangs somewhere */
	uint64_t hung_tables; /* a bit a table whose reading did not end: left out (supervisor.c) */
};

struct sensor_program;

/* What a child process gets: its end of the channel to the other one. */
struct sensor_child {
	struct sensor_settings *settings;
	const struct sensor_program *program;
	int channel_fd;
	int other_fd; /* the other one's end, to be closed: its own end tells when it dies */
};

struct sensor_program {
	/* The process that observes, its body and name; returns how it ended. */
	const char *observer_name;
	int (*observer)(void *child);

	/* Takes from the supervisor, and so from both children, what none of them needs. */
	int (*confine)(void *own, struct why *why);

	/* Closes in the connector what only the observer is to have. May be NULL. */
	void (*close_own)(void *own);

	/* Settings of the program itself. */
	void *own;
};

/* An observer that says nothing for so long is started anew; the server is told from a third of it
 * on. */
#define SENSOR_SILENCE_MS 120000

/* Bounds for the channel between the two: one message and some. */
#define SENSOR_CHANNEL_QUEUE_MAX (4u << 20)

/* The connector's body; returns how it ended. */
int connector_process(void *child);

/* Starts both and keeps them running until one says that the sensor is done. Returns the exit
 * status. */
int sensor_run(const struct sensor_program *program, struct sensor_settings *settings);
