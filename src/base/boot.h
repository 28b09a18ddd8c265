/* The time when this host started: an older file was created by a process that no longer runs, and
 * may be damaged by a power cut. */
#ifndef BASE_BOOT_H
#define BASE_BOOT_H

#include <stdint.h>

/* Seconds since 1970, by the current setting of the clock; 0 if unknown. */
int64_t boot_time(void);

enum { BOOT_ID_SIZE = 64 };
/* The ID of this boot of the host; "" if unknown. */
void boot_id(char out[BOOT_ID_SIZE]);

#endif
