/** Maps figures to pixels. */
export interface Scale {
  at: (value: number) => number;
  /** Where lines and labels are. */
  ticks: readonly number[];
}

/** Steps of 1, 2 or 5 times a power of ten, within the range. */
export function ticks(low: number, high: number, most: number): number[] {
  if (!(high > low)) {
    return [low];
  }
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find(each => each * power >= rough * 0.999)! * power;
  const found = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high + step * 1e-9; count++) {
    found.push(Number((count * step).toPrecision(12)));
  }
  return found;
}

export function linear(low: number, high: number, from: number, to: number, most = 5): Scale {
  const span = high - low;
  return {
    at: value => (span > 0 ? from + ((value - low) / span) * (to - from) : (from + to) / 2),
    ticks: ticks(low, high, most)
  };
}

/** Of figures above 0. */
export function logarithmic(low: number, high: number, from: number, to: number, most = 5): Scale {
  const inner = linear(Math.log10(low), Math.log10(high), from, to);
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first + 1) / most));
  const powers = [];
  for (let power = first; power <= last; power += every) {
    powers.push(10 ** power);
  }
  return {
    at: value => inner.at(Math.log10(value)),
    ticks: powers.length > 1 ? powers : [low, high]
  };
}

/** A figure beside an axis: as short as it can be told. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) {
    return Number(value.toPrecision(4)).toExponential().replace('e+', 'e');
  }
  return String(Number(value.toPrecision(6)));
}

/** Smallest and largest of the finite ones; null where there are none. */
export function extent(values: Iterable<number | null>): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value !== null && Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return high >= low ? [low, high] : null;
}
