/*
 * executable.h - what program a process runs.
 */
#pragma once

#include <sys/types.h>

#define EXECUTABLE_SIZE 4096

/* The path of /proc/PID/exe, without what the kernel adds when the file was replaced; "" where it
 * may not be known. */
void executable_of(pid_t pid, char out[EXECUTABLE_SIZE]);
