/* tables.c - every table, in the order of its number. */
#include "schema/schema.h"

#define KEY           COLUMN_KEY
#define PERSONAL      COLUMN_PERSONAL
#define COLUMNS(list) .columns = list, .column_count = COUNT_OF(list)

static const struct column os_columns[] = {
	[OS_HOSTNAME] = { "hostname", COLUMN_TEXT, PERSONAL, "the name the machine gives itself" },
	[OS_NAME] = { "name", COLUMN_TEXT, 0, "PRETTY_NAME of os-release(5)" },
	[OS_ID] = { "id", COLUMN_TEXT, 0, "ID of os-release: debian, rhel, alpine" },
	[OS_ID_LIKE] = { "id_like", COLUMN_TEXT, 0, "ID_LIKE of os-release" },
	[OS_VERSION] = { "version", COLUMN_TEXT, 0,
			 "the exact version: /etc/debian_version on Debian, else VERSION" },
	[OS_VERSION_ID] = { "version_id", COLUMN_TEXT, 0, "VERSION_ID of os-release" },
	[OS_CODENAME] = { "codename", COLUMN_TEXT, 0, "VERSION_CODENAME of os-release" },
	[OS_ARCHITECTURE] = { "architecture", COLUMN_TEXT, 0, "machine of uname(2): x86_64" },
	[OS_MACHINE_ID] = { "machine_id", COLUMN_TEXT, PERSONAL,
			    "SHA-256 of \"bartizan:\" and machine-id(5), first 32 hex digits" },
	[OS_TIMEZONE] = { "timezone", COLUMN_TEXT, 0, "tz database name from /etc/localtime" },
};

static const struct column kernel_columns[] = {
	[KERNEL_RELEASE] = { "release", COLUMN_TEXT, KEY, "release of uname(2)" },
	[KERNEL_VERSION] = { "version", COLUMN_TEXT, 0, "version of uname(2), where running" },
	[KERNEL_ARCHITECTURE] = { "architecture", COLUMN_TEXT, 0, "machine, where running" },
	[KERNEL_IS_RUNNING] = { "is_running", COLUMN_BOOLEAN, 0, "this kernel runs now" },
	[KERNEL_IMAGE] = { "image", COLUMN_TEXT, 0, "path of the image under /boot, if any" },
};

static const struct column hardware_columns[] = {
	[HARDWARE_VENDOR] = { "vendor", COLUMN_TEXT, 0, "maker of the machine (SMBIOS type 1)" },
	[HARDWARE_PRODUCT] = { "product", COLUMN_TEXT, 0, "product name (SMBIOS type 1)" },
	[HARDWARE_SERIAL] = { "serial", COLUMN_TEXT, PERSONAL, "serial number (needs root)" },
	[HARDWARE_BIOS_VENDOR] = { "bios_vendor", COLUMN_TEXT, 0, "firmware's maker" },
	[HARDWARE_BIOS_VERSION] = { "bios_version", COLUMN_TEXT, 0, "firmware's version" },
	[HARDWARE_BIOS_DATE] = { "bios_date", COLUMN_TEXT, 0, "firmware's date as it states it" },
	[HARDWARE_CPU] = { "cpu", COLUMN_TEXT, 0, "model of the first processor" },
	[HARDWARE_CPUS] = { "cpus", COLUMN_INTEGER, 0, "logical processors online" },
	[HARDWARE_MEMORY_BYTES] = { "memory_bytes", COLUMN_INTEGER, 0, "MemTotal of proc(5)" },
	[HARDWARE_VIRTUALIZATION] = { "virtualization", COLUMN_TEXT, 0,
				      "kvm, vmware, xen, microsoft, container, ...; none on "
				      "metal" },
};

