/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own words at the start of the command line; what is left of it is process 1's.
 *
 *   ktest   hypercalls that a hypervisor must refuse, and faults it must reflect: "@test NAME pass|fail" each
 *   crash   returns to user mode from a stack that is not mapped: the hypervisor must end this domain, and only it
 *   badcall makes hypercalls that do not exist, which are only refused, and then one that has no answer: an iret to
 * user mode without user page tables triple  drops its trap table and faults: there is nothing to reflect the fault to,
 * so the same
 *
 * How ktest could lie: a refused request and a request that silently does nothing look alike, so what was refused is
 * also checked not to have happened. Each test leaves the page it used as it was, mapped and writable.
 */
#include "kernel/lib.h"
#include "kernel/page.h"
#include "pv64/hypercall.h"

#define HYPERVISOR_PRIVATE 0xffff830000000000ul
#define KERNEL_SPACE_SLOT  511u
#define PTE_PSE            0x80ul

/* The pages under test: one frame each, nothing else on them. */
static uint64_t scratch[PT_ENTRIES] __attribute__((aligned(4096)));
static uint64_t second[PT_ENTRIES] __attribute__((aligned(4096)));

static uint64_t mfn_of(const void *p)
{
    return pv64_mfn(page_frame(p));
}

static uint64_t pte_of(const void *p, uint64_t flags)
{
    return mfn_of(p) << PAGE_SHIFT | flags;
}

static long map(void *va, uint64_t pte)
{
    return hv_update_va_mapping((uint64_t)va, pte, UVMF_INVLPG | UVMF_LOCAL);
}

static bool restore(void *page)
{
    return map(page, pte_of(page, PV64_PTE_KERNEL)) == 0;
}

static long ext(unsigned cmd, uint64_t mfn)
{
    struct mmuext_op op = {.cmd = cmd, .arg1.mfn = mfn};

    return hv_mmuext_op(&op, 1);
}

static long update(uint64_t machine_address, uint64_t value)
{
    struct mmu_update u = {.ptr = machine_address | MMU_NORMAL_PT_UPDATE, .val = value};

    return hv_mmu_update(&u, 1);
}

static bool can_write(void *p, uint64_t value)
{
    return raw_copy(p, &value, 8) == 0;
}

static bool can_read(uint64_t va)
{
    uint64_t value;

    return raw_copy(&value, (const void *)va, 8) == 0;
}

static uint64_t *kernel_level2(void)
{
    uint64_t *level3 = page_address(plat_pte_frame(pv64_boot_root[KERNEL_SPACE_SLOT]));

    return page_address(plat_pte_frame(level3[PT_ENTRIES - 2]));
}

/* A frame of memory above 2 MiB that is not this domain's; 0 if none is found. */
static uint64_t foreign_mfn(void)
{
    for (uint64_t mfn = 0x200; mfn < 0x10000; mfn++) {
        unsigned long pfn;
        if (raw_copy(&pfn, &machine_to_phys_mapping[mfn], 8))
            return 0;
        if (pfn >= pv64_start->nr_pages || pv64_mfn(pfn) != mfn)
            return mfn;
    }
    return 0;
}

/* ---- Hypercalls as such ---- */

static bool test_unknown_hypercall(void)
{
    return hypercall5(60, 0, 0, 0, 0, 0) == -ENOSYS && hypercall5(127, 1, 2, 3, 4, 5) == -ENOSYS &&
           hv_sched_op(99, NULL) == -ENOSYS;
}

static bool test_bad_pointer(void)
{
    const void *unmapped = (const void *)0x1000, *private = (const void *)HYPERVISOR_PRIVATE;

    return hv_console_write(unmapped, 8) == -EFAULT && hv_console_write(private, 8) == -EFAULT &&
           hv_mmu_update(unmapped, 1) == -EFAULT && hv_mmu_update(private, 1) == -EFAULT &&
           hv_mmuext_op(private, 1) == -EFAULT && hv_callback_op(CALLBACKOP_register, private) == -EFAULT &&
           hypercall5(__HYPERVISOR_multicall, HYPERVISOR_PRIVATE, 1, 0, 0, 0) == -EFAULT;
}

static bool test_multicall(void)
{
    struct multicall_entry calls[3] = {
        {.op = __HYPERVISOR_update_va_mapping,
         .args = {(uint64_t)scratch, pte_of(scratch, PV64_PTE_KERNEL_RO), UVMF_INVLPG}},
        {.op = 60},
        {.op = __HYPERVISOR_update_va_mapping,
         .args = {(uint64_t)second, pte_of(second, PV64_PTE_KERNEL_RO), UVMF_INVLPG}},
    };

    bool ok = hv_multicall(calls, 3) == 0 && (long)calls[0].result == 0 && (long)calls[1].result == -ENOSYS &&
              (long)calls[2].result == 0 && !can_write(scratch, 1) && !can_write(second, 1);
    return restore(scratch) && restore(second) && ok;
}

