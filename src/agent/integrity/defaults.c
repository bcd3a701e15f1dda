/* defaults.c - what an intruder changes to stay, and what changes by itself. */
#include "agent/integrity/defaults.h"

const char *const default_paths[] = {
	/* settings, and who may do what */
	"/etc",
	/* what the machine starts: kernels, their first file systems, the boot loader */
	"/boot",
	/* programs */
	"/usr/bin",
	"/usr/sbin",
	"/usr/local/bin",
	"/usr/local/sbin",
	"/bin",
	"/sbin",
	/* services, timers, device rules */
	"/usr/lib/systemd",
	"/lib/systemd",
	"/usr/local/lib/systemd",
	"/usr/lib/udev/rules.d",
	/* who comes in, and how */
	"/usr/lib/security",
	"/usr/lib64/security",
	"/usr/lib/x86_64-linux-gnu/security",
	"/usr/lib/aarch64-linux-gnu/security",
	"/lib/security",
	"/root/.ssh",
	"/root/.profile",
	"/root/.bashrc",
	"/root/.bash_profile",
	/* what runs by the clock */
	"/var/spool/cron",
	"/var/spool/at",
	(const char *)0,
};

const char *const default_excludes[] = {
	"/etc/adjtime",                  /* the clock's drift */
	"/etc/blkid.tab*",               /* a cache */
	"/etc/cups/subscriptions.conf*", /* the print server's state */
	"/etc/lvm/archive",              /* LVM's own backups */
	"/etc/lvm/backup",
	"/etc/lvm/cache",
	"/etc/.git",          /* etckeeper's */
	"/boot/grub/grubenv", /* counts starts */
	"/boot/grub2/grubenv",
	"/root/.ssh/known_hosts*", /* grows by use, and says where people go */
	"/var/spool/at/spool",
	"/var/spool/cron/lastrun",
	(const char *)0,
};

const char *const fixed_excludes[] = { "/proc", "/sys", (const char *)0 };
