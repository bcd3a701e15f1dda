/*
 * proc_connector.c - linux/connector.h and linux/cn_proc.h:
 *
 *	cn_msg      idx 4, val 4, seq 4, ack 4, len 2, flags 2
 *	proc_event  what 4, cpu 4, timestamp 8; of an exec: pid 4, tgid 4
 */
#include "formats/proc_connector.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#define CN_IDX_PROC          1
#define CN_VAL_PROC          1
#define PROC_EVENT_EXEC      2u
#define PROC_CN_MCAST_LISTEN 1

#define NETLINK_HEADER 16
#define CN_MSG_HEADER  20
#define NLMSG_DONE     3

int proc_connector_parse(struct span payload, struct proc_connector_event *out)
{
	struct proc_connector_event event = { .what = PROC_CONNECTOR_OTHER };
	struct reader r = reader_over(payload);
	uint32_t index = reader_le32(&r);
	uint32_t value = reader_le32(&r);
	uint32_t what;

	(void)reader_le64(&r); /* seq, ack */
	(void)reader_le32(&r); /* length and flags */
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (index != CN_IDX_PROC || value != CN_VAL_PROC) {
		return ERR_UNSUPPORTED;
	}
	what = reader_le32(&r);
	(void)reader_le32(&r); /* cpu */
	event.monotonic_ns = reader_le64(&r);
	if (what == PROC_EVENT_EXEC) {
		event.what = PROC_CONNECTOR_EXEC;
		(void)reader_le32(&r); /* the thread */
		event.pid = reader_le32(&r);
	}
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	*out = event;
	return 0;
}

size_t proc_connector_request(bool is_filtered, uint8_t out[PROC_CONNECTOR_REQUEST])
{
	struct writer w = writer_over(out, PROC_CONNECTOR_REQUEST);
	uint16_t len = is_filtered ? 8 : 4;

	writer_le32(&w, NETLINK_HEADER + CN_MSG_HEADER + len);
	writer_le32(&w, NLMSG_DONE);
	writer_le64(&w, 0); /* sequence, port */
	writer_le32(&w, CN_IDX_PROC);
	writer_le32(&w, CN_VAL_PROC);
	writer_le64(&w, 0);
	writer_le32(&w, len);
	writer_le32(&w, PROC_CN_MCAST_LISTEN);
	if (is_filtered) {
		writer_le32(&w, PROC_EVENT_EXEC);
	}
	return writer_used(&w);
}
