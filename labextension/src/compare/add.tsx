import * as React from 'react';
import { useHost } from '../host';
import { ago } from '../model/format';
import { useFetched } from '../parts/hooks';
import { Suggest } from '../parts/suggest';
import { MOST_COMPARED } from '../sections/runs/commands';

const MOST_SHOWN = 12;

/** Another run for the comparison, found by a part of its name. */
export function AddRun(props: {
  folder: string;
  ids: readonly string[];
  onAdd: (id: string) => void;
}): React.ReactElement | null {
  const { client, trans } = useHost();
  const [text, setText] = React.useState('');
  const [search, setSearch] = React.useState('');
  React.useEffect(() => {
    const timer = window.setTimeout(() => setSearch(text.trim()), 200);
    return () => window.clearTimeout(timer);
  }, [text]);
  const found = useFetched(JSON.stringify(['add', props.folder, search]), ['runs'], () =>
    client.call('runs', props.folder, { search, limit: MOST_SHOWN + props.ids.length })
  );
  const runs = (found.data?.runs ?? []).filter(run => !props.ids.includes(run.id)).slice(0, MOST_SHOWN);
  const words = runs.map(run => `${run.name} · ${ago(run.started)} · ${run.id.slice(0, 8)}`);
  if (props.ids.length >= MOST_COMPARED) {
    return null;
  }
  const take = (at: number): void => {
    if (runs[at]) {
      props.onAdd(runs[at].id);
      setText('');
    }
  };
  return (
    <Suggest
      label={trans.__('Add a run')}
      placeholder={trans.__('Add a run…')}
      value={text}
      suggestions={words}
      onChange={setText}
      onChoose={word => take(words.indexOf(word))}
      onEnter={() => take(0)}
    />
  );
}
