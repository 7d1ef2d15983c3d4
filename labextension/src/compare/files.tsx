import * as React from 'react';
import type { Change, DiffResult, FileDetail, TableDiff } from '../api/types';
import { useHost } from '../host';
import { bytes, figure } from '../model/format';
import { UnifiedDiff } from '../parts/difflines';
import { Bars } from '../parts/bars';
import { CellDiffs } from './cells';

/** Files that are not the same, with what changed inside of tables, notebooks and text; `same` where there are none. */
export function ChangedFiles(props: { result: DiffResult; same: string }): React.ReactElement {
  const { result } = props;
  const { trans } = useHost();
  const words = { added: trans.__('added'), removed: trans.__('removed'), changed: trans.__('changed') };
  const details = new Map(result.details.map(detail => [detail.path, detail]));
  if (!result.changes.length) {
    return <p className="nbmlops-mod-quiet">{props.same}</p>;
  }
  return (
    <ul className="nbmlops-Files">
      {result.changes.slice(0, 300).map(change => (
        <li key={change.path}>
          <div className="nbmlops-CellDiffs-head">
            <span className={`nbmlops-Change nbmlops-mod-${change.change}`}>{words[change.change]}</span>
            <code>{change.path}</code>
            <small>{sizes(change)}</small>
          </div>
          <Inside detail={details.get(change.path)} />
        </li>
      ))}
      {result.same > 0 && (
        <li className="nbmlops-mod-quiet">{trans._n('%1 file is the same.', '%1 files are the same.', result.same)}</li>
      )}
    </ul>
  );
}

function sizes(change: Change): string {
  const size = (value: number | null): string => (value === null ? '' : bytes(value));
  return change.before !== null && change.after !== null && change.before !== change.after
    ? `${size(change.before)} → ${size(change.after)}`
    : size(change.after ?? change.before);
}

function Inside(props: { detail: FileDetail | undefined }): React.ReactElement | null {
  const { detail } = props;
  if (!detail) {
    return null;
  }
  if (detail.table) {
    return <TableChanges table={detail.table} />;
  }
  return detail.cells.length ? (
    <CellDiffs changes={detail.cells} />
  ) : detail.text ? (
    <UnifiedDiff text={detail.text} />
  ) : null;
}

function TableChanges(props: { table: TableDiff }): React.ReactElement {
  const { table } = props;
  const { trans } = useHost();
  const rows = [
    trans.__('%1 → %2 rows', table.rows_before, table.rows_after),
    ...(table.rows_added ? [trans.__('%1 new', table.rows_added)] : []),
    ...(table.rows_removed ? [trans.__('%1 gone', table.rows_removed)] : [])
  ].join(', ');
  const pair = (before: string, after: string): string => (before === after ? before : `${before} → ${after}`);
  const mean = (value: number | null): string => (value === null ? '' : figure(value));
  return (
    <div className="nbmlops-TableDiff">
      <p>{rows}</p>
      {table.columns.length > 0 && (
        <table className="nbmlops-Values" aria-label={trans.__('Changed columns')}>
          <thead>
            <tr>
              <th scope="col">{trans.__('Column')}</th>
              <th scope="col">{trans.__('Type')}</th>
              <th scope="col">{trans.__('Missing')}</th>
              <th scope="col">{trans.__('Mean')}</th>
              <th scope="col">{trans.__('Moved')}</th>
            </tr>
          </thead>
          <tbody>
            {table.columns.slice(0, 200).map(column => (
              <tr key={column.name}>
                <th scope="row">{column.name}</th>
                <td>{pair(column.type_before, column.type_after)}</td>
                <td>{pair(String(column.nulls_before), String(column.nulls_after))}</td>
                <td>{pair(mean(column.mean_before), mean(column.mean_after))}</td>
                <td>
                  <meter min={0} max={1} value={column.shift} aria-label={trans.__('How far %1 moved', column.name)} />{' '}
                  {Math.round(100 * column.shift)} %
                  <Bars bars={column.bars} label={trans.__('Values of %1 before and after', column.name)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
