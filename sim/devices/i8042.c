/* SPDX-License-Identifier: Apache-2.0 */
/* See i8042.h. */
#include "sim/devices/i8042.h"
#include <string.h>

enum { DATA = 0x60, CONTROL = 0x64 };
enum { KEYBOARD, MOUSE };
enum { STATUS_OBF = 1, STATUS_SYSTEM = 4, STATUS_COMMAND = 8, STATUS_UNLOCKED = 16, STATUS_MOUSE = 32 };
enum { CONFIG_IRQ1 = 1, CONFIG_IRQ12 = 2, CONFIG_SYSTEM = 4, CONFIG_NO_KEYBOARD = 16, CONFIG_NO_MOUSE = 32 };
enum { CONFIG_TRANSLATE = 64, OUTPUT_RESET = 1, OUTPUT_A20 = 2, ACK = 0xfa, RESET_OK = 0xaa };

void i8042_reset(struct i8042 *k)
{
    *k = (struct i8042){.config = CONFIG_IRQ1 | CONFIG_SYSTEM | CONFIG_TRANSLATE,
                        .output_port = OUTPUT_RESET | OUTPUT_A20 | 0xcc};
}

static void send(struct i8042 *k, bool mouse, uint8_t v)
{
    if (k->n == I8042_QUEUE)
        return;
    k->byte[k->n] = v;
    k->from_mouse[k->n++] = mouse;
}

bool i8042_irq(const struct i8042 *k, bool mouse)
{
    return k->n && k->from_mouse[0] == mouse && (k->config & (mouse ? CONFIG_IRQ12 : CONFIG_IRQ1));
}

uint8_t i8042_read(struct i8042 *k, uint16_t port)
{
    if (port == CONTROL)
        return (uint8_t)(STATUS_UNLOCKED | (k->config & CONFIG_SYSTEM ? STATUS_SYSTEM : 0) |
                         (k->was_command ? STATUS_COMMAND : 0) | (k->n ? STATUS_OBF : 0) |
                         (k->n && k->from_mouse[0] ? STATUS_MOUSE : 0));
    uint8_t v = k->byte[0]; /* an empty buffer gives the last byte again */
    if (k->n) {
        uint8_t last = v;

        k->n--;
        memmove(k->byte, k->byte + 1, k->n);
        memmove(k->from_mouse, k->from_mouse + 1, k->n * sizeof(k->from_mouse[0]));
        if (!k->n)
            k->byte[0] = last;
    }
    return v;
}

/* ---- the devices: what each answers to a command ---- */
struct answer {
    uint8_t command, n, bytes[4];
    bool takes_byte;
};
static const struct answer keyboard[] = {
    {0xed, 1, {ACK}, true}, /* lamps */
    {0xee, 1, {0xee}, false},
    {0xf0, 1, {ACK}, true},
    {0xf2, 3, {ACK, 0xab, 0x83}, false},
    {0xf3, 1, {ACK}, true},
    {0xff, 2, {ACK, RESET_OK}, false},
};
static const struct answer mouse[] = {
    {0xe8, 1, {ACK}, true}, /* resolution */
    {0xe9, 4, {ACK, 0x00, 0x02, 0x64}, false},
    {0xeb, 4, {ACK, 0x08, 0x00, 0x00}, false},
    {0xf2, 2, {ACK, 0x00}, false},
    {0xf3, 1, {ACK}, true},
    {0xff, 3, {ACK, RESET_OK, 0x00}, false},
};

static void to_device(struct i8042 *k, unsigned device, uint8_t v)
{
    const struct answer *table = device == MOUSE ? mouse : keyboard;
    size_t n = device == MOUSE ? sizeof(mouse) / sizeof(mouse[0]) : sizeof(keyboard) / sizeof(keyboard[0]);
    bool is_parameter = k->device_command[device];

    k->device_command[device] = 0;
    for (size_t i = 0; i < n && !is_parameter; i++) {
        if (table[i].command != v)
            continue;
        for (unsigned b = 0; b < table[i].n; b++)
            send(k, device == MOUSE, table[i].bytes[b]);
        k->device_command[device] = table[i].takes_byte ? v : 0;
        return;
    }
    send(k, device == MOUSE, ACK);
}

/* ---- the controller ---- */
static bool control(struct i8042 *k, uint8_t v)
{
    k->command = 0;
    switch (v) {
    case 0x20:
        send(k, false, k->config);
        break;
    case 0x60:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
        k->command = v;
        break;
    case 0xa7:
    case 0xa8:
        k->config = (uint8_t)(v == 0xa7 ? k->config | CONFIG_NO_MOUSE : k->config & ~CONFIG_NO_MOUSE);
        break;
    case 0xa9:
    case 0xab:
        send(k, false, 0x00); /* test of the lines: good */
        break;
    case 0xaa:
        send(k, false, 0x55); /* self test: good */
        break;
    case 0xad:
    case 0xae:
        k->config = (uint8_t)(v == 0xad ? k->config | CONFIG_NO_KEYBOARD : k->config & ~CONFIG_NO_KEYBOARD);
        break;
    case 0xc0:
        send(k, false, 0x80); /* input port: not locked */
        break;
    case 0xd0:
        send(k, false, k->output_port);
        break;
    default: /* 0xf0 to 0xff pulse output lines whose bit is 0: bit 0 is the reset */
        return v >= 0xf0 && !(v & OUTPUT_RESET);
    }
    return false;
}

static bool data(struct i8042 *k, uint8_t v)
{
    uint8_t command = k->command;

    k->command = 0;
    switch (command) {
    case 0x60:
        k->config = v;
        break;
    case 0xd1:
        k->output_port = v;
        return !(v & OUTPUT_RESET);
    case 0xd2:
    case 0xd3:
        send(k, command == 0xd3, v);
        break;
    case 0xd4:
        to_device(k, MOUSE, v);
        break;
    default:
        to_device(k, KEYBOARD, v);
        break;
    }
    return false;
}

bool i8042_write(struct i8042 *k, uint16_t port, uint8_t v)
{
    k->was_command = port == CONTROL;
    return port == CONTROL ? control(k, v) : data(k, v);
}
