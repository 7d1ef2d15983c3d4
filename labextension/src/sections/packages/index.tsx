import * as React from 'react';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { isSought, repositoryOf } from '../../model/packages';
import { Action } from '../../parts/button';
import { useRemembered, useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { LookUp } from './lookup';
import { PackageLine } from './package';

/** As many are seen at a glance. */
const HANDFUL = 6;
const STEP = 50;

/** The packages on this machine, newest first, and those of registries by their names. */
export function PackagesSection(): React.ReactElement {
  const host = useHost();
  const { live, place, server, trans } = host;
  const [text, setText] = React.useState('');
  const [limit, setLimit] = React.useState(STEP);
  // Over the forms, which take the section's place.
  const [opened, open] = useRemembered('package', '');
  const { data, error, isLoading, reload } = useVerb('packages', {}, ['packages']);
  const all = data?.packages ?? [];
  const isLong = all.length > HANDFUL;
  const found = isLong && text.trim() ? all.filter(each => isSought(each, text.trim())) : all;
  const form = (verb: string): void => openForm(host, verb, {}, { folder: live.project ?? place.folder });
  return (
    <>
      <section aria-labelledby="nbmlops-packages-title">
        <h3 id="nbmlops-packages-title" className="nbmlops-Heading">
          {trans.__('Packages')}
        </h3>
        <div className="nbmlops-Actions" role="toolbar" aria-label={trans.__('New packages')}>
          {server.has('pack') && (
            <Action label={trans.__('Pack…')} isPrimary={!!data && !all.length} onClick={() => form('pack')} />
          )}
          {server.has('pull') && <Action label={trans.__('Pull…')} onClick={() => form('pull')} />}
          {isLong && (
            <input
              type="search"
              className="nbmlops-Packages-search"
              aria-label={trans.__('Search packages')}
              placeholder={trans.__('Search')}
              value={text}
              spellCheck={false}
              onChange={event => setText(event.target.value)}
            />
          )}
        </div>
        {isLoading && !data && <Loading label={trans.__('Reading the packages')} />}
        {error && <ErrorNote error={error} onRetry={reload} />}
        {data && !all.length && (
          <EmptyNote
            text={trans.__(
              'There is no package on this machine yet. Pack one: of a run, with its model, code and data, of a pipeline, or of a folder with a Kitfile. Or pull one from a registry.'
            )}
          />
        )}
        {all.length > 0 && !found.length && (
          <EmptyNote text={trans.__('No package fits.')}>
            <Action label={trans.__('Show all packages')} onClick={() => setText('')} />
          </EmptyNote>
        )}
        <ul className="nbmlops-List">
          {found.slice(0, limit).map(each => {
            const id = `${repositoryOf(each.reference)}@${each.digest}`;
            return (
              <PackageLine
                key={id}
                kept={each}
                now={data!.now}
                isOpen={opened === id}
                onOpen={isOpen => open(isOpen ? id : '')}
              />
            );
          })}
        </ul>
        {found.length > limit && (
          <div className="nbmlops-Actions">
            <Action label={trans.__('Older ones')} onClick={() => setLimit(limit + 5 * STEP)} />
          </div>
        )}
      </section>
      <LookUp />
    </>
  );
}
