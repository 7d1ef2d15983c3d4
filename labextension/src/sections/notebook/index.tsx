import * as React from 'react';

export function NotebookSection(): React.ReactElement {
  return <div />;
}
