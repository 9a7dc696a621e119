/**
 * @file An explicit limit on how much a measurement may compute, so that a certificate of a huge network ends
 * and says what it left out.
 */

/** A measurement that was left out, and why. */
export interface Skipped {
  /** What was not measured, e.g. `"singularValues"`. */
  readonly measure: string;
  /** Name of the layer, or null for the whole network. */
  readonly layer: string | null;
  readonly reason: string;
}

/** Multiply-adds that one kind of measurement may still spend. */
export class Budget {
  readonly skipped: Skipped[] = [];
  readonly #measure: string;
  readonly #limit: number;
  #spent = 0;

  constructor(measure: string, limit: number) {
    this.#measure = measure;
    this.#limit = limit;
  }

  /** What is left of the limit. */
  get left(): number {
    return this.#limit - this.#spent;
  }

  /** Takes `work` multiply-adds, or records that `layer` is left out and returns false. */
  spend(work: number, layer: string | null): boolean {
    if (this.#spent + work <= this.#limit) {
      this.#spent += work;
      return true;
    }
    const limit = this.#limit.toExponential(1);
    this.skip(
      layer,
      `needs ${work.toExponential(1)} multiply-adds where ${this.left.toExponential(1)} of workLimit ${limit} are left`,
    );
    return false;
  }

  /** Records that `layer` is left out. */
  skip(layer: string | null, reason: string): void {
    this.skipped.push({ measure: this.#measure, layer, reason });
  }
}
