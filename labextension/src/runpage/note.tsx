import * as React from 'react';
import type { RunView } from '../api/types';
import { useHost } from '../host';
import { Action } from '../parts/button';
import { Block } from '../parts/block';

import { ErrorNote } from '../parts/notes';
import { asApiError, type ApiError } from '../api/errors';

const NOTE = 'mlflow.note.content';

/** What people write about a run; MLflow shows it too. What somebody types is not lost when the run changes. */
export function NoteBlock(props: { folder: string; run: RunView; isGone: boolean }): React.ReactElement | null {
  const { folder, run } = props;
  const { client, server, trans } = useHost();
  const saved = run.tags[NOTE] ?? '';
  const [typed, setTyped] = React.useState<string | null>(null);
  const [isSaving, setSaving] = React.useState(false);
  const [error, setError] = React.useState<ApiError | null>(null);
  const text = typed ?? saved;
  React.useEffect(() => {
    if (typed === saved) {
      setTyped(null);
    }
  }, [typed, saved]);
  if (props.isGone || !server.has('annotate')) {
    return saved ? (
      <Block title={trans.__('Note')} isWide>
        <p className="nbmlops-NoteText">{saved}</p>
      </Block>
    ) : null;
  }
  const save = async (): Promise<void> => {
    setSaving(true);
    setError(null);
    try {
      await client.call('annotate', folder, { run: run.id, note: text });
    } catch (problem) {
      setError(asApiError(problem));
    } finally {
      setSaving(false);
    }
  };
  const isChanged = text !== saved;
  return (
    <Block title={trans.__('Note')} isWide>
      <textarea
        className="nbmlops-NoteArea"
        aria-label={trans.__('Note')}
        placeholder={trans.__('What was tried, what came out')}
        rows={Math.min(12, Math.max(2, text.split('\n').length))}
        value={text}
        onChange={event => setTyped(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void save();
          }
        }}
      />
      {isChanged && (
        <div className="nbmlops-Actions">
          <Action label={trans.__('Save')} isPrimary isDisabled={isSaving} onClick={() => void save()} />
          <Action label={trans.__('Discard')} onClick={() => setTyped(null)} />
        </div>
      )}
      {error && <ErrorNote error={error} />}
    </Block>
  );
}
