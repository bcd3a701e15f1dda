/* tables.c - every table, in the order of its number. */
#include "schema/parts.h"

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
	[PACKAGES_MODULE] = { "module", COLUMN_TEXT, 0,
			      "module and stream that it was installed from (rpm): nodejs:18" },
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
			     "members that group(5) names, sorted; those whose primary group it "
			     "is are not among them" },
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

static const struct column ssh_host_keys_columns[] = {
	[SSH_HOST_KEYS_PATH] = { "path", COLUMN_TEXT, KEY, "the file of the public key" },
	[SSH_HOST_KEYS_TYPE] = { "type", COLUMN_TEXT, 0, "ssh-ed25519, ssh-rsa, ..." },
	[SSH_HOST_KEYS_BITS] = { "bits", COLUMN_INTEGER, 0, "size of the key" },
	[SSH_HOST_KEYS_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, 0,
					"SHA256:..., as ssh-keygen -l prints it" },
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
	[LISTENERS_PROTOCOL] = { "protocol", COLUMN_TEXT, KEY, "tcp or udp" },
	[LISTENERS_ADDRESS] = { "address", COLUMN_TEXT, KEY, "0.0.0.0 or :: for every address" },
	[LISTENERS_PORT] = { "port", COLUMN_INTEGER, KEY, "port number" },
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
	[SERVICES_ACTIVE] = { "active", COLUMN_TEXT, 0,
			      "running, exited, or inactive, which a failed one is, too; null "
			      "where it cannot be known: templates, timers, sockets" },
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
	[MODULES_SIGNER] = { "signer", COLUMN_TEXT, 0,
			     "who signed the module's file, as its signature says; null where it "
			     "bears none, or is compressed" },
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
	[CERTIFICATES_SERVED_AT] = { "served_at", COLUMN_LIST, 0,
				     "listeners of the program whose configuration names the file: "
				     "PROCESS ADDRESS:PORT" },
};

static const struct column processes_columns[] = {
	[PROCESSES_NAME] = { "name", COLUMN_TEXT, KEY, "as ps -o comm prints it" },
	[PROCESSES_EXECUTABLE] = { "executable", COLUMN_TEXT, KEY, "path of its program" },
	[PROCESSES_USER] = { "user", COLUMN_TEXT, KEY | PERSONAL, "effective user" },
	[PROCESSES_PARENT] = { "parent", COLUMN_TEXT, 0, "name of the oldest one's parent" },
	[PROCESSES_STARTED] = { "started", COLUMN_TIME, 0, "day the oldest one was started (UTC)" },
};

static const struct column accounts_columns[] = {
	[ACCOUNTS_NAME] = { "name", COLUMN_TEXT, KEY | PERSONAL, "login name" },
	[ACCOUNTS_IS_LOCKED] = { "is_locked", COLUMN_BOOLEAN, 0,
				 "no password opens it: the field begins with ! or *" },
	[ACCOUNTS_HAS_PASSWORD] = { "has_password", COLUMN_BOOLEAN, 0,
				    "there is a hash; without one and not locked, no password is "
				    "asked" },
	[ACCOUNTS_ALGORITHM] = { "algorithm", COLUMN_TEXT, 0,
				 "of the hash (crypt(5)): yescrypt, sha512, bcrypt, md5, des, "
				 "..." },
	[ACCOUNTS_LAST_CHANGE] = { "last_change", COLUMN_TIME, 0,
				   "day of the last change of the password; 1970-01-01: to be "
				   "changed at the next login" },
	[ACCOUNTS_MIN_DAYS] = { "min_days", COLUMN_INTEGER, 0, "before it may change again" },
	[ACCOUNTS_MAX_DAYS] = { "max_days", COLUMN_INTEGER, 0, "after which it must change" },
	[ACCOUNTS_WARN_DAYS] = { "warn_days", COLUMN_INTEGER, 0, "of warning before that" },
	[ACCOUNTS_INACTIVE_DAYS] = { "inactive_days", COLUMN_INTEGER, 0,
				     "that an expired password is still taken" },
	[ACCOUNTS_EXPIRES] = { "expires", COLUMN_TIME, 0, "day the account ends" },
};

