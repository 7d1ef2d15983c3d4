import * as React from 'react';
import { useHost } from '../../host';
import { FIXED, type ColumnId } from '../../model/columns';
import { Action } from '../../parts/button';
import { useColumnLabels } from './labels';
import type { Names } from './names';

const MOST_SHOWN = 200;

/** Which columns the table has; remembered. */
export function ColumnChooser(props: {
  shown: readonly ColumnId[];
  names: Names;
  /** Null: as nobody had chosen. */
  onChange: (shown: ColumnId[] | null) => void;
}): React.ReactElement {
  const { shown, names } = props;
  const { trans } = useHost();
  const label = useColumnLabels();
  const [part, setPart] = React.useState('');
  const fits = (id: ColumnId): boolean => label(id).toLowerCase().includes(part.trim().toLowerCase());
  const groups: [string, ColumnId[]][] = [
    [trans.__('Of the run'), [...FIXED, 'spark']],
    [trans.__('Metrics'), names.metrics.map(name => `metrics.${name}`)],
    [trans.__('Parameters'), names.params.map(name => `params.${name}`)]
  ];
  const toggle = (id: ColumnId): void =>
    props.onChange(shown.includes(id) ? shown.filter(each => each !== id) : [...shown, id]);
  return (
    <div className="nbmlops-Runs-chooser" role="group" aria-label={trans.__('Columns')}>
      <div className="nbmlops-Runs-condition">
        <input
          type="search"
          aria-label={trans.__('Find a column')}
          placeholder={trans.__('Find a column')}
          value={part}
          autoFocus
          onChange={event => setPart(event.target.value)}
        />
        <Action
          label={trans.__('Usual')}
          title={trans.__('The columns that fit these runs')}
          onClick={() => props.onChange(null)}
        />
      </div>
      <div className="nbmlops-Runs-choices" tabIndex={-1}>
        {groups.map(([title, ids]) => {
          const found = ids.filter(fits);
          return found.length ? (
            <fieldset key={title}>
              <legend>{title}</legend>
              {found.slice(0, MOST_SHOWN).map(id => (
                <label key={id} title={label(id)}>
                  <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} />
                  <span>{label(id)}</span>
                </label>
              ))}
              {found.length > MOST_SHOWN && (
                <small>{trans.__('%1 more: type a part of the name', found.length - MOST_SHOWN)}</small>
              )}
            </fieldset>
          ) : null;
        })}
      </div>
    </div>
  );
}
