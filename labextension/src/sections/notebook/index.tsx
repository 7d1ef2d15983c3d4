import * as React from 'react';
import { useHost } from '../../host';
import { useSignal } from '../../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../../parts/notes';
import { ShownContext } from '../../parts/hooks';
import { Actions } from './actions';
import { CellList } from './cells';
import { NotebookGraph } from './graph';
import { Parameters } from './parameters';
import { Tracking } from './tracking';

/** The notebook in front: tracking, what it would be as a pipeline, and each of its cells. */
export function NotebookSection(): React.ReactElement {
  const { place, notebook, trans } = useHost();
  const isShown = React.useContext(ShownContext);
  useSignal(place.changed);
  useSignal(notebook.changed);
  React.useEffect(() => {
    if (!isShown) {
      return;
    }
    const watching = notebook.watch();
    return () => watching.dispose();
  }, [isShown, notebook]);
  if (!place.panel) {
    return (
      <EmptyNote
        text={trans.__('Open a notebook: here is shown what each of its cells is, and what pipeline is in it.')}
      />
    );
  }
  const { result, error } = notebook;
  const isPython = !result || !result.language || result.language === 'python';
  return (
    <>
      <Tracking panel={place.panel} />
      {notebook.isLoading && !result && <Loading label={trans.__('Reading the notebook')} />}
      {error && <ErrorNote error={error} onRetry={() => notebook.later()} />}
      {result && !isPython && (
        <EmptyNote text={trans.__('This notebook is in %1; only Python is understood.', result.language)} />
      )}
      {result && isPython && (
        <>
          <Actions notebook={result.notebook} />
          {result.problem && (
            <p className="nbmlops-Note nbmlops-mod-error" role="status">
              {result.problem}
            </p>
          )}
          <NotebookGraph result={result} />
          <Parameters parameters={result.parameters} />
          <CellList result={result} />
        </>
      )}
    </>
  );
}