static const struct column sudo_rules_columns[] = {
	[SUDO_RULES_USERS] = { "users", COLUMN_TEXT, KEY | PERSONAL,
			       "users, %groups, aliases, as written" },
	[SUDO_RULES_HOSTS] = { "hosts", COLUMN_TEXT, KEY, "where the rule holds: ALL, names" },
	[SUDO_RULES_RUNAS] = { "runas", COLUMN_TEXT, KEY | PERSONAL,
			       "users:groups to run as; null means root" },
	[SUDO_RULES_TAGS] = { "tags", COLUMN_TEXT, KEY, "NOPASSWD:, NOEXEC:, SETENV:, CWD=, ..." },
	[SUDO_RULES_COMMANDS] = { "commands", COLUMN_TEXT, KEY, "ALL, paths, aliases, as written" },
	[SUDO_RULES_PATH] = { "path", COLUMN_TEXT, KEY, "the file" },
};

static const struct column sshd_config_columns[] = {
	[SSHD_CONFIG_KEYWORD] = { "keyword", COLUMN_TEXT, KEY, "in lower case, as sshd -T prints" },
	[SSHD_CONFIG_VALUE] = { "value", COLUMN_TEXT, 0,
				"the first that is set; of keywords that gather, all" },
	[SSHD_CONFIG_CONDITION] = { "condition", COLUMN_TEXT, KEY,
				    "of the Match block; empty for the whole server" },
	[SSHD_CONFIG_PATH] = { "path", COLUMN_TEXT, 0, "the file that sets it" },
};

static const struct column sysctl_columns[] = {
	[SYSCTL_KEY] = { "key", COLUMN_TEXT, KEY, "as sysctl(8) names it: kernel.kptr_restrict" },
	[SYSCTL_VALUE] = { "value", COLUMN_TEXT, 0, "in force now" },
};

static const struct column routes_columns[] = {
	[ROUTES_FAMILY] = { "family", COLUMN_TEXT, KEY, "ipv4 or ipv6" },
	[ROUTES_DESTINATION] = { "destination", COLUMN_TEXT, KEY | PERSONAL,
				 "10.0.0.0/8, or default" },
	[ROUTES_GATEWAY] = { "gateway", COLUMN_TEXT, KEY | PERSONAL, "next hop; null on the link" },
	[ROUTES_INTERFACE] = { "interface", COLUMN_TEXT, KEY, "the interface's name" },
	[ROUTES_METRIC] = { "metric", COLUMN_INTEGER, KEY, "the lower wins" },
	[ROUTES_PROTOCOL] = { "protocol", COLUMN_TEXT, KEY,
			      "who made it: kernel, static, boot, dhcp, ra, bird, ..." },
	[ROUTES_SCOPE] = { "scope", COLUMN_TEXT, KEY, "global, site, link, host, nowhere" },
	[ROUTES_ROUTING_TABLE] = { "routing_table", COLUMN_TEXT, KEY,
				   "main, default, or a number" },
	[ROUTES_TYPE] = { "type", COLUMN_TEXT, KEY,
			  "unicast, blackhole, unreachable, prohibit, throw" },
};

static const struct column neighbours_columns[] = {
	[NEIGHBOURS_FAMILY] = { "family", COLUMN_TEXT, 0, "ipv4 or ipv6" },
	[NEIGHBOURS_ADDRESS] = { "address", COLUMN_TEXT, KEY | PERSONAL, "of the neighbour" },
	[NEIGHBOURS_MAC] = { "mac", COLUMN_TEXT, PERSONAL, "its link-layer address" },
	[NEIGHBOURS_INTERFACE] = { "interface", COLUMN_TEXT, KEY, "where it was heard" },
	[NEIGHBOURS_IS_PERMANENT] = { "is_permanent", COLUMN_BOOLEAN, 0,
				      "set by hand, not learnt" },
};

static const struct column timers_columns[] = {
	[TIMERS_NAME] = { "name", COLUMN_TEXT, KEY, "systemd timer, with its suffix" },
	[TIMERS_SCHEDULE] = { "schedule", COLUMN_LIST, 0,
			      "OnCalendar=, OnBootSec=, OnUnitActiveSec= and their like, as "
			      "written" },
	[TIMERS_UNIT] = { "unit", COLUMN_TEXT, 0, "what it starts" },
	[TIMERS_STATE] = { "state", COLUMN_TEXT, 0,
			   "enabled, disabled, static, masked, as systemctl list-unit-files says" },
};

static const struct column trust_store_columns[] = {
	[TRUST_STORE_FINGERPRINT] = { "fingerprint", COLUMN_TEXT, KEY,
				      "SHA-256 of the DER form, lower-case hex" },
	[TRUST_STORE_SUBJECT] = { "subject", COLUMN_TEXT, 0, "RFC 4514" },
	[TRUST_STORE_NOT_AFTER] = { "not_after", COLUMN_TIME, 0, "valid until" },
	[TRUST_STORE_PATH] = { "path", COLUMN_TEXT, 0,
			       "its own file, links followed; the bundle where it has none" },
};

