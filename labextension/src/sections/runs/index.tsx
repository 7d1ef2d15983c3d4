import * as React from 'react';

export function RunsSection(): React.ReactElement {
  return <div />;
}
