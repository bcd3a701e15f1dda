/*
 * service.h - what answers behind one port, as follow/follow_up.h learnt it.
 *
 * Everything in it is a stranger's word or concluded from one: texts are UTF-8 without control
 * characters, the banner is bytes as they came. Of fixed size; packed it takes a few hundred bytes.
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"
#include "scan/identify/device.h"
#include "scan/identify/identify.h"
#include "scan/identify/product.h"

#define SERVICE_CLAIMS_MAX      6 /* of the system, and as many of the hardware */
#define SERVICE_CERTIFICATE_MAX 128
#define SERVICE_PACKED_MAX      16384

struct service {
	uint8_t outcome;      /* enum identify_outcome */
	uint8_t layer;        /* enum service_layer */
	bool is_tls_open;     /* a handshake was completed */
	bool is_of_discovery; /* its answer to discovery said it all: it was not asked again */
	char protocol[SERVICE_PROTOCOL_MAX];
	char alpn[SERVICE_PROTOCOL_MAX];
	char found[SERVICE_NOTE_MAX];
	char gave_up[SERVICE_NOTE_MAX];
	char certificate_name[SERVICE_CERTIFICATE_MAX]; /* of its subject; "" for none */
	struct product_part is;                         /* kind is not kept */
	char description[PRODUCT_TEXT_MAX];
	uint32_t connections;
	uint32_t duration_ms;
	uint16_t banner_len;
	uint8_t banner[SERVICE_BANNER_MAX];
	uint8_t system_count;
	uint8_t hardware_count;
	struct device_claim systems[SERVICE_CLAIMS_MAX];
	struct device_claim hardware[SERVICE_CLAIMS_MAX];
};

/* At most SERVICE_PACKED_MAX bytes. */
void service_pack(const struct service *service, struct writer *out);

/* ERR_MALFORMED; what is too long for its place is cut. */
MUST_USE int service_unpack(struct span bytes, struct service *out);
