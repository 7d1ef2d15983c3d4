import * as React from 'react';
import type { Pair, ShowResult } from '../api/types';
import { useHost } from '../host';
import { useVerb } from '../parts/hooks';

/** Packages that a run imported and that differ, Python, and where git stood. */
export function EnvironmentDiff(props: {
  folder: string;
  before: string;
  after: string;
  /** Null while they are on their way. */
  packages: readonly Pair[] | null;
}): React.ReactElement {
  const { folder } = props;
  const { trans } = useHost();
  const before = useVerb('show', { run: props.before }, [], folder).data;
  const after = useVerb('show', { run: props.after }, [], folder).data;
  const rows: [string, string, string][] = [];
  if (before && after) {
    const facts = (found: ShowResult): [string, string][] => [
      [trans.__('Python'), found.python],
      [trans.__('Packages installed'), found.packages ? String(found.packages) : ''],
      [trans.__('Git commit'), found.git?.commit.slice(0, 12) ?? ''],
      [trans.__('Git branch'), found.git?.branch ?? ''],
      [trans.__('Uncommitted changes'), found.git ? (found.git.dirty ? trans.__('yes') : trans.__('none')) : '']
    ];
    const old = facts(before);
    const now = facts(after);
    old.forEach(([name, value], index) => {
      if (value !== now[index][1]) {
        rows.push([name, value, now[index][1]]);
      }
    });
  }
  for (const pair of props.packages ?? []) {
    rows.push([pair.name, String(pair.before ?? ''), String(pair.after ?? '')]);
  }
  if (!rows.length) {
    return (
      <p className="nbmlops-mod-quiet">
        {before && after && props.packages ? trans.__('No package that the runs imported differs.') : ''}
      </p>
    );
  }
  return (
    <table className="nbmlops-Values" aria-label={trans.__('Environment')}>
      <tbody>
        {rows.map(([name, old, now]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{old || '–'}</td>
            <td aria-hidden="true">→</td>
            <td>{now || '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
