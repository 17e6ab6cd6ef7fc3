/*-------------------------------------------------------------------------
 *
 * kernel_value.h
 *		Checks of single values, one for each detector of kernel_detect.c.
 *
 * Each takes any bytes, at most DM_VALUE_MAX of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DATAMESH_MASKING_KERNEL_VALUE_H
#define DATAMESH_MASKING_KERNEL_VALUE_H

#include "masking/kernel.h"

extern DmFit DmFitEmail(const char *text, size_t length);
extern DmFit DmFitPhone(const char *text, size_t length);
extern DmFit DmFitIpv4(const char *text, size_t length);
extern DmFit DmFitIpv6(const char *text, size_t length);
extern DmFit DmFitMac(const char *text, size_t length);
extern DmFit DmFitUrl(const char *text, size_t length);
extern DmFit DmFitCard(const char *text, size_t length);
extern DmFit DmFitIban(const char *text, size_t length);
extern DmFit DmFitSsn(const char *text, size_t length);
extern DmFit DmFitNhs(const char *text, size_t length);
extern DmFit DmFitNino(const char *text, size_t length);
extern DmFit DmFitNif(const char *text, size_t length);
extern DmFit DmFitTaxId(const char *text, size_t length);
extern DmFit DmFitPesel(const char *text, size_t length);
extern DmFit DmFitAadhaar(const char *text, size_t length);
extern DmFit DmFitDate(const char *text, size_t length);
extern DmFit DmFitAddress(const char *text, size_t length);
extern DmFit DmFitCrypto(const char *text, size_t length);

#endif /* DATAMESH_MASKING_KERNEL_VALUE_H */
