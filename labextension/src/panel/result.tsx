import * as React from 'react';
import { ApiError } from '../api/errors';
import { useHost } from '../host';
import { useFetched } from '../parts/hooks';
import { ErrorNote, Loading } from '../parts/notes';
import { PageView } from '../parts/page';

/** What a job came to. The server forgets it when it is restarted, and says so. */
export function ResultPage(props: { id: string }): React.ReactElement {
  const { client, trans } = useHost();
  const { data, error, reload } = useFetched(props.id, [], () => client.job(props.id));
  if (error) {
    return <ErrorNote error={error} onRetry={reload} />;
  }
  if (!data) {
    return <Loading label={trans.__('Asking the server')} />;
  }
  const { job, page, events } = data;
  if (job.state === 'done') {
    return <PageView blocks={page} />;
  }
  return (
    <div className="nbmlops-Page">
      {job.error && <ErrorNote error={new ApiError(0, job.error.kind, job.error.message, job.error.hint)} />}
      <ul>
        {events.map(event => (
          <li key={event.number}>
            {event.task}: {event.state} {event.note}
          </li>
        ))}
      </ul>
      {job.output && (
        <>
          <h3>{trans.__('What it wrote last')}</h3>
          <pre className="nbmlops-mono" tabIndex={0}>
            {job.output}
          </pre>
        </>
      )}
    </div>
  );
}
