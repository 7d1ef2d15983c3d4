import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { useHost } from '../../host';
import { Action } from '../../parts/button';
import { useFetched, useRemembered, useSignal } from '../../parts/hooks';
import { PageView } from '../../parts/page';

/** What the deployment has answered when it was last asked from here. */
export function Answer(props: { name: string }): React.ReactElement | null {
  const { name } = props;
  const { client, jobs, live, trans } = useHost();
  useSignal(jobs.changed);
  // Over the forms, which take the section's place.
  const [away, putAway] = useRemembered('answer', '');
  const job = jobs.all.find(
    each =>
      each.verb === 'predict' &&
      each.state === 'done' &&
      each.arguments['name'] === name &&
      each.project === live.project
  );
  const id = job && job.id !== away ? job.id : null;
  const { data } = useFetched(id, [], () => client.job(id!));
  if (!id || !data) {
    return null;
  }
  return (
    <div className="nbmlops-Answer">
      <div className="nbmlops-List-head">
        <strong className="nbmlops-Steps-name">{trans.__('Predictions')}</strong>
        <Action icon={closeIcon} label={trans.__('Put the predictions away')} onClick={() => putAway(id)} />
      </div>
      <div className="nbmlops-Answer-body" role="group" aria-label={trans.__('Predictions of %1', name)} tabIndex={0}>
        <PageView blocks={data.page} />
      </div>
    </div>
  );
}