static const struct column firewall_columns[] = {
	[FIREWALL_FAMILY] = { "family", COLUMN_TEXT, KEY,
			      "ip, ip6, inet, arp, bridge or netdev, as nft says" },
	[FIREWALL_TABLE] = { "table", COLUMN_TEXT, KEY, "table of nftables" },
	[FIREWALL_CHAIN] = { "chain", COLUMN_TEXT, KEY, "chain in it" },
	[FIREWALL_TYPE] = { "type", COLUMN_TEXT, 0,
			    "filter, nat or route; null where packets only come by jump" },
	[FIREWALL_HOOK] = { "hook", COLUMN_TEXT, 0, "prerouting, input, forward, ..." },
	[FIREWALL_PRIORITY] = { "priority", COLUMN_INTEGER, 0, "lower ones see a packet first" },
	[FIREWALL_POLICY] = { "policy", COLUMN_TEXT, 0,
			      "accept or drop: what becomes of packets at its end" },
	[FIREWALL_RULES] = { "rules", COLUMN_INTEGER, 0, "how many rules it has" },
	[FIREWALL_HASH] = { "hash", COLUMN_TEXT, 0,
			    "SHA-256 of its rules in order, without handles, counters and "
			    "the "
			    "elements of sets, lower-case hex" },
	[FIREWALL_TEXT] = { "text", COLUMN_LIST, 0,
			    "its rules, readable; an expression that is not known by its "
			    "name, in <>" },
};

static const struct column disks_columns[] = {
	[DISKS_NAME] = { "name", COLUMN_TEXT, KEY, "the kernel's name, e.g. sda1, dm-0" },
	[DISKS_TYPE] = { "type", COLUMN_TEXT, 0,
			 "disk, partition, crypt, lvm, multipath, dm, raid, loop, rom, ram" },
	[DISKS_SIZE_BYTES] = { "size_bytes", COLUMN_INTEGER, 0, "capacity" },
	[DISKS_MODEL] = { "model", COLUMN_TEXT, 0, "what the device says it is" },
	[DISKS_SERIAL] = { "serial", COLUMN_TEXT, COLUMN_PERSONAL, "serial number" },
	[DISKS_IS_REMOVABLE] = { "is_removable", COLUMN_BOOLEAN, 0,
				 "the medium can be taken out; of a partition its disk's" },
	[DISKS_IS_READ_ONLY] = { "is_read_only", COLUMN_BOOLEAN, 0, "cannot be written" },
	[DISKS_IS_ENCRYPTED] = { "is_encrypted", COLUMN_BOOLEAN, 0,
				 "an open dm-crypt device, what lies on one, or what one lies on; "
				 "a volume that is not open is not recognized" },
	[DISKS_PARENTS] = { "parents", COLUMN_LIST, 0,
			    "the devices it lies on: a partition's disk, a volume's partitions" },
};

static const struct column devices_columns[] = {
	[DEVICES_BUS] = { "bus", COLUMN_TEXT, KEY, "usb or pci" },
	[DEVICES_ADDRESS] = { "address", COLUMN_TEXT, KEY, "e.g. 1-1.2, 0000:00:1f.2" },
	[DEVICES_VENDOR_ID] = { "vendor_id", COLUMN_TEXT, 0, "four hex digits" },
	[DEVICES_PRODUCT_ID] = { "product_id", COLUMN_TEXT, 0, "four hex digits" },
	[DEVICES_VENDOR] = { "vendor", COLUMN_TEXT, 0, "what a USB device calls its maker" },
	[DEVICES_PRODUCT] = { "product", COLUMN_TEXT, 0, "what a USB device calls itself" },
	[DEVICES_CLASS] = { "class", COLUMN_TEXT, 0,
			    "hex: USB class (two digits), PCI class, subclass, interface (six)" },
	[DEVICES_DRIVER] = { "driver", COLUMN_TEXT, 0, "what drives it in the kernel" },
	[DEVICES_SERIAL] = { "serial", COLUMN_TEXT, COLUMN_PERSONAL, "serial number, of USB" },
};

static const struct column privileged_files_columns[] = {
	[PRIVILEGED_FILES_PATH] = { "path", COLUMN_TEXT, KEY, "the program" },
	[PRIVILEGED_FILES_MODE] = { "mode", COLUMN_TEXT, 0, "four octal digits, e.g. 4755" },
	[PRIVILEGED_FILES_OWNER] = { "owner", COLUMN_TEXT, 0,
				     "whom it runs as where setuid; a number where nameless" },
	[PRIVILEGED_FILES_GROUP] = { "group", COLUMN_TEXT, 0, "the same where setgid" },
	[PRIVILEGED_FILES_CAPABILITIES] = { "capabilities", COLUMN_TEXT, 0,
					    "file capabilities as getcap prints them" },
};

