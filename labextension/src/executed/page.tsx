import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';
import { asApiError, type ApiError } from '../api/errors';
import { useHost } from '../host';
import { untrusted } from '../model/untrusted';
import { Action } from '../parts/button';
import { useVerb } from '../parts/hooks';
import { EmptyNote, ErrorNote, Loading } from '../parts/notes';
import { NotebookView } from './notebook';

/** What a run's notebook has shown, to be read; a copy of it can be saved. */
export function ExecutedPage(props: { folder: string; run: string; editors: IEditorServices }): React.ReactElement {
  const { folder, run } = props;
  const { client, documents, trans } = useHost();
  const [step, setStep] = React.useState('');
  const [error, setError] = React.useState<ApiError | null>(null);
  const shown = useVerb('show', { run }, [], folder);
  const executed = useVerb('executed', step ? { run, step } : { run }, [], folder);
  const document = React.useMemo(() => untrusted(executed.data?.notebook), [executed.data]);
  const steps = (shown.data?.children ?? []).map(child => child.tags['nbmlops.step']).filter(Boolean);
  const name = shown.data?.run.name ?? run.slice(0, 12);
  const save = async (): Promise<void> => {
    setError(null);
    const { value } = await InputDialog.getText({
      title: trans.__('Save a copy'),
      label: folder ? trans.__('File, from the folder %1', folder) : trans.__('File'),
      text: `${[name, step]
        .filter(Boolean)
        .join(' ')
        .replace(/[^\w=.-]+/g, '-')}.ipynb`,
      okLabel: trans.__('Save')
    });
    if (!value?.trim()) {
      return;
    }
    const output = value.trim();
    try {
      await client.call('executed', folder, { run, output, ...(step ? { step } : {}) });
      Notification.success(trans.__('Saved as %1.', output), {
        autoClose: 6000,
        actions: [
          {
            label: trans.__('Open'),
            callback: () => void documents.openOrReveal(PathExt.join(folder, output))
          }
        ]
      });
    } catch (problem) {
      setError(asApiError(problem));
    }
  };
  return (
    <div className="nbmlops-Executed">
      <div className="nbmlops-Compare-bar" role="toolbar" aria-label={trans.__('Executed notebook')}>
        <strong>{name}</strong>
        <span className="nbmlops-mod-quiet">{trans.__('as it was executed; read only')}</span>
        {steps.length > 0 && (
          <label>
            {trans.__('Step')}{' '}
            <select value={step} onChange={event => setStep(event.target.value)}>
              <option value="">{trans.__('all')}</option>
              {steps.map(each => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        )}
        <span className="nbmlops-Space" />
        <Action label={trans.__('Save a copy…')} isDisabled={!document} onClick={() => void save()} />
      </div>
      {error && <ErrorNote error={error} />}
      {executed.error && (
        <ErrorNote error={executed.error} onRetry={executed.reload} retryLabel={trans.__('Try again')} />
      )}
      {!executed.data && executed.isLoading && <Loading label={trans.__('The notebook is on its way')} />}
      {executed.data && !document && <EmptyNote text={trans.__('There is no notebook in the answer.')} />}
      {document && <NotebookView document={document} editors={props.editors} />}
    </div>
  );
}
