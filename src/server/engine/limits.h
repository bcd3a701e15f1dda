/*
 * limits.h - every limit that the engine keeps, by name.
 */
#pragma once

/* A turn's work before it is committed even where more waits: latency against fewer commits. */
#define TURN_US_MAX    5000
#define TURN_BYTES_MAX (8u << 20)

/* Batches that wait for rows: bytes a session, and of all sessions together. */
#define KEPT_SESSION_BYTES_MAX (4u << 20)
#define KEPT_TOTAL_BYTES_MAX   (256u << 20)

/* After so long without its rows a batch does not keep others from asking for them. */
#define ASKING_MS 3000

/* How often a batch may ask for rows before its table is sent anew. */
#define ASK_ROUNDS_MAX 8

/* What a turn spends on findings that new knowledge touches. */
#define FINDINGS_SLICE_US 20000

/* "Say alive after so long without sending anything." */
#define ALIVE_S 30

/* When to come back where the server cannot work now, milliseconds. */
#define RETRY_MS 5000

/* Enrolments that may wait; more are told to come again. */
#define ENROLMENTS_MAX 4096

/* How often an inventory that could not be opened is tried again. */
#define REOPEN_MS 5000

/* Without work for so long, what lags may be written; under load a slice at least so often. */
#define QUIET_MS    100
#define TIDY_MS_MAX 5000

/* When sensors were last seen reaches the disk at least so often. */
#define FLUSH_MS 30000

/* How often events are looked for that need not be kept any more. */
#define DROP_MS 10000

/* The numbers of BUS_INGEST_FIGURES. */
#define INGEST_FIGURES 6
