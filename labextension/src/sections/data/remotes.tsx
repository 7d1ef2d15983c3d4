import * as React from 'react';
import type { Known } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { bytes } from '../../model/format';
import { Action } from '../../parts/button';
import { useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote } from '../../parts/notes';

/** Where else snapshots are kept, and what is only here or only there: asked for by hand, as it goes over the network. */
export function Remotes(): React.ReactElement {
  const host = useHost();
  const { trans, jobs, place } = host;
  const { data, error, reload } = useVerb('remote', { action: 'list' }, ['files']);
  const [looked, setLooked] = React.useState<Record<string, Known>>({});
  const [isLooking, setLooking] = React.useState(false);
  const look = async (): Promise<void> => {
    setLooking(true);
    try {
      const { remotes } = await jobs.run('remote', place.folder, { action: 'status' });
      setLooked(Object.fromEntries(remotes.map(each => [each.name, each])));
    } catch {
      // the job's own line says why
    } finally {
      setLooking(false);
    }
  };
  return (
    <section aria-labelledby="nbmlops-remotes-title">
      <div className="nbmlops-Heading">
        <h3 id="nbmlops-remotes-title">{trans.__('Remotes')}</h3>
        <Action label={trans.__('Add…')} onClick={() => openForm(host, 'remote', { action: 'add' })} />
      </div>
      {error && error.kind !== 'project-missing' && <ErrorNote error={error} onRetry={reload} />}
      {data && !data.remotes.length && (
        <EmptyNote text={trans.__('Snapshots are on this machine only. Add a folder or a bucket to share them.')} />
      )}
      <ul className="nbmlops-Remotes">
        {data?.remotes.map(known => (
          <RemoteLine key={known.name} known={looked[known.name] ?? known} />
        ))}
      </ul>
      {!!data?.remotes.length && (
        <div className="nbmlops-Actions">
          <Action label={trans.__('What is where?')} isDisabled={isLooking} onClick={() => void look()} />
        </div>
      )}
    </section>
  );
}

function RemoteLine(props: { known: Known }): React.ReactElement {
  const { known } = props;
  const { trans, jobs, place } = useHost();
  const act = (action: string): void => void jobs.start('remote', place.folder, { action, name: known.name });
  const state =
    known.problem ||
    (known.to_push === null
      ? ''
      : known.to_push || known.to_pull
        ? [
            known.to_push ? trans._n('%1 pack to push', '%1 packs to push', known.to_push) : '',
            known.to_pull ? trans._n('%1 pack to pull', '%1 packs to pull', known.to_pull) : ''
          ]
            .filter(Boolean)
            .join(', ')
        : trans.__('the same here and there'));
  return (
    <li>
      <div className="nbmlops-Snapshots-what">
        <strong>{known.name}</strong> <span className="nbmlops-mod-quiet">{known.url}</span>
        <div className={known.problem ? 'nbmlops-tone-bad' : 'nbmlops-mod-quiet'}>
          {state}
          {known.size !== null ? ` · ${bytes(known.size)}` : ''}
        </div>
      </div>
      <Action label={trans.__('Push')} onClick={() => act('push')} />
      <Action label={trans.__('Pull')} onClick={() => act('pull')} />
    </li>
  );
}
