import * as React from 'react';
import type { CellChange } from '../api/types';
import { useHost } from '../host';
import { TextDiff } from '../parts/difflines';

/** Cells that were added, removed or edited. */
export function CellDiffs(props: { changes: readonly CellChange[] }): React.ReactElement | null {
  const { trans } = useHost();
  const words = { added: trans.__('added'), removed: trans.__('removed'), changed: trans.__('edited') };
  if (!props.changes.length) {
    return null;
  }
  return (
    <ul className="nbmlops-CellDiffs">
      {props.changes.map((change, index) => (
        <li key={`${change.cell} ${index}`}>
          <div className="nbmlops-CellDiffs-head">
            <span className={`nbmlops-Change nbmlops-mod-${change.change}`}>{words[change.change]}</span>
            <code>{firstLine(change)}</code>
          </div>
          <TextDiff before={change.before} after={change.after} />
        </li>
      ))}
    </ul>
  );
}

function firstLine(change: CellChange): string {
  const line = (change.after || change.before).split('\n').find(each => each.trim()) ?? '';
  return line.slice(0, 120);
}
