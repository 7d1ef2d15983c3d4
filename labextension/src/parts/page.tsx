import * as React from 'react';
import type { PageBlock, PageCell } from '../api/types';

/** The result of a verb, as every door shows it: lines, fields, tables, sources. All of it is text. */
export function PageView(props: { blocks: readonly PageBlock[] }): React.ReactElement {
  return (
    <div className="nbmlops-Page">
      {props.blocks.map((block, index) => (
        <React.Fragment key={index}>
          {block.title && <h3>{block.title}</h3>}
          <BlockView block={block} />
        </React.Fragment>
      ))}
    </div>
  );
}

function BlockView(props: { block: PageBlock }): React.ReactElement {
  const { block } = props;
  switch (block.kind) {
    case 'line':
      return <p className={`nbmlops-tone-${block.tone}`}>{block.text}</p>;
    case 'source':
      return (
        <pre className="nbmlops-mono" tabIndex={0}>
          {block.text}
        </pre>
      );
    case 'fields':
      return (
        <table>
          <tbody>
            {block.rows.map(([name, value], index) => (
              <tr key={index}>
                <th scope="row">{name.text}</th>
                <td>
                  <Words cell={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      );
    case 'table':
      return (
        <table>
          <thead>
            <tr>
              {block.columns.map((name, index) => (
                <th
                  key={index}
                  scope="col"
                  className={block.numeric.includes(index) ? 'nbmlops-mod-number' : undefined}
                >
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {block.rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td key={column} className={block.numeric.includes(column) ? 'nbmlops-mod-number' : undefined}>
                    <Words cell={cell} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      );
  }
}

function Words(props: { cell: PageCell }): React.ReactElement {
  return <span className={`nbmlops-tone-${props.cell.tone}`}>{props.cell.text}</span>;
}
