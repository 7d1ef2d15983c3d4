import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { asApiError, type ApiError } from '../api/errors';
import type { RunView } from '../api/types';
import { useHost } from '../host';
import { Action } from '../parts/button';
import { Block } from '../parts/block';

import { ErrorNote } from '../parts/notes';
import { COMMANDS, withRuns } from '../sections/runs/commands';
import { ValueTable } from '../parts/values';

/** Tags that people set can be taken off; those of tools are shown on demand. */
export function TagsBlock(props: { folder: string; run: RunView; isGone: boolean }): React.ReactElement {
  const { folder, run } = props;
  const host = useHost();
  const { client, server, trans } = host;
  const [error, setError] = React.useState<ApiError | null>(null);
  const isOfTool = (name: string): boolean => /^(mlflow|nbmlops)\./.test(name);
  const own = Object.entries(run.tags).filter(([name]) => !isOfTool(name));
  const others = Object.entries(run.tags).filter(([name]) => isOfTool(name) && name !== 'mlflow.note.content');
  const canEdit = !props.isGone && server.has('annotate');
  const takeOff = (name: string): void => {
    setError(null);
    client
      .call('annotate', folder, { run: run.id, untag: [name] })
      .catch((problem: unknown) => setError(asApiError(problem)));
  };
  return (
    <Block
      title={trans.__('Tags')}
      aside={
        canEdit ? (
          <Action label={trans.__('Tag…')} onClick={() => withRuns(host, COMMANDS.tag, folder, [run])} />
        ) : undefined
      }
    >
      {own.length > 0 && (
        <ul className="nbmlops-Chips" aria-label={trans.__('Tags')}>
          {own.map(([name, value]) => (
            <li key={name}>
              <span title={value}>
                {name}
                {value ? ` = ${value}` : ''}
              </span>
              {canEdit && (
                <Action icon={closeIcon} label={trans.__('Take the tag %1 off', name)} onClick={() => takeOff(name)} />
              )}
            </li>
          ))}
        </ul>
      )}
      {error && <ErrorNote error={error} />}
      <details>
        <summary>{trans._n('%1 tag of tools', '%1 tags of tools', others.length)}</summary>
        <ValueTable label={trans.__('Tags of tools')} rows={others} empty="" />
      </details>
    </Block>
  );
}
