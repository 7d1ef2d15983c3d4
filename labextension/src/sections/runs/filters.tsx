import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useHost } from '../../host';
import { isCondition, quotedName, suggested, type RunsQuery } from '../../model/query';
import { Action } from '../../parts/button';
import { Suggest } from '../../parts/suggest';
import type { Names } from './names';

const ATTRIBUTES = ['status', 'name', 'experiment', 'seconds', 'started', 'id'];

/** Conditions, the experiment, and switches: what is left out of the list. */
export function Filters(props: {
  query: RunsQuery;
  names: Names;
  onQuery: (query: RunsQuery) => void;
  onClose: () => void;
}): React.ReactElement {
  const { query, names, onQuery } = props;
  const { trans } = useHost();
  const [text, setText] = React.useState('');
  const [isWrong, setWrong] = React.useState(false);
  const all = React.useMemo(
    () => [...names.metrics.map(quotedName), ...ATTRIBUTES, ...names.params.map(name => quotedName(`params.${name}`))],
    [names]
  );
  const add = (): void => {
    const condition = text.trim();
    if (!isCondition(condition)) {
      setWrong(condition !== '');
      return;
    }
    setText('');
    setWrong(false);
    if (!query.filters.includes(condition)) {
      onQuery({ ...query, filters: [...query.filters, condition] });
    }
  };
  return (
    <div className="nbmlops-Runs-filters" role="group" aria-label={trans.__('Filters')}>
      <div className="nbmlops-Runs-condition">
        <Suggest
          label={trans.__('Condition')}
          value={text}
          placeholder={trans.__('accuracy > 0.9')}
          suggestions={text.trim() === '' ? all.slice(0, 12) : suggested(text, all)}
          onChange={value => {
            setText(value);
            setWrong(false);
          }}
          onChoose={name => setText(`${name} `)}
          onEnter={add}
          onEscape={props.onClose}
          autoFocus
        />
        <Action label={trans.__('Add')} onClick={add} isDisabled={!text.trim()} />
      </div>
      {isWrong && (
        <p className="nbmlops-mod-quiet" role="status">
          {trans.__('A name, one of = != < <= > >= ~, and a value: accuracy > 0.9, params.trees = 10, name ~ wine.')}
        </p>
      )}
      {names.experiments.length > 1 && (
        <label>
          {trans.__('Experiment')}{' '}
          <select value={query.experiment} onChange={event => onQuery({ ...query, experiment: event.target.value })}>
            <option value="">{trans.__('all')}</option>
            {names.experiments.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={query.isParentsOnly}
          onChange={event => onQuery({ ...query, isParentsOnly: event.target.checked })}
        />
        {trans.__('Without runs inside of runs')}
      </label>
      <label>
        <input
          type="checkbox"
          checked={query.isDeleted}
          onChange={event => onQuery({ ...query, isDeleted: event.target.checked })}
        />
        {trans.__('Deleted runs')}
      </label>
    </div>
  );
}

/** What holds for the list just now, each with a way out of it. */
export function Chips(props: { query: RunsQuery; onQuery: (query: RunsQuery) => void }): React.ReactElement | null {
  const { query, onQuery } = props;
  const { trans } = useHost();
  const chips: [string, RunsQuery][] = query.filters.map(each => [
    each,
    { ...query, filters: query.filters.filter(other => other !== each) }
  ]);
  if (query.experiment) {
    chips.push([query.experiment, { ...query, experiment: '' }]);
  }
  if (query.isParentsOnly) {
    chips.push([trans.__('not inside of runs'), { ...query, isParentsOnly: false }]);
  }
  if (query.isDeleted) {
    chips.push([trans.__('deleted'), { ...query, isDeleted: false }]);
  }
  if (!chips.length) {
    return null;
  }
  return (
    <ul className="nbmlops-Chips" aria-label={trans.__('Only these')}>
      {chips.map(([text, without]) => (
        <li key={text}>
          <span title={text}>{text}</span>
          <Action icon={closeIcon} label={trans.__('Without %1', text)} onClick={() => onQuery(without)} />
        </li>
      ))}
    </ul>
  );
}
