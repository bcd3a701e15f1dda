/*
 * sensor.h - one simulated sensor: its certificate, its connection, its session.
 *
 * It speaks the protocol through wire/session as the agent does; whatever it did not expect
 * is told to its owner as a failure.
 */
#pragma once

#include "fleet.h"
#include "sys/loop.h"
#include "sys/net.h"
#include "sys/tls.h"
#include "wire/session.h"

/* A frame, and the rows that go into it. */
#define SENSOR_ROOM (2 * ((size_t)FRAME_BYTES_MAX + FRAME_HEAD_SIZE))

struct sensor;

struct sensor_handler {
	/* Welcomed. */
	void (*opened)(void *context, struct sensor *s);
	/* All that was sent is acknowledged. */
	void (*acknowledged)(void *context, struct sensor *s);
	void (*failed)(void *context, struct sensor *s, const char *reason);
};

/* What all sensors of a run share. Borrowed. */
struct sensor_world {
	struct loop *loop;
	const struct fleet *fleet;
	struct net_address server;
	const struct sensor_handler *handler;
	void *context;
	uint8_t *room; /* SENSOR_ROOM bytes in which frames are made, one at a time */
};

/* Takes the context of its own certificate over. */
struct sensor *sensor_new(const struct sensor_world *world, uint32_t number,
			  struct tls_context *tls);
void sensor_free(struct sensor **sensor);

/* Connects and says hello. */
MUST_USE int sensor_connect(struct sensor *s, struct why *why);

/* At once. */
void sensor_disconnect(struct sensor *s);
bool sensor_is_resumed(const struct sensor *s);

/* Offers every table from nothing; the sensor must be open and fresh. */
void sensor_send_all(struct sensor *s);

/* Upgrades the package in one of its own slots. */
void sensor_send_change(struct sensor *s, unsigned slot);

/* True while something is not acknowledged. */
bool sensor_is_busy(const struct sensor *s);

/* When the last batch was sent, by clock_us. */
int64_t sensor_sent_us(const struct sensor *s);
void sensor_send_alive(struct sensor *s);
