import * as React from 'react';
import { nearest, type Curve } from '../model/curves';
import { figure } from '../model/format';
import { extent, linear, logarithmic, tickText } from '../model/scale';
import { isReal } from '../model/spark';
import { useWidth } from './size';

export interface ChartCurve extends Curve {
  name: string;
  /** Number of its colour. */
  look: number;
}

export interface ChartProps {
  label: string;
  curves: readonly ChartCurve[];
  xName: string;
  isLog: boolean;
  height: number;
  highlighted?: string | null;
  onHighlight?: (id: string | null) => void;
}

const LEFT = 52;
const RIGHT = 12;
const TOP = 8;
const BOTTOM = 24;
const MOST_TOLD = 8;

/** Curves over one axis; hovering shows the values there. */
export function Chart(props: ChartProps): React.ReactElement {
  const [box, width] = useWidth();
  const [hover, setHover] = React.useState<{ x: number; y: number } | null>(null);
  const { curves, height } = props;
  const drawing = React.useMemo(() => {
    const points = curves.flatMap(curve => curve.points);
    const shown = points.filter(point => isReal(point.value) && (!props.isLog || point.value > 0));
    const across = extent(shown.map(point => point.x));
    const up = extent(shown.map(point => point.value));
    if (!across || !up || width < LEFT + RIGHT + 20) {
      return null;
    }
    const room = up[1] > up[0] ? (up[1] - up[0]) * 0.04 : Math.abs(up[0]) * 0.05 || 1;
    const x = linear(across[0], across[1], LEFT, width - RIGHT, Math.max(2, Math.floor(width / 90)));
    const y = props.isLog
      ? logarithmic(up[0], up[1] > up[0] ? up[1] : up[0] * 10, height - BOTTOM, TOP)
      : linear(up[0] - room, up[1] + room, height - BOTTOM, TOP, Math.max(2, Math.floor(height / 45)));
    const paths = curves.map(curve => pathOf(curve, x.at, y.at, props.isLog));
    const back = (pixel: number): number =>
      across[1] > across[0]
        ? across[0] + ((pixel - LEFT) / (width - RIGHT - LEFT)) * (across[1] - across[0])
        : across[0];
    return { x, y, paths, back };
  }, [curves, width, height, props.isLog]);
  const told = drawing && hover ? valuesAt(curves, drawing.back(hover.x), drawing.y.at, hover.y) : [];
  const onMove = (event: React.MouseEvent): void => {
    const frame = box.current!.getBoundingClientRect();
    const at = { x: event.clientX - frame.left, y: event.clientY - frame.top };
    setHover(at);
    if (drawing) {
      props.onHighlight?.(valuesAt(curves, drawing.back(at.x), drawing.y.at, at.y)[0]?.curve.id ?? null);
    }
  };
  const onLeave = (): void => {
    setHover(null);
    props.onHighlight?.(null);
  };
  const lead = props.highlighted ?? null;
  return (
    <div className="nbmlops-Chart" ref={box} style={{ height }} onMouseMove={onMove} onMouseLeave={onLeave}>
      {drawing && (
        <svg width={width} height={height} role="img" aria-label={props.label}>
          {drawing.y.ticks.map(tick => (
            <g key={tick} className="nbmlops-Chart-tick">
              <line x1={LEFT} x2={width - RIGHT} y1={drawing.y.at(tick)} y2={drawing.y.at(tick)} />
              <text x={LEFT - 6} y={drawing.y.at(tick) + 4} textAnchor="end">
                {tickText(tick)}
              </text>
            </g>
          ))}
          {drawing.x.ticks.map(tick => (
            <text
              key={tick}
              className="nbmlops-Chart-across"
              x={drawing.x.at(tick)}
              y={height - BOTTOM + 15}
              textAnchor="middle"
            >
              {tickText(tick)}
            </text>
          ))}
          <text className="nbmlops-Chart-across" x={width - RIGHT} y={height - 3} textAnchor="end">
            {props.xName}
          </text>
          {curves.map((curve, index) => (
            <path
              key={curve.id}
              className={`nbmlops-Chart-curve nbmlops-look-${curve.look}${
                lead === null ? '' : lead === curve.id ? ' nbmlops-mod-lead' : ' nbmlops-mod-back'
              }`}
              d={drawing.paths[index]}
            />
          ))}
          {hover && told.length > 0 && (
            <line
              className="nbmlops-Chart-hair"
              x1={drawing.x.at(told[0].point.x)}
              x2={drawing.x.at(told[0].point.x)}
              y1={TOP}
              y2={height - BOTTOM}
            />
          )}
          {told.map(({ curve, point }) => (
            <circle
              key={curve.id}
              className={`nbmlops-look-${curve.look}`}
              cx={drawing.x.at(point.x)}
              cy={drawing.y.at(point.value)}
              r={3}
            />
          ))}
        </svg>
      )}
      {drawing && hover && told.length > 0 && (
        <div
          className="nbmlops-Chart-told"
          style={hover.x > width / 2 ? { right: width - hover.x + 14 } : { left: hover.x + 14 }}
        >
          <small>
            {props.xName} {figure(told[0].point.x)}
          </small>
          {told.slice(0, MOST_TOLD).map(({ curve, point }) => (
            <div key={curve.id}>
              <Swatch look={curve.look} /> {figure(point.value)} <small>{curve.name}</small>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** The colour and the dashes of one curve. */
export function Swatch(props: { look: number }): React.ReactElement {
  return (
    <svg className="nbmlops-Swatch" width={18} height={8} aria-hidden="true">
      <path className={`nbmlops-Chart-curve nbmlops-look-${props.look}`} d="M0 4H18" />
    </svg>
  );
}

function pathOf(curve: Curve, x: (value: number) => number, y: (value: number) => number, isLog: boolean): string {
  let isPen = false;
  const parts: string[] = [];
  for (const point of curve.points) {
    if (!isReal(point.value) || (isLog && point.value <= 0)) {
      isPen = false;
      continue;
    }
    parts.push(`${isPen ? 'L' : 'M'}${x(point.x).toFixed(1)} ${y(point.value).toFixed(1)}`);
    isPen = true;
  }
  return parts.join('');
}

/** Of each curve the point nearest to the pointer, the one that lies closest first. */
function valuesAt(
  curves: readonly ChartCurve[],
  x: number,
  at: (value: number) => number,
  y: number
): { curve: ChartCurve; point: { x: number; value: number } }[] {
  return curves
    .flatMap(curve => {
      const point = nearest(curve, x);
      return point ? [{ curve, point }] : [];
    })
    .sort((left, right) => Math.abs(at(left.point.value) - y) - Math.abs(at(right.point.value) - y));
}
