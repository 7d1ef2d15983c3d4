import * as React from 'react';
import type { ModelView, RunView } from '../api/types';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { Action } from '../parts/button';
import { CopyText } from '../parts/copy';
import { COMMANDS, withRuns } from '../sections/runs/commands';

/** Models that the run has logged. */
export function ModelsBlock(props: {
  folder: string;
  run: RunView;
  models: readonly ModelView[];
  isGone: boolean;
}): React.ReactElement | null {
  const host = useHost();
  const { server, trans } = host;
  if (!props.models.length) {
    return null;
  }
  return (
    <Block title={trans.__('Models')}>
      <ul className="nbmlops-Lines">
        {props.models.map(model => (
          <li key={model.id}>
            <span>{model.name}</span>
            <small>{model.status.toLowerCase()}</small>
            <CopyText
              text={`models:/${model.id}`}
              shown={model.id.slice(0, 14)}
              name={trans.__('address of the model')}
            />
            {server.has('promote') && !props.isGone && (
              <Action
                label={trans.__('Promote…')}
                onClick={() => withRuns(host, COMMANDS.promote, props.folder, [props.run])}
              />
            )}
          </li>
        ))}
      </ul>
    </Block>
  );
}