static const struct column packages_columns[] = {
	[PACKAGES_MANAGER] = { "manager", COLUMN_TEXT, KEY, "dpkg, rpm or apk" },
	[PACKAGES_NAME] = { "name", COLUMN_TEXT, KEY, "binary package" },
	[PACKAGES_VERSION] = { "version", COLUMN_TEXT, 0,
			       "with epoch and revision, as the manager prints it" },
	[PACKAGES_ARCHITECTURE] = { "architecture", COLUMN_TEXT, KEY,
				    "amd64, x86_64, all, noarch" },
	[PACKAGES_STATUS] = { "status", COLUMN_TEXT, 0,
			      "installed, config-files, unpacked, half-configured, half-installed, "
			      "triggers-awaited, triggers-pending" },
	[PACKAGES_SOURCE] = { "source", COLUMN_TEXT, 0, "source package" },
	[PACKAGES_SOURCE_VERSION] = { "source_version", COLUMN_TEXT, 0,
				      "version of the source package" },
	[PACKAGES_SECTION] = { "section", COLUMN_TEXT, 0, "section (dpkg) or group (rpm)" },
	[PACKAGES_VENDOR] = { "vendor", COLUMN_TEXT, 0, "maintainer (dpkg, apk) or vendor (rpm)" },
	[PACKAGES_SIZE_BYTES] = { "size_bytes", COLUMN_INTEGER, 0, "size when installed" },
};

static const struct column users_columns[] = {
	[USERS_NAME] = { "name", COLUMN_TEXT, KEY | PERSONAL, "login name" },
	[USERS_UID] = { "uid", COLUMN_INTEGER, 0, "user number" },
	[USERS_GID] = { "gid", COLUMN_INTEGER, 0, "primary group's number" },
	[USERS_FULL_NAME] = { "full_name", COLUMN_TEXT, PERSONAL, "first field of GECOS" },
	[USERS_HOME] = { "home", COLUMN_TEXT, PERSONAL, "home directory" },
	[USERS_SHELL] = { "shell", COLUMN_TEXT, 0, "login shell" },
};

static const struct column groups_columns[] = {
	[GROUPS_NAME] = { "name", COLUMN_TEXT, KEY, "group name" },
	[GROUPS_GID] = { "gid", COLUMN_INTEGER, 0, "group number" },
	[GROUPS_MEMBERS] = { "members", COLUMN_LIST, PERSONAL,
			     "members that group(5) names, sorted" },
};

static const struct column authorized_keys_columns[] = {
	[AUTHORIZED_KEYS_USER] = { "user", COLUMN_TEXT, PERSONAL, "whose account it opens" },
	[AUTHORIZED_KEYS_PATH] = { "path", COLUMN_TEXT, KEY, "the file" },
	[AUTHORIZED_KEYS_TYPE] = { "type", COLUMN_TEXT, 0, "ssh-ed25519, ssh-rsa, ..." },
	[AUTHORIZED_KEYS_BITS] = { "bits", COLUMN_INTEGER, 0, "size of the key" },
	[AUTHORIZED_KEYS_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, KEY,
					  "SHA256:..., as ssh-keygen -l prints it" },
	[AUTHORIZED_KEYS_COMMENT] = { "comment", COLUMN_TEXT, PERSONAL, "the text behind the key" },
	[AUTHORIZED_KEYS_OPTIONS] = { "options", COLUMN_TEXT, 0, "from=, command=, restrict, ..." },
};

static const struct column interfaces_columns[] = {
	[INTERFACES_NAME] = { "name", COLUMN_TEXT, KEY, "eth0" },
	[INTERFACES_TYPE] = { "type", COLUMN_TEXT, 0,
			      "the kind the kernel states (veth, bridge, vlan), else ether, "
			      "loopback" },
	[INTERFACES_MAC] = { "mac", COLUMN_TEXT, PERSONAL, "link-layer address" },
	[INTERFACES_MTU] = { "mtu", COLUMN_INTEGER, 0, "bytes" },
	[INTERFACES_IS_UP] = { "is_up", COLUMN_BOOLEAN, 0, "IFF_UP: switched on" },
	[INTERFACES_STATE] = { "state", COLUMN_TEXT, 0,
			       "operational state (RFC 2863): up, down, ..." },
	[INTERFACES_MASTER] = { "master", COLUMN_TEXT, 0, "the bridge or bond it belongs to" },
};

static const struct column addresses_columns[] = {
	[ADDRESSES_INTERFACE] = { "interface", COLUMN_TEXT, KEY, "the interface's name" },
	[ADDRESSES_FAMILY] = { "family", COLUMN_TEXT, 0, "ipv4 or ipv6" },
	[ADDRESSES_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "without the prefix" },
	[ADDRESSES_PREFIX_LENGTH] = { "prefix_length", COLUMN_INTEGER, KEY, "bits" },
	[ADDRESSES_SCOPE] = { "scope", COLUMN_TEXT, 0, "global, link, host, site" },
};

