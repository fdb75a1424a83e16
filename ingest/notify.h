/* Tells systemd how the service is (sd_notify(3), spoken by hand: one datagram, no library). */
#ifndef INGEST_NOTIFY_H
#define INGEST_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=…"; nothing when no manager asked. */
void notify(const char *state);

#endif
