import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { InspectResult } from '../../api/types';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { bytes } from '../../model/format';
import { repositoryOf } from '../../model/packages';
import { Action } from '../../parts/button';
import { Details } from './details';

/** What a registry has under a name, seen before it is pulled: asked for by hand, as it goes over the network. */
export function LookUp(): React.ReactElement {
  const host = useHost();
  const { jobs, live, place, server, trans } = host;
  const [text, setText] = React.useState('');
  const [found, setFound] = React.useState<InspectResult | null>(null);
  const [isLooking, setLooking] = React.useState(false);
  const folder = live.project ?? place.folder;
  const look = async (): Promise<void> => {
    setLooking(true);
    setFound(null);
    try {
      setFound(await jobs.run('inspect', folder, { package: text.trim(), remote: true }));
    } catch {
      // the job's own line says why
    } finally {
      setLooking(false);
    }
  };
  const view = found?.package;
  return (
    <section className="nbmlops-Packages-lookup" aria-labelledby="nbmlops-lookup-title">
      <h3 id="nbmlops-lookup-title" className="nbmlops-Heading">
        {trans.__('On a registry')}
      </h3>
      <form
        className="nbmlops-Actions"
        onSubmit={event => {
          event.preventDefault();
          void look();
        }}
      >
        <input
          type="text"
          className="nbmlops-Packages-search"
          aria-label={trans.__('Package on a registry')}
          placeholder={trans.__('ghcr.io/team/wine:v1')}
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={event => setText(event.target.value)}
        />
        <button type="submit" className="nbmlops-Action" disabled={isLooking || !text.trim()}>
          {trans.__('Look up')}
        </button>
      </form>
      {view && (
        <ul className="nbmlops-List">
          <li>
            <div className="nbmlops-List-head">
              <strong className="nbmlops-Steps-name">{view.reference}</strong>
              <Action icon={closeIcon} label={trans.__('Put %1 away', view.reference)} onClick={() => setFound(null)} />
            </div>
            <div className="nbmlops-mod-quiet">
              {bytes(view.bytes)} · {trans._n('%1 part', '%1 parts', view.layers.length)}
            </div>
            <div className="nbmlops-List-actions">
              {server.has('pull') && (
                <Action
                  label={trans.__('Pull…')}
                  isPrimary
                  onClick={() => openForm(host, 'pull', { package: view.reference }, { folder })}
                />
              )}
              {server.has('unpack') && (
                <Action
                  label={trans.__('Unpack…')}
                  onClick={() =>
                    openForm(
                      host,
                      'unpack',
                      { package: view.reference, dir: repositoryOf(view.reference).split('/').pop() },
                      { folder }
                    )
                  }
                />
              )}
            </div>
            <Details found={found} />
          </li>
        </ul>
      )}
    </section>
  );
}
