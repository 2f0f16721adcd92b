/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyboard controller, ports 0x60 and 0x64, with a keyboard and a mouse that nobody touches: they answer commands and
 * send nothing by themselves. Answers are there at once. The reset line is the board's business (i8042_write returns
 * it). Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { I8042_QUEUE = 16 };

struct i8042 {
    uint8_t config, output_port, command; /* command: one that waits for its byte on port 0x60; 0: none */
    uint8_t device_command[2];            /* keyboard, mouse: likewise */
    bool was_command;                     /* the last write went to port 0x64 */
    uint8_t byte[I8042_QUEUE];
    bool from_mouse[I8042_QUEUE];
    unsigned n; /* bytes in the queue, first at 0 */
};

void i8042_reset(struct i8042 *k);
uint8_t i8042_read(struct i8042 *k, uint16_t port);
bool i8042_write(struct i8042 *k, uint16_t port, uint8_t v); /* Return: the machine is to be reset. */
bool i8042_irq(const struct i8042 *k, bool mouse);           /* level of IRQ 1, or 12 */
