/*
 * sandbox_platform.h - what differs between machines and builds: the architecture that a filter
 * must see, and what a sanitizer needs that a release does without.
 */
#pragma once

#include <linux/audit.h>

#if defined(__x86_64__)
#define PLATFORM_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define PLATFORM_ARCH AUDIT_ARCH_AARCH64
#else
#error "no table of system calls for this architecture"
#endif

/* Calls of the x32 interface have this bit; elsewhere no call has. */
#define PLATFORM_X32_BIT 0x40000000u

#if defined(__has_feature)
#define PLATFORM_HAS_FEATURE(feature) __has_feature(feature)
#else
#define PLATFORM_HAS_FEATURE(feature) 0
#endif

/* A sanitizer maps, looks at itself and stops itself to look for leaks. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	PLATFORM_HAS_FEATURE(address_sanitizer) || PLATFORM_HAS_FEATURE(thread_sanitizer) ||       \
	PLATFORM_HAS_FEATURE(memory_sanitizer)
#define PLATFORM_IS_SANITIZED 1
#else
#define PLATFORM_IS_SANITIZED 0
#endif
