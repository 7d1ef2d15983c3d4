import * as React from 'react';
import type { CompareResult } from '../api/types';
import { useHost } from '../host';
import { figure } from '../model/format';
import { parallelAxis, type ParallelAxis } from '../model/parallel';
import { Block } from '../parts/block';
import { Swatch } from '../parts/chart';
import { useWidth } from '../parts/size';

const HEIGHT = 260;
const TOP = 46;
const BOTTOM = 18;
const MOST_AXES = 14;
const SIDE = 70;

/** Each run as a line over the parameters and metrics in which the runs differ. */
export function Parallel(props: {
  result: CompareResult;
  highlighted: string | null;
  onHighlight: (id: string | null) => void;
}): React.ReactElement | null {
  const { result, highlighted } = props;
  const { trans } = useHost();
  const [box, width] = useWidth();
  const [left, leave] = React.useState<ReadonlySet<string>>(new Set());
  const all = React.useMemo(() => {
    const axis = (kind: 'metric' | 'param') => (row: CompareResult['params'][number]) =>
      parallelAxis(kind, row.name, row.values, HEIGHT - BOTTOM, TOP, figure);
    const differing = (rows: CompareResult['params']): CompareResult['params'] => rows.filter(row => row.differs);
    return [...differing(result.params).map(axis('param')), ...differing(result.metrics).map(axis('metric'))].filter(
      (found): found is ParallelAxis => found !== null
    );
  }, [result]);
  const axes = all.filter(axis => !left.has(axis.id)).slice(0, MOST_AXES);
  if (all.length < 2) {
    return null;
  }
  const step = axes.length > 1 ? (Math.max(width, axes.length * 70) - 2 * SIDE) / (axes.length - 1) : 0;
  const drawn = Math.max(width, axes.length * 70);
  const x = (at: number): number => SIDE + at * step;
  const toggle = (id: string): void => {
    const next = new Set(left);
    if (!next.delete(id)) {
      next.add(id);
    }
    leave(next);
  };
  return (
    <Block
      title={trans.__('Parallel coordinates')}
      isWide
      aside={
        <details className="nbmlops-Drop">
          <summary>{trans.__('Axes')}</summary>
          <div>
            {all.map(axis => (
              <label key={axis.id}>
                <input type="checkbox" checked={!left.has(axis.id)} onChange={() => toggle(axis.id)} />
                {axis.name}
              </label>
            ))}
          </div>
        </details>
      }
    >
      <div
        className="nbmlops-Parallel"
        ref={box}
        tabIndex={0}
        role="group"
        aria-label={trans.__('Parallel coordinates')}
      >
        {width > 0 && (
          <svg
            width={drawn}
            height={HEIGHT}
            role="img"
            aria-label={trans.__('Runs over %1', axes.map(axis => axis.name).join(', '))}
            onMouseLeave={() => props.onHighlight(null)}
          >
            {axes.map((axis, at) => (
              <g key={axis.id} className={`nbmlops-Parallel-axis nbmlops-mod-${axis.kind}`}>
                <line x1={x(at)} x2={x(at)} y1={TOP} y2={HEIGHT - BOTTOM} />
                <text className="nbmlops-Parallel-name" x={x(at)} y={at % 2 ? 24 : 11} textAnchor="middle">
                  <title>{axis.name}</title>
                  {cut(axis.name, Math.max(8, Math.floor((2 * step) / 7.5) - 1))}
                </text>
                {axis.labels.map(label => (
                  <text
                    key={label.text}
                    className="nbmlops-Parallel-label"
                    x={x(at) + 5}
                    y={label.at + (label.at > HEIGHT / 2 ? 12 : -3)}
                  >
                    {cut(label.text, Math.max(5, Math.floor(step / 7)))}
                  </text>
                ))}
              </g>
            ))}
            {result.runs.map((run, index) => {
              const d = path(axes, index, x);
              const mode =
                highlighted === null ? '' : highlighted === run.id ? ' nbmlops-mod-lead' : ' nbmlops-mod-back';
              return (
                <g key={run.id} onMouseEnter={() => props.onHighlight(run.id)}>
                  <path className={`nbmlops-Chart-curve nbmlops-look-${index}${mode}`} d={d} />
                  <path className="nbmlops-Parallel-touch" d={d}>
                    <title>{run.name}</title>
                  </path>
                </g>
              );
            })}
          </svg>
        )}
      </div>
      <ul className="nbmlops-Legend">
        {result.runs.map((run, index) => (
          <li
            key={run.id}
            className={run.id === highlighted ? 'nbmlops-mod-lead' : undefined}
            onMouseEnter={() => props.onHighlight(run.id)}
            onMouseLeave={() => props.onHighlight(null)}
          >
            <Swatch look={index} /> {run.name.slice(0, 80)}
          </li>
        ))}
      </ul>
    </Block>
  );
}

/** Interrupted where a run has no value. */
function path(axes: readonly ParallelAxis[], run: number, x: (at: number) => number): string {
  let isPen = false;
  const parts: string[] = [];
  axes.forEach((axis, at) => {
    const y = axis.places[run];
    if (y === null) {
      isPen = false;
      return;
    }
    parts.push(`${isPen ? 'L' : 'M'}${x(at).toFixed(1)} ${y.toFixed(1)}`);
    isPen = true;
  });
  return parts.join('');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
