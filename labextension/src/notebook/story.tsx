import * as React from 'react';
import type { Cell as CellState, CellFile } from '../api/types';
import { useHost } from '../host';
import { bytes, seconds } from '../model/format';
import { openRun } from './commands';

/** What a cell is, in a few words; a click says why. */
export function CellStory(props: { state: CellState }): React.ReactElement {
  const { state } = props;
  const host = useHost();
  const { trans, notebook } = host;
  const isOpen = notebook.isTold(state.id);
  const colour = notebook.colour(state.step);
  const isDropped = state.dropped !== '';
  const main = isDropped
    ? trans.__('left out')
    : state.is_parameters
      ? trans.__('parameters')
      : state.step || trans.__('in every step');
  return (
    <div className="nbmlops-Story">
      <button
        type="button"
        className={`nbmlops-Chip nbmlops-step-${((colour % 8) + 8) % 8}${isDropped ? ' nbmlops-mod-dropped' : ''}`}
        aria-expanded={isOpen}
        title={isDropped ? trans.__('Why is this cell left out?') : trans.__('Why does this cell stay?')}
        onClick={() => notebook.tell(state.id, !isOpen)}
      >
        {!isDropped && colour >= 0 && <i className="nbmlops-Dot" aria-hidden="true" />}
        {main}
      </button>
      {state.stale && (
        <span className="nbmlops-Chip nbmlops-mod-stale" title={state.stale}>
          {trans.__('stale')}
        </span>
      )}
      {state.run && (
        <button
          type="button"
          className="nbmlops-Chip nbmlops-mod-run"
          title={trans.__('Open the run that this cell made')}
          onClick={() => openRun(host, state.run)}
        >
          {trans.__('run %1', state.run_name || state.run.slice(0, 8))}
        </button>
      )}
      {state.seconds !== null && state.seconds >= 0.05 && (
        <span className="nbmlops-mod-quiet">{seconds(state.seconds)}</span>
      )}
      {isOpen && (
        <div className="nbmlops-Story-why" role="note">
          <p>{isDropped ? trans.__('Left out: %1.', state.dropped) : trans.__('It stays: %1.', state.kept)}</p>
          {state.stale && <p>{trans.__('Stale: %1.', state.stale)}</p>}
          {state.error && <p>{trans.__('It failed: %1', state.error)}</p>}
          {state.reads.length > 0 && <p>{trans.__('Reads %1.', files(state.reads))}</p>}
          {state.writes.length > 0 && <p>{trans.__('Writes %1.', files(state.writes))}</p>}
        </div>
      )}
    </div>
  );
}

function files(found: readonly CellFile[]): string {
  return found.map(file => (file.bytes === null ? file.path : `${file.path} (${bytes(file.bytes)})`)).join(', ');
}