static const struct column language_packages_columns[] = {
	[LANGUAGE_PACKAGES_ECOSYSTEM] = { "ecosystem", COLUMN_TEXT, KEY,
					  "npm, pypi, rubygems, cargo or go" },
	[LANGUAGE_PACKAGES_NAME] = { "name", COLUMN_TEXT, KEY, "as the package names itself" },
	[LANGUAGE_PACKAGES_VERSION] = { "version", COLUMN_TEXT, KEY, "as it is written" },
	[LANGUAGE_PACKAGES_PATH] = { "path", COLUMN_TEXT, KEY,
				     "the file that says so; of go the program it is built into" },
	[LANGUAGE_PACKAGES_LICENSE] = { "license", COLUMN_TEXT, 0, "where it is stated" },
};

static const struct column containers_columns[] = {
	[CONTAINERS_RUNTIME] = { "runtime", COLUMN_TEXT, KEY, "docker, podman, containerd, crio" },
	[CONTAINERS_ID] = { "id", COLUMN_TEXT, KEY, "64 hex digits; containerd: its name" },
	[CONTAINERS_NAME] = { "name", COLUMN_TEXT, 0, "what people call it" },
	[CONTAINERS_IMAGE] = { "image", COLUMN_TEXT, 0, "as it was asked for, e.g. nginx:1.27" },
	[CONTAINERS_IMAGE_DIGEST] = { "image_digest", COLUMN_TEXT, 0,
				      "identity of the image, sha256:..." },
	[CONTAINERS_STATE] = { "state", COLUMN_TEXT, 0,
			       "running, paused, restarting, stopped; null where not known" },
};

static const struct column sensor_health_columns[] = {
	[SENSOR_HEALTH_COLLECTOR] = { "collector", COLUMN_TEXT, KEY,
				      "the table it reads, or the kind of event, or a part of the "
				      "sensor: event_ring, cpu_budget; of a scanner: discovery, "
				      "identification, host_names, scopes, processes" },
	[SENSOR_HEALTH_STATE] = { "state", COLUMN_TEXT, 0,
				  "ok; failing: it could not be read; off: this machine, these "
				  "privileges or the policy do not let it be read; limited: held "
				  "back by its budget" },
	[SENSOR_HEALTH_ERROR] = { "error", COLUMN_TEXT, 0, "why it is not ok" },
	[SENSOR_HEALTH_ROWS] = { "rows", COLUMN_INTEGER, 0,
				 "rows of the walk that brought it into this state" },
};

static const struct column files_columns[] = {
	[FILES_PATH] = { "path", COLUMN_TEXT, KEY, "the file" },
	[FILES_TYPE] = { "type", COLUMN_TEXT, 0,
			 "file, folder, link, socket, fifo, block, character" },
	[FILES_MODE] = { "mode", COLUMN_TEXT, 0, "permissions, octal: 0644, 4755" },
	[FILES_OWNER] = { "owner", COLUMN_TEXT, 0, "user's name, else number" },
	[FILES_GROUP] = { "group", COLUMN_TEXT, 0, "group's name, else number" },
	[FILES_SIZE_BYTES] = { "size_bytes", COLUMN_INTEGER, 0, "of a regular file" },
	[FILES_SHA256] = { "sha256", COLUMN_TEXT, 0,
			   "of a regular file's content, lower-case hex; null where it is larger "
			   "than the policy hashes" },
	[FILES_TARGET] = { "target", COLUMN_TEXT, 0, "a link's text" },
};

static const struct column package_use_columns[] = {
	[PACKAGE_USE_MANAGER] = { "manager", COLUMN_TEXT, KEY, "dpkg or apk" },
	[PACKAGE_USE_PACKAGE] = { "package", COLUMN_TEXT, KEY, "binary package" },
	[PACKAGE_USE_PROCESS] = { "process", COLUMN_TEXT, KEY, "name of a process that uses it" },
	[PACKAGE_USE_EXECUTABLE] = { "executable", COLUMN_TEXT, KEY, "that process's program" },
	[PACKAGE_USE_PATH] = { "path", COLUMN_TEXT, KEY,
			       "the package's file in use: the program, or a library it has "
			       "mapped" },
	[PACKAGE_USE_IS_STALE] = { "is_stale", COLUMN_BOOLEAN, 0,
				   "the file in memory is not the one on disk any more: the "
				   "process still runs the old version" },
};

