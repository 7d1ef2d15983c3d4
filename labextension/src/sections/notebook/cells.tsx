import * as React from 'react';
import type { Cell as CellState, CellsResult } from '../../api/types';
import { useHost } from '../../host';
import { CellStory } from '../../notebook/story';
import { showCell } from './show';

const FIRST = 300;

/** Each code cell in a line: what it is, and its first words; a click brings it into view. */
export function CellList(props: { result: CellsResult }): React.ReactElement {
  const { trans } = useHost();
  const [all, showAll] = React.useState(false);
  const [onlyOdd, setOnlyOdd] = React.useState(false);
  const cells = props.result.cells.filter(cell => cell.kind === 'code' && (!onlyOdd || cell.dropped || cell.stale));
  const shown = all ? cells : cells.slice(0, FIRST);
  return (
    <section aria-labelledby="nbmlops-cells-title">
      <div className="nbmlops-Heading">
        <h3 id="nbmlops-cells-title">{trans.__('Cells')}</h3>
        <label className="nbmlops-mod-quiet">
          <input type="checkbox" checked={onlyOdd} onChange={event => setOnlyOdd(event.target.checked)} />
          {trans.__('only left out or stale')}
        </label>
      </div>
      <ol className="nbmlops-Cells">
        {shown.map(cell => (
          <CellLine key={cell.id} cell={cell} />
        ))}
      </ol>
      {shown.length < cells.length && (
        <button type="button" className="nbmlops-Action" onClick={() => showAll(true)}>
          {trans.__('%1 more', cells.length - shown.length)}
        </button>
      )}
    </section>
  );
}

const CellLine = React.memo(function CellLine(props: { cell: CellState }): React.ReactElement {
  const { cell } = props;
  const { place, trans } = useHost();
  return (
    <li>
      <button
        type="button"
        className="nbmlops-Cells-go"
        title={trans.__('Show this cell')}
        onClick={() => place.panel && showCell(place.panel, cell.index)}
      >
        <span className="nbmlops-Cells-count">[{cell.count ?? ' '}]</span> {cell.preview || trans.__('(empty)')}
      </button>
      <CellStory state={cell} />
    </li>
  );
});
