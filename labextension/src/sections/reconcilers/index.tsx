import * as React from 'react';
import { useHost } from '../../host';
import { useRemembered, useVerb } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { Now } from '../../parts/now';
import { ReconcilerLine } from './reconciler';

const MINUTE_MS = 60_000;

/** What keeps models fresh and deployments as git says, and what waits for somebody to agree. */
export function ReconcilersSection(): React.ReactElement {
  const { trans } = useHost();
  const [opened, open] = useRemembered('reconciler', '');
  const { data, error, isLoading, reload } = useVerb('reconcilers', {}, ['reconcilers']);
  const all = data?.reconcilers ?? [];
  return (
    <Now every={MINUTE_MS}>
      <section aria-labelledby="nbmlops-reconcilers-title">
        <div className="nbmlops-Heading">
          <h3 id="nbmlops-reconcilers-title">{trans.__('Reconcilers')}</h3>
        </div>
        {isLoading && !data && !error && <Loading label={trans.__('Reading what reconcilers remember')} />}
        {error && <ErrorNote error={error} onRetry={reload} />}
        {data?.refused.map(each => (
          <p key={each} className="nbmlops-tone-bad nbmlops-Reconciler-refused">
            {each}
          </p>
        ))}
        {data && !all.length && !data.refused.length && (
          <EmptyNote
            text={trans.__(
              'A reconciler is a document in reconcilers/: it trains a model anew when that is needed, or deploys what git says.'
            )}
          />
        )}
        <ul className="nbmlops-List">
          {all.map(each => (
            <ReconcilerLine
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
