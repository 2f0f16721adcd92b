/* SPDX-License-Identifier: Apache-2.0 */
/* Who and what the hypervisor is, and the console: xen_version, console_io. */
#include "hv/include/xen.h"
#include <xen/features.h>
#include <xen/version.h>
#include "hv/include/boot.h"
#include "hv/include/printk.h"
#include "hv/include/string.h"
#include "hv/mm/uaccess.h"
#include "hv/pv/hypercall.h"
#include "hv/pv/pv.h"

#define ABI_VERSION (4 << 16 | 17) /* the interface that the features below belong to */

static long put_text(uint64_t arg, const char *text, size_t bytes)
{
    char buffer[1024] = {0};

    memcpy(buffer, text, strnlen(text, bytes - 1));
    return hv_copy_to_guest(arg, buffer, bytes);
}

static long get_features(const struct domain *d, uint64_t arg)
{
    struct xen_feature_info fi;

    if (hv_copy_from_guest(&fi, arg, sizeof(fi)))
        return -XEN_EFAULT;
    if (fi.submap_idx != 0)
        return -XEN_EINVAL;
    fi.submap = 1u << XENFEAT_mmu_pt_update_preserve_ad | 1u << XENFEAT_highmem_assist;
    if (d->is_privileged)
        fi.submap |= 1u << XENFEAT_dom0;
    return hv_copy_to_guest(arg, &fi, sizeof(fi));
}

long hv_pv_xen_version(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3, uint64_t a4)
{
    static const struct xen_compile_info compile_info = {"gcc", "vmscale", "", ""};
    const struct xen_platform_parameters platform = {HV_VIRT_START};

    (void)a2, (void)a3, (void)a4;
    switch (cmd) {
    case XENVER_version:
        return ABI_VERSION;
    case XENVER_extraversion:
        return put_text(arg, "-vmscale", XEN_EXTRAVERSION_LEN);
    case XENVER_compile_info:
        return hv_copy_to_guest(arg, &compile_info, sizeof(compile_info));
    case XENVER_capabilities:
        return put_text(arg, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return put_text(arg, "none", sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return hv_copy_to_guest(arg, &platform, sizeof(platform));
    case XENVER_get_features:
        return get_features(hv_current()->domain, arg);
    case XENVER_pagesize:
        return 1 << 12;
    case XENVER_commandline:
        return put_text(arg, "", sizeof(xen_commandline_t));
    default:
        return -XEN_ENOSYS;
    }
}

/* Prints the gathered line in one piece. Caller holds line_lock. */
static void put_line(struct domain *d)
{
    char text[HV_PV_LINE_BYTES + sizeof(d->name) + 8];
    int n = hv_snprintf(text, sizeof(text), "(%s) %.*s\n", d->name, (int)d->pv.line_used, d->pv.line);

    hv_console_write(text, (size_t)n);
    d->pv.line_used = 0;
}

void hv_pv_console_flush(struct domain *d)
{
    hv_spin_lock(&d->pv.line_lock);
    if (d->pv.line_used)
        put_line(d);
    hv_spin_unlock(&d->pv.line_lock);
}

/* Lines are kept whole, so that domains do not mix within one; what is not printable becomes a dot. */
static void gather(struct domain *d, const char *text, size_t n)
{
    hv_spin_lock(&d->pv.line_lock);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '\r')
            continue;
        if (c != '\n')
            d->pv.line[d->pv.line_used++] = (c >= ' ' && c <= '~') || c == '\t' ? c : '.';
        if (c == '\n' || d->pv.line_used == HV_PV_LINE_BYTES)
            put_line(d);
    }
    hv_spin_unlock(&d->pv.line_lock);
}

long hv_pv_console_io(uint64_t cmd, uint64_t count, uint64_t buffer, uint64_t a3, uint64_t a4)
{
    char chunk[128];

    (void)a3, (void)a4;
    if (cmd == CONSOLEIO_read)
        return 0; /* nobody types */
    if (cmd != CONSOLEIO_write)
        return -XEN_ENOSYS;
    for (uint32_t left = (uint32_t)count, n; left; left -= n, buffer += n) {
        n = left < sizeof(chunk) ? left : sizeof(chunk);
        if (hv_copy_from_guest(chunk, buffer, n))
            return -XEN_EFAULT;
        gather(hv_current()->domain, chunk, n);
    }
    return 0;
}
