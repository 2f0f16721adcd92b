/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space by mechanism 1 (ports 0xcf8, 0xcfc), with one device: the host bridge, bus 0 device 0. It has
 * the identity of a 440FX, which every kernel knows, and nothing behind it. Registers that are not identity keep what
 * is written. Source: PCI Local Bus Specification 3.0, "Configuration Space"; Intel 82441FX data sheet for the ids.
 */
#pragma once
#include <stdint.h>

struct pci {
    uint32_t address;
    uint8_t bridge[256];
};

void pci_reset(struct pci *p);
/* @port: 0xcf8, or 0xcfc to 0xcff. */
uint32_t pci_read(const struct pci *p, uint16_t port, unsigned bytes);
void pci_write(struct pci *p, uint16_t port, unsigned bytes, uint32_t v);
