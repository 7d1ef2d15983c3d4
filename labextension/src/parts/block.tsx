import * as React from 'react';

/** A part of a page under a heading of its own. */
export function Block(props: {
  title: string;
  aside?: React.ReactNode;
  isWide?: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  return (
    <section className={`nbmlops-Block${props.isWide ? ' nbmlops-mod-wide' : ''}`} aria-labelledby={id}>
      <div className="nbmlops-Block-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}
