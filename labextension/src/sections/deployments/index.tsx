import * as React from 'react';
import { openForm } from '../../forms/open';
import { useHost } from '../../host';
import { Action } from '../../parts/button';
import { useEvery, useRemembered, useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { Now } from '../../parts/now';
import { DeploymentLine } from './deployment';

/** What is wanted is told as it changes; how it is, and what it has answered, has to be asked for. */
const FOLLOW_MS = 2000;

/** What is deployed of the project, and how it is. */
export function DeploymentsSection(): React.ReactElement {
  const host = useHost();
  const { live, place, trans } = host;
  // Over the forms, which take the section's place.
  const [opened, open] = useRemembered('deployment', '');
  const { data, error, isLoading, reload } = useVerb('deployments', {}, ['deployments']);
  const all = data?.deployments ?? [];
  useEvery(all.some(each => each.state !== 'stopped') ? FOLLOW_MS : 0, reload);
  const deploy = (): void => openForm(host, 'deploy', {}, { folder: live.project ?? place.folder });
  return (
    <Now every={FOLLOW_MS}>
      <section aria-labelledby="nbmlops-deployments-title">
        <div className="nbmlops-Heading">
          <h3 id="nbmlops-deployments-title">{trans.__('Deployments')}</h3>
          {all.length > 0 && <Action label={trans.__('Deploy…')} onClick={deploy} />}
        </div>
        {isLoading && !data && !error && <Loading label={trans.__('Asking the deployments')} />}
        {error && <ErrorNote error={error} onRetry={reload} />}
        {data && !all.length && (
          <EmptyNote
            text={trans.__(
              'Nothing is deployed yet: a package, or the package of a run, answers requests on a port that stays.'
            )}
          >
            <Action label={trans.__('Deploy…')} isPrimary onClick={deploy} />
          </EmptyNote>
        )}
        <ul className="nbmlops-List">
          {all.map(each => (
            <DeploymentLine
              key={each.name}
              view={each}
              isOpen={opened === each.name}
              onOpen={isOpen => open(isOpen ? each.name : '')}
            />
          ))}
        </ul>
      </section>
    </Now>
  );
}