static const struct column listeners_columns[] = {
	[LISTENERS_PROTOCOL] = { "protocol", COLUMN_TEXT, KEY, "tcp" },
	[LISTENERS_ADDRESS] = { "address", COLUMN_TEXT, KEY, "0.0.0.0 or :: for every address" },
	[LISTENERS_PORT] = { "port", COLUMN_INTEGER, KEY, "TCP port number" },
	[LISTENERS_PROCESS] = { "process", COLUMN_TEXT, 0, "the process's name" },
	[LISTENERS_EXECUTABLE] = { "executable", COLUMN_TEXT, 0, "path of its program" },
	[LISTENERS_USER] = { "user", COLUMN_TEXT, 0, "owner of the socket" },
};

static const struct column services_columns[] = {
	[SERVICES_NAME] = { "name", COLUMN_TEXT, KEY, "systemd unit, with its suffix" },
	[SERVICES_TYPE] = { "type", COLUMN_TEXT, 0, "service, socket, timer, path, mount, ..." },
	[SERVICES_DESCRIPTION] = { "description", COLUMN_TEXT, 0, "Description=" },
	[SERVICES_STATE] = { "state", COLUMN_TEXT, 0,
			     "enabled, disabled, static, masked, alias, indirect, generated, as "
			     "systemctl list-unit-files says" },
	[SERVICES_EXEC] = { "exec", COLUMN_TEXT, 0,
			    "first ExecStart=, without its prefix characters" },
	[SERVICES_USER] = { "user", COLUMN_TEXT, 0, "User=; empty means root" },
	[SERVICES_PATH] = { "path", COLUMN_TEXT, 0, "the unit file in force" },
};

static const struct column cron_columns[] = {
	[CRON_PATH] = { "path", COLUMN_TEXT, KEY,
			"crontab, or the script in cron.daily and its like" },
	[CRON_USER] = { "user", COLUMN_TEXT, KEY, "who runs it" },
	[CRON_SCHEDULE] = { "schedule", COLUMN_TEXT, KEY, "five fields, or @daily, @reboot, ..." },
	[CRON_COMMAND] = { "command", COLUMN_TEXT, KEY, "what runs" },
};

static const struct column modules_columns[] = {
	[MODULES_NAME] = { "name", COLUMN_TEXT, KEY, "kernel module" },
	[MODULES_SIZE_BYTES] = { "size_bytes", COLUMN_INTEGER, 0, "size in memory" },
	[MODULES_STATE] = { "state", COLUMN_TEXT, 0, "live, loading, unloading" },
	[MODULES_TAINT] = { "taint", COLUMN_TEXT, 0,
			    "letters of taint: O out of tree, E unsigned, ..." },
};

static const struct column mounts_columns[] = {
	[MOUNTS_TARGET] = { "target", COLUMN_TEXT, KEY, "where it is mounted" },
	[MOUNTS_SOURCE] = { "source", COLUMN_TEXT, KEY, "device, or what stands for one" },
	[MOUNTS_TYPE] = { "type", COLUMN_TEXT, KEY, "ext4, tmpfs, overlay, ..." },
	[MOUNTS_OPTIONS] = { "options", COLUMN_TEXT, 0,
			     "mount's and file system's options, comma-separated, as findmnt "
			     "says" },
	[MOUNTS_IS_READ_ONLY] = { "is_read_only", COLUMN_BOOLEAN, 0,
				  "nothing can be written there" },
};

