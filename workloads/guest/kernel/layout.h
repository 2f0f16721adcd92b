/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space, as every process sees it:
 *
 *   0000000000400000  program text, data, then the heap (brk) right behind
 *   00007ffff7ff0000  end of the mmap area, which grows down from here
 *   00007fffffff0000  end of the stack, which may grow to STACK_MAX_BYTES
 *   00007ffffffff000  end of user space
 *   ffffffff80000000  KERNEL_BASE: all memory of the machine, frame 0 first, the kernel's image at its start
 *
 * Each frame has exactly one kernel address. That makes "this frame became a page table, so the kernel may not write it
 * any more" one change of one entry, and address arithmetic enough to go from frame to pointer and back.
 */
#pragma once

#define USER_END         0x00007ffffffff000ul
#define USER_MIN         0x0000000000010000ul
#define USER_STACK_END   0x00007fffffff0000ul
#define STACK_MAX_BYTES  (8ul << 20)
#define USER_MMAP_END    0x00007ffff7ff0000ul
#define KERNEL_BASE      0xffffffff80000000ul
#define KERNEL_MAP_BYTES (1ul << 30) /* memory beyond this is not used */

#define KSTACK_BYTES 4096ul