static const struct column updates_columns[] = {
	[UPDATES_MANAGER] = { "manager", COLUMN_TEXT, KEY, "dpkg" },
	[UPDATES_PACKAGE] = { "package", COLUMN_TEXT, KEY, "binary package" },
	[UPDATES_ARCHITECTURE] = { "architecture", COLUMN_TEXT, KEY, "amd64, x86_64, all" },
	[UPDATES_INSTALLED] = { "installed", COLUMN_TEXT, 0, "the version that is installed" },
	[UPDATES_CANDIDATE] = { "candidate", COLUMN_TEXT, 0,
				"what apt would upgrade to, by its own lists and pins" },
	[UPDATES_IS_SECURITY] = { "is_security", COLUMN_BOOLEAN, 0,
				  "a security archive offers a newer version than the installed "
				  "one" },
	[UPDATES_ORIGIN] = { "origin", COLUMN_TEXT, 0, "archive it comes from: Debian-Security" },
};

static const struct column vulnerabilities_columns[] = {
	[VULNERABILITIES_ID] = { "id", COLUMN_TEXT, KEY,
				 "CVE-..., else the advisory's own: GHSA-..., TEMP-..." },
	[VULNERABILITIES_MANAGER] = { "manager", COLUMN_TEXT, KEY,
				      "dpkg, rpm, apk, or the ecosystem: npm, PyPI, Go, ..." },
	[VULNERABILITIES_PACKAGE] = { "package", COLUMN_TEXT, KEY, "the installed package" },
	[VULNERABILITIES_VERSION] = { "version", COLUMN_TEXT, 0, "its version" },
	[VULNERABILITIES_ARCHITECTURE] = { "architecture", COLUMN_TEXT, KEY, "of the package" },
	[VULNERABILITIES_SOURCE] = { "source", COLUMN_TEXT, 0, "its source package" },
	[VULNERABILITIES_SOURCE_VERSION] = { "source_version", COLUMN_TEXT, 0,
					     "that one's version, which was judged" },
	[VULNERABILITIES_STATUS] = { "status", COLUMN_TEXT, 0,
				     "fixable, open, no-dsa, postponed, ignored, unimportant, "
				     "undetermined, end-of-life, will-not-fix" },
	[VULNERABILITIES_FIXED_VERSION] = { "fixed_version", COLUMN_TEXT, 0,
					    "the first version without it" },
	[VULNERABILITIES_URGENCY] = { "urgency", COLUMN_TEXT, 0,
				      "as the distribution or ecosystem judges it" },
	[VULNERABILITIES_RELEASE] = { "release", COLUMN_TEXT, 0,
				      "what it was judged for: debian:12, npm, ..." },
	[VULNERABILITIES_FEED] = { "feed", COLUMN_TEXT, 0, "whose word it is" },
	[VULNERABILITIES_EXPOSURE] = { "exposure", COLUMN_TEXT, 0,
				       "network (listens beyond the machine), local (listens on "
				       "loopback), running, installed, not-running (a kernel that "
				       "is not the running one); unknown" },
	[VULNERABILITIES_PATH] = { "path", COLUMN_TEXT, KEY,
				   "where a language's package lies, or the banner that it is "
				   "inferred from; "
				   "else null" },
	[VULNERABILITIES_CONFIDENCE] = { "confidence", COLUMN_TEXT, 0,
					 "null: an agent tells the package; likely, possible: "
					 "inferred from a banner" },
	[VULNERABILITIES_EVIDENCE] = { "evidence", COLUMN_TEXT, PERSONAL,
				       "the banner, what is concluded from it and why, what to "
				       "do; null: an agent tells the package" },
};

/* --- kinds of events --- */

static const struct column gaps_columns[] = {
	[GAPS_REASON] = { "reason", COLUMN_TEXT, 0,
			  "kernel (its queue ran over), ring (the disk ring was full), rate (the "
			  "policy's limit), source (a log was cut), server" },
	[GAPS_COUNT] = { "count", COLUMN_INTEGER, 0, "events lost; null where nobody can know" },
};