static const struct column certificates_columns[] = {
	[CERTIFICATES_PATH] = { "path", COLUMN_TEXT, KEY, "the file" },
	[CERTIFICATES_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, KEY,
				       "SHA-256 of the DER form, lower-case hex" },
	[CERTIFICATES_SUBJECT] = { "subject", COLUMN_TEXT, 0,
				   "RFC 4514, e.g. CN=example.org,O=Example" },
	[CERTIFICATES_NAMES] = { "names", COLUMN_LIST, 0,
				 "subject alternative names: DNS names, addresses, URIs, mail" },
	[CERTIFICATES_ISSUER] = { "issuer", COLUMN_TEXT, 0, "RFC 4514" },
	[CERTIFICATES_SERIAL] = { "serial", COLUMN_TEXT, 0, "lower-case hex" },
	[CERTIFICATES_NOT_BEFORE] = { "not_before", COLUMN_TIME, 0, "valid from" },
	[CERTIFICATES_NOT_AFTER] = { "not_after", COLUMN_TIME, 0, "valid until" },
	[CERTIFICATES_KEY_TYPE] = { "key_type", COLUMN_TEXT, 0,
				    "rsa, ec, ed25519, ed448, dsa, ..." },
	[CERTIFICATES_KEY_BITS] = { "key_bits", COLUMN_INTEGER, 0, "size of the key" },
	[CERTIFICATES_SIGNATURE] = { "signature", COLUMN_TEXT, 0,
				     "algorithm, e.g. sha256WithRSAEncryption, ecdsa-with-SHA256" },
	[CERTIFICATES_IS_CA] = { "is_ca", COLUMN_BOOLEAN, 0, "basic constraints say CA" },
	[CERTIFICATES_IS_SELF_SIGNED] = { "is_self_signed", COLUMN_BOOLEAN, 0,
					  "subject and issuer are the same" },
};

static const struct table os = {
	TABLE_OS,          "os",  "Operating system and the machine's name",
	"inotify on /etc", false, COLUMNS(os_columns)
};
static const struct table kernel = { TABLE_KERNEL,
				     "kernel",
				     "Running and installed kernels",
				     "start, inotify on /boot",
				     false,
				     COLUMNS(kernel_columns) };
static const struct table hardware = { TABLE_HARDWARE,
				       "hardware",
				       "Machine, firmware, processors and memory",
				       "start, uevent netlink (processors)",
				       true,
				       COLUMNS(hardware_columns) };
static const struct table packages = { TABLE_PACKAGES,
				       "packages",
				       "Installed packages of dpkg, rpm and apk",
				       "inotify on the package databases' folders",
				       false,
				       COLUMNS(packages_columns) };
static const struct table users = { TABLE_USERS,       "users", "Local accounts",
				    "inotify on /etc", false,   COLUMNS(users_columns) };
static const struct table groups = { TABLE_GROUPS,      "groups", "Local groups and their members",
				     "inotify on /etc", false,    COLUMNS(groups_columns) };
static const struct table authorized_keys = { TABLE_AUTHORIZED_KEYS,
					      "authorized_keys",
					      "SSH keys that open an account",
					      "inotify on every home and its .ssh",
					      false,
					      COLUMNS(authorized_keys_columns) };
static const struct table interfaces = {
	TABLE_INTERFACES,           "interfaces", "Network interfaces",
	"rtnetlink (RTNLGRP_LINK)", true,         COLUMNS(interfaces_columns)
};
static const struct table addresses = { TABLE_ADDRESSES,
					"addresses",
					"Addresses of the interfaces",
					"rtnetlink (RTNLGRP_IPV4_IFADDR, IPV6)",
					true,
					COLUMNS(addresses_columns) };
static const struct table listeners = {
	TABLE_LISTENERS,
	"listeners",
	"Sockets that accept connections, and whose they are",
	"tracepoint inet_sock_set_state; without it sock_diag every "
	"0.75 s",
	true,
	COLUMNS(listeners_columns)
};
static const struct table services = { TABLE_SERVICES,  "services",
				       "systemd units", "inotify on the unit folders",
				       false,           COLUMNS(services_columns) };
static const struct table cron = { TABLE_CRON,     "cron",
				   "Jobs of cron", "inotify on the cron folders",
				   false,          COLUMNS(cron_columns) };
static const struct table modules = { TABLE_MODULES,
				      "modules",
				      "Loaded kernel modules",
				      "uevent netlink (module)",
				      true,
				      COLUMNS(modules_columns) };
static const struct table mounts = { TABLE_MOUNTS,
				     "mounts",
				     "Mounted file systems",
				     "POLLPRI on /proc/self/mountinfo",
				     true,
				     COLUMNS(mounts_columns) };
static const struct table certificates = { TABLE_CERTIFICATES,
					   "certificates",
					   "X.509 certificates in files",
					   "inotify on the certificate folders",
					   false,
					   COLUMNS(certificates_columns) };

const struct table *const schema_tables[] = {
	&os,           &kernel,    &hardware,  &packages, &users, &groups,  &authorized_keys,
	&interfaces,   &addresses, &listeners, &services, &cron,  &modules, &mounts,
	&certificates, NULL,
};
