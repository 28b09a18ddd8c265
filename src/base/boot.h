/* When this machine started: what is older was made by a process that no longer runs, and may have
 * been written when the power failed. */
#ifndef BASE_BOOT_H
#define BASE_BOOT_H

#include <stdint.h>

/* Seconds since 1970, by the clock as it is set now; 0 if the system does not say. */
int64_t boot_time(void);

enum { BOOT_ID_SIZE = 64 };
/* What names this start of the machine; "" if the system does not say. */
void boot_id(char out[BOOT_ID_SIZE]);

#endif
