import * as React from 'react';
import type { KeptPackage } from '../../api/types';
import type { Arguments } from '../../api/client';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { ago, bytes } from '../../model/format';
import { repositoryOf, shortDigest } from '../../model/packages';
import { Action } from '../../parts/button';
import { useVerb } from '../../parts/hooks';
import { ErrorNote, Loading } from '../../parts/notes';
import { Details } from './details';
import { removePackage } from './remove';

/** One package of this machine; opened, what is in it and what can be done with it. */
export function PackageLine(props: {
  kept: KeptPackage;
  now: string;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
}): React.ReactElement {
  const { kept, isOpen } = props;
  const { trans } = useHost();
  const name = kept.tags.length ? kept.reference : repositoryOf(kept.reference);
  const others = kept.tags.slice(1);
  const facts = [
    bytes(kept.bytes),
    trans._n('%1 part', '%1 parts', kept.layers.length),
    others.length ? trans.__('also %1', others.join(', ')) : ''
  ];
  return (
    <li>
      <div className="nbmlops-List-head">
        <button
          type="button"
          className="nbmlops-Fold"
          aria-expanded={isOpen}
          title={kept.reference}
          onClick={() => props.onOpen(!isOpen)}
        >
          {name}
        </button>
        {kept.is_signed && (
          <span
            className="nbmlops-Packages-signed"
            title={trans.__('A signature lies beside it; Verify says whether it holds')}
          >
            {trans.__('signed')}
          </span>
        )}
        <span className="nbmlops-mod-quiet" title={kept.came ?? undefined}>
          {ago(kept.came, Date.parse(props.now))}
        </span>
      </div>
      <div className="nbmlops-mod-quiet">
        <code>{shortDigest(kept.digest)}</code>
        {!kept.problem && ` · ${facts.filter(Boolean).join(' · ')}`}
      </div>
      {kept.problem && <p className="nbmlops-tone-bad">{kept.problem}</p>}
      {isOpen && <OpenPackage kept={kept} />}
    </li>
  );
}

function OpenPackage(props: { kept: KeptPackage }): React.ReactElement {
  const { kept } = props;
  const host = useHost();
  const { live, place, server, trans } = host;
  const folder = live.project ?? place.folder;
  const action = (verb: string, label: string, args: Arguments = {}): React.ReactElement | null =>
    server.has(verb) && !kept.problem ? (
      <Action label={label} onClick={() => openForm(host, verb, { package: kept.reference, ...args }, { folder })} />
    ) : null;
  return (
    <>
      <div className="nbmlops-List-actions" role="toolbar" aria-label={trans.__('What to do with %1', kept.reference)}>
        {action('push', trans.__('Push…'))}
        {action('unpack', trans.__('Unpack…'), { dir: repositoryOf(kept.reference).split('/').pop() })}
        {action('tag', trans.__('Tag…'))}
        {action('sign', trans.__('Sign…'))}
        {action('verify', trans.__('Verify…'))}
        {action('image', trans.__('Image…'))}
        {action('deploy', trans.__('Deploy…'))}
        {server.has('remove') && (
          <Action label={trans.__('Remove…')} onClick={() => void removePackage(host, kept, folder)} />
        )}
      </div>
      {!kept.problem && <Inspected reference={kept.reference} />}
    </>
  );
}

function Inspected(props: { reference: string }): React.ReactElement {
  const { trans } = useHost();
  const { data, error, reload } = useVerb('inspect', { package: props.reference }, ['packages']);
  if (!data) {
    return error ? <ErrorNote error={error} onRetry={reload} /> : <Loading label={trans.__('Reading the package')} />;
  }
  return <Details found={data} />;
}
