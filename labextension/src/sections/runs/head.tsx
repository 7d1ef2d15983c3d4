import * as React from 'react';
import { useHost } from '../../host';
import type { Column } from '../../model/columns';
import type { RunsQuery } from '../../model/query';
import { useColumnLabels } from './labels';
import { lookOf } from './row';

/** Names of the columns; a click sorts by one. */
export const TableHead = React.memo(function TableHead(props: {
  columns: readonly Column[];
  metric: string;
  query: RunsQuery;
  onSort: (sort: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const label = useColumnLabels();
  const { sort, isReverse } = props.query;
  const order = (by: string): 'ascending' | 'descending' | 'none' =>
    by !== sort ? 'none' : isReverse ? 'ascending' : 'descending';
  const head = (key: string, text: string, title: string, by: string, look: string): React.ReactElement => (
    <div key={key} role="columnheader" aria-sort={by ? order(by) : undefined} className={look}>
      {by ? (
        <button type="button" title={trans.__('Sort by %1', title)} onClick={() => props.onSort(by)}>
          <span>{text}</span>
          {by === sort && <i aria-hidden="true">{isReverse ? '▲' : '▼'}</i>}
        </button>
      ) : (
        <span title={title}>{text}</span>
      )}
    </div>
  );
  return (
    <div className="nbmlops-Runs-head" role="row" aria-rowindex={1}>
      <div role="columnheader" className="nbmlops-Runs-check nbmlops-Runs-stay">
        <span className="nbmlops-unseen">{trans.__('Selected')}</span>
      </div>
      {head('name', trans.__('Run'), trans.__('name'), 'name', 'nbmlops-Runs-stay nbmlops-Runs-name')}
      {props.columns.map(column =>
        head(
          column.id,
          label(column.id),
          column.kind === 'spark' ? trans.__('Course of %1', props.metric) : label(column.id),
          column.sort,
          lookOf(column)
        )
      )}
    </div>
  );
});