static const struct column executions_columns[] = {
	[EXECUTIONS_EXECUTABLE] = { "executable", COLUMN_TEXT, 0, "path of the program" },
	[EXECUTIONS_ARGUMENTS] = { "arguments", COLUMN_LIST, PERSONAL,
				   "argv, cut; what looks like a secret is masked as ***" },
	[EXECUTIONS_USER] = { "user", COLUMN_TEXT, PERSONAL, "who runs it" },
	[EXECUTIONS_PID] = { "pid", COLUMN_INTEGER, 0, "process number" },
	[EXECUTIONS_PARENT] = { "parent", COLUMN_TEXT, 0, "the parent process's program" },
	[EXECUTIONS_PARENT_PID] = { "parent_pid", COLUMN_INTEGER, 0, "its process number" },
	[EXECUTIONS_SHA256] = { "sha256", COLUMN_TEXT, 0, "of the program; null where unknown" },
	[EXECUTIONS_LOGIN_USER] = { "login_user", COLUMN_TEXT, PERSONAL,
				    "who logged in (loginuid), where audit keeps it" },
};

static const struct column logins_columns[] = {
	[LOGINS_USER] = { "user", COLUMN_TEXT, PERSONAL, "account, as it was given" },
	[LOGINS_IS_SUCCESS] = { "is_success", COLUMN_BOOLEAN, 0, "it was let in" },
	[LOGINS_SERVICE] = { "service", COLUMN_TEXT, 0, "sshd, login, su, gdm, ..." },
	[LOGINS_METHOD] = { "method", COLUMN_TEXT, 0, "password, publickey, ..." },
	[LOGINS_ADDRESS] = { "address", COLUMN_TEXT, PERSONAL, "where it came from" },
	[LOGINS_TERMINAL] = { "terminal", COLUMN_TEXT, 0, "pts/0, tty1" },
	[LOGINS_REASON] = { "reason", COLUMN_TEXT, 0, "why it failed, as the log says" },
	[LOGINS_COUNT] = { "count", COLUMN_INTEGER, 0, "like ones in one record; else null" },
	[LOGINS_BY] = { "by", COLUMN_TEXT, PERSONAL, "who became that user, of su" },
};

static const struct column sudo_uses_columns[] = {
	[SUDO_USES_USER] = { "user", COLUMN_TEXT, PERSONAL, "who asked" },
	[SUDO_USES_RUNAS] = { "runas", COLUMN_TEXT, 0, "as whom" },
	[SUDO_USES_COMMAND] = { "command", COLUMN_TEXT, PERSONAL,
				"what ran; what looks like a secret is masked as ***" },
	[SUDO_USES_FOLDER] = { "folder", COLUMN_TEXT, 0, "the working directory" },
	[SUDO_USES_TERMINAL] = { "terminal", COLUMN_TEXT, 0, "pts/0" },
	[SUDO_USES_IS_ALLOWED] = { "is_allowed", COLUMN_BOOLEAN, 0, "sudo ran it" },
	[SUDO_USES_REASON] = { "reason", COLUMN_TEXT, 0, "why it was refused" },
};

static const struct column account_changes_columns[] = {
	[ACCOUNT_CHANGES_ACTION] = { "action", COLUMN_TEXT, 0,
				     "added, removed, changed, password-changed, locked, unlocked, "
				     "member-added, member-removed" },
	[ACCOUNT_CHANGES_ACCOUNT] = { "account", COLUMN_TEXT, PERSONAL, "user or group" },
	[ACCOUNT_CHANGES_KIND] = { "kind", COLUMN_TEXT, 0, "user or group" },
	[ACCOUNT_CHANGES_BY] = { "by", COLUMN_TEXT, 0, "program that did it: useradd, passwd" },
	[ACCOUNT_CHANGES_TEXT] = { "text", COLUMN_TEXT, PERSONAL, "the log's words, masked" },
};

static const struct column service_changes_columns[] = {
	[SERVICE_CHANGES_UNIT] = { "unit", COLUMN_TEXT, 0, "nginx.service" },
	[SERVICE_CHANGES_ACTION] = { "action", COLUMN_TEXT, 0,
				     "started, stopped, failed, reloaded, restarting" },
	[SERVICE_CHANGES_RESULT] = { "result", COLUMN_TEXT, 0,
				     "exit-code, signal, timeout, oom-kill, ..." },
	[SERVICE_CHANGES_TEXT] = { "text", COLUMN_TEXT, 0, "the log's words, masked" },
};

static const struct column file_changes_columns[] = {
	[FILE_CHANGES_PATH] = { "path", COLUMN_TEXT, 0, "the file" },
	[FILE_CHANGES_ACTION] = { "action", COLUMN_TEXT, 0,
				  "created, written, deleted, moved, attributes" },
	[FILE_CHANGES_PROCESS] = { "process", COLUMN_TEXT, 0, "who did it; null where unknown" },
	[FILE_CHANGES_EXECUTABLE] = { "executable", COLUMN_TEXT, 0, "that process's program" },
	[FILE_CHANGES_USER] = { "user", COLUMN_TEXT, PERSONAL, "its user" },
	[FILE_CHANGES_PID] = { "pid", COLUMN_INTEGER, 0, "its number" },
};

