/* exposed_services.c - services that should not be reached from where they are. */
#include "server/services/exposed.h"

#include <stdio.h>

/* Priorities: on a public address, on a private one; 0 is no finding. open: where no password is
 * asked for, or one that everybody knows. */
struct rule {
	const char *protocol;
	const char *id;
	const char *name;
	int public;
	int public_open;
	int private;
	int private_open;
	const char *advice;
};

#define DATABASE(protocol, name)                                                                   \
	{                                                                                          \
		protocol, "database-open", name, 80, 95, 0, 65,                                    \
			"Bind it to loopback or to the address of the network that needs it, let " \
			"only the "                                                                \
			"clients' addresses through the firewall, and require a password."         \
	}
#define PLANT(protocol, name)                                                                      \
	{                                                                                          \
		protocol, "plant-protocol", name, 95, 95, 35, 35,                                  \
			"It has no sign-in: whoever reaches it controls the machine behind it. "   \
			"Put it behind a "                                                         \
			"gateway in a network of its own."                                         \
	}

static const struct rule rules[] = {
	DATABASE("mysql", "MySQL"),
	DATABASE("postgresql", "PostgreSQL"),
	DATABASE("mssql", "SQL Server"),
	DATABASE("mongodb", "MongoDB"),
	DATABASE("redis", "Redis"),
	DATABASE("memcached", "Memcached"),
	DATABASE("elasticsearch", "Elasticsearch"),
	DATABASE("couchdb", "CouchDB"),
	DATABASE("cassandra", "Cassandra"),
	DATABASE("etcd", "etcd"),
	PLANT("modbus", "Modbus"),
	PLANT("s7", "Siemens S7"),
	PLANT("bacnet", "BACnet"),
	{ "docker", "container-api-open", "the Docker API", 95, 98, 70, 90,
	  "Whoever reaches it is root on the machine. Turn the TCP socket off, or require client "
	  "certificates (dockerd --tlsverify)." },
	{ "kubernetes", "container-api-open", "the Kubernetes API", 50, 95, 0, 80,
	  "Let only operators' networks reach it, and turn anonymous access off "
	  "(--anonymous-auth=false)." },
	{ "telnet", "telnet", "Telnet", 80, 95, 45, 70,
	  "Passwords cross the network in clear. Use SSH, and turn Telnet off." },
	{ "rlogin", "telnet", "rlogin", 80, 95, 45, 70,
	  "Passwords cross the network in clear. Use SSH, and turn rlogin off." },
	{ "ftp", "ftp-plain", "FTP", 35, 65, 20, 40,
	  "Passwords and files cross the network in clear. Use SFTP, or require TLS." },
	{ "snmp", "snmp-default-community", "SNMP", 40, 85, 0, 65,
	  "Set a community of your own or SNMPv3 with a password, and let only the manager's "
	  "address ask." },
	{ "smb", "file-sharing-open", "SMB", 80, 95, 0, 40,
	  "File sharing is not made for the Internet: close ports 139 and 445 at the border." },
	{ "rdp", "remote-desktop-open", "Remote Desktop", 65, 90, 0, 60,
	  "Let it be reached through a VPN or a gateway only, and require network level "
	  "authentication." },
	{ "vnc", "remote-desktop-open", "VNC", 75, 95, 30, 75,
	  "Let it be reached through SSH or a VPN only, and set a password." },
	{ "x11", "remote-desktop-open", "X11", 80, 95, 40, 75,
	  "Turn listening on TCP off (-nolisten tcp); use ssh -X." },
	{ "ldap", "directory-open", "LDAP", 60, 80, 0, 35,
	  "Let only the machines that sign in with it reach it, and require TLS." },
	{ "ipmi", "management-open", "IPMI", 85, 95, 30, 75,
	  "Its passwords can be had by anyone who reaches it (CVE-2013-4786). Put it in a network "
	  "of its own." },
	{ "mqtt", "broker-open", "MQTT", 40, 80, 0, 45,
	  "Require a password or a client certificate, and TLS." },
	{ "amqp", "broker-open", "AMQP", 45, 85, 0, 45,
	  "Let only its clients reach it; change the default password." },
	{ "rsync", "file-sharing-open", "rsync", 50, 75, 0, 45,
	  "Let only known addresses in (hosts allow), or use it through SSH." },
	{ "nfs", "file-sharing-open", "NFS", 80, 90, 0, 40,
	  "File sharing is not made for the Internet: close it at the border." },
	{ "rpcbind", "file-sharing-open", "the RPC port mapper", 45, 45, 0, 0,
	  "It tells strangers what runs, and amplifies attacks on others: close port 111." },
	{ "tftp", "file-sharing-open", "TFTP", 60, 75, 0, 0,
	  "It has no sign-in: close it at the border." },
	{ "rtsp", "camera-open", "a camera's stream", 35, 80, 0, 45,
	  "Set a password, and let it be reached through the recorder or a VPN only." },
	{ "ipp", "printer-open", "a printer", 45, 55, 0, 0,
	  "Printers are for their own network: close the port at the border." },
};

