import * as React from 'react';
import { asApiError, type ApiError } from '../api/errors';
import { useHost } from '../host';
import { Action } from './button';
import { EmptyNote, ErrorNote } from './notes';

/** A folder that is in no project yet, and the way to make it one. */
export function NoProject(props: { folder: string }): React.ReactElement {
  const { jobs, live, server, trans } = useHost();
  const [error, setError] = React.useState<ApiError | null>(null);
  const [isMaking, setMaking] = React.useState(false);
  const make = async (): Promise<void> => {
    setMaking(true);
    setError(null);
    try {
      await jobs.run('init', props.folder, {});
      live.lookAgain();
    } catch (problem) {
      setError(asApiError(problem));
    } finally {
      setMaking(false);
    }
  };
  return (
    <EmptyNote
      text={
        props.folder
          ? trans.__('The folder %1 is in no project yet.', props.folder)
          : trans.__('This folder is in no project yet.')
      }
    >
      <p className="nbmlops-Note-hint">
        {trans.__('A project keeps runs, data and pipelines of its notebooks in a hidden folder beside them.')}
      </p>
      {server.has('init') && (
        <Action label={trans.__('Make it a project')} isPrimary isDisabled={isMaking} onClick={() => void make()} />
      )}
      {error && <ErrorNote error={error} />}
    </EmptyNote>
  );
}
