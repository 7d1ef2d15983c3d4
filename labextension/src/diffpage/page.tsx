import * as React from 'react';
import { ChangedFiles } from '../compare/files';
import { useHost } from '../host';
import { short } from '../model/format';
import { useVerb } from '../parts/hooks';
import { ErrorNote, Loading } from '../parts/notes';

/** Files that are not the same; inside of tables rows, columns and how their values moved. */
export function DiffPage(props: { folder: string; before: string; after: string }): React.ReactElement {
  const { trans } = useHost();
  const { before, after, folder } = props;
  const { data, error, reload } = useVerb('diff', { before, after }, after ? [] : ['records'], folder);
  return (
    <div className="nbmlops-Page">
      <h2>{trans.__('From %1 to %2', short(before), after ? short(after) : trans.__('the files as they are now'))}</h2>
      {error && <ErrorNote error={error} onRetry={reload} />}
      {!data && !error && <Loading label={trans.__('Reading both')} />}
      {data && <ChangedFiles result={data} same={trans.__('Nothing has changed.')} />}
    </div>
  );
}
