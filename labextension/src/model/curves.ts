import { isReal } from './spark';

/** A metric's course as `history` tells it. */
export interface Course {
  run: string;
  metric: string;
  points: readonly { step: number; time: string; value: number | null }[];
}

export type Axis = 'step' | 'time';

export interface Curve {
  id: string;
  points: readonly { x: number; value: number | null }[];
}

/** Steps, or seconds since its first value. */
export function curveOf(course: Course, axis: Axis): Curve {
  const began = course.points.length ? Date.parse(course.points[0].time) : 0;
  const points = course.points.map(point => ({
    x: axis === 'step' ? point.step : (Date.parse(point.time) - began) / 1000,
    value: point.value
  }));
  return { id: course.run, points: points.sort((left, right) => left.x - right.x) };
}

/** The value at the point nearest to x; null where the curve is elsewhere. */
export function nearest(curve: Curve, x: number): { x: number; value: number } | null {
  let best: { x: number; value: number } | null = null;
  for (const point of curve.points) {
    if (isReal(point.value) && (best === null || Math.abs(point.x - x) < Math.abs(best.x - x))) {
      best = { x: point.x, value: point.value };
    }
  }
  return best;
}

/** Whether there is a course at all, and not one value. */
export function isCourse(course: Course): boolean {
  return course.points.filter(point => isReal(point.value)).length > 1;
}

/** Moving averages, weighed as optimisers weigh theirs; 0 leaves the curve as it is. */
export function smoothed(curve: Curve, weight: number): Curve {
  if (!weight) {
    return curve;
  }
  let last = 0;
  let whole = 0;
  const points = curve.points.map(point => {
    if (!isReal(point.value)) {
      return point;
    }
    last = last * weight + point.value * (1 - weight);
    whole = whole * weight + (1 - weight);
    return { x: point.x, value: last / whole };
  });
  return { id: curve.id, points };
}
