import * as React from 'react';
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
  return data ? <PageView blocks={data.page} /> : <Loading label={trans.__('Asking the server')} />;
}
