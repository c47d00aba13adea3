/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/futex.h"
#include "kernel/task/task.h"
#include "kernel/task/timers.h"

void task_init(void)
{
    futex_init();
    timers_init();
}
