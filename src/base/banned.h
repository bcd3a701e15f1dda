/*
 * banned.h - force-included into every C file: functions that have a safer
 * replacement here do not compile.
 */
#pragma once

/* Some system headers mention these names themselves: let them, first. */
#if __STDC_HOSTED__ && !defined(BARTIZAN_FREESTANDING)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#endif

#pragma GCC poison strcpy strcat sprintf vsprintf strncpy strncat strtok gets
#pragma GCC poison atoi atol atof strtol strtoul sscanf fscanf scanf
#undef alloca
#pragma GCC poison alloca system popen gmtime localtime asctime ctime
