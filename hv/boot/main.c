/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the hypervisor, told once: what is set up, in which order, and why in that order. */
#include "hv/boot/boot.h"
#include "hv/include/domain.h"
#include "hv/include/lapic.h"
#include "hv/include/options.h"
#include "hv/include/printk.h"
#include "hv/include/smp.h"
#include "hv/include/string.h"
#include "hv/include/trap.h"
#include "hv/include/x86.h"
#include "hv/include/x86_insn.h"

static void report_option(const char *message)
{
    hv_printk("boot word refused: %s\n", message);
}

static uint64_t ram_bytes(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < hv_boot.n_ram; i++)
        sum += hv_boot.ram[i].end_phys - hv_boot.ram[i].start_phys;
    return sum;
}

/* What this hypervisor cannot do without; everything else it asks for where it is used. */
static void require_features(void)
{
    if (!(hv_cpuid(1, 0).edx & X86_CPUID_PGE))
        hv_panic("the CPU has no global pages");
    if (!(hv_cpuid(0x80000001, 0).edx & X86_CPUID_EXT_NX))
        hv_panic("the CPU has no execute-disable, or the firmware has switched it off");
    if (hv_rdmsr(X86_MSR_APIC_BASE) & X86_APIC_BASE_X2APIC)
        hv_panic("the firmware has left the local APIC in x2APIC mode");
}

/* hv_main() - the boot CPU, on the stack of head.S, interrupts off. */
void hv_main(uint64_t start_info_phys)
{
    hv_smp_prepare_bsp();
    hv_console_init();
    require_features();
    hv_paging_init();
    hv_trap_init();
    hv_descriptors_init_cpu(0); /* from here on a fault is reported */
    hv_boot_read_info(start_info_phys);
    hv_options_parse(&hv_opt, hv_boot.cmdline, report_option);
    if (hv_opt.console != 0)
        hv_console_quiet();
    hv_spin_select(hv_opt.spinlock); /* patches code: needs the direct map, and no second CPU */
    hv_acpi_init();
    hv_mm_init(); /* takes over all memory; hv_boot_map() ends here */
    hv_lapic_init_cpu();
    hv_time_init();
    hv_sched_init_cpu();
    hv_flush_cpu_init();
    hv_pv_init_cpu();
    hv_smp_start_all();
    hv_paging_finish(); /* the other CPUs have left the identity map */
    hv_printk("vmscale hypervisor: %u CPUs, %lu MiB, TSC %lu kHz\n", hv_n_cpus, ram_bytes() >> 20, hv_time_tsc_khz());
    hv_domains_build();
    hv_domain_all_built();
    hv_sched_idle_loop();
}
