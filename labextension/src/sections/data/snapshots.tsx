import { copyIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { SnapshotRecord, SnapshotsResult } from '../../api/types';
import { openDiff } from '../../diffpage/open';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { ago, bytes, short } from '../../model/format';
import { copy, openRun } from '../../notebook/commands';
import { Action } from '../../parts/button';
import { useRemembered, useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';

const LIMIT = 100;

/** The snapshots of the project, newest first; two that are ticked can be held against each other. */
export function Snapshots(): React.ReactElement {
  const host = useHost();
  const { trans, place } = host;
  const [scope, setScope] = useRemembered<'all' | 'data' | 'code'>('snapshots', 'data');
  const [limit, setLimit] = React.useState(LIMIT);
  const [picked, pick] = React.useState<readonly string[]>([]);
  const { data, error, isLoading, reload } = useVerb('snapshots', { limit, scope: scope === 'all' ? null : scope }, [
    'records'
  ]);
  const toggle = (id: string): void =>
    pick(picked.includes(id) ? picked.filter(each => each !== id) : [...picked, id].slice(-2));
  const found = data?.snapshots ?? [];
  const [older, newer] = found.filter(each => picked.includes(each.id)).reverse();
  return (
    <section aria-labelledby="nbmlops-snapshots-title">
      <div className="nbmlops-Heading">
        <h3 id="nbmlops-snapshots-title">{trans.__('Snapshots')}</h3>
        <select
          aria-label={trans.__('Which snapshots')}
          value={scope}
          onChange={event => setScope(event.target.value as typeof scope)}
        >
          <option value="data">{trans.__('of data')}</option>
          <option value="code">{trans.__('of code')}</option>
          <option value="all">{trans.__('all')}</option>
        </select>
      </div>
      {isLoading && !data && <Loading label={trans.__('Reading the snapshots')} />}
      {error && <ErrorNote error={error} onRetry={reload} />}
      {data && <Dedupe result={data} />}
      <div className="nbmlops-Actions" role="toolbar" aria-label={trans.__('What to do with snapshots')}>
        <Action label={trans.__('Snapshot…')} onClick={() => openForm(host, 'snapshot')} />
        <Action
          label={newer ? trans.__('Compare the two') : trans.__('Compare with now')}
          isDisabled={!older}
          title={trans.__('Tick one snapshot, or two')}
          onClick={() => openDiff(host, place.folder, older.snapshot, newer?.snapshot ?? '')}
        />
      </div>
      {data && !found.length && (
        <EmptyNote
          text={trans.__('Nothing is kept yet: run a tracked notebook that reads a file, or take a snapshot.')}
        />
      )}
      <ul className="nbmlops-Snapshots">
        {found.map(each => (
          <SnapshotLine
            key={each.id}
            record={each}
            users={data?.users[each.snapshot]?.runs ?? []}
            isPicked={picked.includes(each.id)}
            onPick={() => toggle(each.id)}
            now={data!.now}
          />
        ))}
      </ul>
      {found.length >= limit && (
        <div className="nbmlops-Actions">
          <Action label={trans.__('Older ones')} onClick={() => setLimit(limit + 5 * LIMIT)} />
        </div>
      )}
    </section>
  );
}

function Dedupe(props: { result: SnapshotsResult }): React.ReactElement | null {
  const { trans } = useHost();
  const { store } = props.result;
  if (!store.disk) {
    return null;
  }
  return (
    <p className="nbmlops-Snapshots-store nbmlops-mod-quiet">
      {trans.__('%1 of files in %2 on disk', bytes(store.bytes), bytes(store.disk))}
    </p>
  );
}

function SnapshotLine(props: {
  record: SnapshotRecord;
  users: readonly { id: string; name: string }[];
  isPicked: boolean;
  onPick: () => void;
  now: string;
}): React.ReactElement {
  const { record } = props;
  const host = useHost();
  const { trans } = host;
  const title = record.message || record.notebook || short(record.snapshot);
  return (
    <li>
      <input
        type="checkbox"
        aria-label={trans.__('Pick the snapshot %1', title)}
        checked={props.isPicked}
        onChange={props.onPick}
      />
      <div className="nbmlops-Snapshots-what">
        <div className="nbmlops-Snapshots-title" title={record.taken}>
          {title}
        </div>
        <div className="nbmlops-mod-quiet">
          <code>{short(record.snapshot)}</code> · {ago(record.taken, Date.parse(props.now))} ·{' '}
          {trans._n('%1 file', '%1 files', record.files)} · {bytes(record.size)}
          {record.stored < record.size ? ` (${trans.__('%1 new', bytes(record.stored))})` : ''}
        </div>
        {record.skipped.length > 0 && (
          <div className="nbmlops-tone-warn" title={record.skipped.join('\n')}>
            {trans._n('%1 file could not be kept', '%1 files could not be kept', record.skipped.length)}
          </div>
        )}
        {props.users.length > 0 && (
          <div className="nbmlops-mod-quiet">
            {trans.__('used by')}{' '}
            {props.users.map(run => (
              <button
                key={run.id}
                type="button"
                className="nbmlops-Chip nbmlops-mod-run"
                onClick={() => openRun(host, run.id)}
              >
                {run.name || short(run.id)}
              </button>
            ))}
          </div>
        )}
      </div>
      <Action icon={copyIcon} label={trans.__('Copy the id of %1', title)} onClick={() => copy(record.snapshot)} />
      <Action
        icon={undoIcon}
        label={trans.__('Restore %1…', title)}
        onClick={() => openForm(host, 'restore', { snapshot: record.snapshot })}
      />
    </li>
  );
}
