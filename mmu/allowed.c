/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The permission rules on combined rights. Manual: SDM vol. 3A, "Determination of Access Rights" and "Page-Fault
 * Exceptions". Supervisor accesses with @ac = false include implicit ones (descriptor tables, TSS), which SMAP never
 * lets through.
 */
#include "mmu/mmu_internal.h"

static bool user_may(uint8_t perm, enum mmu_access access)
{
    if (!(perm & TLB_U))
        return false;
    return access == MMU_READ || perm & (access == MMU_WRITE ? TLB_W : TLB_X);
}

static bool supervisor_may(const struct mmu_regs *r, uint8_t perm, enum mmu_access access, bool ac)
{
    bool is_user_page = perm & TLB_U;
    if (access == MMU_FETCH)
        return perm & TLB_X && !(r->smep && is_user_page);
    if (r->smap && is_user_page && !ac)
        return false;
    return access == MMU_READ || !r->wp || perm & TLB_W;
}

/* The error code without P and RSVD: who did what. I is reported only where fetches can be told apart at all. */
static uint32_t access_error(const struct mmu_regs *r, enum mmu_access access, bool user)
{
    bool tells_fetch = r->smep || (r->nxe && r->format != MMU_FORMAT_32);
    return (access == MMU_WRITE ? MMU_PF_W : 0u) | (user ? MMU_PF_U : 0u) |
           (access == MMU_FETCH && tells_fetch ? MMU_PF_I : 0u);
}

bool mmu_allowed(const struct mmu_regs *r, uint8_t tlb_perm, enum mmu_access access, bool user, bool ac,
                 uint32_t *error)
{
    if (user ? user_may(tlb_perm, access) : supervisor_may(r, tlb_perm, access, ac))
        return true;
    *error = MMU_PF_P | access_error(r, access, user);
    return false;
}

uint32_t mmu_table_error(const struct mmu_regs *r, enum mmu_access access, bool user, bool is_reserved)
{
    return (is_reserved ? MMU_PF_P | MMU_PF_RSVD : 0u) | access_error(r, access, user);
}
