/*
 * clock_shim.c - the wall clock as a scenario wishes: the true one plus an offset in seconds.
 *
 * Loaded with LD_PRELOAD. The offset is read from a page shared with the scenario, mapped
 * before main, so that a sandboxed process needs no call to see it change.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_s;

__attribute__((constructor)) static void map_offset(void)
{
	const char *path = getenv("CLOCK_SHIM_PAGE");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page;

	if (fd < 0) {
		return;
	}
	page = mmap(NULL, sizeof *offset_s, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (page != MAP_FAILED) {
		offset_s = page;
	}
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	long failed = syscall(SYS_clock_gettime, clock, out);

	if (failed == 0 && offset_s != NULL &&
	    (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		out->tv_sec += *offset_s;
	}
	return (int)failed;
}

time_t time(time_t *out)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL) {
		*out = now.tv_sec;
	}
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now = { 0, 0 };

	(void)zone;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
	return 0;
}
