/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/task/futex.h"
#include "kernel/task/proc_task.h"
#include "kernel/task/task.h"
#include "kernel/task/timers.h"
#include "kernel/vm/vm.h"

void task_init(void)
{
    futex_init();
    timers_init();
    proc_task_init();
    vm_proc_init();
}
