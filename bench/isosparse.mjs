/** @file The package as built, which is what users run; what a browser can run too. */

export {
  buildTopology,
  convolution,
  createTrainer,
  fromLayers,
  mlp,
  nonZeros,
  parameterCount,
  randomStream,
  sgd,
} from "../dist/core.js";
export { compileKernels } from "../dist/engine/kernels/load.js";
export { makePlan, writePlan } from "../dist/engine/plan.js";
export { represent } from "../dist/engine/representation.js";
export { fitIsometry } from "../dist/init/approximate-isometry.js";
export { networkInput, networkOutput, sizeOf } from "../dist/network/layer-shape.js";
export { startModel } from "../dist/runtime/model.js";
export { transpose } from "../dist/topology/transpose.js";
