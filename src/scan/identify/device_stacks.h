/*
 * device_stacks.h - what systems' TCP stacks answer to the SYN that we send (device_stacks.c).
 */
#pragma once

#include "scan/answer.h"

/* A system by its answer. */
struct device_stack {
	const char *order;        /* kinds of options, as they come */
	uint8_t ttl;              /* that it sends with */
	uint16_t window;          /* 0: any; of an Ethernet's MSS where it depends on that */
	uint16_t window_segments; /* 0: window counts; else that many times the MSS */
	int8_t window_scale;      /* -1: any */
	bool has_df;
	unsigned certainty; /* percent */
	const char *family;
	const char *vendor;
	const char *product;
	const char *also; /* others that answer alike */
};

/* The one that fits best; NULL: none that we know. */
const struct device_stack *device_stack_of(const struct answer_stack *stack);

/* What a TTL probably was when it was sent: 32, 64, 128 or 255. */
uint8_t device_initial_ttl(uint8_t ttl);
