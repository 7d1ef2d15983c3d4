import * as React from 'react';
import type { RunView } from '../api/types';
import { useHost } from '../host';
import { figure } from '../model/format';
import { Block } from '../parts/block';

/** The last value of each metric. */
export function MetricsBlock(props: { run: RunView }): React.ReactElement {
  const { trans } = useHost();
  const rows = Object.entries(props.run.metrics);
  return (
    <Block title={trans.__('Metrics')}>
      {rows.length ? (
        <table className="nbmlops-Values nbmlops-mod-numbers" aria-label={trans.__('Metrics')}>
          <tbody>
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td title={value === null ? undefined : String(value)}>{figure(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="nbmlops-mod-quiet">{trans.__('It has no metrics yet.')}</p>
      )}
    </Block>
  );
}
