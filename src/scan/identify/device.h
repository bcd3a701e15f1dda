/*
 * device.h - what system and device an address probably is, of all that it showed.
 *
 * Evidence is added, then a guess is made; nothing is asked, nothing is sent. Each guess says how
 * sure it is and why, and never more than the evidence does: evidence that agrees adds up, other
 * evidence takes away, two versions make none. Behind one address may stand several machines (NAT,
 * a load balancer): then the guess is of whoever answered most.
 */
#pragma once

#include "fingerprints/fingerprints.h"
#include "scan/answer.h"

#define DEVICE_TEXT_SIZE   96
#define DEVICE_CLAIMS_MAX  24 /* later ones are passed over */
#define DEVICE_WHY_SIZE    400
#define DEVICE_CERTAIN_MAX 95 /* percent: banners and stacks can be made to lie */

/* One source's word. Texts are UTF-8, cut where they were too long; empty: not said. */
struct device_claim {
	char source[DEVICE_TEXT_SIZE]; /* "ssh.banner", "TCP stack", "MAC address" */
	char family[DEVICE_TEXT_SIZE]; /* "Linux"; of hardware: the vendor */
	char vendor[DEVICE_TEXT_SIZE];
	char product[DEVICE_TEXT_SIZE];
	char version[DEVICE_TEXT_SIZE];
	char type[DEVICE_TEXT_SIZE]; /* "Router", "Printer" */
	unsigned certainty;          /* percent */
	const char *also; /* other families that it would fit as well: "FreeBSD|macOS"; or NULL */
};

/* Fields are private to device.c. */
struct device {
	struct device_claim systems[DEVICE_CLAIMS_MAX];
	size_t system_count;
	struct device_claim hardware[DEVICE_CLAIMS_MAX];
	size_t hardware_count;
	uint8_t ttl; /* 0: not seen */
};

struct device_part {
	struct device_claim is; /* source is empty; all texts empty and certainty 0: not known */
	char why[DEVICE_WHY_SIZE];
};

struct device_guess {
	struct device_part os;
	struct device_part hardware;
	int hops; /* routers between, of the TTL; -1: not known */
};

void device_init(struct device *d);

/* What a service's fingerprint says of system and hardware (os.*, hw.*), with its certainty. */
void device_add_match(struct device *d, const struct fingerprint_match *m);

/* The answer of a TCP stack to our SYN; middlebox: the answer's bits, which say that something else
 * may have answered. */
void device_add_stack(struct device *d, const struct answer_stack *stack, unsigned middlebox);

/* A neighbour's card. vendor: whom its first bytes belong to, by a list that the caller has; may be
 * empty. An address that was made up locally says nothing. */
void device_add_mac(struct device *d, const uint8_t mac[6], struct span vendor);

/* What was seen of one part before, by another struct device: to be gathered again. */
const struct device_claim *device_claims(const struct device *d, bool is_hardware, size_t *count);
void device_add_claim(struct device *d, bool is_hardware, const struct device_claim *claim);

void device_guess(const struct device *d, struct device_guess *out);
