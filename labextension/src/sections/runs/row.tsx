import * as React from 'react';
import type { RunView } from '../../api/types';
import { useHost } from '../../host';
import type { Column } from '../../model/columns';
import type { Point } from '../../model/spark';
import { Status, useStatusWord } from '../../parts/status';
import { Cell } from './cells';

export const ROW = 24;

/** Numbers stand at the right, texts a little off the numbers before them. */
export function lookOf(column: Column): string {
  return column.isNumber ? 'nbmlops-mod-number' : column.kind === 'spark' ? 'nbmlops-mod-spark' : 'nbmlops-mod-text';
}

export interface RowProps {
  id: string;
  index: number;
  /** Null while it is on its way. */
  run: RunView | null;
  depth: number;
  /** Of the run around it, where that stands elsewhere. */
  outer: string;
  columns: readonly Column[];
  points: readonly Point[] | null;
  isPicked: boolean;
  isCursor: boolean;
}

/** One run. Clicks are heard by the table, so that a row costs nothing but its text. */
export const RunRow = React.memo(function RunRow(props: RowProps): React.ReactElement {
  const { run, columns } = props;
  const { trans } = useHost();
  const status = useStatusWord(run?.status ?? '');
  const name = run?.name.slice(0, 200) || run?.id.slice(0, 12);
  const look =
    'nbmlops-Runs-row' + (props.isPicked ? ' nbmlops-mod-picked' : '') + (props.isCursor ? ' nbmlops-mod-cursor' : '');
  return (
    <div
      className={look}
      id={props.id}
      role="row"
      aria-rowindex={props.index + 2}
      aria-level={props.depth + 1}
      aria-selected={props.isPicked}
      data-index={props.index}
    >
      <div role="gridcell" className="nbmlops-Runs-check nbmlops-Runs-stay">
        <span className="nbmlops-Runs-box" aria-hidden="true">
          {props.isPicked ? '✓' : ''}
        </span>
      </div>
      {run ? (
        <>
          <div
            role="rowheader"
            className="nbmlops-Runs-name nbmlops-Runs-stay"
            style={{ paddingLeft: 14 * Math.min(props.depth, 6) }}
            aria-label={`${name}, ${status}`}
          >
            <Status status={run.status} />
            <span title={run.name.length > 12 ? run.name.slice(0, 1000) : undefined}>{name}</span>
            {props.outer && <small title={trans.__('Inside of %1', props.outer)}>↳</small>}
          </div>
          {columns.map(column => (
            <div key={column.id} role="gridcell" className={lookOf(column)}>
              <Cell column={column} run={run} points={column.kind === 'spark' ? props.points : null} />
            </div>
          ))}
        </>
      ) : (
        <div role="gridcell" className="nbmlops-Runs-coming" aria-label={trans.__('on its way')}>
          <span style={{ width: `${38 + ((props.index * 37) % 40)}%` }} />
        </div>
      )}
    </div>
  );
});
