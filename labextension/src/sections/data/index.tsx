import * as React from 'react';

export function DataSection(): React.ReactElement {
  return <div />;
}
