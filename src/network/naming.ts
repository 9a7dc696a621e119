/**
 * @file Errors of one layer, with its name in front.
 */

import { IsosparseError } from "../errors.ts";

/** What `make` returns; its errors say where. */
export function naming<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof IsosparseError)) throw error;
    const Kind = error.constructor as typeof IsosparseError;
    throw new Kind(error.code, `${where}: ${error.message}`, { cause: error });
  }
}
