/** @file Our tasks in a Node of their own; speaks as peers/process.mjs has it. */

import { useKernels } from "../engine.mjs";
import { machine, usualKernels } from "../machine.mjs";
import { serve } from "../peers/process.mjs";
import { watchResidentPeak } from "../peers/resident.mjs";
import { handlers } from "./tasks.mjs";

useKernels(usualKernels);
let growth = watchResidentPeak();

await serve(machine(), {
  ...handlers,
  /** From here on growth is of what comes after. */
  watchMemory: () => {
    growth = watchResidentPeak();
  },
  /** How much the process has grown since it began or last watched, at its peak; null where nobody tells. */
  memory: () => ({ bytes: growth() }),
});
