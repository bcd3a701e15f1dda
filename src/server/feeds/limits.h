/*
 * limits.h - what feeds may be at most; beyond it a feed is refused, and the last good one stays.
 *
 * The builder of the index holds, at the worst: 48 bytes an entry, 112 a vulnerability, 24 a place,
 * and each distinct string once with 16 bytes beside it.
 */
#pragma once

/* --- the index --- */
#define KNOWLEDGE_ENTRIES_MAX         16000000
#define KNOWLEDGE_PLACES_MAX          4000000
#define KNOWLEDGE_VULNERABILITIES_MAX 4000000
#define KNOWLEDGE_STRINGS_MAX         (1u << 30) /* bytes, in all */
#define KNOWLEDGE_LISTS_MAX           (1u << 28) /* ranges and versions, in words */
#define KNOWLEDGE_FILE_MAX            (UINT64_C(4) << 30)

/* Of one entry or vulnerability. */
#define KNOWLEDGE_NAME_MAX       512  /* id, package, version, advisory, word: longer is refused */
#define KNOWLEDGE_SUMMARY_MAX    512  /* longer is cut, between characters */
#define KNOWLEDGE_QUOTE_MAX      1024 /* longer is cut */
#define KNOWLEDGE_RANGES_MAX     4096
#define KNOWLEDGE_VERSIONS_MAX   65535
#define KNOWLEDGE_ALIASES_MAX    2048 /* bytes; more are left out */
#define KNOWLEDGE_REFERENCES_MAX 16
#define KNOWLEDGE_REFERENCE_MAX  512 /* bytes; a longer one is left out */

/* --- feeds' files --- */
#define FEED_FILE_MAX     (UINT64_C(2) << 30)   /* as stored */
#define FEED_INFLATED_MAX (UINT64_C(512) << 20) /* a .gz, in memory */
#define FEED_RATIO_MAX    1100    /* inflated : deflated; deflate cannot do more than 1032 */
#define FEED_MEMBERS_MAX  2000000 /* files in an archive or folder */
#define FEED_MEMBER_MAX   (UINT64_C(64) << 20) /* one of them, inflated */
#define FEED_INFLATED_ALL (UINT64_C(16) << 30) /* all of them, one after the other */
#define FEED_TEXT_MAX     (4u << 20)           /* decoded texts of one record, in all */

/* More of its records than one in FEED_ODD_SHARE being unreadable makes a file nonsense. */
#define FEED_ODD_SHARE 10
