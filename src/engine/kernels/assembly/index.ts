/**
 * @file The module's exports: jobs cut into items, which any thread may take.
 *
 * A job is announced by one 64-bit ticket (generation, count, next item). Threads take items by compare and
 * exchange on it, so a late thread can never take an item of a job it has not seen.
 */

import { reduceChunk, updateChunk } from "./optimizer";
import { forwardShard, trainLanes } from "./shard";

/** The control block: 64-byte lines, below the header. */
const TICKET: usize = 768;
const GENERATION: usize = 832;
const DONE: usize = 896;
const PHASE: usize = 960;

const enum Phase {
  Exit,
  Train,
  Reduce,
  Update,
  Forward,
}

const SPINS = 4000;

function execute(phase: i32, item: usize, thread: usize): void {
  if (phase == Phase.Train) trainLanes(item, thread);
  else if (phase == Phase.Reduce) reduceChunk(item);
  else if (phase == Phase.Update) updateChunk(item);
  else if (phase == Phase.Forward) forwardShard(item, thread);
}

function drain(generation: u32, thread: usize): void {
  const tag = <u64>(generation & 0xffffff);
  for (;;) {
    const ticket = atomic.load<u64>(TICKET);
    const count = (ticket >> 20) & 0xfffff;
    const item = ticket & 0xfffff;
    if (ticket >> 40 != tag || item >= count) return;
    if (atomic.cmpxchg<u64>(TICKET, ticket, ticket + 1) != ticket) continue;
    execute(load<i32>(PHASE), <usize>item, thread);
    if (<u64>atomic.add<i32>(DONE, 1) + 1 == count) atomic.notify(DONE, 1);
  }
}

/** A worker thread's life: waits for jobs and helps, until told to exit. */
export function work(thread: usize): void {
  let seen: u32 = 0;
  for (;;) {
    for (let spin = 0; spin < SPINS && atomic.load<u32>(GENERATION) == seen; spin++) {}
    atomic.wait<i32>(GENERATION, seen, -1);
    const generation = atomic.load<u32>(GENERATION);
    if (generation == seen) continue;
    seen = generation;
    if (load<i32>(PHASE) == Phase.Exit) return;
    drain(generation, thread);
  }
}

/** Runs a job of `count` items with whoever helps; returns when all are done. `mayBlock` is false on a browser's main thread. */
export function dispatch(phase: i32, count: i32, mayBlock: bool): void {
  const generation = atomic.load<u32>(GENERATION) + 1;
  store<i32>(PHASE, phase);
  atomic.store<i32>(DONE, 0);
  atomic.store<u64>(TICKET, (<u64>(generation & 0xffffff) << 40) | (<u64>count << 20));
  atomic.store<u32>(GENERATION, generation);
  atomic.notify(GENERATION, -1);
  drain(generation, 0);
  let spin = 0;
  for (;;) {
    const done = atomic.load<i32>(DONE);
    if (done >= count) return;
    if (mayBlock && ++spin > SPINS) atomic.wait<i32>(DONE, done, -1);
  }
}
