import * as React from 'react';
import { isReal, polylines, type Point } from '../model/spark';

const WIDTH = 52;
const HEIGHT = 16;

/** The course of a metric, in the height of a line of text; a dot where the newest value is. */
export const Sparkline = React.memo(function Sparkline(props: {
  points: readonly Point[];
  label: string;
}): React.ReactElement | null {
  const real = props.points.filter(point => isReal(point.value));
  if (real.length < 2) {
    return null;
  }
  const pieces = polylines(props.points, WIDTH, HEIGHT, 2);
  const [x, y] = pieces[pieces.length - 1].split(' ').pop()!.split(',');
  return (
    <svg className="nbmlops-Sparkline" width={WIDTH} height={HEIGHT} role="img" aria-label={props.label}>
      {pieces.map((points, index) => (
        <polyline key={index} points={points} />
      ))}
      <circle cx={x} cy={y} r={1.7} />
    </svg>
  );
});
