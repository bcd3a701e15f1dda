/* sandbox.c - privileges: capabilities(7). */
#include "sys/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

/* Root gets no capabilities for being root, nobody gets any through ambient ones, for good. */
#define LOCKED_BITS                                                                                \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |                           \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED)
#define AMBIENT_BITS (SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

static uint64_t bits_of(const int *keep)
{
	uint64_t bits = 0;

	for (; keep != NULL && *keep >= 0; keep++) {
		bits |= UINT64_C(1) << *keep;
	}
	return bits;
}

static int refuse(struct why *why, const char *what)
{
	return why_set(why, errno == EPERM ? ERR_DENIED : ERR_IO, "cannot %s: %s", what,
		       strerror(errno));
}

/* Both need CAP_SETPCAP. Who lacks it has nothing in the bounding set that could come back, since
 * no_new_privs forbids to gain by execution, and there is no execution. */
static int close_ways_back(uint64_t keep, struct why *why)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
		if ((keep >> i & 1) == 0 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0 &&
		    errno != EPERM) {
			return refuse(why, "drop a capability from the bounding set");
		}
	}
	if (prctl(PR_SET_SECUREBITS, LOCKED_BITS | AMBIENT_BITS, 0, 0, 0) == 0 || errno == EPERM) {
		return 0;
	}
	/* before Linux 4.3 nothing was ambient; an emulator may know no secure bits at all */
	if (prctl(PR_SET_SECUREBITS, LOCKED_BITS, 0, 0, 0) != 0 && errno != EPERM &&
	    errno != EINVAL) {
		return refuse(why, "lock the secure bits");
	}
	return 0;
}

bool sandbox_has(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[capability / 32].effective >> capability % 32 & 1) != 0;
}

int sandbox_privileges(const int *keep, struct why *why)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t kept = bits_of(keep);
	int error;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return refuse(why, "give up new privileges");
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
		return refuse(why, "clear the ambient capabilities");
	}
	error = close_ways_back(kept, why);
	if (error != 0) {
		return error;
	}
	if (syscall(SYS_capget, &header, data) != 0) {
		return refuse(why, "read the capabilities");
	}
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(kept >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0; /* nothing will inherit */
	}
	if (syscall(SYS_capset, &header, data) != 0) {
		return refuse(why, "drop capabilities");
	}
	return 0;
}