/* ---- Mapping ---- */

static bool test_read_only_mapping(void)
{
    bool ok = can_write(scratch, 1) && map(scratch, pte_of(scratch, PV64_PTE_KERNEL_RO)) == 0;

    ok = ok && !can_write(scratch, 2) && scratch[0] == 1;
    return restore(scratch) && can_write(scratch, 3) && ok;
}

/* The address leads to the other frame at once, and back. */
static bool test_remap(void)
{
    volatile uint64_t *word = scratch;

    scratch[0] = 0x1111;
    second[0] = 0x2222;
    bool ok = *word == 0x1111 && map(scratch, pte_of(second, PV64_PTE_KERNEL)) == 0 && *word == 0x2222;
    return restore(scratch) && *word == 0x1111 && ok;
}

static bool test_map_foreign(void)
{
    uint64_t mfn = foreign_mfn();
    bool ok = mfn && map(scratch, mfn << PAGE_SHIFT | PV64_PTE_KERNEL) < 0 &&
              map(scratch, mfn << PAGE_SHIFT | PV64_PTE_KERNEL_RO) < 0;

    return can_write(scratch, 4) && scratch[0] == 4 && ok;
}

static bool test_map_no_frame(void)
{
    return map(scratch, 0x000ffffffffff000ul | PV64_PTE_KERNEL) < 0 && can_write(scratch, 5);
}

static bool test_map_hypervisor_space(void)
{
    return map((void *)HYPERVISOR_PRIVATE, pte_of(scratch, PV64_PTE_KERNEL)) < 0 &&
           map((void *)MACH2PHYS_VIRT_START, pte_of(scratch, PV64_PTE_KERNEL)) < 0;
}

static bool test_map_table_writable(void)
{
    return map(scratch, pte_of(pv64_boot_root, PV64_PTE_KERNEL)) < 0 &&
           map(scratch, pte_of(kernel_level2(), PV64_PTE_KERNEL)) < 0 &&
           map(pv64_boot_root, pte_of(pv64_boot_root, PV64_PTE_KERNEL)) < 0 && can_write(scratch, 6);
}

/* ---- Faults ---- */

static bool test_write_table(void)
{
    uint64_t before = pv64_boot_root[KERNEL_SPACE_SLOT], *level2 = kernel_level2(), entry = level2[0];

    return !can_write(&pv64_boot_root[KERNEL_SPACE_SLOT], 0) && !can_write(level2, 0) &&
           pv64_boot_root[KERNEL_SPACE_SLOT] == before && level2[0] == entry;
}

static bool test_write_m2p(void)
{
    return can_read(MACH2PHYS_VIRT_START + 8 * mfn_of(scratch)) &&
           !can_write((void *)(MACH2PHYS_VIRT_START + 8 * mfn_of(scratch)), 0) &&
           pv64_pfn(mfn_of(scratch)) == page_frame(scratch);
}

static bool test_read_hypervisor(void)
{
    return !can_read(HYPERVISOR_PRIVATE) && !can_write((void *)HYPERVISOR_PRIVATE, 0);
}

static bool test_non_canonical(void)
{
    return !can_read(0x8000000000000000ul) && !can_write((void *)0x1234560000000000ul, 0);
}

/* ---- Table updates ---- */

static bool test_update_no_frame(void)
{
    return update(0x000ffffffffff000ul, 0) < 0;
}

static bool test_update_foreign(void)
{
    uint64_t mfn = foreign_mfn();

    return mfn && update(mfn << PAGE_SHIFT, 0) < 0;
}

static bool test_update_hypervisor_slot(void)
{
    uint64_t at = pv64_machine_address(&pv64_boot_root[256]);

    return update(at, 0) < 0 && can_read(MACH2PHYS_VIRT_START);
}

static bool test_update_superpage(void)
{
    uint64_t *slot = &kernel_level2()[PT_ENTRIES - 1];
    bool ok = update(pv64_machine_address(slot), pte_of(scratch, PV64_PTE_KERNEL | PTE_PSE)) < 0;

    return ok && !*slot;
}

/* ---- Pinning ---- */

static bool test_pin_writable(void)
{
    memset(scratch, 0, PAGE_SIZE);
    return ext(MMUEXT_PIN_L1_TABLE, mfn_of(scratch)) < 0 && ext(MMUEXT_PIN_L4_TABLE, mfn_of(scratch)) < 0 &&
           can_write(scratch, 7);
}

static bool test_pin_garbage(void)
{
    for (unsigned i = 0; i < PT_ENTRIES; i++)
        scratch[i] = 0xfffffffffffff067ul;
    map(scratch, pte_of(scratch, PV64_PTE_KERNEL_RO));
    bool ok = ext(MMUEXT_PIN_L1_TABLE, mfn_of(scratch)) < 0 && ext(MMUEXT_PIN_L2_TABLE, mfn_of(scratch)) < 0 &&
              ext(MMUEXT_PIN_L3_TABLE, mfn_of(scratch)) < 0 && ext(MMUEXT_PIN_L4_TABLE, mfn_of(scratch)) < 0;
    return restore(scratch) && can_write(scratch, 8) && ok;
}

