import * as React from 'react';
import type { ShowResult } from '../api/types';
import { useHost } from '../host';
import { Block } from '../parts/block';
import { ValueTable } from '../parts/values';

const MOST_FILES = 500;

/** In what the run ran, where git stood, and which files of code it had. */
export function EnvironmentBlock(props: { found: ShowResult }): React.ReactElement {
  const { code, git, packages, python } = props.found;
  const { trans } = useHost();
  const rows: [string, string][] = [];
  if (python) {
    rows.push([trans.__('Python'), python], [trans.__('Packages'), String(packages)]);
  }
  if (git) {
    rows.push(
      [trans.__('Git commit'), git.commit],
      [trans.__('Branch'), git.branch],
      [trans.__('Uncommitted changes'), git.dirty ? trans.__('yes, kept with the run') : trans.__('none')]
    );
    if (git.remote) {
      rows.push([trans.__('Remote'), git.remote]);
    }
  }
  return (
    <Block title={trans.__('Environment')}>
      <ValueTable label={trans.__('Environment')} rows={rows} empty={trans.__('It is not known.')} />
      {code.length > 0 && (
        <details>
          <summary>{trans._n('%1 file of code', '%1 files of code', code.length)}</summary>
          <ul className="nbmlops-Lines nbmlops-mono">
            {code.slice(0, MOST_FILES).map(path => (
              <li key={path}>{path}</li>
            ))}
          </ul>
        </details>
      )}
    </Block>
  );
}
