/*
 * storm.c - executes a program so many times a second for so many seconds, each time with the next
 * of a file's command lines: `bench-execs PROGRAM LINES RATE SECONDS`.
 *
 * The pace is kept by an absolute clock: who falls behind catches up. Prints how many it executed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX     64
#define ARGUMENTS_MAX 512
#define STEPS_A_S     100 /* what is due is executed together, so often */

struct line {
	char *text;
	char *arguments[ARGUMENTS_MAX + 1];
};

static size_t split(char *text, char *out[ARGUMENTS_MAX + 1])
{
	size_t count = 0;

	for (char *at = text; *at != '\0' && count < ARGUMENTS_MAX;) {
		at += strspn(at, " \n");
		if (*at == '\0') {
			break;
		}
		out[count++] = at;
		at += strcspn(at, " \n");
		if (*at != '\0') {
			*at++ = '\0';
		}
	}
	out[count] = NULL;
	return count;
}

static size_t read_lines(const char *path, struct line lines[LINES_MAX])
{
	FILE *file = fopen(path, "re");
	size_t count = 0;
	size_t size = 0;

	while (file != NULL && count < LINES_MAX && getline(&lines[count].text, &size, file) > 0) {
		if (lines[count].text[0] != '#' &&
		    split(lines[count].text, lines[count].arguments) > 0) {
			count++;
		}
		size = 0;
		lines[count].text = NULL;
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return count;
}

static void execute(const char *program, char *const arguments[])
{
	static char *const environment[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve(program, arguments, environment);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

static void wait_step(struct timespec *next)
{
	next->tv_nsec += 1000000000 / STEPS_A_S;
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) == EINTR) {
	}
}

int main(int argc, char **argv)
{
	static struct line lines[LINES_MAX + 1];
	struct timespec next;
	size_t count = argc == 5 ? read_lines(argv[2], lines) : 0;
	uint64_t rate = argc == 5 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t steps = argc == 5 ? STEPS_A_S * strtoull(argv[4], NULL, 10) : 0;
	uint64_t done = 0;

	if (count == 0) {
		(void)fputs("use: bench-execs PROGRAM LINES RATE SECONDS\n", stderr);
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (uint64_t step = 1; step <= steps; step++) {
		for (; done < step * rate / STEPS_A_S; done++) {
			execute(argv[1], lines[done % count].arguments);
		}
		wait_step(&next);
	}
	printf("%llu\n", (unsigned long long)done);
	return 0;
}