/* --- tables --- */

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
				       COLUMNS(packages_columns),
				       .appended_count = 1 };
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
static const struct table ssh_host_keys = {
	TABLE_SSH_HOST_KEYS,   "ssh_host_keys", "Keys that this machine's SSH server shows",
	"inotify on /etc/ssh", false,           COLUMNS(ssh_host_keys_columns)
};
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
	"Sockets that accept connections or datagrams, and whose they are",
	"tracepoint inet_sock_set_state; without it sock_diag every "
	"0.75 s; UDP: the count in /proc/net/sockstat, every 1 s, 4 s "
	"while it keeps changing",
	true,
	COLUMNS(listeners_columns)
};
static const struct table services = {
	TABLE_SERVICES,
	"services",
	"systemd units",
	"inotify on the unit folders, on /run/systemd/units and the control groups",
	false,
	COLUMNS(services_columns)
};
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
static const struct table certificates = {
	TABLE_CERTIFICATES,
	"certificates",
	"X.509 certificates in files",
	"inotify on the certificate folders and servers' configurations; with listeners",
	false,
	COLUMNS(certificates_columns)
};
static const struct table processes = {
	TABLE_PROCESSES,
	"processes",
	"Programs that run for more than 5 s, without their arguments",
	"the count of processes in /proc/loadavg, every 5 s, 20 s while it "
	"keeps changing",
	true,
	COLUMNS(processes_columns)
};
static const struct table accounts = {
	TABLE_ACCOUNTS,    "accounts", "How each local account's password stands; never a hash",
	"inotify on /etc", false,      COLUMNS(accounts_columns)
};
static const struct table sudo_rules = { TABLE_SUDO_RULES,
					 "sudo_rules",
					 "Who may run what as whom (sudoers)",
					 "inotify on /etc, /etc/sudoers.d and what is included",
					 false,
					 COLUMNS(sudo_rules_columns) };
static const struct table sshd_config = { TABLE_SSHD_CONFIG,
					  "sshd_config",
					  "Settings of the SSH server, defaults left out",
					  "inotify on /etc/ssh and what is included",
					  false,
					  COLUMNS(sshd_config_columns) };
static const struct table sysctl = { TABLE_SYSCTL,
				     "sysctl",
				     "Kernel settings that hardening guides judge",
				     "every 60 s; inotify on the sysctl.d folders",
				     true,
				     COLUMNS(sysctl_columns) };
static const struct table routes = { TABLE_ROUTES,
				     "routes",
				     "Routes of all tables but local, a row a hop",
				     "rtnetlink (RTNLGRP_IPV4_ROUTE, IPV6)",
				     true,
				     COLUMNS(routes_columns) };
static const struct table neighbours = { TABLE_NEIGHBOURS,
					 "neighbours",
					 "Machines heard on the links (ARP, neighbour discovery)",
					 "rtnetlink (RTNLGRP_NEIGH)",
					 true,
					 COLUMNS(neighbours_columns) };
static const struct table timers = {
	TABLE_TIMERS,           "timers", "Timers of systemd", "inotify on the unit folders", false,
	COLUMNS(timers_columns)
};
static const struct table trust_store = { TABLE_TRUST_STORE,
					  "trust_store",
					  "Certificates that programs of this machine trust",
					  "inotify on /etc/ssl/certs and /etc/pki",
					  false,
					  COLUMNS(trust_store_columns) };

static const struct table firewall = {
	TABLE_FIREWALL,
	"firewall",
	"Chains of nftables and their rules",
	"nfnetlink (NFNLGRP_NFTABLES); needs bartizan-agent --read-firewall",
	true,
	COLUMNS(firewall_columns)
};
static const struct table disks = {
	TABLE_DISKS,           "disks", "Block devices", "uevent netlink (block)", true,
	COLUMNS(disks_columns)
};
static const struct table devices = { TABLE_DEVICES,
				      "devices",
				      "Devices on USB and PCI",
				      "uevent netlink (usb, pci)",
				      true,
				      COLUMNS(devices_columns) };