/* A table is of one level only. */
static bool test_pin_level(void)
{
    return ext(MMUEXT_PIN_L1_TABLE, mfn_of(pv64_boot_root)) < 0 &&
           ext(MMUEXT_PIN_L4_TABLE, mfn_of(kernel_level2())) < 0;
}

/* What a page table goes through: pinned, not writable, changed by hypercall alone, unpinned, writable again. */
static bool test_pin_life(void)
{
    uint64_t foreign = foreign_mfn();

    memset(scratch, 0, PAGE_SIZE);
    bool ok = map(scratch, pte_of(scratch, PV64_PTE_KERNEL_RO)) == 0;
    ok = ok && ext(MMUEXT_PIN_L1_TABLE, mfn_of(scratch)) == 0;
    ok = ok && map(scratch, pte_of(scratch, PV64_PTE_KERNEL)) < 0 && ext(MMUEXT_PIN_L1_TABLE, mfn_of(scratch)) < 0;
    ok = ok && update(pv64_machine_address(&scratch[5]), pte_of(second, PV64_PTE_KERNEL)) == 0;
    ok = ok && plat_pte_frame(scratch[5]) == page_frame(second);
    ok = ok && update(pv64_machine_address(&scratch[6]), foreign << PAGE_SHIFT | PV64_PTE_KERNEL) < 0 && !scratch[6];
    ok = ok && update(pv64_machine_address(&scratch[7]), pte_of(scratch, PV64_PTE_KERNEL)) < 0 && !scratch[7];
    ok = ok && ext(MMUEXT_UNPIN_TABLE, mfn_of(scratch)) == 0 && ext(MMUEXT_UNPIN_TABLE, mfn_of(scratch)) < 0;
    return restore(scratch) && can_write(scratch, 9) && ok;
}

static bool test_unpin_unpinned(void)
{
    return ext(MMUEXT_UNPIN_TABLE, mfn_of(scratch)) < 0 && ext(MMUEXT_UNPIN_TABLE, 0xfffffffffful) < 0 &&
           can_write(scratch, 10);
}

static bool test_baseptr_garbage(void)
{
    return ext(MMUEXT_NEW_BASEPTR, mfn_of(scratch)) < 0 && ext(MMUEXT_NEW_BASEPTR, 0xfffffffffful) < 0 &&
           ext(MMUEXT_NEW_USER_BASEPTR, mfn_of(scratch)) < 0 && ext(MMUEXT_NEW_BASEPTR, mfn_of(kernel_level2())) < 0;
}

/* ---- Callbacks and events ---- */

static bool test_callback_non_canonical(void)
{
    struct callback_register c = {.type = CALLBACKTYPE_sysenter, .address = 0x8000000000000000ul};

    return hv_callback_op(CALLBACKOP_register, &c) < 0;
}

static bool test_virq_twice(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0}, bad = {.virq = 99, .vcpu = 0};

    return hv_event_channel_op(EVTCHNOP_bind_virq, &bind) < 0 && hv_event_channel_op(EVTCHNOP_bind_virq, &bad) < 0;
}

/* ---- The words ---- */

static bool is_failed;

static void run_ktest(void)
{
    static const struct {
        const char *name;
        bool (*run)(void);
    } tests[] = {
#define KTEST(name, fn) {name, fn},
#include "pv64/ktest.def"
#undef KTEST
    };

    for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
        bool is_pass = tests[i].run();
        kprintf("@test %s %s\n", tests[i].name, is_pass ? "pass" : "fail");
        is_failed = is_failed || !is_pass;
    }
}

static void run_triple(void)
{
    hv_set_trap_table(NULL); /* none at all */
    *(volatile uint64_t *)0x1000 = 0;
}

static void run_badcall(void)
{
    for (unsigned n = 50; n < 128; n++)
        if (hypercall5(n, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul) != -ENOSYS)
            panic("hypercall %u has an answer", n);
    pv64_iret_to_nowhere();
}

const char *pv64_kernel_words(const char *cmdline)
{
    static const struct {
        const char *word;
        void (*run)(void);
    } words[] = {
        {"ktest", run_ktest}, {"crash", pv64_iret_from_bad_stack}, {"triple", run_triple}, {"badcall", run_badcall}};
    bool has_run = false;

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        size_t n = strlen(words[i].word);
        if (strlen(cmdline) < n || memcmp(cmdline, words[i].word, n) || (cmdline[n] && cmdline[n] != ' '))
            continue;
        words[i].run();
        cmdline += n;
        while (*cmdline == ' ')
            cmdline++;
        has_run = true;
    }
    if (is_failed || (has_run && !*cmdline))
        plat_shutdown(is_failed ? PLAT_END_FAILED : PLAT_END_POWEROFF, is_failed);
    return cmdline;
}
