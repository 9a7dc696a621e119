/**
 * @file From the lanes' gradients to the update, over fixed chunks of the flat parameter vector (all weights,
 * then all biases), so that sums come out the same on any number of threads.
 */

import { field, Field, real, Real } from "./header";

/** Bytes of a chunk. */
export const CHUNK: usize = 32768;

// @ts-ignore: decorator
@inline
function chunkEnd(chunk: usize): usize {
  return min((chunk + 1) * CHUNK, field(Field.ParameterBytes));
}

/**
 * Sums the lanes into lane 0, two and two and those in order, whether they come together or not; and the chunk's squares
 * in f64; what is no gradient has none.
 */
export function reduceChunk(chunk: usize): void {
  const gradients = field(Field.Gradients);
  const stride = field(Field.ParameterBytes);
  const lanes = field(Field.Lanes);
  const apart = field(Field.Together) == 1;
  const pair = apart ? 2 * stride : stride;
  let squares = f64x2.splat(0);
  for (let offset = chunk * CHUNK; offset < chunkEnd(chunk); offset += 16) {
    let sum = v128.load(gradients + offset);
    if (apart && lanes > 1) sum = f32x4.add(sum, v128.load(gradients + stride + offset));
    let at = gradients;
    for (let lane: usize = 2; lane < lanes; lane += 2) {
      at += pair;
      let both = v128.load(at + offset);
      if (apart && lane + 1 < lanes) both = f32x4.add(both, v128.load(at + stride + offset));
      sum = f32x4.add(sum, both);
    }
    v128.store(gradients + offset, sum);
    const low = f64x2.promote_low_f32x4(sum);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(sum, sum, 2, 3, 2, 3));
    squares = f64x2.add(squares, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  const sum = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1);
  store<f64>(field(Field.ChunkSums) + (chunk << 3), isLearned(chunk) ? sum : 0);
}

/** Whether a chunk is of weights or biases; statistics begin at a chunk's start too. */
// @ts-ignore: decorator
@inline
function isLearned(chunk: usize): bool {
  return chunk * CHUNK < field(Field.LearnedBytes);
}

/** Updates one chunk of the parameters. */
export function updateChunk(chunk: usize): void {
  if (!isLearned(chunk)) moveStatistics(chunk);
  else if (field(Field.Optimizer) == 0) updateSgd(chunk);
  else updateAdam(chunk);
}

/** Running statistics move by what batch normalization has left where gradients would be. */
function moveStatistics(chunk: usize): void {
  const parameters = field(Field.Parameters);
  const gradients = field(Field.Gradients);
  for (let offset = chunk * CHUNK; offset < chunkEnd(chunk); offset += 16) {
    v128.store(parameters + offset, f32x4.add(v128.load(parameters + offset), v128.load(gradients + offset)));
  }
}

/** Weight decay of this chunk: none on biases, which begin at a chunk's start. */
// @ts-ignore: decorator
@inline
function decayOf(chunk: usize): f32 {
  return chunk * CHUNK < field(Field.WeightBytes) ? <f32>real(Real.WeightDecay) : 0;
}

function updateSgd(chunk: usize): void {
  const parameters = field(Field.Parameters);
  const gradients = field(Field.Gradients);
  const velocity = field(Field.State1);
  const rate = f32x4.splat(<f32>real(Real.LearningRate));
  const momentum = f32x4.splat(<f32>real(Real.Momentum));
  const scale = f32x4.splat(<f32>real(Real.GradientScale));
  const decay = f32x4.splat(decayOf(chunk));
  const nesterov = field(Field.Nesterov) != 0;
  for (let offset = chunk * CHUNK; offset < chunkEnd(chunk); offset += 16) {
    const w = v128.load(parameters + offset);
    let g = f32x4.add(f32x4.mul(v128.load(gradients + offset), scale), f32x4.mul(w, decay));
    if (velocity != 0) {
      const v = f32x4.add(f32x4.mul(momentum, v128.load(velocity + offset)), g);
      v128.store(velocity + offset, v);
      g = nesterov ? f32x4.add(g, f32x4.mul(momentum, v)) : v;
    }
    v128.store(parameters + offset, f32x4.sub(w, f32x4.mul(rate, g)));
  }
}

/** Optimizer 1: Adam with L2 decay in the gradient. 2: AdamW, decay beside it. */
function updateAdam(chunk: usize): void {
  const parameters = field(Field.Parameters);
  const gradients = field(Field.Gradients);
  const first = field(Field.State1);
  const second = field(Field.State2);
  const decoupled = field(Field.Optimizer) == 2;
  const decay = decayOf(chunk);
  const rate = real(Real.LearningRate);
  const inGradient = f32x4.splat(decoupled ? 0 : decay);
  const shrink = f32x4.splat(decoupled ? <f32>(1 - rate * <f64>decay) : 1);
  const beta1 = f32x4.splat(<f32>real(Real.Beta1));
  const beta2 = f32x4.splat(<f32>real(Real.Beta2));
  const rest1 = f32x4.splat(<f32>(1 - real(Real.Beta1)));
  const rest2 = f32x4.splat(<f32>(1 - real(Real.Beta2)));
  const step = f32x4.splat(<f32>(rate / real(Real.Correction1)));
  const unbias = f32x4.splat(<f32>(1 / Math.sqrt(real(Real.Correction2))));
  const epsilon = f32x4.splat(<f32>real(Real.Epsilon));
  const scale = f32x4.splat(<f32>real(Real.GradientScale));
  for (let offset = chunk * CHUNK; offset < chunkEnd(chunk); offset += 16) {
    const w = v128.load(parameters + offset);
    const g = f32x4.add(f32x4.mul(v128.load(gradients + offset), scale), f32x4.mul(w, inGradient));
    const m = f32x4.add(f32x4.mul(beta1, v128.load(first + offset)), f32x4.mul(rest1, g));
    const v = f32x4.add(f32x4.mul(beta2, v128.load(second + offset)), f32x4.mul(rest2, f32x4.mul(g, g)));
    v128.store(first + offset, m);
    v128.store(second + offset, v);
    const size = f32x4.add(f32x4.mul(f32x4.sqrt(v), unbias), epsilon);
    v128.store(parameters + offset, f32x4.sub(f32x4.mul(w, shrink), f32x4.div(f32x4.mul(step, m), size)));
  }
}
