import * as React from 'react';
import type { DatasetUse } from '../api/types';
import { useHost } from '../host';
import { bytes } from '../model/format';
import { Block } from '../parts/block';
import { CopyText } from '../parts/copy';

/** Files that the run has read. */
export function DataBlock(props: { datasets: readonly DatasetUse[] }): React.ReactElement {
  const { trans } = useHost();
  return (
    <Block title={trans.__('Data that it read')}>
      {props.datasets.length ? (
        <ul className="nbmlops-Lines">
          {props.datasets.map(use => (
            <li key={`${use.path} ${use.digest}`}>
              <span title={use.path}>{use.path || use.name}</span>
              <small>
                {bytes(use.size)}
                {use.context === 'training' ? ` · ${trans.__('training')}` : ''}
              </small>
              <CopyText text={use.digest} shown={use.digest.slice(0, 12)} name={trans.__('digest of %1', use.name)} />
            </li>
          ))}
        </ul>
      ) : (
        <p className="nbmlops-mod-quiet">{trans.__('None was seen.')}</p>
      )}
    </Block>
  );
}
