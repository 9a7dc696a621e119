/**
 * @file What every reader of network files holds them to, the small one of isosparse/runtime too: the layout's version,
 * and how much a file may ask for.
 */

/** The version of the layout, under the metadata key `"isosparse"`. */
export const FORMAT_VERSION = "1";

/** Layers without parameters that a file may have for each of its tensors, and a few more. */
export const PLAIN_LAYERS = 8;

/**
 * Numbers that an image between two layers may have. No array in a file is as long as an image is large, so this is
 * what bounds the memory that a file can ask for; at 2²⁴, one shard of 32 samples is 2 GiB.
 */
export const MOST_NUMBERS = 2 ** 24;

/** Numbers that all layers of a network may give for one sample: as float32 they just fit 32-bit memory. */
export const MOST_ACTIVATIONS = 2 ** 30;
