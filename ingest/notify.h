/* Tells systemd how the service is (sd_notify(3), spoken by hand: one datagram, no library). */
#ifndef INGEST_NOTIFY_H
#define INGEST_NOTIFY_H

/* "READY=1", "STOPPING=1"; nothing when no manager asked. */
void notify(const char *state);
/* "RELOADING=1" with the monotonic time that goes with it; to be followed by READY=1. */
void notify_reloading(void);

#endif
