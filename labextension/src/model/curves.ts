import type { Curve as Told } from '../api/types';
import { isReal, type Point } from './spark';

/** How a metric of a run went. */
export interface Course {
  run: string;
  metric: string;
  points: readonly (Point & { time: number })[];
}

/** Of what `history` tells; values that are no finite numbers are gaps. */
export function courseOf(told: Told): Course {
  const points = told.steps.map((step, index) => {
    const value = told.values[index];
    return { step, time: told.times[index], value: typeof value === 'number' ? value : null };
  });
  return { run: told.run, metric: told.metric, points };
}

export type Axis = 'step' | 'time';

export interface Curve {
  id: string;
  points: readonly { x: number; value: number | null }[];
}

/** Steps, or seconds since its first value. */
export function curveOf(course: Course, axis: Axis): Curve {
  const began = course.points.length ? course.points[0].time : 0;
  const points = course.points.map(point => ({
    x: axis === 'step' ? point.step : (point.time - began) / 1000,
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
