/**
 * @file Numbers as people read them.
 */

/** `2,190,602` */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `1 thread`, `2 threads` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A fraction as `93.4 %`; a dash where there is none. */
export function percent(fraction: number | null | undefined): string {
  return fraction === null || fraction === undefined ? "-" : `${(100 * fraction).toFixed(2)} %`;
}

/** `0.2134`, or with an exponent where four decimals say nothing. */
export function decimal(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(2) : value.toFixed(4);
}

/** Seconds as `4.2 s`, `3 min 12 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes as `1.2 MB`. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  let amount = value;
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 ? amount : amount.toPrecision(3)} ${units[unit]}`;
}

/** Floating-point operations as `4.37 MFLOP`. */
export function operations(value: number): string {
  const units = ["", "k", "M", "G", "T"];
  const unit = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const amount = value / 1000 ** unit;
  return `${unit === 0 ? amount : amount.toPrecision(3)} ${units[unit]}FLOP`;
}

/** Two columns, the first as wide as its widest word. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}
