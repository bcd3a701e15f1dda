/* table.c - every prober. The first that says that bytes are its protocol's is believed, so those
 * that are surest come first. At most 64 (choice.h). */
#include "scan/identify/prober.h"

extern const struct prober prober_http, prober_http2, prober_ssh, prober_smtp, prober_imap,
	prober_pop3, prober_ftp, prober_telnet, prober_dns, prober_ntp, prober_snmp,
	prober_snmp_engine, prober_ldap, prober_smb, prober_smb1, prober_rdp, prober_vnc,
	prober_mysql, prober_postgresql, prober_mssql, prober_mongodb, prober_redis,
	prober_memcached, prober_mqtt, prober_amqp, prober_modbus, prober_s7, prober_bacnet,
	prober_rtsp, prober_sip, prober_xmpp, prober_nntp, prober_sieve;

/* One a line, so that each can be added by itself. */
/* clang-format off */
const struct prober *const probers[] = {
	&prober_ssh,
	&prober_http,
	&prober_http2,
	&prober_rtsp,
	&prober_sip,
	&prober_vnc,
	&prober_imap,
	&prober_pop3,
	&prober_smtp,
	&prober_ftp,
	&prober_nntp,
	&prober_sieve,
	&prober_xmpp,
	&prober_amqp,
	&prober_redis,
	&prober_memcached,
	&prober_mysql,
	&prober_postgresql,
	&prober_mongodb,
	&prober_mssql,
	&prober_ldap,
	&prober_smb,
	&prober_smb1,
	&prober_rdp,
	&prober_mqtt,
	&prober_dns,
	&prober_snmp,
	&prober_snmp_engine,
	&prober_ntp,
	&prober_bacnet,
	&prober_modbus,
	&prober_s7,
	&prober_telnet,
	NULL,
};
/* clang-format on */

const struct prober *prober_find(const char *name)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (span_is(span_of(probers[i]->name), name)) {
			return probers[i];
		}
	}
	return NULL;
}

bool prober_has_port(const struct prober *prober, unsigned port)
{
	for (const uint16_t *p = prober->ports; *p != 0; p++) {
		if (*p == port) {
			return true;
		}
	}
	return false;
}
