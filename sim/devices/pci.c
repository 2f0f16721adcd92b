/* SPDX-License-Identifier: Apache-2.0 */
/* See pci.h. */
#include "sim/devices/pci.h"
#include <stdbool.h>
#include <string.h>

enum { ADDRESS = 0xcf8, DATA = 0xcfc };
enum {
    COMMAND = 0x04,
    INTERRUPT_LINE = 0x3c,
    OWN_REGISTERS = 0x40
}; /* no memory behind it: no base addresses, no ROM */
#define ENABLE           0x80000000u
#define ADDRESS_WRITABLE 0x80fffffcu

void pci_reset(struct pci *p)
{
    static const uint8_t identity[] = {
        0x86, 0x80, 0x37, 0x12, /* Intel, 82441FX */
        0x06, 0x00, 0x00, 0x00, /* memory and bus master on; status */
        0x02, 0x00, 0x00, 0x06, /* revision 2, host bridge */
    };

    *p = (struct pci){.address = 0};
    memcpy(p->bridge, identity, sizeof(identity));
}

/* The bytes of the bridge's space that an access to the data port means; false: there is nothing. */
static bool selected(const struct pci *p, uint16_t port, unsigned bytes, unsigned *at)
{
    *at = (p->address & 0xfc) + (port - (unsigned)DATA);
    return (p->address & ENABLE) && !(p->address & 0x00ffff00) && *at + bytes <= sizeof(p->bridge);
}

uint32_t pci_read(const struct pci *p, uint16_t port, unsigned bytes)
{
    uint32_t v = 0;
    unsigned at;

    if (port == ADDRESS)
        return bytes == 4 ? p->address : UINT32_MAX;
    if (port < DATA || !selected(p, port, bytes, &at))
        return UINT32_MAX;
    memcpy(&v, p->bridge + at, bytes);
    return v;
}

void pci_write(struct pci *p, uint16_t port, unsigned bytes, uint32_t v)
{
    unsigned at;

    if (port == ADDRESS && bytes == 4)
        p->address = v & ADDRESS_WRITABLE;
    if (port < DATA || !selected(p, port, bytes, &at))
        return;
    for (unsigned i = 0; i < bytes; i++, at++)
        if (at == COMMAND || at == INTERRUPT_LINE || at >= OWN_REGISTERS)
            p->bridge[at] = (uint8_t)(v >> 8 * i);
}
