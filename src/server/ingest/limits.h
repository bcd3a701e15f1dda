/*
 * limits.h - every limit that ingest keeps, by name.
 */
#pragma once

#include "wire/frame.h"

/* Descriptors that are not for connections. */
#define FILES_RESERVED 64

/* Handshakes in progress; more wait in the listening socket's queue. A full handshake takes a core
 * 2.5 ms: these are a third of a second's work. */
#define HANDSHAKES_MAX 128

/* A handshake's time; where HANDSHAKES_MAX are in progress those that took longer than
 * HANDSHAKE_CROWDED_MS are ended, so that silent peers cannot keep others out. */
#define HANDSHAKE_MS         10000
#define HANDSHAKE_CROWDED_MS 2000

/* Accepted in one turn of the loop, so that sessions get theirs. */
#define ACCEPTS_PER_TURN 16

/* From the handshake to hello. */
#define HELLO_MS 10000

/* From a frame's first byte to its last. */
#define FRAME_MS 60000

/* Alive intervals without a byte before a sensor is taken for gone; the interval before the welcome
 * said one. */
#define IDLE_INTERVALS 3
#define ALIVE_S_FIRST  60

/* The first frame, hello. */
#define HELLO_BYTES_MAX 4096

/* What one connection may hold: a frame that is not whole yet and a record; answers that wait. */
#define RECEIVE_BYTES_MAX (FRAME_HEAD_SIZE + FRAME_BYTES_MAX + 16384)
#define SEND_BYTES_MAX    (2u << 20)

/* Parts of frames that all connections hold together. */
#define RECEIVE_TOTAL_MAX (512u << 20)

/* An EST request: head, body, and the time from handshake to answer. */
#define EST_BODY_MAX    16384
#define EST_MS          30000
#define EST_WAITING_MAX 4096

/* Failed enrolments of one source address: the next is delayed by 1, 2, 4, ... seconds; the
 * address is forgotten after a while without any; this many of it may wait in delay. */
#define PENALTY_FIRST_MS    1000
#define PENALTY_LAST_MS     15000
#define PENALTY_FORGET_MS   120000
#define PENALTY_ENTRIES     4096
#define PENALTY_DELAYED_MAX 8

/* How often deadlines are looked at, and figures are sent. */
#define SWEEP_MS   250
#define FIGURES_MS 2000

/* A sensor says hello anew within so long after the engine came back. */
#define RESTART_SPREAD_MS_MAX 5000

/* Lines about what strangers do, in a row. */
#define LOG_BURST 20
