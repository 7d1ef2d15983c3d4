import * as React from 'react';

/** Names and values. */
export function ValueTable(props: {
  label: string;
  rows: readonly (readonly [string, React.ReactNode])[];
  empty: string;
  /** The values are figures, which stand below each other. */
  areFigures?: boolean;
}): React.ReactElement {
  if (!props.rows.length) {
    return <p className="nbmlops-mod-quiet">{props.empty}</p>;
  }
  return (
    <table className={`nbmlops-Values${props.areFigures ? ' nbmlops-mod-numbers' : ''}`} aria-label={props.label}>
      <tbody>
        {props.rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