static void judge(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	struct span protocol = exposed_text(row, NETWORK_SERVICES_PROTOCOL);
	struct span address = exposed_text(row, NETWORK_SERVICES_ADDRESS);
	struct span product = exposed_text(row, NETWORK_SERVICES_PRODUCT);
	struct span access = exposed_text(row, NETWORK_SERVICES_ACCESS);
	bool is_open = span_is(access, "anyone") || span_is(access, "default");
	bool is_public = exposed_is_public(address);

	(void)now_s;
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		const struct rule *r = &rules[i];
		struct exposed_finding f = { .id = r->id, .advice = r->advice };

		/* what is only plain is not, within TLS */
		if (!span_is(protocol, r->protocol) ||
		    (span_is(protocol, "ftp") && exposed_is_true(row, NETWORK_SERVICES_IS_TLS))) {
			continue;
		}
		f.priority = is_public ? (is_open ? r->public_open : r->public)
				       : (is_open ? r->private_open : r->private);
		if (f.priority == 0) {
			continue;
		}
		exposed_at(&f, exposed_text(row, NETWORK_SERVICES_TRANSPORT), address,
			   exposed_number(row, NETWORK_SERVICES_PORT));
		snprintf(f.what, sizeof f.what, "%s can be reached %s%s", r->name,
			 is_public ? "from the Internet" : "in its network",
			 span_is(access, "anyone")    ? ", and asks for no password"
			 : span_is(access, "default") ? ", with a password that everybody knows"
						      : "");
		snprintf(f.identity, sizeof f.identity, "%.*s %.*s %.*s", EXPOSED_SPAN(protocol),
			 EXPOSED_SPAN(product), EXPOSED_SPAN(access));
		snprintf(f.evidence, sizeof f.evidence, "%s speaks %.*s%s%.*s %.*s", f.subject,
			 EXPOSED_SPAN(protocol), product.len > 0 ? ": " : "", EXPOSED_SPAN(product),
			 EXPOSED_SPAN(exposed_text(row, NETWORK_SERVICES_VERSION)));
		take(context, &f);
	}
}

const struct exposed_family exposed_services = { "services", TABLE_NETWORK_SERVICES, judge };

/* --- what agents tell: programs that listen beyond the machine --- */

static const struct program {
	const char *process;
	const char *protocol;
} programs[] = {
	{ "mysqld", "mysql" },        { "mariadbd", "mysql" },
	{ "postgres", "postgresql" }, { "mongod", "mongodb" },
	{ "redis-server", "redis" },  { "valkey-server", "redis" },
	{ "memcached", "memcached" }, { "sqlservr", "mssql" },
	{ "etcd", "etcd" },           { "in.telnetd", "telnet" },
	{ "telnetd", "telnet" },      { "vsftpd", "ftp" },
	{ "proftpd", "ftp" },         { "pure-ftpd", "ftp" },
	{ "Xtigervnc", "vnc" },       { "Xvnc", "vnc" },
	{ "dockerd", "docker" },
};

/* Loopback, or a socket that no network reaches. */
static bool is_local(struct span address)
{
	return span_starts_with(address, "127.") || span_is(address, "::1");
}

static bool is_every(struct span address)
{
	return span_is(address, "0.0.0.0") || span_is(address, "::");
}

static void judge_listener(const struct row *row, int64_t now_s, exposed_taker *take, void *context)
{
	struct span process = exposed_text(row, LISTENERS_PROCESS);
	struct span address = exposed_text(row, LISTENERS_ADDRESS);

	(void)now_s;
	for (size_t i = 0; i < COUNT_OF(programs) && !is_local(address); i++) {
		for (size_t k = 0; k < COUNT_OF(rules); k++) {
			const struct rule *r = &rules[k];
			struct exposed_finding f = { .id = r->id,
						     .advice = r->advice,
						     .is_agents = true };

			if (!span_is(process, programs[i].process) ||
			    !span_is(span_of(r->protocol), programs[i].protocol)) {
				continue;
			}
			/* who reaches every address is not known here */
			f.priority = exposed_is_public(address) ? r->public : r->private;
			f.priority = f.priority == 0 && is_every(address) ? 25 : f.priority;
			if (f.priority == 0) {
				continue;
			}
			exposed_at(&f, exposed_text(row, LISTENERS_PROTOCOL), address,
				   exposed_number(row, LISTENERS_PORT));
			snprintf(f.what, sizeof f.what, "%s listens on %s", r->name,
				 is_every(address) ? "every address" : "an address of the network");
			snprintf(f.identity, sizeof f.identity, "%.*s", EXPOSED_SPAN(process));
			snprintf(f.evidence, sizeof f.evidence, "%.*s has %s",
				 EXPOSED_SPAN(process), f.subject);
			take(context, &f);
		}
	}
}

const struct exposed_family exposed_listeners = { "services", TABLE_LISTENERS, judge_listener };
