/** A value at a step; null is what JSON makes of not-a-number. */
export interface Point {
  step: number;
  value: number | null;
}

/** A curve in a box, as the points of an SVG polyline; pieces, as there are gaps where a value is no number. */
export function polylines(points: readonly Point[], width: number, height: number, margin = 1): string[] {
  const real = points.filter((point): point is { step: number; value: number } => isReal(point.value));
  if (!real.length) {
    return [];
  }
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { step, value } of real) {
    left = Math.min(left, step);
    right = Math.max(right, step);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const x = (step: number): number =>
    right > left ? margin + ((step - left) / (right - left)) * (width - 2 * margin) : width / 2;
  const y = (value: number): number =>
    high > low ? height - margin - ((value - low) / (high - low)) * (height - 2 * margin) : height / 2;
  const pieces: string[][] = [[]];
  for (const { step, value } of points) {
    if (isReal(value)) {
      pieces[pieces.length - 1].push(`${round(x(step))},${round(y(value))}`);
    } else if (pieces[pieces.length - 1].length) {
      pieces.push([]);
    }
  }
  return pieces.filter(piece => piece.length).map(piece => piece.join(' '));
}

export function isReal(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