static const struct table privileged_files = {
	TABLE_PRIVILEGED_FILES,
	"privileged_files",
	"Programs with setuid, setgid or file capabilities",
	"inotify on the folders of programs and on every folder that holds one; in those below "
	"fanotify (Linux 5.19), else every hour",
	false,
	COLUMNS(privileged_files_columns)
};
static const struct table language_packages = {
	TABLE_LANGUAGE_PACKAGES,
	"language_packages",
	"Packages of npm, pip, gem, cargo and in programs of Go",
	"inotify on their folders",
	false,
	COLUMNS(language_packages_columns)
};
static const struct table containers = { TABLE_CONTAINERS,
					 "containers",
					 "Containers of docker, podman, containerd and CRI-O",
					 "inotify on their state folders and control groups",
					 false,
					 COLUMNS(containers_columns) };
static const struct table sensor_health = { TABLE_SENSOR_HEALTH,
					    "sensor_health",
					    "What this sensor can read, and what not",
					    "the sensor itself",
					    true,
					    COLUMNS(sensor_health_columns) };

static const struct table files = {
	TABLE_FILES,
	"files",
	"Files of the folders that the policy names: content, permissions, owner",
	"fanotify, else inotify, else a walk within its budget",
	false,
	COLUMNS(files_columns)
};
static const struct table package_use = {
	TABLE_PACKAGE_USE,
	"package_use",
	"Which package's programs and libraries are running, and "
	"which of them are outdated in memory",
	"the count of processes in /proc/loadavg, as in processes; inotify on the package "
	"databases",
	true,
	COLUMNS(package_use_columns)
};
static const struct table updates = { TABLE_UPDATES,
				      "updates",
				      "Newer versions that the package manager itself knows of",
				      "inotify on its lists and the package database",
				      false,
				      COLUMNS(updates_columns) };
static const struct table vulnerabilities = {
	TABLE_VULNERABILITIES,
	"vulnerabilities",
	"Which vulnerabilities the installed packages have",
	"the server, in the transaction of the change, or when a feed changes",
	false,
	COLUMNS(vulnerabilities_columns),
	.is_derived = true,
};

static const struct table gaps = { EVENT_GAPS, "gaps", "Events that were lost: how many, and why",
				   "",         true,   COLUMNS(gaps_columns) };
static const struct table executions = { EVENT_EXECUTIONS,
					 "executions",
					 "Programs that were started",
					 "tracepoint sched_process_exec, else the proc connector",
					 true,
					 COLUMNS(executions_columns) };
static const struct table logins = { EVENT_LOGINS,
				     "logins",
				     "Who came in, and who was refused",
				     "inotify on wtmp, btmp, the journal and auth.log",
				     true,
				     COLUMNS(logins_columns) };
static const struct table sudo_uses = { EVENT_SUDO_USES,
					"sudo_uses",
					"What was run by sudo, and what it refused",
					"inotify on the journal and auth.log",
					true,
					COLUMNS(sudo_uses_columns) };
static const struct table account_changes = { EVENT_ACCOUNT_CHANGES,
					      "account_changes",
					      "What was done to users and groups",
					      "inotify on the journal and auth.log",
					      true,
					      COLUMNS(account_changes_columns) };
static const struct table service_changes = { EVENT_SERVICE_CHANGES,
					      "service_changes",
					      "Services that started, stopped or failed",
					      "inotify on the journal and syslog",
					      true,
					      COLUMNS(service_changes_columns) };
static const struct table file_changes = {
	EVENT_FILE_CHANGES, "file_changes", "Who changed a watched file",
	"fanotify",         true,           COLUMNS(file_changes_columns)
};

const struct table *const schema_events[] = {
	&gaps,         &executions,   &logins, &sudo_uses, &account_changes, &service_changes,
	&file_changes, &event_alerts, NULL,
};

const struct table *const schema_tables[] = {
	&os,
	&kernel,
	&hardware,
	&packages,
	&users,
	&groups,
	&authorized_keys,
	&interfaces,
	&addresses,
	&listeners,
	&services,
	&cron,
	&modules,
	&mounts,
	&certificates,
	&processes,
	&accounts,
	&sudo_rules,
	&sshd_config,
	&sysctl,
	&routes,
	&neighbours,
	&timers,
	&trust_store,
	&firewall,
	&disks,
	&devices,
	&privileged_files,
	&language_packages,
	&containers,
	&files,
	&sensor_health,
	&package_use,
	&updates,
	&table_scan_scopes,
	&table_scan_hosts,
	&table_scan_ports,
	&table_scan_tls,
	&table_scan_certificates,
	&table_scan_web,
	&table_scan_host_keys,
	&ssh_host_keys,
	&vulnerabilities,
	&table_scanned_hosts,
	&table_asset_joins,
	&table_open_ports,
	&table_network_services,
	&table_tls_endpoints,
	&table_served_certificates,
	&table_web,
	&table_served_host_keys,
	&table_exposures,
	NULL,
};
